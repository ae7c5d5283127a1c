"""The metrics of a server at `/metrics`."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from db.engine.activity import Activity, Batch, StatementRun
from db.engine.outage import OutageError
from db.engine.pool import Pool, open_pool
from db.integrity.audit import TABLES
from resolvers.framework.global_id import encode
from schema.prepared.cost import Cost
from server.app import create_app
from server.metrics.distribution import SECONDS
from server.metrics.metrics import Metrics
from server.metrics.names import NAMES_KEPT
from server.runtime import observation
from server.runtime.observation import Observation
from services.accounts.api_key import ALL_SCOPES
from services.figures.cache import Cached
from tests.support.sender import AddSender

Samples = dict[tuple[str, ...], float]


@pytest.fixture
async def client(pool: Pool) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(pool))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as made:
        yield made


async def samples(client: httpx.AsyncClient, name: str) -> Samples:
    """Return the values of a metric by its label values."""
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        tuple(sample.labels[label] for label in sorted(sample.labels)): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name == name
    }


async def ask(client: httpx.AsyncClient, document: str, key: str | None = None, **more: object) -> None:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    await client.post("/graphql", json={"query": document, **more}, headers=headers)


async def test_operations_are_counted_by_name_and_outcome(
    client: httpx.AsyncClient, add_sender: AddSender, pool: Pool
) -> None:
    sender = await add_sender(scopes=tuple(ALL_SCOPES))
    two = "query One { viewer { id } } query Two { viewer { id } }"
    for name in ("One", "Two", "Two"):
        await ask(client, two, sender.key, operationName=name)
    await ask(client, "{ viewer { id } }", sender.key)
    await ask(client, 'query One { viewer { id } node(id: "?") { id } }', sender.key)
    await ask(client, "query Wrong { viewer { nothing } }", sender.key)
    await ask(client, "query Nobody { viewer { id } }")
    await ask(client, "query Nobody { viewer { id } }", "lg_live_wrong")
    await client.post("/graphql", content=b"none of GraphQL")
    await pool.execute("ALTER TABLE keywords RENAME TO gone")
    await ask(client, "query Keywords { keywords { nodes { id } } }", sender.key)
    found = await samples(client, "leadgraph_operation_seconds_count")
    assert found == {
        ("One", "answered"): 1,
        ("Two", "answered"): 2,
        ("(anonymous)", "answered"): 1,
        ("One", "errors"): 1,
        ("(none)", "refused"): 4,
        ("Keywords", "failed"): 1,
    }
    requests = await samples(client, "leadgraph_request_seconds_count")
    assert {labels: number for labels, number in requests.items() if number} == {
        ("answered", "graphql"): 4,
        ("errors", "graphql"): 1,
        ("failed", "graphql"): 1,
        ("refused", "graphql"): 4,
    }
    assert len(requests) == 15
    assert await samples(client, "leadgraph_request_errors_total") == {
        ("BAD_REQUEST", "graphql"): 1,
        ("BAD_USER_INPUT", "graphql"): 1,
        ("GRAPHQL_VALIDATION_FAILED", "graphql"): 1,
        ("INTERNAL", "graphql"): 1,
        ("UNAUTHENTICATED", "graphql"): 2,
    }
    sums = await samples(client, "leadgraph_operation_seconds_sum")
    assert all(0 < seconds < 10 for seconds in sums.values())


async def test_operation_names_beyond_the_limit_share_a_metric(pool: Pool) -> None:
    metrics = Metrics(pool)
    for number in range(NAMES_KEPT + 50):
        for _ in range(2):
            metrics.observe(Observation("graphql", operation=f"Q{number}"))
    metrics.observe(Observation("graphql", operation="Q1"))
    families = [
        family for family in metrics.registry.collect() if family.name == "leadgraph_operation_seconds"
    ]
    counts = {s.labels["operation"]: s.value for s in families[0].samples if s.name.endswith("_count")}
    assert len(counts) == NAMES_KEPT + 1
    assert counts["(other)"] == 100
    assert (counts["Q0"], counts["Q1"], counts[f"Q{NAMES_KEPT - 1}"]) == (2, 3, 2)


async def test_a_very_long_operation_name_counts_as_other(pool: Pool) -> None:
    metrics = Metrics(pool)
    metrics.observe(Observation("graphql", operation="Q" * 10_000))
    assert metrics.registry.get_sample_value(
        "leadgraph_operation_seconds_count", {"operation": "(other)", "outcome": "answered"}
    ) == 1  # fmt: skip


async def test_durations_are_counted_in_buckets(client: httpx.AsyncClient) -> None:
    await ask(client, "{ viewer { id } }")
    found = await samples(client, "leadgraph_operation_seconds_bucket")
    assert len(found) == len(SECONDS) + 1
    assert max(found.values()) == 1


async def test_metrics_show_busy_and_idle_connections(client: httpx.AsyncClient, pool: Pool) -> None:
    async with pool.acquire(), pool.acquire():
        found = await samples(client, "leadgraph_pool_connections")
    assert found == {("requests", "busy"): 2, ("requests", "idle"): pool.get_size() - 2}
    assert await samples(client, "leadgraph_pool_connections_max") == {("requests",): 10}


async def test_metrics_show_the_memory_of_the_process(client: httpx.AsyncClient) -> None:
    (resident,) = (await samples(client, "process_resident_memory_bytes")).values()
    assert resident > 10_000_000


async def test_metrics_of_the_audit_start_without_wrong_counters(client: httpx.AsyncClient) -> None:
    assert await samples(client, "leadgraph_audit_counters_wrong_total") == {(table,): 0 for table in TABLES}
    assert await samples(client, "leadgraph_audit_failures_total") == {(): 0}


async def test_metrics_show_the_statistics_of_the_cache(pool: Pool) -> None:
    cached = Cached(pool)
    cached.statistics.hits, cached.statistics.computed = 3, 2
    transport = httpx.ASGITransport(app=create_app(pool, cached=cached))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        figures = await samples(client, "leadgraph_cache_figures_total")
        assert figures == {("hits",): 3, ("misses",): 0, ("stale",): 0, ("waited",): 0}
        assert (await samples(client, "leadgraph_cache_events_total"))["computed",] == 2


async def test_other_routes_are_counted_by_outcome(
    client: httpx.AsyncClient, add_sender: AddSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = await add_sender("security", scopes=tuple(ALL_SCOPES))
    await client.post("/ingest/mentions", content=b"", headers=sender.headers)
    await client.post("/ingest/mentions", content=b"")
    await client.get("/exports/x/download", headers=sender.headers)

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("server.exports.download.find", fail)
    monkeypatch.setattr("server.ingest.endpoint.options_of", fail)
    for sent in (
        client.post("/ingest/mentions", content=b"", headers=sender.headers),
        client.get("/exports/x/download", headers=sender.headers),
    ):
        with pytest.raises(ZeroDivisionError):
            await sent
    requests = await samples(client, "leadgraph_request_seconds_count")
    assert {labels: number for labels, number in requests.items() if number} == {
        ("answered", "ingest"): 1,
        ("refused", "ingest"): 1,
        ("failed", "ingest"): 1,
        ("refused", "download"): 1,
        ("failed", "download"): 1,
    }


async def test_statements_batches_and_cost_are_counted_by_name(
    client: httpx.AsyncClient, add_sender: AddSender
) -> None:
    sender = await add_sender("one", "two", scopes=tuple(ALL_SCOPES))
    nested = "query Nested { keywords(first: 2) { nodes { id mentions(first: 3) { nodes { id } } } } }"
    for _ in range(2):
        await ask(client, nested, sender.key)
    await ask(client, "query Typename { __typename }", sender.key)
    assert await samples(client, "leadgraph_statement_seconds_count") == {
        ("keywords page",): 2,
        ("mentions page_of_each keyword_id",): 2,
    }
    rows = await samples(client, "leadgraph_statement_rows_total")
    assert rows == {("keywords page",): 4, ("mentions page_of_each keyword_id",): 0}
    assert await samples(client, "leadgraph_operation_statements_sum") == {("Nested",): 4, ("Typename",): 0}
    assert await samples(client, "leadgraph_operation_statements_count") == {
        ("Nested",): 2,
        ("Typename",): 1,
    }
    spent = await samples(client, "leadgraph_operation_database_seconds_sum")
    totals = await samples(client, "leadgraph_statement_seconds_sum")
    assert spent["Nested",] == pytest.approx(sum(totals.values()))
    assert spent["Typename",] == 0
    batches = await samples(client, "leadgraph_loader_batch_keys_sum")
    assert batches == {("PageByParent",): 2 * (1 + 2)}
    objects = await samples(client, "leadgraph_operation_objects_sum")
    assert objects == {("Nested",): 2 * (1 + 2 + 2 * (1 + 3)), ("Typename",): 0}


async def test_statements_of_streams_and_downloads_are_counted_by_name(
    client: httpx.AsyncClient, add_sender: AddSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those beyond the listed ones."""
    monkeypatch.setattr(observation, "MOST_RUNS", 1)
    sender = await add_sender("security", scopes=tuple(ALL_SCOPES))
    row = {"platform": "REDDIT", "url": "https://x.example/1", "content": "about security"}
    rows = [json.dumps({**row, "externalId": str(number)}) for number in range(3)]
    answer = await client.post("/ingest/mentions", content="\n".join(rows), headers=sender.headers)
    assert answer.text.endswith('"mentionsCreated":3,"complete":true}}\n'), answer.text
    await client.get(f"/exports/{encode('Export', 1)}/download", headers=sender.headers)
    runs = await samples(client, "leadgraph_statement_seconds_count")
    of_stream = ("active_keywords", "find_or_number", "lock_keywords", "lock_user", "mentions copy")
    assert runs == {(name,): 1 for name in (*of_stream, "export_to_send")}
    assert (await samples(client, "leadgraph_statement_rows_total"))["find_or_number",] == 3


