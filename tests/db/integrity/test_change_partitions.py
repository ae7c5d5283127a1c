"""Days of the change feed: made ahead, expired, and dropped, while transactions hold the feed."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from db.engine.pool import Pool
from db.engine.reader import Reader
from db.integrity import change_partitions as days
from db.integrity import partitions
from db.language.scope import EVERYBODY, Scope
from services.changes import feed
from services.changes.feed import ExpiredPositionError
from tests.support.rows import add_keyword, add_user

NO_GRACE = timedelta(0)
OLD_DAY = (
    "CREATE TABLE changes_20200101 PARTITION OF changes FOR VALUES FROM ('2020-01-01Z') TO ('2020-01-02Z')"
)


def name(number: int) -> str:
    return f"changes_{datetime.now(UTC) + timedelta(days=number):%Y%m%d}"


async def partition_of(pool: Pool, change: int) -> str:
    found: str = await pool.fetchval("SELECT tableoid::regclass::text FROM changes WHERE id = $1", change)
    return found


async def last(pool: Pool) -> int:
    return int(await pool.fetchval("SELECT max(id) FROM changes"))


async def test_days_are_made_ahead_once(pool: Pool) -> None:
    assert await days.make_ahead(pool) == [name(number) for number in range(1, 5)]
    assert await days.make_ahead(pool) == []
    await add_user(pool)
    assert await partition_of(pool, await last(pool)) == "changes_rest"
    await pool.execute("UPDATE changes SET at = at + interval '1 day'")
    assert await partition_of(pool, await last(pool)) == name(1)
    await pool.execute("UPDATE changes SET at = at + interval '30 days'")
    assert await partition_of(pool, await last(pool)) == "changes_rest"


async def test_writes_go_on_while_days_are_made(pool: Pool) -> None:
    """A partition for the present day would refuse the writes that wait while it is made."""

    async def write(number: int) -> None:
        user = await add_user(pool, f"user{number}@example.com")
        for each in range(20):
            await add_keyword(pool, user, f"keyword {each}")

    async def make() -> None:
        for _ in range(10):
            made = await days.make_ahead(pool)
            for one in made:
                await pool.execute(f"DROP TABLE {one}")

    await asyncio.gather(*map(write, range(4)), make())
    assert await pool.fetchval("SELECT count(*) FROM changes") == 4 * 21


async def test_a_day_with_changes_in_the_rest_keeps_them(pool: Pool) -> None:
    await add_user(pool)
    await pool.execute("UPDATE changes SET at = at + interval '1 day'")
    assert await days.make_ahead(pool) == [name(number) for number in range(2, 5)]
    assert await partition_of(pool, await last(pool)) == "changes_rest"
    assert await pool.fetchval("SELECT count(*) FROM changes") == 1


async def test_changes_expire_before_they_are_dropped(pool: Pool) -> None:
    await days.make_ahead(pool)
    ann = await add_user(pool)
    positions = {scope: await feed.now(Reader(pool, single=True), scope) for scope in (Scope(ann), EVERYBODY)}
    await pool.execute(OLD_DAY)
    await add_keyword(pool, ann, "old")
    await add_keyword(pool, ann, "older")
    old = await last(pool)
    await pool.execute("UPDATE changes SET at = '2020-01-01 12:00Z' WHERE id = $1", old)
    await pool.execute("UPDATE changes SET at = '2020-02-01 12:00Z' WHERE id < $1", old)
    new = [await add_keyword(pool, ann, word) for word in ("new", "newer")]

    assert await days.drop_expired(pool, NO_GRACE) == []
    assert await days.expire(pool, timedelta(days=7))
    assert not await days.expire(pool, timedelta(days=7))
    for scope, position in positions.items():
        with pytest.raises(ExpiredPositionError):
            await feed.page(Reader(pool, single=True), scope, position, limit=10)
    assert await days.drop_expired(pool) == []
    assert await days.drop_expired(pool, NO_GRACE) == ["changes_20200101"]
    for scope in positions:
        page = await feed.page(Reader(pool, single=True), scope, None, limit=1)
        assert page.has_more
        rest = await feed.page(Reader(pool, single=True), scope, page.after, limit=10)
        assert [event.row_id for event in (*page.events, *rest.events)] == new
        assert (await feed.page(Reader(pool, single=True), scope, rest.after, limit=10)).events == []


async def test_a_transaction_that_holds_the_feed_delays_a_drop_but_no_writer(pool: Pool) -> None:
    await pool.execute(OLD_DAY)
    ann = await add_user(pool)
    await pool.execute("UPDATE changes SET at = '2020-01-01 12:00Z'")
    await days.expire(pool, timedelta(days=7))
    async with pool.acquire() as holder:
        transaction = holder.transaction()
        await transaction.start()
        await holder.fetch("SELECT FROM changes")
        dropping = asyncio.create_task(days.drop_expired(pool, NO_GRACE))
        for number in range(20):
            await asyncio.wait_for(add_keyword(pool, ann, f"word {number}"), 1)
            await asyncio.sleep(0.01)
        assert not dropping.done()
        await transaction.rollback()
    assert await dropping == ["changes_20200101"]


async def test_a_drop_gives_up_in_the_end(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "ATTEMPTS", 1)
    await pool.execute(OLD_DAY)
    await add_user(pool)
    await pool.execute("UPDATE changes SET at = '2020-01-01 12:00Z'")
    await days.expire(pool, timedelta(days=7))
    async with pool.acquire() as holder, holder.transaction():
        await holder.fetch("SELECT FROM changes")
        with pytest.raises(asyncpg.LockNotAvailableError):
            await days.drop_expired(pool, NO_GRACE)
