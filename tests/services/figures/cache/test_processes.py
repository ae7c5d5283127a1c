"""Processes that share a store compute each value once and survive each other's failures."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from db.engine.pool import Pool
from db.models import User
from loaders.dataloader import DataLoaders
from services.figures.cache import Cached, CachedFigure, computing, store
from services.figures.cache.redis import RedisBackend
from tests.services.figures.cache.conftest import STALE, TTL, Laboratory, TotalsOf
from tests.services.figures.cache.history import Got, History, State
from tests.services.figures.cache.worker import KEYS, TASKS
from tests.services.figures.cache.worker import STALE as WORKERS_STALE
from tests.services.figures.cache.worker import TTL as WORKERS_TTL
from tests.support.rows import add_user
from tests.support.valkey import Valkey

ROOT = Path(__file__).parents[4]
WORKER = Path(__file__).parent / "worker.py"


@contextmanager
def workers(count: int, what: str, *arguments: str) -> Iterator[list[subprocess.Popen[str]]]:
    """Start processes together, and kill those that are still running at the end."""
    processes = [
        subprocess.Popen(
            [sys.executable, str(WORKER), what, *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": str(ROOT)},
        )
        for _ in range(count)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def outcomes(processes: list[subprocess.Popen[str]]) -> list[dict[str, Any]]:
    found = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return [json.loads(output) for output in found]


@pytest.fixture
async def user_id(pool: Pool) -> int:
    return await add_user(pool)


@pytest.mark.parametrize("count", [1, 2, 4])
def test_processes_and_tasks_on_cold_keys_compute_each_once(
    database_url: str, valkey: Valkey, user_id: int, count: int
) -> None:
    with workers(count, "stampede", database_url, valkey.url, str(user_id), str(count)) as processes:
        found = outcomes(processes)
    names = [str(number) for number in range(KEYS)]
    assert sorted(name for outcome in found for name in outcome["computed"]) == names
    assert [outcome["values"] for outcome in found] == [[names] * TASKS] * count


def test_random_reads_of_two_processes_are_never_older_than_allowed(
    database_url: str, valkey: Valkey, user_id: int
) -> None:
    with workers(2, "mingle", database_url, valkey.url, str(user_id), "11") as processes:
        found = outcomes(processes)
    history = History(WORKERS_TTL + WORKERS_STALE)
    history.states += [State(**state) for outcome in found for state in outcome["states"]]
    got = [Got(**figure) for outcome in found for figure in outcome["got"]]
    faults = {figure: wrong for figure in got if (wrong := history.faults(figure))}
    assert not faults
    # It proves something only if figures were shared, and were old.
    assert sum(outcome["computed"] for outcome in found) < len(got)
    assert any(figure.mentions < figure.seen_mentions for figure in got)
    for kind in ("hits", "stale", "waited", "misses"):
        assert sum(outcome["statistics"][kind] for outcome in found), kind


async def test_a_killed_process_frees_its_locks(database_url: str, valkey: Valkey, user_id: int) -> None:
    with workers(1, "hang", database_url, valkey.url, str(user_id), "5") as (process,):
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == "computing\n"
        with valkey.client() as client:
            locks = client.keys(f"*processes-{user_id}-5:*:lock")
            assert len(locks) == KEYS
            process.kill()
            remaining = max(client.pttl(lock) for lock in locks)
            assert remaining <= 1000 * store.LEASE_SECONDS
    with workers(1, "stampede", database_url, valkey.url, str(user_id), "5") as processes:
        (found,) = outcomes(processes)
    assert sorted(found["computed"]) == [str(number) for number in range(KEYS)]


async def test_a_lock_is_renewed_during_a_long_computation(
    shared: Laboratory, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "LEASE_SECONDS", 0.3)
    shared.counting.gate.clear()
    other = shared.another(RedisBackend(valkey.url, timeout_seconds=5))
    leader = asyncio.create_task(shared.figure())
    await shared.counting.entered.wait()
    waiting = asyncio.create_task(shared.figure(cached=other))
    await asyncio.sleep(1)
    assert shared.counting.runs == 1
    shared.counting.gate.set()
    assert await leader == await waiting
    assert other.statistics.waited == 1
    assert shared.counting.runs == 1
    await other.close()


async def test_a_caller_computes_after_waiting_too_long_for_another_process(
    shared: Laboratory, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A computation that takes too long is not waited for."""
    monkeypatch.setattr(computing, "PATIENCE_SECONDS", 0.2)
    other = shared.another(RedisBackend(valkey.url, timeout_seconds=5))
    shared.counting.gate.clear()
    leader = asyncio.create_task(shared.figure())
    await shared.counting.entered.wait()
    impatient = asyncio.create_task(shared.figure(cached=other))
    while shared.counting.runs < 2:
        await asyncio.sleep(0.01)
    shared.counting.gate.set()
    assert (await leader).value == (await impatient).value
    await other.close()