async def test_lookups_of_documents_are_counted_by_callers_and_outcome(
    client: httpx.AsyncClient, add_sender: AddSender
) -> None:
    sender = await add_sender()
    for document, key in (("{ __typename }", sender.key), ("{ a: __typename }", None), ("{", None)) * 2:
        await ask(client, document, key)
    assert await samples(client, "leadgraph_document_lookups_total") == {
        ("known", "found"): 1,
        ("known", "prepared"): 1,
        ("anonymous", "found"): 2,
        ("anonymous", "prepared"): 2,
    }
    assert await samples(client, "leadgraph_documents_kept") == {("known",): 1, ("anonymous",): 2}
    held = await samples(client, "leadgraph_documents_bytes")
    assert held.keys() == {("known",), ("anonymous",)}
    assert min(held.values()) > 4_000


async def test_statement_names_beyond_the_limit_share_a_series(pool: Pool) -> None:
    metrics = Metrics(pool)
    runs = [StatementRun(f"statement {number}", 0.5, 1) for number in range(400)]
    activity = Activity(runs, [Batch("RowById", 7)], [0.1])
    metrics.observe(Observation("graphql", operation="Q", activity=activity, cost=Cost(3, 2, 1)))
    value = metrics.registry.get_sample_value
    assert value("leadgraph_statement_seconds_sum", {"statement": "statement 299"}) == 0.5
    assert value("leadgraph_statement_seconds_sum", {"statement": "statement 300"}) is None
    assert value("leadgraph_statement_seconds_sum", {"statement": "(other)"}) == 50
    assert value("leadgraph_operation_database_seconds_sum", {"operation": "Q"}) == 200
    assert value("leadgraph_operation_statements_bucket", {"operation": "Q", "le": "100.0"}) == 0
    assert value("leadgraph_loader_batch_keys_bucket", {"loader": "RowById", "le": "10.0"}) == 1
    assert value("leadgraph_loader_batch_keys_bucket", {"loader": "RowById", "le": "5.0"}) == 0


