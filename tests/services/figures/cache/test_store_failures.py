"""A store that is dead, slow, full, read-only or corrupted costs time, and never an answer."""

import asyncio
import secrets
import signal
import threading
import time
from collections.abc import Callable, Sequence

import pytest
import redis

from db.engine.pool import Pool
from db.models import User
from loaders.dataloader import DataLoaders
from services.figures.cache import Cached, CachedFigure
from services.figures.cache.entry import Entry
from services.figures.cache.redis import RedisBackend
from tests.services.figures.cache.conftest import STALE, TTL, Laboratory, TotalsOf, laboratory_on
from tests.support.ports import free_port
from tests.support.proxy import proxied
from tests.support.valkey import Valkey


async def right(laboratory: Laboratory, cached: Cached | None = None) -> bool:
    """Return whether a writer reads their own write in several figures."""
    await laboratory.write()
    figures = await laboratory.figures("a", "b", cached=cached)
    expected = await laboratory.pool.fetchval("SELECT data_version FROM users WHERE id = $1", laboratory.ann)
    return [(figure.value.name, figure.value.version) for figure in figures] == [
        ("a", expected),
        ("b", expected),
    ]


async def used_again(laboratory: Laboratory) -> None:
    """Wait until the probes have found that the store works."""
    async with asyncio.timeout(30):
        while not laboratory.cached.availability.is_used:
            await asyncio.sleep(0.01)


async def kept(laboratory: Laboratory) -> bool:
    """Return whether a computed figure is served from the store afterwards."""
    await laboratory.figure(max_age=0)
    runs = laboratory.counting.runs
    await laboratory.figure()
    return laboratory.counting.runs == runs


async def test_figures_survive_a_killed_and_restarted_store(
    tormented: Laboratory, own_valkey: Valkey
) -> None:
    assert await kept(tormented)
    own_valkey.stop(signal.SIGKILL)
    assert all([await right(tormented) for _ in range(5)])
    assert await kept(tormented)  # in the memory of the process
    assert not tormented.cached.availability.is_used
    own_valkey.start()
    await used_again(tormented)
    assert await right(tormented)
    assert await kept(tormented)


async def test_a_store_killed_during_many_requests_fails_no_request(
    tormented: Laboratory, own_valkey: Valkey
) -> None:
    async def reader(number: int) -> int:
        answers = 0
        while not over.is_set():
            max_age = [None, 0.01, 0][(number + answers) % 3]
            (figure,) = await tormented.figures(f"{number % 3}", max_age=max_age)
            answers += figure.value.name == f"{number % 3}"
        return answers

    over = asyncio.Event()
    readers = [asyncio.create_task(reader(number)) for number in range(12)]
    for _ in range(3):
        await asyncio.sleep(0.2)
        await asyncio.to_thread(own_valkey.stop, signal.SIGKILL)
        await asyncio.sleep(0.2)
        await asyncio.to_thread(own_valkey.start)
        await used_again(tormented)
    over.set()
    assert min(await asyncio.gather(*readers)) > 0
    await used_again(tormented)
    await tormented.figure(max_age=0)
    assert await kept(tormented)


@pytest.mark.parametrize(
    "hang",
    [
        lambda server: server.client().execute_command("CLIENT", "PAUSE", 60_000, "ALL"),
        lambda server: server._process.send_signal(signal.SIGSTOP),
    ],
    ids=["paused", "stopped"],
)
async def test_a_hanging_store_costs_one_timeout_and_is_then_skipped(
    tormented: Laboratory, own_valkey: Valkey, hang: Callable[[Valkey], object]
) -> None:
    assert await kept(tormented)
    hang(own_valkey)
    statistics = tormented.cached.statistics
    for _ in range(30):
        assert await right(tormented)
    assert statistics.errors == 1
    assert statistics.skipped >= 60  # each of the thirty reads, locks, writes and unlocks


async def test_a_slow_store_does_not_mix_up_answers(tormented: Laboratory, own_valkey: Valkey) -> None:
    """Requests time out before their replies arrive. No request may get the reply of another."""

    def sleep() -> None:
        with own_valkey.client() as client:
            client.execute_command("DEBUG", "SLEEP", "0.4")

    names = [str(number) for number in range(20)]
    await tormented.figures(*names)
    for _ in range(4):
        sleeping = threading.Thread(target=sleep)
        sleeping.start()
        await asyncio.sleep(0.05)
        await used_again(tormented)
        for _ in range(3):
            answers = await asyncio.gather(*(tormented.figures(name) for name in names))
            assert [figure.value.name for (figure,) in answers] == names
        await asyncio.to_thread(sleeping.join)
    assert tormented.cached.statistics.errors > 0


