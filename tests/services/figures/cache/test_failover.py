"""Sentinels that promote a replica, and a cluster: figures and rate limits through them."""

import asyncio
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from db.engine.pool import Pool
from db.models import UserRole
from services.accounts import rate_limit
from services.accounts.rate_limit import RateLimits
from services.accounts.viewer import Viewer
from services.figures.cache import store
from services.figures.cache.redis_cluster import ClusterBackend, open_backend
from tests.services.figures.cache.conftest import PATIENCE_SECONDS, Laboratory, laboratory_on
from tests.services.figures.cache.test_store_failures import kept, right, used_again
from tests.support.valkey import Valkey
from tests.support.valkey_groups import Watched, cluster, url_of, watched

pytestmark = [pytest.mark.process, pytest.mark.slow]

ANN = Viewer(1, UserRole.MEMBER, key_id=10)
POINTS = 60_000


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Watched]:
    with watched(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Valkey]]:
    with cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


async def stored(laboratory: Laboratory, server: Valkey) -> None:
    """Wait until a computed figure is in the server. A busy machine may exceed a time limit once."""
    async with asyncio.timeout(60):
        while await asyncio.to_thread(_keys, server, laboratory) == 0:
            await laboratory.figure(max_age=0)
            await asyncio.sleep(0.05)


async def opened(pool: Pool, url: str) -> Laboratory:
    return await laboratory_on(pool, open_backend(url, timeout_seconds=store.TIMEOUT_SECONDS))


async def shared_charges(url: str) -> int:
    """Return the points that a second process finds left, after a first one has charged 40,000."""
    first, second = RateLimits(POINTS, url), RateLimits(POINTS, url)
    first.charge(ANN, 40_000)
    for limits in (first, second):
        limits.charge(ANN, 1)
        while limits._telling is not None:
            await asyncio.sleep(0.01)
    remaining = second.charge(ANN, 1).remaining
    await first.close()
    await second.close()
    return remaining


async def test_a_killed_primary_costs_no_request_and_its_replica_is_used(
    pool: Pool, group: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    laboratory = await opened(pool, group.url)
    assert await kept(laboratory)
    group.primary.stop(signal.SIGKILL)
    began, wrong = time.monotonic(), 0
    while laboratory.cached.availability.is_used or time.monotonic() - began < 1:
        wrong += not await right(laboratory)
    await used_again(laboratory)
    wrong += not await right(laboratory)
    assert wrong == 0
    assert group.port_of_primary() == group.replica.port
    await stored(laboratory, group.replica)
    monkeypatch.setattr(rate_limit, "REDIS_TIMEOUT_SECONDS", PATIENCE_SECONDS)
    assert await shared_charges(group.url) < 35_000
    await laboratory.cached.close()


async def test_a_planned_failover_is_followed(pool: Pool, group: Watched) -> None:
    laboratory = await opened(pool, group.url)
    assert await kept(laboratory)
    with redis.Redis(port=group.sentinels[0], protocol=2) as sentinel:
        sentinel.execute_command("SENTINEL", "FAILOVER", "figures")
    async with asyncio.timeout(60):
        while group.port_of_primary() != group.replica.port or not laboratory.cached.availability.is_used:
            assert await right(laboratory)
            await asyncio.sleep(0.01)
    assert await right(laboratory)
    await used_again(laboratory)
    assert await kept(laboratory)
    await laboratory.cached.close()


async def test_sentinels_that_hang_or_ended_do_not_hide_the_others(pool: Pool, group: Watched) -> None:
    for port in group.sentinels[:2]:
        with redis.Redis(port=port, protocol=2) as sentinel:
            sentinel.execute_command("CLIENT", "PAUSE", 60_000, "ALL")
    laboratory = await opened(pool, group.url)
    await laboratory.cached.availability.check()
    await used_again(laboratory)
    await stored(laboratory, group.primary)
    await laboratory.cached.close()


@pytest.mark.usefixtures("patient")
async def test_a_cluster_stores_the_figures_of_one_answer_on_several_nodes(
    pool: Pool, nodes: list[Valkey]
) -> None:
    laboratory = await opened(pool, url_of(nodes))
    assert isinstance(laboratory.backend, ClusterBackend)
    names = [str(number) for number in range(30)]
    first = await laboratory.figures(*names)
    assert [figure.value.name for figure in first] == names
    other = laboratory.another(open_backend(url_of(nodes[:1]), timeout_seconds=store.TIMEOUT_SECONDS))
    assert await laboratory.figures(*names, cached=other) == first
    assert laboratory.counting.runs == 1
    found = [await asyncio.to_thread(_keys, node, laboratory) for node in nodes]
    assert min(found) > 0
    assert sum(found) == 30  # and no lock is left
    assert laboratory.cached.statistics.errors == other.statistics.errors == 0
    assert await right(laboratory)
    await other.close()
    await laboratory.cached.close()


def _keys(node: Valkey, laboratory: Laboratory) -> int:
    with node.client() as client:
        found = client.keys(f"{laboratory.cached._prefix}*")
    return len(found)


@pytest.mark.usefixtures("patient")
async def test_processes_of_a_cluster_wait_for_one_computation(pool: Pool, nodes: list[Valkey]) -> None:
    laboratory = await opened(pool, url_of(nodes))
    other = laboratory.another(open_backend(url_of(nodes), timeout_seconds=store.TIMEOUT_SECONDS))
    laboratory.counting.gate.clear()
    asking = [asyncio.create_task(laboratory.figures("a", "b", cached=each)) for each in (None, other)]
    await laboratory.counting.entered.wait()
    laboratory.counting.gate.set()
    first, second = await asyncio.gather(*asking)
    assert first == second
    assert laboratory.counting.runs == 1
    await other.close()
    await laboratory.cached.close()


@pytest.mark.usefixtures("patient")
async def test_rate_limits_are_shared_through_a_cluster(nodes: list[Valkey]) -> None:
    assert await shared_charges(url_of(nodes)) < 35_000


async def test_a_lost_node_of_a_cluster_fails_no_request(pool: Pool, tmp_path: Path) -> None:
    with cluster(tmp_path) as nodes:
        laboratory = await opened(pool, url_of(nodes))
        names = [str(number) for number in range(20)]
        await laboratory.figures(*names)
        nodes[2].send(signal.SIGSTOP)
        for _ in range(5):
            await laboratory.write()
            found = await laboratory.figures(*names)
            assert [figure.value.name for figure in found] == names
        async with asyncio.timeout(60):
            while laboratory.cached.availability.outages == 0:
                await laboratory.figures(*names)
        nodes[2].send(signal.SIGCONT)
        await used_again(laboratory)
        assert await right(laboratory)
        assert await kept(laboratory)
        await laboratory.cached.close()


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://127.0.0.1:26379",
        "redis+sentinel://127.0.0.1:26379/service/x",
        "redis+cluster://127.0.0.1:6379/1",
    ],
)
def test_an_incomplete_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"path|database"):
        open_backend(url, timeout_seconds=1)
