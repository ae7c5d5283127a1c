"""Pages of changes after a position, for one owner and for all, while others write."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import pytest

from db.engine.pool import Pool
from db.engine.reader import Reader
from db.language.scope import EVERYBODY, Scope
from services.changes import feed
from services.changes.feed import ChangeFilter, Event, ExpiredPositionError, Page
from services.changes.position import BadPositionError, Position
from tests.db.integrity.test_counters import add_leads, add_mentions
from tests.support.rows import add_keyword, add_user


async def read(pool: Pool, scope: Scope, after: Position | None, limit: int = 100, **wanted: Any) -> Page:
    text = None if after is None else str(after)
    parsed = None if text is None else Position.parse(text)
    assert parsed == after
    return await feed.page(
        Reader(pool, single=True), scope, parsed, limit=limit, wanted=ChangeFilter(**wanted)
    )


async def now(pool: Pool, scope: Scope) -> Position:
    return await feed.now(Reader(pool, single=True), scope)


async def read_all(pool: Pool, scope: Scope, after: Position | None, limit: int) -> list[Event]:
    """Read all pages, by the position of the page or of its last event."""
    events: list[Event] = []
    while True:
        page = await read(pool, scope, after, limit)
        events += page.events
        if not page.has_more:
            return events
        assert len(page.events) == limit
        after = page.after


def shown(events: Sequence[Event]) -> list[tuple[str, str, int]]:
    return [(event.entity, event.kind, event.row_id) for event in events]


async def test_pages_are_cut_inside_of_a_change(pool: Pool) -> None:
    ann = await add_user(pool)
    keyword = await add_keyword(pool, ann)
    ids = await add_mentions(pool, [keyword], list("abcdefg"))
    leads = await add_leads(pool, ids[:3])
    expected = [
        ("User", "created", ann),
        ("Keyword", "created", keyword),
        *(("Mention", "created", id_) for id_ in ids),
        *(("Lead", "created", id_) for id_ in leads),
    ]
    for scope in (Scope(ann), EVERYBODY):
        for limit in range(1, 14):
            assert shown(await read_all(pool, scope, None, limit)) == expected
        everything = (await read(pool, scope, None)).events
        for number, event in enumerate(everything, start=1):
            assert shown((await read(pool, scope, event.position)).events) == expected[number:]


async def test_a_position_at_the_end_gives_only_what_follows(pool: Pool) -> None:
    ann, bob = await add_user(pool), await add_user(pool, "bob@example.com")
    mine, all_ = await now(pool, Scope(ann)), await now(pool, EVERYBODY)
    keyword = await add_keyword(pool, bob)
    page = await read(pool, Scope(ann), mine)
    assert (page.events, page.has_more) == ([], False)
    own = await add_keyword(pool, ann)
    assert shown((await read(pool, Scope(ann), page.after)).events) == [("Keyword", "created", own)]
    assert shown((await read(pool, EVERYBODY, all_)).events) == [
        ("Keyword", "created", keyword),
        ("Keyword", "created", own),
    ]


async def test_a_late_commit_is_never_skipped(pool: Pool) -> None:
    ann, bob = await add_user(pool), await add_user(pool, "bob@example.com")
    start = await now(pool, EVERYBODY)
    async with pool.acquire() as late:
        transaction = late.transaction()
        await transaction.start()
        first = await add_keyword(late, ann)
        second = await add_keyword(pool, bob)
        page = await read(pool, EVERYBODY, start)
        assert shown(page.events) == [("Keyword", "created", second)]
        page = await read(pool, EVERYBODY, page.after)
        assert page.events == []
        await transaction.commit()
    assert shown((await read(pool, EVERYBODY, page.after)).events) == [("Keyword", "created", first)]
    assert shown(await read_all(pool, EVERYBODY, start, 1)) == [
        ("Keyword", "created", first),
        ("Keyword", "created", second),
    ]


async def test_a_cut_run_of_all_owners_goes_on_with_what_committed_meanwhile(pool: Pool) -> None:
    ann, bob = await add_user(pool), await add_user(pool, "bob@example.com")
    start = await now(pool, EVERYBODY)
    async with pool.acquire() as late:
        transaction = late.transaction()
        await transaction.start()
        first = await add_keyword(late, ann, "late")
        others = [await add_keyword(pool, bob, f"word {number}") for number in range(3)]
        page = await read(pool, EVERYBODY, start, 2)
        await transaction.commit()
    assert [event.row_id for event in page.events] == others[:2]
    rest = await read_all(pool, EVERYBODY, page.after, 1)
    assert [event.row_id for event in rest] == [others[2], first]


async def test_filters_by_entity_kind_and_row(pool: Pool) -> None:
    ann = await add_user(pool)
    keyword = await add_keyword(pool, ann)
    mentions = await add_mentions(pool, [keyword], ["a", "b"])
    await pool.execute("UPDATE mentions SET read_at = now() WHERE id = $1", mentions[0])
    await pool.execute("DELETE FROM mentions WHERE id = $1", mentions[0])
    for scope in (Scope(ann), EVERYBODY):
        found = await read(pool, scope, None, entities=["Mention"], row=mentions[0])
        assert [event.kind for event in found.events] == ["created", "updated", "deleted"]
        assert found.events[1].columns == ("read_at", "updated_at")
        found = await read(pool, scope, None, kinds=["created"], entities=["Mention", "User"])
        assert [event.row_id for event in found.events] == [ann, *mentions]
        found = await read(pool, scope, None, 1, entities=["Keyword"])
        assert not found.has_more
        assert (await read(pool, scope, found.after)).events == []


async def test_personal_rows_are_shown_to_their_user_alone(pool: Pool) -> None:
    ann, boss = await add_user(pool), await add_user(pool, "boss@example.com")
    for user in (ann, boss):
        await pool.execute(
            "INSERT INTO exports (user_id, everybody, entity, format, columns, question) "
            "VALUES ($1, false, 'leads', 'csv', '{id}', '{}')",
            user,
        )
    found = await read(pool, EVERYBODY, None, personal=["Export"], personal_of=boss, entities=["Export"])
    assert [event.user_id for event in found.events] == [boss]


async def test_bad_foreign_and_expired_positions_are_refused(pool: Pool) -> None:
    ann, bob = await add_user(pool), await add_user(pool, "bob@example.com")
    mine, all_ = await now(pool, Scope(ann)), await now(pool, EVERYBODY)
    for scope, position in ((Scope(bob), mine), (EVERYBODY, mine), (Scope(ann), all_)):
        with pytest.raises(BadPositionError):
            await read(pool, scope, position)
    texts = ["", "x", "é", str(mine)[:-2], str(mine) + "A", "A" * 30_000, str(mine).swapcase()]
    for text in texts:
        with pytest.raises(BadPositionError):
            Position.parse(text)
    await pool.execute("TRUNCATE leads CASCADE")
    for scope, position in ((Scope(ann), mine), (EVERYBODY, all_)):
        with pytest.raises(ExpiredPositionError):
            await read(pool, scope, position)
        await read(pool, scope, None)


async def test_only_positions_before_dropped_changes_expire(pool: Pool) -> None:
    ann, bob = await add_user(pool), await add_user(pool, "bob@example.com")
    old, old_all = await now(pool, Scope(ann)), await now(pool, EVERYBODY)
    quiet = await now(pool, Scope(bob))
    await add_keyword(pool, ann)
    await pool.execute(
        "UPDATE change_feed SET expired_id = (SELECT max(id) FROM changes), "
        "expired_xid = (SELECT max(xid) FROM changes)"
    )
    for scope, position in ((Scope(ann), old), (EVERYBODY, old_all), (Scope(bob), quiet)):
        with pytest.raises(ExpiredPositionError):
            await read(pool, scope, position)
    for scope in (Scope(ann), Scope(bob), EVERYBODY):
        later = await now(pool, scope)
        assert (await read(pool, scope, later)).events == []


async def test_list_and_changes_give_the_state_while_others_write(pool: Pool) -> None:
    """Readers with small pages build a copy of all keywords from a list and the changes that follow its snapshot."""
    rng = random.Random(17)  # noqa: S311 - no secret
    users = [await add_user(pool, f"{number}@example.com") for number in range(3)]
    done = asyncio.Event()

    async def write(user: int) -> None:
        for turn in range(25):
            async with pool.acquire() as connection:
                transaction = connection.transaction()
                await transaction.start()
                await add_keyword(connection, user, f"word {turn} of {rng.random()}")
                await asyncio.sleep(rng.random() / 100)
                known = await connection.fetch("SELECT id FROM keywords WHERE user_id = $1", user)
                chosen = rng.choice(known)["id"]
                if rng.random() < 0.4:
                    await connection.execute("DELETE FROM keywords WHERE id = $1", chosen)
                else:
                    await connection.execute(
                        "UPDATE keywords SET auto_lead_score = $2 WHERE id = $1", chosen, rng.randrange(100)
                    )
                await asyncio.sleep(rng.random() / 200)
                await (transaction.rollback() if rng.random() < 0.2 else transaction.commit())

    async def rows(connection: Any, scope: Scope) -> dict[int, tuple[Any, ...]]:
        found = await connection.fetch(
            "SELECT id, keyword, auto_lead_score FROM keywords WHERE $1::bigint IS NULL OR user_id = $1",
            scope.user_id,
        )
        return {row["id"]: tuple(row) for row in found}

    async def follow(scope: Scope) -> dict[int, tuple[Any, ...]]:
        reader = Reader(pool)
        position = await feed.now(reader, scope)
        connection = reader._connection
        copy = await rows(connection, scope)
        reader.close()
        while True:
            was_done = done.is_set()
            page = await read(pool, scope, position, rng.randrange(1, 5), entities=["Keyword"])
            position = page.after
            present = await pool.fetch(
                "SELECT id, keyword, auto_lead_score FROM keywords WHERE id = ANY ($1)",
                [event.row_id for event in page.events],
            )
            for event in page.events:
                copy.pop(event.row_id, None)
            copy |= {row["id"]: tuple(row) for row in present}
            if was_done and not page.has_more:
                return copy
            await asyncio.sleep(0)

    scopes = [*map(Scope, users), EVERYBODY]
    followers = [asyncio.create_task(follow(scope)) for scope in scopes]
    await asyncio.gather(*(write(user) for user in users for _ in range(2)))
    done.set()
    for scope, follower in zip(scopes, followers, strict=True):
        assert await follower == await rows(pool, scope)