async def test_a_full_store_fails_no_request(tormented: Laboratory, own_valkey: Valkey) -> None:
    await tormented.figures("kept")
    with own_valkey.client() as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", 1)
        for _ in range(5):
            assert await right(tormented)
        async with tormented.operation() as loaders:
            (figure,) = await tormented.cached.get(tormented.totals, loaders, [TotalsOf(tormented.ann, "a")])
        assert figure.value.version == 5
        statistics = tormented.cached.statistics
        assert statistics.errors > 0
        assert not tormented.cached.availability.is_used
        assert await kept(tormented)  # in the memory of the process
        client.config_set("maxmemory", 0)
    await used_again(tormented)
    assert await kept(tormented)


async def test_a_full_store_still_serves_hits(corrupted: Laboratory, own_valkey: Valkey) -> None:
    await corrupted.figure()
    with own_valkey.client() as client:
        client.config_set("maxmemory", 1)
        await corrupted.figure()
    assert corrupted.counting.runs == 1
    assert corrupted.cached.statistics.hits == 1


def _demote(server: Valkey) -> None:
    with server.client() as client:
        client.execute_command("REPLICAOF", "127.0.0.1", free_port())


def _promote(server: Valkey) -> None:
    with server.client() as client:
        client.execute_command("REPLICAOF", "NO", "ONE")


def _change_password(server: Valkey) -> None:
    with server.client() as client:
        client.config_set("requirepass", "another")
        client.execute_command("CLIENT", "KILL", "TYPE", "normal")


def _restore_password(server: Valkey) -> None:
    with redis.Redis(port=server.port, password="another", protocol=2) as client:
        client.config_set("requirepass", server.password)


def _revoke_scripts(server: Valkey) -> None:
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "default", "-@scripting")


def _allow_scripts(server: Valkey) -> None:
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "default", "+@all")


REFUSALS = {
    "read-only": (_demote, _promote, "read only replica"),
    "wrong password": (_change_password, _restore_password, "password"),
    "no privilege": (_revoke_scripts, _allow_scripts, "no permissions"),
}
"""Faults of a server that answers, their ends, and words of the log."""


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_a_server_that_refuses_is_replaced_by_memory_until_it_works(
    tormented: Laboratory, own_valkey: Valkey, refusal: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "leadgraph")
    begin, end, words = REFUSALS[refusal]
    assert await kept(tormented)
    begin(own_valkey)
    assert all([await right(tormented) for _ in range(5)])
    assert await kept(tormented)
    async with asyncio.timeout(30):
        while tormented.cached.availability.outages == 0:
            await asyncio.sleep(0.01)
    assert not tormented.cached.availability.is_used
    end(own_valkey)
    await used_again(tormented)
    assert await right(tormented)
    assert await kept(tormented)
    # A refusal that no probe confirmed is no outage.
    lines = [record.getMessage() for record in caplog.records if "shared store" in record.getMessage()]
    assert len(lines) == 2 * tormented.cached.availability.outages == 2
    assert words in lines[0]
    assert "is used again after" in lines[1]


async def test_processes_agree_while_only_one_of_them_reaches_the_store(
    tormented: Laboratory, own_valkey: Valkey
) -> None:
    """Each write is in the next figures of both, of the one that wrote and of the other one."""
    async with proxied(own_valkey.url) as proxy:
        other = tormented.another(RedisBackend(proxy.url, timeout_seconds=0.25))
        for turn in range(12):
            if turn == 3:
                proxy.stall()
            if turn == 8:
                proxy.flow()
            assert await right(tormented)
            assert await right(tormented, other)
            assert await right(tormented)
            if turn == 7:
                assert not other.availability.is_used
        async with asyncio.timeout(30):
            while not other.availability.is_used:
                await asyncio.sleep(0.01)
        assert await right(tormented, other)
        await other.close()


RUBBISH: dict[str, Callable[[redis.Redis, str], object]] = {
    "empty": lambda client, key: client.set(key, b""),
    "text": lambda client, key: client.set(key, "hello"),
    "JSON": lambda client, key: client.set(key, b'{"version": 9, "mentions": 9}'),
    "bytes": lambda client, key: client.set(key, secrets.token_bytes(200)),
    "cut": lambda client, key: client.set(key, client.get(key)[:-1]),  # type: ignore[index]
    "one bit": lambda client, key: client.set(key, _flipped(client.get(key))),  # type: ignore[arg-type]
    "a list": lambda client, key: (client.delete(key), client.lpush(key, "x")),
    "a hash": lambda client, key: (client.delete(key), client.hset(key, "x", "y")),
    "a number": lambda client, key: client.set(key, 7),
}


def _flipped(packed: bytes) -> bytes:
    return packed[:10] + bytes([packed[10] ^ 1]) + packed[11:]


def keys_of(laboratory: Laboratory, client: redis.Redis) -> list[str]:
    found = client.keys(f"{laboratory.cached._prefix}*")
    return [key.decode() for key in found]  # type: ignore[union-attr]


