"""Writers lock users first, in ID order, and repeat work after deadlocks."""

import asyncio

import asyncpg
import pytest

from db.engine.activity import Activity
from db.engine.pool import Pool
from db.engine.writer import ConstraintError, Writer, in_transaction
from db.language.scope import Scope
from db.models import Integration, Keyword
from db.statements import write_rows
from db.statements.chunked_delete import delete_small
from db.statements.user import lock, lock_owners


@pytest.fixture
async def users(pool: Pool) -> list[int]:
    made = await pool.fetch(
        "INSERT INTO users (email) SELECT format('u%s@example.com', n) FROM generate_series(1, 5) AS n RETURNING id"
    )
    ids = [row["id"] for row in made]
    await pool.execute("INSERT INTO keywords (user_id, keyword) SELECT id, 'crm' FROM users")
    return ids


async def versions(pool: Pool) -> list[int]:
    return [row[0] for row in await pool.fetch("SELECT data_version FROM users ORDER BY id")]


async def test_a_second_writer_of_a_user_waits_and_sees_the_rows_of_the_first(
    pool: Pool, users: list[int]
) -> None:
    locked, may_end = asyncio.Event(), asyncio.Event()
    order: list[str] = []

    async def first(writer: Writer) -> None:
        await lock(writer, users[0], [users[0]])
        locked.set()
        await write_rows.insert_one(writer, Keyword, {"user_id": users[0], "keyword": "first"})
        await may_end.wait()
        order.append("first")

    async def second(writer: Writer) -> list[int]:
        await locked.wait()
        waiting = asyncio.create_task(lock(writer, users[0], [users[0]]))
        done, _ = await asyncio.wait([waiting], timeout=0.1)
        assert not done
        may_end.set()
        (user,) = await waiting
        order.append("second")
        counted = await writer._connection.fetchval(
            "SELECT keywords_count FROM users WHERE id = $1", users[0]
        )
        return [user.data_version, counted]

    _, seen = await asyncio.gather(in_transaction(pool, first), in_transaction(pool, second))
    assert order == ["first", "second"]
    assert seen == [2, 2]


@pytest.mark.parametrize("by", ["users", "rows"])
async def test_writers_of_the_same_users_in_any_order_never_deadlock(
    pool: Pool, users: list[int], by: str
) -> None:
    keywords = [row["id"] for row in await pool.fetch("SELECT id FROM keywords ORDER BY id")]

    async def write(number: int) -> None:
        turn = number % len(users)
        chosen = [*users[turn:], *users[:turn]][:3]
        picked = [keywords[users.index(user)] for user in chosen]

        async def work(writer: Writer) -> None:
            if by == "users":
                got = await lock(writer, users[0], chosen)
            else:
                got = await lock_owners(writer, users[0], Keyword, picked[:2], chosen[2:])
            assert sorted(user.user_id for user in got) == sorted(chosen)

        # One attempt each: a deadlock would be raised.
        async with pool.acquire() as connection, connection.transaction():
            await work(Writer(connection))

    await asyncio.gather(*map(write, range(100)))
    assert await versions(pool) == [60] * 5


async def test_work_is_repeated_after_a_deadlock(pool: Pool, users: list[int]) -> None:
    """Two writers break the rule and lock two users in opposite orders."""
    met, committed = asyncio.Barrier(2), asyncio.Event()
    attempts = 0

    async def work(writer: Writer, one: int, other: int) -> None:
        nonlocal attempts
        attempts += 1
        is_first = attempts <= 2
        if not is_first:
            # Otherwise it could lock its first user again before the other writer wakes up.
            await committed.wait()
        await lock(writer, one, [one])
        if is_first:
            await met.wait()
        await lock(writer, other, [other])

    async def write(one: int, other: int) -> list[str]:
        activity = Activity()
        await in_transaction(pool, lambda writer: work(writer, one, other), activity)
        committed.set()
        return activity.statements

    sent = await asyncio.gather(write(users[0], users[1]), write(users[1], users[0]))
    assert attempts == 3
    assert await versions(pool) == [2, 2, 0, 0, 0]
    assert [*sent] == [["lock_user", "lock_user"]] * 2


async def test_work_is_repeated_after_a_migration_changes_a_prepared_statement(
    pool: Pool, users: list[int]
) -> None:
    async def work(writer: Writer) -> str | None:
        await lock(writer, users[0], [users[0]])
        made = await write_rows.insert_one(
            writer,
            Integration,
            {"user_id": users[0], "provider": "rss", "kind": "source", "sync_cursor": "x"},
        )
        await delete_small(writer, Scope(users[0]), Integration, made.id, most=0)
        return made.sync_cursor

    async with pool.acquire() as kept:  # so that the pool has one other connection for the work
        await kept.execute("SELECT 1")
        assert await in_transaction(pool, work) == "x"
        await kept.execute("ALTER TABLE integrations ALTER COLUMN health_version TYPE varchar(300)")
        assert await in_transaction(pool, work) == "x"
    assert (await versions(pool))[0] == 2


async def test_an_exception_rolls_back_the_transaction(pool: Pool, users: list[int]) -> None:
    async def work(writer: Writer) -> None:
        await lock(writer, users[0], [users[0]])
        await write_rows.insert_one(writer, Keyword, {"user_id": users[0], "keyword": "new"})
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await in_transaction(pool, work)
    assert await versions(pool) == [0] * 5
    assert await pool.fetchval("SELECT count(*) FROM keywords") == 5


async def test_a_constraint_error_has_the_name_of_the_constraint(pool: Pool, users: list[int]) -> None:
    async def work(writer: Writer) -> None:
        await lock(writer, users[0], [users[0]])
        await write_rows.insert_one(writer, Keyword, {"user_id": users[0], "keyword": "CRM"})

    with pytest.raises(ConstraintError) as broken:
        await in_transaction(pool, work)
    assert broken.value.constraint == "uq_keywords_user_id_keyword_norm_match_type"


async def test_rows_outside_the_scope_are_neither_read_nor_changed_nor_deleted(
    pool: Pool, users: list[int]
) -> None:
    mine, foreign = await pool.fetch("SELECT id FROM keywords ORDER BY id LIMIT 2")
    scope = Scope(users[0])

    async def work(writer: Writer) -> None:
        await lock(writer, users[0], [users[0]])
        assert await write_rows.read(writer, scope, Keyword, foreign["id"]) is None
        assert await write_rows.update_one(writer, scope, Keyword, foreign["id"], {"keyword": "x"}) is None
        assert await delete_small(writer, scope, Keyword, foreign["id"], most=0) is None
        assert await delete_small(writer, scope, Keyword, mine["id"], most=0) == users[0]

    await in_transaction(pool, work)
    assert await pool.fetchval("SELECT count(*) FROM keywords") == 4


async def test_a_broken_connection_is_returned_to_the_pool(pool: Pool) -> None:
    async def work(writer: Writer) -> None:
        await writer._connection.fetchval("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        await in_transaction(pool, work)
    assert await pool.fetchval("SELECT 1") == 1
