"""Users are found by e-mail address, and locking them gives a transaction its moment."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from db.engine.pool import Pool
from db.engine.writer import MomentError, Writer, in_transaction
from db.language.scope import EVERYBODY
from db.models import Keyword
from db.statements import write_rows
from db.statements.user import id_by_email, lock


async def test_a_user_is_found_by_address_ignoring_case(pool: Pool) -> None:
    ann = await pool.fetchval("INSERT INTO users (email) VALUES ('Ann@example.com') RETURNING id")
    assert await id_by_email(pool, "ann@EXAMPLE.com") == ann
    assert await id_by_email(pool, "bob@example.com") is None


async def test_a_suspended_user_is_not_found_among_active_users(pool: Pool) -> None:
    ann = await pool.fetchval(
        "INSERT INTO users (email, status) VALUES ('ann@example.com', 'suspended') RETURNING id"
    )
    assert await id_by_email(pool, "ann@example.com") == ann
    assert await id_by_email(pool, "ann@example.com", active=True) is None


@pytest.fixture
async def users(pool: Pool) -> list[int]:
    made = await pool.fetch(
        "INSERT INTO users (email) SELECT format('u%s@example.com', n) FROM generate_series(1, 3) AS n RETURNING id"
    )
    return [row["id"] for row in made]


async def last_moments(pool: Pool) -> list[datetime]:
    return [row[0] for row in await pool.fetch("SELECT last_write_at FROM users ORDER BY id")]


async def test_a_writer_that_waits_for_a_user_gets_a_later_moment(pool: Pool, users: list[int]) -> None:
    locked, may_end = asyncio.Event(), asyncio.Event()
    found: list[datetime] = []

    async def first(writer: Writer) -> None:
        await lock(writer, users[0], [users[0]])
        locked.set()
        await may_end.wait()
        found.append(await writer._connection.fetchval("SELECT clock_timestamp()"))

    async def second(writer: Writer) -> None:
        await writer._connection.fetchval("SELECT 1")  # the transaction begins before the wait
        waiting = asyncio.create_task(lock(writer, users[0], users[:2]))
        done, _ = await asyncio.wait([waiting], timeout=0.05)
        assert not done
        may_end.set()
        await waiting
        found.append(writer.moment)

    one = asyncio.create_task(in_transaction(pool, first))
    await locked.wait()
    await asyncio.gather(one, in_transaction(pool, second))
    assert found == sorted(found)
    assert await last_moments(pool) == [found[1], found[1], None]


async def test_a_lock_of_several_users_gives_one_moment_after_all_of_theirs(
    pool: Pool, users: list[int]
) -> None:
    last = datetime(2999, 1, 1, tzinfo=UTC)
    await pool.execute("UPDATE users SET last_write_at = $1 WHERE id = $2", last, users[1])
    moments: list[datetime] = []

    async def work(writer: Writer) -> None:
        moments.extend({user.last_write_at for user in await lock(writer, users[0], users)})
        assert moments == [writer.moment]

    await in_transaction(pool, work)
    assert moments == [last + timedelta(microseconds=1)]
    assert await last_moments(pool) == moments * 3


async def test_a_transaction_without_a_lock_has_no_moment(pool: Pool, users: list[int]) -> None:
    async def work(writer: Writer) -> None:
        await write_rows.insert_one(writer, Keyword, {"user_id": users[0], "keyword": "crm"})

    with pytest.raises(MomentError, match="Lock a user before"):
        await in_transaction(pool, work)


async def test_a_lock_that_finds_no_users_lets_statements_change_no_rows(pool: Pool) -> None:
    async def work(writer: Writer) -> None:
        assert await lock(writer, 1, [999]) == []
        assert await write_rows.update_one(writer, EVERYBODY, Keyword, 999, {"keyword": "x"}) is None

    await in_transaction(pool, work)
