"""Traces of requests and jobs for OpenTelemetry, exported by OTLP over HTTP.

The spans of a request are made from its observation when it has finished: one of the request, by the conventions for
GraphQL servers, and one of each statement below it, by those for SQL clients. A turn of a job is a trace of its own. The module needs the packages of the
extra `otel`. A process without tracing does not import it.
"""

import random
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import version
from typing import Any, ClassVar, Final, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.sampling import DEFAULT_ON, Decision
from opentelemetry.semconv.schemas import Schemas
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    set_span_in_context,
)

from db.engine.activity import Activity
from resolvers.framework.errors import INTERNAL, UNAVAILABLE
from schema.prepared.document_text import LONGEST_DOCUMENT, without_values
from server.runtime import otlp
from server.runtime.job_run import JobOutcome, JobRun
from server.runtime.observation import Observation, Outcome, Route
from server.runtime.otlp import Attribute, Envelope, Times
from server.runtime.trace_context import TraceContext

SERVICE: Final = "leadgraph"
FLUSH_SECONDS: Final = 3.0
"""The time that the last spans of a stopping process have."""
MOST_STATEMENTS: Final = 500
"""The most spans of statements below a request."""
LONGEST_NAME: Final = 100

_ROUTES: Final = {"graphql": "/graphql", "ingest": "/ingest/mentions", "download": "/exports/{id}/download"}
_HEXADECIMAL_ID: Final = re.compile(r"(?!0{32})[0-9a-f]{32}")
_OPERATION_TYPES: Final = frozenset({"query", "mutation"})
_SQLSTATE: Final = re.compile(r"[0-9A-Z]{5}")
_FAILED: Final = frozenset({"failed", "unavailable"})
_ERRORS_OF_JOBS: Final = {"failed": INTERNAL, "unavailable": UNAVAILABLE}
_UNNAMED: Final = "unknown_service"
_DEFAULT_PORT: Final = 5432


class Database(NamedTuple):
    """The place of the database, for the spans of statements."""

    name: str
    host: str
    port: int


def database_of(url: str) -> Database:
    """Return the place that an address names, the first one of several hosts, without user and password."""
    parts = urlsplit(url)
    options = parse_qs(parts.query)
    first = urlsplit("//" + parts.netloc.rpartition("@")[2].partition(",")[0])
    named = unquote(first.netloc.removesuffix(f":{first.port}").strip("[]"))
    host = named or options.get("host", ["localhost"])[0]
    port = first.port or int(options.get("port", [str(_DEFAULT_PORT)])[0])
    return Database(unquote(parts.path.lstrip("/")), host, port)


