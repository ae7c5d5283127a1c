"""Readers return their connection, whatever happens to the tasks that read."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy import BigInteger, ColumnElement, Select, bindparam, func, literal, select

from db.engine import reader as reader_module
from db.engine.outage import is_unavailable
from db.engine.pipelined import messages_of
from db.engine.pool import Pool, open_pool
from db.engine.reader import Reader
from db.engine.statement_cache import statement
from db.engine.writer import Writer, in_transaction
from db.language.filter import Operator
from db.language.filter import Test as Condition
from db.language.keyset import NEWEST_FIRST, PageBounds
from db.language.scope import EVERYBODY, Scope
from db.models import Integration, User
from db.statements.read_rows import page
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
        await reader.open()
    await read(reader)
    await add_user(pool, "late@example.com")
    await read(reader)  # the snapshot is older than the user
    reader.close()
    async with asyncio.timeout(5), single.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM users") == 1


@statement
def _users_from() -> Select[Any]:
    began: ColumnElement[Any] = func.now().label("at")
    return select(func.count(User.id).label("users"), began).where(
        User.id >= bindparam("first", type_=BigInteger)
    )


async def _users(reader: Reader, first: object = 0) -> tuple[int, Any]:
    (row,) = await reader.fetch_values(_users_from(), EVERYBODY, first=first)
    return row["users"], row["at"]


@pytest.fixture
async def prepared(single: Pool) -> Pool:
    """A pool whose connection has prepared the statements, so that BEGIN travels with the first of them."""
    reader = Reader(single)
    for text in (_users_from(), _users_divided_by()):
        await reader.fetch_values(text, EVERYBODY, first=1)
    reader.close()
    return single


@statement
def _users_divided_by() -> Select[Any]:
    return select(literal(1) / bindparam("first", type_=BigInteger))


async def test_begin_travels_with_the_first_statement_and_the_snapshot_holds(
    prepared: Pool, pool: Pool
) -> None:
    reader = Reader(prepared)
    found = await _users(reader)
    assert found[0] == 0
    await add_user(pool, "late@example.com")
    assert await _users(reader) == found  # the same transaction
    reader.close()
    assert (await _users(Reader(prepared, single=True)))[0] == 1


async def test_a_first_statement_that_fails_leaves_the_snapshot_to_later_reads(
    prepared: Pool, pool: Pool
) -> None:
    reader = Reader(prepared)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await reader.fetch_values(_users_divided_by(), EVERYBODY, first=0)
    found = await _users(reader)
    await add_user(pool, "late@example.com")
    assert await _users(reader) == found
    reader.close()
    async with asyncio.timeout(5), prepared.acquire() as connection:
        assert not connection.is_in_transaction()


async def test_arguments_that_the_driver_refuses_leave_no_transaction(prepared: Pool, pool: Pool) -> None:
    reader = Reader(prepared)
    with pytest.raises(asyncpg.DataError):
        await _users(reader, 1 << 70)
    reader.close()
    async with asyncio.timeout(5), prepared.acquire() as connection:
        assert await connection.fetchval("SHOW transaction_isolation") == "read committed"
        assert not connection.is_in_transaction()
    again = Reader(prepared)
    found = await _users(again)
    await add_user(pool, "late@example.com")
    assert await _users(again) == found
    again.close()


async def test_a_read_after_a_lost_connection_tells_of_an_outage(prepared: Pool, pool: Pool) -> None:
    pid = await prepared.fetchval("SELECT pg_backend_pid()")
    reader = Reader(prepared)
    await _users(reader)
    await pool.execute("SELECT pg_terminate_backend($1)", pid)
    for _ in range(2):
        with pytest.raises(Exception) as lost:  # noqa: PT011 - the driver has several
            await _users(reader)
        assert is_unavailable(lost.value)
    reader.close()


async def test_a_first_statement_after_an_implicit_transaction_has_a_snapshot(
    prepared: Pool, pool: Pool
) -> None:
    async with prepared.acquire() as connection:
        await connection.prepare("SELECT count(*) FROM users WHERE id > 7")
        driver: Any = connection
        # As the driver does, but without the message that ends the implicit transaction.
        driver._transport.write(messages_of(("SELECT 1 FROM users LIMIT 0",)))
    reader = Reader(prepared)
    found = await _users(reader)
    await add_user(pool, "late@example.com")
    assert await _users(reader) == found
    # The refused attempt is no statement of the operation, which keeps its bound.
    assert [(run.name, run.error) for run in reader.activity.runs] == [("users_from", "")] * 2
    reader.close()


@pytest.mark.direct
async def test_a_transaction_without_statements_sends_nothing(prepared: Pool) -> None:
    sent: list[Any] = []
    async with prepared.acquire() as connection:
        connection.add_query_logger(sent.append)

    async def fail(_: Writer) -> None:
        raise RuntimeError

    async def nothing(_: Writer) -> None:
        return

    with pytest.raises(RuntimeError):
        await in_transaction(prepared, fail)
    await in_transaction(prepared, nothing)
    assert await prepared.fetchval("SELECT 1") == 1
    await asyncio.sleep(0)
    assert [one.query for one in sent] == ["SELECT 1"]


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


@pytest.mark.parametrize("single_read", [False, True])
async def test_the_first_read_is_repeated_after_a_migration_changes_its_prepared_statement(
    single: Pool, single_read: bool
) -> None:
    """A part of a text is planned for its value, which needs a transaction. No caller has seen a row of it."""
    for change in ("SELECT 1", "ALTER TABLE integrations ALTER COLUMN health_version TYPE varchar(300)"):
        reader = Reader(single, single=single_read)
        assert await found(reader) == []
        assert reader.activity.statements == ["integrations page"]
        reader.close()
        await single.execute(change)
    reader = Reader(single, single=single_read)
    assert await found(reader) == []
    assert reader.activity.statements == ["integrations page"]
    reader.close()


async def test_a_later_read_is_not_repeated_in_an_older_snapshot(single: Pool, database_url: str) -> None:
    before = Reader(single)
    await found(before)
    before.close()
    reader = Reader(single)
    await read(reader)
    connection = await asyncpg.connect(database_url)
    await connection.execute("ALTER TABLE integrations ALTER COLUMN health_version TYPE varchar(300)")
    await connection.close()
    with pytest.raises(asyncpg.InvalidCachedStatementError):
        await found(reader)
    reader.close()


async def test_a_custom_read_and_the_next_one_of_a_single_reader_share_the_connection(single: Pool) -> None:
    reader = Reader(single)
    async with asyncio.timeout(5):
        with reader.without_snapshot():
            assert await found(reader) == []
            await read(reader)
    reader.close()


async def found(reader: Reader) -> list[Integration]:
    where = Condition("name", Operator.CONTAINS, "crm")
    return await page(reader, Scope(1), Integration, NEWEST_FIRST, PageBounds(10), where)
