"""The tail: new changes reach followers once and without a gap, whatever writers and connections do."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from db.engine.pool import Pool
from db.engine.reader import Reader
from db.language.scope import EVERYBODY, Scope
from services.changes import feed
from services.changes import tail as of_tail
from services.changes.feed import ANYTHING, Event
from services.changes.position import Position
from services.changes.tail import Batch, Following, OverflowedError, Place, RenewedError, Tail, is_after
from tests.db.integrity.test_counters import add_mentions
from tests.support.rows import add_keyword, add_user


@pytest.fixture
async def tail(pool: Pool) -> AsyncIterator[Tail]:
    tail = Tail(pool)
    running = asyncio.create_task(tail.run())
    async with tail.follow(EVERYBODY):  # waits until the tail has begun
        pass
    yield tail
    running.cancel()
    await asyncio.wait({running})


async def take(following: Following, events: int) -> list[Event]:
    """Return the next events that are not of users: these were written before the following began."""
    taken: list[Event] = []
    async with asyncio.timeout(5):
        while len(taken) < events:
            taken += [event for event in await anext(following) if event.entity != "User"]
    return taken


async def take_all(following: Following, taken: list[Event]) -> None:
    async for batch in following:
        taken += [event for event in batch if event.entity == "Mention"]


async def row_ids_after(pool: Pool, scope: Scope, position: Position) -> list[int]:
    """Return the rows of all changes after the position. A page ends where the tail's read has ended."""
    found: list[int] = []
    has_more = True
    while has_more:
        page = await feed.page(Reader(pool, single=True), scope, position, limit=10)
        found += [one.row_id for one in page.events]
        position, has_more = page.after, page.has_more
    return found


async def follow_after(tail: Tail, scope: Scope, position: Position) -> AsyncIterator[Batch]:
    """Yield all events after the position, as subscriptions do: catch up, follow, and catch up again."""
    place = Place(position)
    async for batch in tail.catch_up(scope, place, ANYTHING):
        yield batch
    async with tail.follow(scope) as following:
        async for batch in tail.catch_up(scope, place, ANYTHING):
            yield batch
        async for batch in following:
            if new := [event for event in batch if is_after(place.position, event)]:
                yield new


async def test_each_follower_gets_the_events_of_its_scope(pool: Pool, tail: Tail) -> None:
    ann, bob = await add_user(pool), await add_user(pool, "bob@example.com")
    async with tail.follow(Scope(ann)) as mine, tail.follow(EVERYBODY) as all_:
        theirs = await add_keyword(pool, bob)
        keyword = await add_keyword(pool, ann)
        ids = await add_mentions(pool, [keyword], ["a", "b"])
        own = await take(mine, 3)
        assert [event.row_id for event in own] == [keyword, *ids]
        everything = await take(all_, 4)
        assert [event.row_id for event in everything] == [theirs, keyword, *ids]
    # Each event's position continues after the event.
    for scope, events in ((Scope(ann), own), (EVERYBODY, everything)):
        for number, event in enumerate(events, start=1):
            position = Position.parse(str(event.position))
            assert await row_ids_after(pool, scope, position) == [one.row_id for one in events[number:]]


def reads_of(tail: Tail, monkeypatch: pytest.MonkeyPatch) -> list[Reader]:
    """Return the readers that the tail makes from now on, one for each read."""
    made: list[Reader] = []
    make = tail._reader

    def noted() -> Reader:
        made.append(make())
        return made[-1]

    monkeypatch.setattr(tail, "_reader", noted)
    return made


