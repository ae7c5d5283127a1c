"""Traces of requests, as a collector of OpenTelemetry receives and decodes them."""

import asyncio
import json
import logging
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.semconv._incubating.attributes import db_attributes, graphql_attributes, user_attributes
from opentelemetry.semconv.attributes import error_attributes, http_attributes, server_attributes
from opentelemetry.trace import SpanContext, SpanKind, StatusCode, TraceFlags
from opentelemetry.trace import Status as SdkStatus

from db.engine.activity import Activity, StatementRun
from db.engine.pool import Pool
from resolvers.framework.global_id import encode
from server.app import create_app
from server.runtime import otlp, tracing
from server.runtime.errors import CommandError
from server.runtime.job_run import JobRun
from server.runtime.logs import LOGGER
from server.runtime.observers import observing
from server.runtime.request_log import log_request
from server.runtime.settings import Settings
from server.runtime.tracing import Database, Tracing, database_of
from services.accounts.api_key import ALL_SCOPES
from tests.support.collector import Collector, attributes_of, collecting
from tests.support.ports import free_port
from tests.support.sender import AddSender
from tests.support.serving import served

ROOT = Path(__file__).resolve().parents[3]
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED = {"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": "vendor=1"}
PLACE = Database("leads", "db.example", 5433)

Traced = Callable[[], Any]


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collecting() as running:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", running.address)
        yield running