async def test_waits_for_the_pool_are_observed_even_if_given_up(database_url: str) -> None:
    async with await open_pool(database_url, size=1, wait_seconds=0.05) as pool:
        value, labels = Metrics(pool).registry.get_sample_value, {"pool": "requests"}
        async with pool.acquire():
            with pytest.raises(OutageError):
                await pool.fetchval("SELECT 1")
        assert value("leadgraph_pool_wait_seconds_count", labels) == 2
        assert (value("leadgraph_pool_wait_seconds_sum", labels) or 0) > 0.04
        assert (value("leadgraph_pool_wait_seconds_bucket", {**labels, "le": "0.025"}) or 0) <= 1
        assert value("leadgraph_pool_timeouts_total", labels) == 1


async def test_sign_ins_are_counted_by_outcome(client: httpx.AsyncClient) -> None:
    outcomes = ("succeeded", "wrong", "inactive", "limited", "busy")
    assert await samples(client, "leadgraph_sign_ins_total") == {(outcome,): 0 for outcome in outcomes}
    signing_in = 'mutation { signIn(input: {email: "x@example.com", password: "y"}) { userErrors { code } } }'
    await ask(client, signing_in)
    assert await samples(client, "leadgraph_sign_ins_total") == {
        (outcome,): int(outcome == "wrong") for outcome in outcomes
    }