async def test_an_idle_feed_costs_no_statement(
    pool: Pool, tail: Tail, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_user(pool)
    async with tail.follow(EVERYBODY) as following:
        await asyncio.sleep(0.2)
        reads = reads_of(tail, monkeypatch)
        await asyncio.sleep(0.5)
        assert reads == []
        bob = await add_user(pool, "bob@example.com")
        async for batch in following:
            if bob in {event.row_id for event in batch}:
                break
        assert reads


async def test_changes_without_a_follower_cost_no_statement(
    pool: Pool, tail: Tail, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with tail.follow(EVERYBODY):
        pass
    reads = reads_of(tail, monkeypatch)
    await add_user(pool)
    await asyncio.sleep(0.3)
    assert reads == []
    async with tail.follow(EVERYBODY) as following:
        carl = await add_user(pool, "carl@example.com")
        batch = await anext(following)
    assert [(event.entity, event.row_id) for event in batch] == [("User", carl)]


async def test_a_tail_without_followers_does_not_listen_and_begins_again(
    pool: Pool, tail: Tail, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def listens() -> bool:
        found: bool = await pool.fetchval(
            "SELECT EXISTS (SELECT FROM pg_stat_activity "
            "WHERE datname = current_database() AND query ILIKE 'LISTEN%')"
        )
        return found

    monkeypatch.setattr(of_tail, "LEAVE_SECONDS", 0.2)
    ann = await add_user(pool)
    for number in range(2):
        async with tail.follow(Scope(ann)) as following:
            assert await listens()
            await asyncio.sleep(0.5)
            keyword = await add_keyword(pool, ann, f"{number}")
            assert [event.row_id for event in await take(following, 1)] == [keyword]
        async with asyncio.timeout(5):
            while await listens():
                await asyncio.sleep(0.05)
        await add_keyword(pool, ann, f"unseen {number}")
        tries = [tail.follow(Scope(ann)) for _ in range(3)]
        for each in tries:
            async with each:
                assert await listens()
        async with asyncio.timeout(5):
            while await listens():
                await asyncio.sleep(0.05)


async def test_a_slow_follower_is_told_and_resumes_without_loss(pool: Pool, tail: Tail) -> None:
    ann = await add_user(pool)
    keyword = await add_keyword(pool, ann)
    start = await feed.now(Reader(pool, single=True), Scope(ann))
    taken: list[Event] = []
    async with tail.follow(Scope(ann), most=5) as following:
        for number in range(4):
            await add_mentions(pool, [keyword], [f"{number} a", f"{number} b"])
            await asyncio.sleep(0.05)
        with pytest.raises(OverflowedError):
            await take_all(following, taken)
    last = taken[-1].position if taken else start
    rest = await feed.page(Reader(pool, single=True), Scope(ann), last, limit=100)
    assert len(taken) < 8
    assert len({event.row_id for event in [*taken, *rest.events]}) == len(taken) + len(rest.events) == 8


async def test_a_lost_connection_loses_no_event(pool: Pool, tail: Tail) -> None:
    ann = await add_user(pool)
    async with tail.follow(Scope(ann)) as following:
        first = await add_keyword(pool, ann, "one")
        await take(following, 1)
        await pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND query ILIKE 'LISTEN%'"
        )
        second = await add_keyword(pool, ann, "two")
        (event,) = await take(following, 1)
        assert (event.row_id, first != second) == (second, True)


async def test_a_renewed_feed_ends_the_followers(pool: Pool, tail: Tail) -> None:
    ann = await add_user(pool)
    async with tail.follow(Scope(ann)) as following:
        await pool.execute("TRUNCATE leads CASCADE")
        with pytest.raises(RenewedError):
            await take(following, 1)
    async with tail.follow(Scope(ann)) as following:
        keyword = await add_keyword(pool, ann)
        assert [event.row_id for event in await take(following, 1)] == [keyword]


async def test_catching_up_and_the_tail_join_without_gap_or_double(pool: Pool, tail: Tail) -> None:
    rng = random.Random(17)  # noqa: S311 - no secret
    users = [await add_user(pool, f"{number}@example.com") for number in range(3)]
    scopes = [*map(Scope, users), EVERYBODY]
    starts = [await feed.now(Reader(pool, single=True), scope) for scope in scopes]
    written: dict[int, set[int]] = {user: set() for user in users}

    async def write(user: int) -> None:
        for turn in range(30):
            async with pool.acquire() as connection:
                transaction = connection.transaction()
                await transaction.start()
                new = await add_keyword(connection, user, f"word {turn} {rng.random()}")
                await asyncio.sleep(rng.random() / 100)
                if rng.random() < 0.2:
                    await transaction.rollback()
                else:
                    await transaction.commit()
                    written[user].add(new)

    async def follow(scope: Scope, start: Position, delay: float) -> list[int]:
        await asyncio.sleep(delay)
        found: list[int] = []
        async with asyncio.timeout(10):
            async for batch in follow_after(tail, scope, start):
                found += [one.row_id for one in batch if (one.entity, one.kind) == ("Keyword", "created")]
                if done.is_set() and len(found) >= expected_of(scope):
                    return found
        return found

    def expected_of(scope: Scope) -> int:
        return sum(len(ids) for user, ids in written.items() if scope.shows_user(user))

    done = asyncio.Event()
    following = [
        (scope, asyncio.create_task(follow(scope, start, delay)))
        for scope, start in zip(scopes, starts, strict=True)
        for delay in (0, 0.05, 0.1, 0.2)
    ]
    await asyncio.gather(*(write(user) for user in users for _ in range(2)))
    for user in users:
        written[user].add(await add_keyword(pool, user, "last"))
    done.set()
    await asyncio.sleep(0.2)
    await pool.execute("UPDATE keywords SET status = 'paused' WHERE keyword = 'last'")  # wakes all followers
    for scope, follower in following:
        expected = sorted(id_ for user, ids in written.items() if scope.shows_user(user) for id_ in ids)
        assert sorted(await follower) == expected
