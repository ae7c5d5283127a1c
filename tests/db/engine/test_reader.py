"""Readers return their connection, whatever happens to the tasks that read."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Select, func, literal, select

from db.engine import reader as reader_module
from db.engine.pool import Pool, open_pool
from db.engine.reader import Reader
from db.engine.statement_cache import statement
from db.engine.writer import Writer, in_transaction
from db.language.scope import EVERYBODY
from db.models import User
from tests.support.rows import add_user


@statement
def _users_slowly() -> Select[Any]:
    return select(func.count(User.id).label("users"), func.pg_sleep(0.3).label("slept"))


@pytest.fixture
async def single(database_url: str) -> AsyncIterator[Pool]:
    """A pool of one connection, so that a connection that is not returned blocks the test."""
    pool = await open_pool(database_url, size=1)
    yield pool
    async with asyncio.timeout(5):
        await pool.close()


async def read(reader: Reader) -> None:
    (row,) = await reader.fetch_values(_users_slowly(), EVERYBODY)
    assert row["users"] == 0


async def test_close_during_a_read_leaves_no_open_transaction(single: Pool) -> None:
    reader = Reader(single)
    reading = asyncio.create_task(read(reader))
    await asyncio.sleep(0.1)
    reader.close()
    async with asyncio.timeout(5), single.acquire() as connection:
        assert await connection.fetchval("SELECT 1") == 1
        assert not connection.is_in_transaction()
    await reading


@pytest.mark.parametrize("single_read", [False, True])
async def test_a_read_after_close_is_cancelled_and_takes_no_connection(
    single: Pool, single_read: bool
) -> None:
    reader = Reader(single, single=single_read)
    await read(reader)
    reader.close()
    with pytest.raises(asyncio.CancelledError):
        await read(reader)
    async with asyncio.timeout(5):
        assert await single.fetchval("SELECT 1") == 1


async def test_a_read_that_waits_for_a_connection_at_close_returns_the_connection(single: Pool) -> None:
    async with single.acquire():
        reader = Reader(single)
        reading = asyncio.create_task(read(reader))
        await asyncio.sleep(0.1)
        reader.close()
    async with asyncio.timeout(5):
        await asyncio.wait([reading])
        assert await single.fetchval("SELECT 1") == 1


@statement
def _users_divided() -> Select[Any]:
    return select(literal(1) / func.count(User.id))


async def test_a_failed_statement_leaves_the_snapshot_to_later_reads(single: Pool, pool: Pool) -> None:
    reader = Reader(single)
    await read(reader)
    for number in range(2):
        with pytest.raises(asyncpg.DivisionByZeroError):
            await reader.fetch_values(_users_divided(), EVERYBODY)
        await add_user(pool, f"user{number}@example.com")
        await read(reader)  # the snapshot is older than the users
    reader.close()
    async with asyncio.timeout(5), single.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM users") == 2


async def test_reads_after_a_failed_begin_have_a_snapshot(
    single: Pool, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, failures = reader_module._begin, [TimeoutError]

    async def failing(connection: Any, text: str) -> None:
        if failures:
            raise failures.pop()
        await begin(connection, text)

    monkeypatch.setattr(reader_module, "_begin", failing)
    reader = Reader(single)
    with pytest.raises(TimeoutError):
        await read(reader)
    await read(reader)
    await add_user(pool, "late@example.com")
    await read(reader)  # the snapshot is older than the user
    reader.close()
    async with asyncio.timeout(5), single.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM users") == 1


async def test_a_statement_that_was_prepared_and_never_sent_does_not_break_the_next_transaction(
    single: Pool,
) -> None:
    """The driver leaves a connection in this state if a task is cancelled between the two steps."""
    async with single.acquire() as connection:
        await connection.prepare("SELECT count(*) FROM users")
    reader = Reader(single)
    await reader.open()
    await read(reader)
    reader.close()
    async with single.acquire() as connection:
        await connection.prepare("SELECT count(*) FROM users")

    async def work(writer: Writer) -> None:
        await writer.fetch_values(_users_slowly(), EVERYBODY)

    await in_transaction(single, work)