@dataclass(slots=True)
class _Traced:
    """A finished request of which spans are to be made. `epoch` is the time at the zero of `perf_counter`.

    The batch processor of the SDK takes it for a sampled span.
    """

    name: str
    epoch: int
    request: Observation

    context: ClassVar = SpanContext(1, 1, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


@dataclass(slots=True)
class _TracedJob:
    """A finished turn of a job, like `_Traced`."""

    run: JobRun
    epoch: int
    trace_id: bytes

    context: ClassVar = _Traced.context


class _Exporter(OTLPSpanExporter):
    """The exporter of the SDK, with spans that this module encodes.

    The thread of the exporter encodes a batch at once. The same work beside each request takes five times as long,
    because the code and its data have left the processor's caches in between.
    """

    def __init__(self, envelope: Envelope, database: Database) -> None:
        super().__init__()
        self._envelope = envelope
        self._database = database

    def export(self, spans: Sequence[Any]) -> SpanExportResult:
        encoded: list[bytes] = []
        for traced in spans:
            make = _spans_of_job if isinstance(traced, _TracedJob) else _spans
            encoded += make(traced, self._database)
        sent = self._client.export(self._envelope.request(encoded))
        return SpanExportResult.SUCCESS if sent.success else SpanExportResult.FAILURE


class Tracing:
    """An observer that exports the spans of requests.

    The environment variables of OpenTelemetry, `OTEL_…`, set the collector, the resource, the sampler and the batches.
    """

    def __init__(self, database: Database) -> None:
        provider = TracerProvider(shutdown_on_exit=False)
        self._sampler = provider.sampler
        resource = dict(provider.resource.attributes)
        if str(resource["service.name"]).startswith(_UNNAMED):
            resource["service.name"] = SERVICE
        envelope = Envelope(
            resource, scope=SERVICE, version=version(SERVICE), schema_url=Schemas.V1_44_0.value
        )
        self._batches = BatchSpanProcessor(_Exporter(envelope, database))

    def __call__(self, request: Observation) -> None:
        """Give the request its trace and its span, if it is sampled, and export them."""
        trace_id = request.trace_id or _new_trace_id(request)
        name = _name_of(request)
        if not self._is_sampled(request.parent, trace_id, name):
            return
        request.trace_id, request.span_id = trace_id, random.randbytes(8).hex()  # noqa: S311 - no secret
        if request.document is not None and len(request.document) > LONGEST_DOCUMENT:
            request = replace(request, document=None)  # the queue holds thousands of requests
        epoch = time.time_ns() - time.perf_counter_ns()
        self._batches.on_end(_Traced(name, epoch, request))  # type: ignore[arg-type]

    def observe_job(self, run: JobRun) -> None:
        """Export the spans of a turn of a job, if it is sampled."""
        trace_id = random.randbytes(16)  # noqa: S311 - no secret
        if self._is_sampled(None, trace_id.hex(), run.job):
            epoch = time.time_ns() - time.perf_counter_ns()
            self._batches.on_end(_TracedJob(run, epoch, trace_id))  # type: ignore[arg-type]

    def close(self) -> None:
        """Export the last spans, but do not wait long for a collector that does not answer."""
        closing = threading.Thread(target=self._batches.shutdown, daemon=True)
        closing.start()
        closing.join(FLUSH_SECONDS)

    def _is_sampled(self, parent: TraceContext | None, trace_id: str, name: str) -> bool:
        if self._sampler is DEFAULT_ON:
            return parent is None or parent.is_sampled
        context = None if parent is None else _remote(parent)
        decision = self._sampler.should_sample(context, int(trace_id, 16), name).decision
        return decision is Decision.RECORD_AND_SAMPLE


def _spans(traced: _Traced, database: Database) -> list[bytes]:
    """Return the encoded spans of a request: its own, and one of each statement."""
    epoch, request = traced.epoch, traced.request
    trace, span_id = bytes.fromhex(request.trace_id or ""), bytes.fromhex(request.span_id or "")
    start = epoch + int(request.began * 1e9)
    parent = request.parent
    spans = [
        otlp.span(
            _request_part(
                traced.name,
                request.method,
                request.route,
                request.status,
                request.outcome,
                request.operation,
                request.document,
                _error_of(request),
            ),
            trace,
            span_id,
            Times(start, start + int(request.seconds * 1e9)),
            *_rest_of(request),
            b"" if parent is None else otlp.trace_state(parent.state),
            parent=b"" if parent is None else bytes.fromhex(parent.span_id),
            remote=parent is not None,
        )
    ]
    return spans + _spans_of_statements(request.activity, epoch, trace, span_id, database)


def _spans_of_job(traced: _TracedJob, database: Database) -> list[bytes]:
    """Return the encoded spans of a turn of a job: its own, and one of each statement."""
    run, epoch, trace, span_id = traced.run, traced.epoch, traced.trace_id, random.randbytes(8)  # noqa: S311 - no secret
    start = epoch + int(run.began * 1e9)
    own = otlp.span(
        _job_part(run.job, run.outcome), trace, span_id, Times(start, start + int(run.seconds * 1e9))
    )
    return [own, *_spans_of_statements(run.activity, epoch, trace, span_id, database)]


def _spans_of_statements(
    activity: Activity, epoch: int, trace: bytes, parent: bytes, database: Database
) -> list[bytes]:
    spans = []
    for run in activity.runs[:MOST_STATEMENTS]:
        begins = epoch + int(run.began * 1e9)
        spans.append(
            otlp.span(
                _statement_part(database, run.name, run.error),
                trace,
                random.randbytes(8),  # noqa: S311 - no secret
                Times(begins, begins + int(run.seconds * 1e9)),
                otlp.attribute("db.response.returned_rows", run.rows),
                parent=parent,
            )
        )
    return spans


def _new_trace_id(request: Observation) -> str:
    """Return the request's own ID where it has the form of a trace's, so that one ID finds the log and the trace."""
    own = request.request_id
    return own if _HEXADECIMAL_ID.fullmatch(own) else random.randbytes(16).hex()  # noqa: S311 - no secret


def _name_of(request: Observation) -> str:
    if request.route != "graphql":
        return f"{request.method} {_ROUTES[request.route]}"
    return "GraphQL Operation" if request.operation_type is None else request.operation_type.value


def _remote(parent: TraceContext) -> Any:
    flags = TraceFlags(TraceFlags.SAMPLED if parent.is_sampled else TraceFlags.DEFAULT)
    known = SpanContext(int(parent.trace_id, 16), int(parent.span_id, 16), is_remote=True, trace_flags=flags)
    return set_span_in_context(NonRecordingSpan(known))


def _rest_of(request: Observation) -> list[bytes]:
    """Return the attributes that each request has for itself."""
    rest = [otlp.attribute.__wrapped__("leadgraph.request_id", request.request_id)]
    if request.user_id is not None:
        rest.append(otlp.attribute("user.id", str(request.user_id)))
    return rest


def _error_of(request: Observation) -> str:
    """Return the type of an error of the server. Errors of callers leave a span without one."""
    return request.code or "" if request.outcome in _FAILED else ""


@lru_cache(1024)
def _request_part(
    name: str,
    method: str,
    route: Route,
    status: int,
    outcome: Outcome,
    operation: str | None,
    document: str | None,
    error: str,
) -> bytes:
    attributes: dict[str, Attribute] = {
        "http.request.method": method,
        "http.route": _ROUTES[route],
        "http.response.status_code": status,
        "leadgraph.outcome": outcome,
    }
    if name in _OPERATION_TYPES:
        attributes["graphql.operation.type"] = name
    if operation:
        attributes["graphql.operation.name"] = operation[:LONGEST_NAME]
    if document is not None and (text := without_values(document)):
        attributes["graphql.document"] = text
    return otlp.fixed_part(name, Span.SPAN_KIND_SERVER, attributes, error)


@lru_cache(1024)
def _job_part(job: str, outcome: JobOutcome) -> bytes:
    attributes: dict[str, Attribute] = {"leadgraph.job": job, "leadgraph.outcome": outcome}
    error = _ERRORS_OF_JOBS.get(outcome, "")
    return otlp.fixed_part(f"job {job}", Span.SPAN_KIND_INTERNAL, attributes, error)


@lru_cache(1024)
def _statement_part(database: Database, name: str, error: str) -> bytes:
    attributes: dict[str, Attribute] = {
        "db.system.name": "postgresql",
        "db.namespace": database.name,
        "db.query.summary": name,
        "server.address": database.host,
        "server.port": database.port,
    }
    if _SQLSTATE.fullmatch(error):
        attributes["db.response.status_code"] = error
    return otlp.fixed_part(name, Span.SPAN_KIND_CLIENT, attributes, error)