@pytest.mark.parametrize("end", ["cancelled", "failed"])
async def test_a_waiting_process_takes_over_a_failed_computation(
    shared: Laboratory, valkey: Valkey, end: str
) -> None:
    other = shared.another(RedisBackend(valkey.url, timeout_seconds=5))
    shared.counting.gate.clear()
    if end == "failed":
        shared.counting.failures.append(ZeroDivisionError("no"))
    leader = asyncio.create_task(shared.figure())
    await shared.counting.entered.wait()
    waiting = [asyncio.create_task(shared.figure(cached=other)) for _ in range(3)]
    await asyncio.sleep(0.1)
    if end == "cancelled":
        leader.cancel()
        await asyncio.gather(leader, return_exceptions=True)
        shared.counting.gate.set()
    else:
        shared.counting.gate.set()
        with pytest.raises(ZeroDivisionError):
            await leader
    assert {(await task).value.version for task in waiting} == {0}
    assert shared.counting.runs == 2
    await other.close()


async def test_a_write_is_visible_in_every_process_at_once(shared: Laboratory, valkey: Valkey) -> None:
    others = [shared.another(RedisBackend(valkey.url, timeout_seconds=5)) for _ in range(2)]
    for version in range(1, 5):
        await shared.figure()
        await shared.write()
        for cached in [*others, shared.cached]:
            assert (await shared.figure(cached=cached)).value.version == version
    assert shared.counting.runs == 5
    for cached in others:
        await cached.close()


async def test_a_stale_figure_is_refreshed_by_one_process(shared: Laboratory, valkey: Valkey) -> None:
    others = [shared.another(RedisBackend(valkey.url, timeout_seconds=5)) for _ in range(3)]
    await shared.figure()
    shared.later = TTL + 1
    shared.counting.gate.clear()
    for cached in [shared.cached, *others]:
        await shared.figure(cached=cached)
    await asyncio.sleep(0.2)
    shared.counting.gate.set()
    for cached in [shared.cached, *others]:
        await asyncio.gather(*cached._refreshes)
        assert cached.statistics.failed_refreshes == 0
    assert shared.counting.runs == 2
    for cached in others:
        await cached.close()


async def test_databases_that_share_a_store_have_separate_figures(shared: Laboratory, valkey: Valkey) -> None:
    async def compute(_: DataLoaders, questions: Sequence[TotalsOf]) -> Sequence[int]:
        runs.append(1)
        return [len(runs) for _ in questions]

    runs: list[int] = []
    counted = CachedFigure("counted", 1, TTL, STALE, compute, models=(User,))
    for namespace in ("one", "two"):
        backend = RedisBackend(valkey.url, timeout_seconds=5)
        cached = Cached(shared.pool, backend, namespace=f"{id(shared)}{namespace}")
        async with shared.operation() as loaders:
            await cached.get(counted, loaders, [TotalsOf(shared.ann)])
        await cached.close()
    assert len(runs) == 2


async def test_the_store_expires_entries_at_their_limit(shared: Laboratory, valkey: Valkey) -> None:
    """It protects readers with slow clocks. A value from an old snapshot expires earlier."""
    async with shared.operation() as loaders:
        await shared.cached.get(shared.totals, loaders, [TotalsOf(shared.ann, "opens")])
        await asyncio.sleep(0.5)
        await shared.cached.get(shared.totals, loaders, [TotalsOf(shared.ann, "late")])
    with valkey.client() as client:
        left = sorted(client.pttl(key) / 1000 for key in client.keys(f"{shared.cached._prefix}*"))
    assert len(left) == 2
    assert 0 < left[0] <= left[1] < TTL + STALE - 0.5


async def test_concurrent_reads_of_an_operation_share_a_round_trip(
    shared: Laboratory, valkey: Valkey
) -> None:
    async with shared.operation() as loaders:
        asked = [[TotalsOf(shared.ann, f"{number}"), TotalsOf(shared.ann, "all")] for number in range(7)]

        async def ask_all() -> list[list[str]]:
            calls = (shared.cached.get(shared.totals, loaders, questions) for questions in asked)
            return [[figure.value.name for figure in figures] for figures in await asyncio.gather(*calls)]

        computed = await ask_all()
        with valkey.client() as client:
            before = client.info("commandstats").get("cmdstat_mget", {}).get("calls", 0)
            read = await ask_all()
            after = client.info("commandstats")["cmdstat_mget"]["calls"]
    assert read == computed == [[f"{number}", "all"] for number in range(7)]
    assert after - before == 1
    assert shared.cached.statistics.hits >= 14


async def test_cancelling_a_read_does_not_cancel_the_reads_of_others(shared: Laboratory) -> None:
    await shared.figure()
    async with shared.operation() as first, shared.operation() as second:
        for loaders in (first, second):
            await shared.cached.get(shared.totals, loaders, [TotalsOf(shared.ann)])
        calls = [
            asyncio.create_task(shared.cached.get(shared.totals, loaders, [TotalsOf(shared.ann)]))
            for loaders in (first, second)
        ]
        while shared.cached.store._next_keys is None:
            await asyncio.sleep(0)
        calls[0].cancel()
        (figure,) = await calls[1]
    assert figure.value.version == 0
    assert shared.counting.runs == 1
    await asyncio.gather(calls[0], return_exceptions=True)