@asynccontextmanager
async def traced(pool: Pool) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of an application with tracing. At the end, all spans are exported."""
    observer = Tracing(PLACE)
    app = create_app(pool, observers=[observer, log_request])
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
    await asyncio.to_thread(observer.close)


async def test_an_operation_is_a_span_below_that_of_its_caller_with_a_span_of_each_statement(
    collector: Collector, pool: Pool, add_sender: AddSender
) -> None:
    sender = await add_sender("words", scopes=tuple(ALL_SCOPES))
    document = (
        'query Mine { keywords(first: 7, filter: { keyword: { eq: "secret" } }) { nodes { keyword user { email } } } '
        "leads(first: 100) { nodes { id } } }"
    )
    headers = {"authorization": f"Bearer {sender.key}", "x-request-id": "r-1"}
    before = time.time_ns()
    async with traced(pool) as client:
        answer = await client.post("/graphql", json={"query": document}, headers=headers | SAMPLED)
    after = time.time_ns()
    assert "errors" not in answer.json()
    (request,) = collector.requests
    (of_resource,) = request.resource_spans
    assert attributes_of(of_resource.resource)["service.name"] == "leadgraph"
    (of_scope,) = of_resource.scope_spans
    assert of_scope.scope.name == "leadgraph"
    assert of_scope.schema_url.startswith("https://opentelemetry.io/schemas/1.")
    operation, *statements = of_scope.spans
    assert (operation.name, operation.kind) == ("query", Span.SPAN_KIND_SERVER)
    assert (operation.trace_id.hex(), operation.parent_span_id.hex()) == (TRACE, SPAN)
    assert (operation.trace_state, operation.flags) == ("vendor=1", 0x301)
    assert operation.status.code == Status.STATUS_CODE_UNSET
    assert attributes_of(operation) == {
        graphql_attributes.GRAPHQL_OPERATION_TYPE: "query",
        graphql_attributes.GRAPHQL_OPERATION_NAME: "Mine",
        graphql_attributes.GRAPHQL_DOCUMENT: (
            "query Mine { keywords(first: $_, filter: { keyword: { eq: $_ } }) { nodes { keyword user { email } } } "
            "leads(first: $_) { nodes { id } } }"
        ),
        http_attributes.HTTP_REQUEST_METHOD: "POST",
        http_attributes.HTTP_ROUTE: "/graphql",
        http_attributes.HTTP_RESPONSE_STATUS_CODE: 200,
        user_attributes.USER_ID: str(sender.user_id),
        "leadgraph.outcome": "answered",
        "leadgraph.request_id": "r-1",
    }
    assert [span.name for span in statements] == ["leads page", "keywords page with user"]
    assert [attributes_of(span) for span in statements] == [
        {
            db_attributes.DB_SYSTEM_NAME: "postgresql",
            db_attributes.DB_NAMESPACE: "leads",
            db_attributes.DB_QUERY_SUMMARY: span.name,
            db_attributes.DB_RESPONSE_RETURNED_ROWS: 0,
            server_attributes.SERVER_ADDRESS: "db.example",
            server_attributes.SERVER_PORT: 5433,
        }
        for span in statements
    ]
    for span in statements:
        assert (span.kind, span.flags) == (Span.SPAN_KIND_CLIENT, 0x101)
        assert (span.trace_id, span.parent_span_id) == (operation.trace_id, operation.span_id)
        assert operation.start_time_unix_nano <= span.start_time_unix_nano < span.end_time_unix_nano
        assert span.end_time_unix_nano <= operation.end_time_unix_nano
    slack = 1_000_000_000
    assert before - slack < operation.start_time_unix_nano < operation.end_time_unix_nano < after + slack
    assert len({span.span_id for span in of_scope.spans}) == 3
    assert b"secret" not in collector.bodies[0]


async def test_a_request_without_a_caller_begins_a_trace_that_the_log_names(
    collector: Collector, pool: Pool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger=LOGGER)
    async with traced(pool) as client:
        made = await client.post("/graphql", json={"query": "query A { __typename }"})
        await client.post("/graphql", json={"query": "{ __typename }"}, headers={"x-request-id": "r-2"})
        await client.post("/graphql", json={"query": "{"}, headers={"x-request-id": "0" * 32})
    first, second, third = collector.spans
    assert [span.parent_span_id for span in (first, second, third)] == [b""] * 3
    assert first.trace_id.hex() == made.headers["x-request-id"]
    assert len({first.trace_id, second.trace_id, third.trace_id, bytes(16)}) == 4
    lines = [vars(record) for record in caplog.records if record.message == "request"]
    assert [(line["trace_id"], line["span_id"]) for line in lines] == [
        (span.trace_id.hex(), span.span_id.hex()) for span in (first, second, third)
    ]
    assert [span.name for span in (first, second, third)] == ["query", "query", "GraphQL Operation"]
    assert graphql_attributes.GRAPHQL_DOCUMENT not in attributes_of(third)


async def test_a_trace_that_the_caller_does_not_sample_is_not_exported(
    collector: Collector, pool: Pool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger=LOGGER)
    async with traced(pool) as client:
        headers = {"traceparent": f"00-{TRACE}-{SPAN}-00"}
        await client.post("/graphql", json={"query": "{ __typename }"}, headers=headers)
    assert collector.spans == []
    (line,) = [vars(record) for record in caplog.records if record.message == "request"]
    assert (line["trace_id"], line["span_id"]) == (TRACE, None)


async def test_the_standard_variables_set_sampler_and_resource(
    collector: Collector, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "leads-eu")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    async with traced(pool) as client:
        await client.post("/graphql", json={"query": "{ __typename }"})
        await client.post("/graphql", json={"query": "{ __typename }"}, headers=SAMPLED)
    (span,) = collector.spans
    assert span.trace_id.hex() == TRACE
    resource = attributes_of(collector.requests[0].resource_spans[0].resource)
    assert (resource["service.name"], resource["deployment.environment.name"]) == ("leads-eu", "test")


async def test_failures_of_the_server_and_the_database_are_errors_and_those_of_callers_are_not(
    collector: Collector, pool: Pool, add_sender: AddSender
) -> None:
    sender = await add_sender(scopes=tuple(ALL_SCOPES))
    await pool.execute("ALTER TABLE keywords RENAME TO gone")
    headers = {"authorization": f"Bearer {sender.key}"}
    async with traced(pool) as client:
        await client.post("/graphql", json={"query": "{ keywords { nodes { id } } }"}, headers=headers)
        await client.post("/graphql", json={"query": '{ node(id: "?") { id } }'}, headers=headers)
    failed, statement, refused = collector.spans
    assert [each.status.code for each in (failed, statement, refused)] == [
        Status.STATUS_CODE_ERROR,
        Status.STATUS_CODE_ERROR,
        Status.STATUS_CODE_UNSET,
    ]
    assert attributes_of(failed)[error_attributes.ERROR_TYPE] == "INTERNAL"
    assert attributes_of(failed)["leadgraph.outcome"] == "failed"
    of_statement = attributes_of(statement)
    assert of_statement[error_attributes.ERROR_TYPE] == "42P01"
    assert of_statement[db_attributes.DB_RESPONSE_STATUS_CODE] == "42P01"
    assert error_attributes.ERROR_TYPE not in attributes_of(refused)
    assert attributes_of(refused)["leadgraph.outcome"] == "errors"


async def test_streams_and_downloads_are_spans_by_their_route(
    collector: Collector, pool: Pool, add_sender: AddSender
) -> None:
    sender = await add_sender("words")
    async with traced(pool) as client:
        row = {"platform": "X", "externalId": "1", "url": "https://example.com/1", "content": "words"}
        await client.post("/ingest/mentions", content=json.dumps(row), headers=sender.headers)
        url = f"/exports/{encode('Export', 1)}/download"
        await client.head(url, headers={"authorization": f"Bearer {sender.key}"})
    found = [span for span in collector.spans if span.kind == Span.SPAN_KIND_SERVER]
    assert [span.name for span in found] == ["POST /ingest/mentions", "HEAD /exports/{id}/download"]
    ingest, download = map(attributes_of, found)
    assert (ingest["http.route"], ingest["http.response.status_code"]) == ("/ingest/mentions", 200)
    assert (download["http.request.method"], download["http.response.status_code"]) == ("HEAD", 404)


async def test_a_collector_that_does_not_answer_delays_nothing(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setattr(tracing, "FLUSH_SECONDS", 0.2)
    began = time.monotonic()
    async with traced(pool) as client:
        answer = await client.post("/graphql", json={"query": "{ __typename }"})
    assert answer.json() == {"data": {"__typename": "Query"}}
    assert time.monotonic() - began < 5


async def test_a_served_process_exports_its_last_spans_when_it_stops(
    collector: Collector, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADGRAPH_TRACING", "1")
    monkeypatch.setenv("LEADGRAPH_LOG_FORMAT", "json")
    log = tmp_path / "log"
    with log.open("w") as written:
        async with (
            served(database_url, tmp_path, stderr=written) as (origin, _),
            httpx.AsyncClient(base_url=origin) as client,
        ):
            await client.post("/graphql", json={"query": "{ __typename }"}, headers=SAMPLED)
    (span,) = [span for span in collector.spans if span.kind == Span.SPAN_KIND_SERVER]  # others are of jobs
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    (line,) = [line for line in lines if line["message"] == "request"]
    assert (line["trace_id"], line["span_id"]) == (TRACE, span.span_id.hex())


def test_a_turn_of_a_job_is_a_trace_with_a_span_of_each_statement(collector: Collector) -> None:
    tracing, began = Tracing(PLACE), time.perf_counter()
    statements = [
        StatementRun("take the next", 0.25, 3, began + 0.125),
        StatementRun("delete", 0, 0, began + 1.25, "55P03"),
    ]
    tracing.observe_job(JobRun("purge_keys", "done", 0.5, Activity(statements[:1]), began))
    tracing.observe_job(JobRun("write_exports", "failed", 0.5, Activity(statements[1:]), began + 1))
    tracing.close()
    done, taken, failed, deleted = collector.spans
    assert [(span.name, span.kind) for span in (done, failed)] == [
        ("job purge_keys", Span.SPAN_KIND_INTERNAL),
        ("job write_exports", Span.SPAN_KIND_INTERNAL),
    ]
    assert attributes_of(done) == {"leadgraph.job": "purge_keys", "leadgraph.outcome": "done"}
    assert attributes_of(failed)["error.type"] == "INTERNAL"
    assert (done.status.code, failed.status.code) == (Status.STATUS_CODE_UNSET, Status.STATUS_CODE_ERROR)
    for job, statement in ((done, taken), (failed, deleted)):
        assert (statement.trace_id, statement.parent_span_id) == (job.trace_id, job.span_id)
        assert (job.parent_span_id, statement.kind) == (b"", Span.SPAN_KIND_CLIENT)
    assert done.trace_id != failed.trace_id
    assert done.end_time_unix_nano - done.start_time_unix_nano == 500_000_000
    assert taken.start_time_unix_nano - done.start_time_unix_nano == pytest.approx(125_000_000, abs=1000)
    assert attributes_of(deleted)["db.response.status_code"] == "55P03"


def test_a_process_without_tracing_imports_neither_the_exporter_nor_the_module() -> None:
    """The Redis client imports the metrics of OpenTelemetry by itself if they are installed."""
    code = (
        "import sys, server.cli\n"
        "from server.runtime.observers import observing\n"
        "from server.runtime.settings import Settings\n"
        "with observing(Settings(), 'postgresql://localhost/x') as observers: assert len(observers) == 2\n"
        "unused = ('opentelemetry.exporter', 'opentelemetry.sdk.trace', 'google.protobuf', 'server.runtime.tracing')\n"
        "print([name for name in sys.modules if name.startswith(unused)])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_tracing_without_its_packages_is_refused_with_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "server.runtime.tracing", None)
    message = r"^LEADGRAPH_TRACING=1 requires the packages of the extra `otel`: install leadgraph\[otel\], or unset it\.$"
    with (
        pytest.raises(CommandError, match=message),
        observing(Settings(tracing=True), "postgresql://localhost/x"),
    ):
        pass


@pytest.mark.parametrize("name", ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"])
def test_another_protocol_is_refused_with_one_sentence(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "grpc")
    with (
        pytest.raises(CommandError, match=f"^{name} must be http/protobuf, not 'grpc'\\.$"),
        observing(Settings(tracing=True), "postgresql://localhost/x"),
    ):
        pass


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql://ann:secret@db.example:6432/leads", Database("leads", "db.example", 6432)),
        ("postgresql://db.example/leads%20eu?sslmode=require", Database("leads eu", "db.example", 5432)),
        (
            "postgresql://ann@/leads?host=/run/postgresql&port=5433",
            Database("leads", "/run/postgresql", 5433),
        ),
        ("postgresql://one:1111,two:2222/leads", Database("leads", "one", 1111)),
        ("postgresql://%2Frun%2FPg:5433/leads", Database("leads", "/run/Pg", 5433)),
        ("postgresql://[::1]:5433,[::2]/leads", Database("leads", "::1", 5433)),
        ("postgresql:///leads", Database("leads", "localhost", 5432)),
    ],
)
def test_the_place_of_the_database_is_taken_from_its_address(url: str, place: Database) -> None:
    assert database_of(url) == place


def test_encoded_spans_are_those_of_the_sdk() -> None:
    chance = random.Random(20261130)  # noqa: S311 - no secret
    resource, scope = (
        Resource({"service.name": "leadgraph"}),
        InstrumentationScope("leadgraph", "1", "schema"),
    )
    for _ in range(50):
        trace_id, span_id, parent = (
            chance.getrandbits(128) or 1,
            chance.getrandbits(64) or 1,
            chance.getrandbits(64),
        )
        attributes: dict[str, Any] = {
            "text": "ä" * chance.choice([0, 1, 127, 128, 20_000]),
            "whole": chance.choice([-1, 0, 1 << 40]),
            "float": 0.5,
            "flag": True,
        }
        error, remote, start = (
            chance.choice(["", "42P01"]),
            chance.choice([True, False]),
            chance.getrandbits(60),
        )
        flags = TraceFlags(1)
        by_sdk = ReadableSpan(
            "a name",
            SpanContext(trace_id, span_id, is_remote=False, trace_flags=flags),
            SpanContext(trace_id, parent, is_remote=remote, trace_flags=flags) if parent else None,
            resource,
            attributes | ({"error.type": error} if error else {}) | {"rows": 7},
            kind=SpanKind.SERVER,
            instrumentation_scope=scope,
            status=SdkStatus(StatusCode.ERROR if error else StatusCode.UNSET),
            start_time=start,
            end_time=start + 5,
        )
        ours = otlp.span(
            otlp.fixed_part("a name", Span.SPAN_KIND_SERVER, attributes, error),
            trace_id.to_bytes(16, "big"),
            span_id.to_bytes(8, "big"),
            otlp.Times(start, start + 5),
            otlp.attribute("rows", 7),
            parent=parent.to_bytes(8, "big"),
            remote=remote,
        )
        envelope = otlp.Envelope(resource.attributes, scope="leadgraph", version="1", schema_url="schema")
        decoded = ExportTraceServiceRequest.FromString(envelope.request([ours, ours]))
        spans = decoded.resource_spans[0].scope_spans[0].spans
        assert {span.flags & otlp.SAMPLED for span in spans} == {otlp.SAMPLED}
        for span in spans:  # the SDK leaves this flag out
            span.flags -= otlp.SAMPLED
        assert decoded == encode_spans([by_sdk, by_sdk])
