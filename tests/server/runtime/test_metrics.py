"""The metrics of a server at `/metrics`."""

from collections.abc import AsyncIterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from db.engine.pool import Pool
from server.app import create_app
from server.runtime.metrics import BUCKETS, NAMES_KEPT, Metrics
from server.runtime.observation import Observation
from services.accounts.api_key import ALL_SCOPES
from services.figures.cache import Cached
from tests.support.sender import AddSender

Samples = dict[tuple[str, ...], float]


@pytest.fixture
async def client(pool: Pool) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(pool))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
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
        ("(none)", "refused"): 3,
        ("(none)", "errors"): 1,
        ("Keywords", "failed"): 1,
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
    assert len(found) == len(BUCKETS) + 1
    assert max(found.values()) == 1


async def test_metrics_show_busy_and_idle_connections(client: httpx.AsyncClient, pool: Pool) -> None:
    async with pool.acquire(), pool.acquire():
        found = await samples(client, "leadgraph_pool_connections")
    assert found == {("busy",): 2, ("idle",): pool.get_size() - 2}
    assert await samples(client, "leadgraph_pool_connections_max") == {(): 10}


async def test_metrics_show_the_memory_of_the_process(client: httpx.AsyncClient) -> None:
    (resident,) = (await samples(client, "process_resident_memory_bytes")).values()
    assert resident > 10_000_000


async def test_metrics_of_the_audit_start_without_wrong_counters(client: httpx.AsyncClient) -> None:
    assert await samples(client, "leadgraph_audit_counters_wrong_total") == {}
    assert await samples(client, "leadgraph_audit_failures_total") == {(): 0}


async def test_metrics_show_the_statistics_of_the_cache(pool: Pool) -> None:
    cached = Cached(pool)
    cached.statistics.hits, cached.statistics.computed = 3, 2
    transport = httpx.ASGITransport(app=create_app(pool, cached=cached))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        figures = await samples(client, "leadgraph_cache_figures_total")
        assert figures == {("hits",): 3, ("misses",): 0, ("stale",): 0, ("waited",): 0}
        assert (await samples(client, "leadgraph_cache_events_total"))["computed",] == 2