@pytest.mark.parametrize("rubbish", RUBBISH)
async def test_a_corrupted_entry_is_recomputed_and_replaced(
    corrupted: Laboratory, own_valkey: Valkey, rubbish: str
) -> None:
    good = await corrupted.figure()
    with own_valkey.client() as client:
        (key,) = keys_of(corrupted, client)
        RUBBISH[rubbish](client, key)
    computed = await corrupted.figure()
    assert computed.value == good.value
    assert corrupted.counting.runs == 2
    assert await corrupted.figure() == computed
    assert corrupted.counting.runs == 2


async def test_an_entry_copied_from_another_key_is_recomputed(
    corrupted: Laboratory, own_valkey: Valkey
) -> None:
    await corrupted.figures("a")
    with own_valkey.client() as client:
        (first,) = keys_of(corrupted, client)
        await corrupted.figures("b")
        (second,) = set(keys_of(corrupted, client)) - {first}
        client.set(second, client.get(first))
    (figure,) = await corrupted.figures("b")
    assert figure.value.name == "b"
    assert corrupted.cached.statistics.errors == 2  # when it was read, and when its lock was taken


async def test_an_entry_of_another_shape_is_recomputed(
    corrupted: Laboratory, own_valkey: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    """A release changed the shape of the value without changing the version."""
    figure = await corrupted.figure()
    with own_valkey.client() as client:
        (key,) = keys_of(corrupted, client)
        now = time.time()
        client.set(key, Entry(now, now + TTL, 0, b'{"other": []}').pack(key))
    assert (await corrupted.figure()).value == figure.value
    assert "totals cannot be read" in caplog.text
    assert await kept(corrupted)


@pytest.mark.parametrize("rubbish", ["text", "bytes", "a list", "a number"])
async def test_a_corrupted_lock_does_not_block_callers(
    corrupted: Laboratory, own_valkey: Valkey, rubbish: str
) -> None:
    await corrupted.figure()
    with own_valkey.client() as client:
        (key,) = keys_of(corrupted, client)
        RUBBISH[rubbish](client, f"{key}:lock")
        client.delete(key)
    began = time.monotonic()
    await corrupted.figure()
    assert time.monotonic() - began < 3  # a lease; the patience is ten
    assert corrupted.counting.runs == 2
    await corrupted.figure()
    assert corrupted.counting.runs == 2


@pytest.mark.parametrize(
    "url",
    [
        f"redis://127.0.0.1:{free_port()}/0",
        "redis://:wrong@127.0.0.1:{port}/0",
        "redis://127.0.0.1:{port}/0",
        "redis://:{password}@127.0.0.1:{port}/99",
        "unix:///nowhere/redis.sock",
        "redis://no-such-host.invalid:6379/0",
    ],
    ids=["nobody there", "wrong password", "no password", "no such database", "no socket", "no host"],
)
async def test_figures_are_computed_without_a_reachable_store(pool: Pool, valkey: Valkey, url: str) -> None:
    backend = RedisBackend(url.format(port=valkey.port, password=valkey.password), timeout_seconds=0.25)
    laboratory = await laboratory_on(pool, backend)
    assert all([await right(laboratory) for _ in range(3)])
    assert laboratory.cached.statistics.errors == 1
    await laboratory.cached.close()


async def test_no_caller_retries_a_dead_store(tormented: Laboratory, own_valkey: Valkey) -> None:
    own_valkey.stop(signal.SIGKILL)
    await tormented.figure()
    errors = tormented.cached.statistics.errors
    assert errors == 1
    for _ in range(5):
        await tormented.figure()
    assert tormented.cached.statistics.errors == errors
    own_valkey.start()
    await used_again(tormented)
    assert await kept(tormented)
    assert tormented.cached.statistics.errors == errors


async def test_without_a_store_tasks_still_share_one_computation(
    tormented: Laboratory, own_valkey: Valkey
) -> None:
    own_valkey.stop(signal.SIGKILL)

    runs = 0

    async def compute(_: DataLoaders, questions: Sequence[TotalsOf]) -> Sequence[int]:
        nonlocal runs
        runs += 1
        await asyncio.sleep(0.5)
        return [7 for _ in questions]

    async def ask() -> int:
        async with tormented.operation() as loaders:
            (figure,) = await tormented.cached.get(slow, loaders, [TotalsOf(tormented.ann)])
            return figure.value

    slow = CachedFigure("slow", 1, TTL, STALE, compute, models=(User,))
    assert await asyncio.gather(*(ask() for _ in range(10))) == [7] * 10
    assert runs == 1


async def test_closing_does_not_wait_for_a_server_that_hangs(
    tormented: Laboratory, own_valkey: Valkey
) -> None:
    await tormented.figure()
    assert own_valkey._process is not None
    own_valkey._process.send_signal(signal.SIGSTOP)
    async with asyncio.timeout(5):
        await tormented.cached.close()


@pytest.mark.parametrize("url", ["http://127.0.0.1", "127.0.0.1:6379", "redis://127.0.0.1:x/0", ""])
def test_an_invalid_redis_url_raises(url: str) -> None:
    with pytest.raises(ValueError, match=r"URL|[Pp]ort"):
        RedisBackend(url, timeout_seconds=1)
