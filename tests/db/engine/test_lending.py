"""Connections that the pool lends and takes back without waiting, and prepared statements that run directly."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from db.engine import idle
from db.engine.guarded_connection import GuardedConnection
from db.engine.outage import OutageError
from db.engine.pool import Pool, open_pool

SLEEP = "SELECT pg_sleep($1) IS NULL AS slept"


@pytest.fixture
async def single(database_url: str) -> AsyncIterator[Pool]:
    """A pool of one connection, which is open."""
    pool = await open_pool(database_url, size=1)
    yield pool
    async with asyncio.timeout(5):
        await pool.close()


async def test_free_connection_is_lent_once(single: Pool) -> None:
    lent = single.lend()
    assert lent is not None
    assert (single.get_idle_size(), single.lend()) == (0, None)
    assert await lent.fetchval("SELECT 1") == 1
    assert single.take_back(lent)
    assert single.get_idle_size() == 1
    with pytest.raises(asyncpg.InterfaceError, match="released back to the pool"):
        await lent.fetchval("SELECT 1")


async def test_lent_connection_counts_as_a_wait_of_no_time(single: Pool) -> None:
    waits: list[float] = []
    single.on_wait = waits.append
    lent = single.lend()
    assert (lent is not None, waits) == (True, [0.0])
    assert single.lend() is None
    assert waits == [0.0]
    assert lent is not None
    single.take_back(lent)


async def test_connection_that_is_not_open_is_not_lent(database_url: str) -> None:
    async with await open_pool(database_url, size=2) as pool:
        first = pool.lend()
        assert first is not None
        assert pool.lend() is None  # the second one is not open yet
        second = await pool.acquire()
        assert pool.get_size() == 2
        assert [pool.take_back(each) for each in (first, second)] == [True, True]


@pytest.mark.direct
async def test_expired_connection_is_neither_lent_nor_kept(single: Pool) -> None:
    old = single.lend()
    assert old is not None
    pid = await old.fetchval("SELECT pg_backend_pid()")
    await single.expire_connections()
    assert not single.take_back(old)
    await single.release(old)
    assert single.lend() is None
    async with single.acquire() as new:
        assert await new.fetchval("SELECT pg_backend_pid()") != pid


async def test_caller_waits_until_a_lent_connection_is_back(single: Pool) -> None:
    lent = single.lend()
    assert lent is not None
    waiting = asyncio.create_task(single.fetchval("SELECT 1"))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    assert single.take_back(lent)
    assert await waiting == 1


async def test_closed_pool_lends_nothing(database_url: str) -> None:
    pool = await open_pool(database_url, size=1)
    lent = pool.lend()
    assert lent is not None
    closing = asyncio.create_task(pool.close())
    await asyncio.sleep(0.01)
    assert not closing.done()
    assert pool.take_back(lent)
    assert pool.lend() is None
    await closing
    assert pool.lend() is None


async def test_connection_with_an_open_transaction_is_reset_by_the_driver(single: Pool) -> None:
    lent = single.lend()
    assert lent is not None
    await lent.execute("BEGIN")
    assert not single.take_back(lent)
    assert single.get_idle_size() == 0
    await lent.execute("ROLLBACK")
    assert single.take_back(lent)


@pytest.mark.direct
async def test_connection_that_cancels_its_statement_is_not_taken_back_at_once(single: Pool) -> None:
    lent = single.lend()
    assert lent is not None
    await lent.fetch(SLEEP, 0, record_class=asyncpg.Record)
    running = asyncio.create_task(lent.fetch(SLEEP, 60, record_class=asyncpg.Record))
    await asyncio.sleep(0.1)
    running.cancel()
    await asyncio.wait([running])
    assert (running.cancelled(), single.take_back(lent)) == (True, False)
    await single.release(lent)
    async with single.acquire() as same:
        assert await same.fetchval("SELECT 1") == 1


async def test_foreign_and_returned_connections_are_not_taken_back(single: Pool, pool: Pool) -> None:
    lent = single.lend()
    assert lent is not None
    assert not pool.take_back(lent)
    assert single.take_back(lent)
    assert not single.take_back(lent)


async def test_closed_connection_leaves_its_place_free(single: Pool) -> None:
    lent = single.lend()
    assert lent is not None
    lent.terminate()
    assert not single.take_back(lent)
    await single.release(lent)
    assert await single.fetchval("SELECT 1") == 1


async def test_prepared_query_follows_a_change_of_its_columns(single: Pool) -> None:
    lent = single.lend()
    assert lent is not None
    await lent.execute("CREATE TEMPORARY TABLE changing AS SELECT 1 AS one")
    query = "SELECT * FROM changing"
    for _ in range(2):
        assert [dict(row) for row in await lent.fetch(query, record_class=asyncpg.Record)] == [{"one": 1}]
    await lent.execute("ALTER TABLE changing ADD COLUMN two integer")
    changed = await lent.fetch(query, record_class=asyncpg.Record)
    assert [dict(row) for row in changed] == [{"one": 1, "two": None}]
    await lent.execute("DROP TABLE changing")
    assert single.take_back(lent)


@pytest.mark.direct
async def test_changed_columns_fail_a_prepared_query_inside_a_transaction(single: Pool) -> None:
    async with single.acquire() as connection:
        await connection.execute("CREATE TEMPORARY TABLE changing AS SELECT 1 AS one")
        query = "SELECT * FROM changing"
        await connection.fetch(query, record_class=asyncpg.Record)
        await connection.execute("ALTER TABLE changing ADD COLUMN two integer")
        with pytest.raises(asyncpg.exceptions.InvalidCachedStatementError):
            async with connection.transaction():
                await connection.fetch(query, record_class=asyncpg.Record)
        (row,) = await connection.fetch(query, record_class=asyncpg.Record)
        assert dict(row) == {"one": 1, "two": None}
        await connection.execute("DROP TABLE changing")


async def test_silence_after_a_prepared_query_closes_the_connection(database_url: str) -> None:
    connection: GuardedConnection = await asyncpg.connect(
        database_url, connection_class=GuardedConnection, command_timeout=0.2
    )
    await connection.fetch(SLEEP, 0, record_class=asyncpg.Record)
    with pytest.raises(OutageError, match="did not answer within the time limit"):
        await connection.fetch(SLEEP, 60, record_class=asyncpg.Record)
    assert connection.is_closed()


async def test_free_connection_is_borrowed_once(single: Pool) -> None:
    waits: list[float] = []
    single.on_wait = waits.append
    borrowed = single.borrow()
    assert borrowed is not None
    assert (single.get_idle_size(), single.borrow(), single.lend(), waits) == (0, None, None, [0.0])
    assert await borrowed.fetchval("SELECT 1") == 1
    waiting = asyncio.create_task(single.fetchval("SELECT 2"))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    assert single.give_back(borrowed)
    assert await waiting == 2
    assert single.get_idle_size() == 1


@pytest.mark.direct
async def test_borrowed_connection_with_an_open_transaction_is_reset_by_the_driver(single: Pool) -> None:
    borrowed = single.borrow()
    assert borrowed is not None
    await borrowed.execute("BEGIN")
    assert not single.give_back(borrowed)
    await borrowed.execute("ROLLBACK")
    await single.release_borrowed(borrowed)
    async with single.acquire() as same:
        assert await same.fetchval("SELECT pg_backend_pid()") == borrowed.get_server_pid()


@pytest.mark.direct
async def test_borrowed_connection_that_cancels_its_statement_waits_for_the_end(single: Pool) -> None:
    borrowed = single.borrow()
    assert borrowed is not None
    running = asyncio.create_task(borrowed.fetch(SLEEP, 60))
    await asyncio.sleep(0.1)
    running.cancel()
    await asyncio.wait([running])
    assert not single.give_back(borrowed)
    await single.release_borrowed(borrowed)
    assert await single.fetchval("SELECT 1") == 1
    assert single.get_idle_size() == 1


async def test_borrowed_connection_that_has_ended_is_not_the_next_one(single: Pool) -> None:
    borrowed = single.borrow()
    assert borrowed is not None
    borrowed.terminate()
    async with single.acquire() as other:
        assert not single.give_back(borrowed)
        await single.release_borrowed(borrowed)
        assert single.lend() is None  # the other one is still in use
        assert await other.fetchval("SELECT 1") == 1


async def test_expired_connection_is_not_borrowed(single: Pool) -> None:
    borrowed = single.borrow()
    assert borrowed is not None
    await single.expire_connections()
    assert not single.give_back(borrowed)
    await single.release_borrowed(borrowed)
    assert single.borrow() is None
    assert await single.fetchval("SELECT pg_backend_pid()") != borrowed.get_server_pid()


async def test_closed_pool_waits_for_a_borrowed_connection(database_url: str) -> None:
    pool = await open_pool(database_url, size=1)
    borrowed = pool.borrow()
    assert borrowed is not None
    closing = asyncio.create_task(pool.close())
    await asyncio.sleep(0.01)
    assert not closing.done()
    assert pool.give_back(borrowed)
    await closing
    assert pool.borrow() is None


async def test_connections_that_stay_free_are_closed_except_the_least_number(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idle, "IDLE_SECONDS", 0.2)
    async with await open_pool(database_url, size=3) as pool:
        others = [await pool.acquire() for _ in range(3)]
        assert pool.get_size() == 3
        for each in others:
            await pool.release(each)
        for _ in range(4):  # one is in use meanwhile
            await asyncio.sleep(0.1)
            borrowed = pool.borrow()
            assert borrowed is not None
            assert pool.give_back(borrowed)
        assert pool.get_size() == 1
        await asyncio.sleep(0.5)
        assert pool.get_size() == 1
        assert await pool.fetchval("SELECT 1") == 1


async def test_connection_in_use_is_not_idle(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle, "IDLE_SECONDS", 0.1)
    async with await open_pool(database_url, size=2) as pool:
        first, second = await pool.acquire(), pool.lend() or await pool.acquire()
        assert pool.take_back(first)
        await asyncio.sleep(0.3)
        assert pool.get_size() == 1
        assert await second.fetchval("SELECT 1") == 1
        assert pool.take_back(second)
        await asyncio.sleep(0.3)
        assert pool.get_size() == 1
