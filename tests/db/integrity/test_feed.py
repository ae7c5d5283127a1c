"""Changes after inserts, updates, deletes, cascades, rollbacks and TRUNCATE, written by any SQL."""

import asyncio
from typing import Any

import asyncpg
import pytest

from db.engine.author import Author
from db.engine.pool import Connection, Pool
from db.engine.writer import Writer, in_transaction
from db.integrity import feed
from db.models.base import models
from tests.db.integrity.test_counters import add_leads, add_mentions
from tests.support.rows import add_keyword, add_user


async def changes(db: Pool | Connection, after: int = 0) -> list[tuple[Any, ...]]:
    """Return owner, entity, kind, rows and columns of the changes after an ID."""
    rows = await db.fetch(
        "SELECT user_id, entity, kind, row_ids, columns FROM changes WHERE id > $1 ORDER BY id", after
    )
    return [tuple(row) for row in rows]


async def last_id(db: Pool | Connection) -> int:
    return int(await db.fetchval("SELECT coalesce(max(id), 0) FROM changes"))


async def test_each_statement_appends_one_change_per_owner(pool: Pool) -> None:
    ann, bob = await add_user(pool), await add_user(pool, "bob@example.com")
    one, two = await add_keyword(pool, ann, "one"), await add_keyword(pool, bob, "two")
    before = await last_id(pool)
    ids = await add_mentions(pool, [one, two], ["a", "b"])
    found = await changes(pool, before)
    assert sorted(found) == [
        (ann, "Mention", "created", ids[:2], None),
        (bob, "Mention", "created", ids[2:], None),
    ]


async def test_counters_and_derived_columns_are_no_changes(pool: Pool) -> None:
    ann = await add_user(pool)
    keyword = await add_keyword(pool, ann, "one")
    await pool.execute("INSERT INTO integrations (user_id, provider, kind) VALUES ($1, 'rss', 'source')", ann)
    before = await last_id(pool)
    (mention,) = await add_mentions(pool, [keyword], ["a"])
    await add_leads(pool, [mention])
    assert [row[1:3] for row in await changes(pool, before)] == [("Mention", "created"), ("Lead", "created")]
    before = await last_id(pool)
    await pool.execute("UPDATE users SET data_version = data_version + 1, last_seen_at = now()")
    await pool.execute("UPDATE keywords SET keyword_norm = 'x'")
    await pool.execute("UPDATE integrations SET health_computed_at = now(), health_version = 'x'")
    await pool.execute("UPDATE leads SET notes = notes")
    await pool.execute("UPDATE mentions SET search = ''")
    assert await changes(pool, before) == []


async def test_an_update_names_its_changed_columns(pool: Pool) -> None:
    ann = await add_user(pool)
    keyword = await add_keyword(pool, ann, "one")
    mentions = await add_mentions(pool, [keyword], ["a", "b", "c"])
    leads = await add_leads(pool, mentions)
    before = await last_id(pool)
    await pool.execute(
        "UPDATE leads SET notes = 'n', tags = CASE WHEN id = $1 THEN tags ELSE '{t}' END", leads[0]
    )
    await pool.execute("UPDATE keywords SET status = 'paused', updated_at = now()")
    await pool.execute("UPDATE users SET name = 'Ann', data_version = 7")
    assert await changes(pool, before) == [
        (ann, "Lead", "updated", leads[1:], ["notes", "tags", "updated_at"]),
        (ann, "Lead", "updated", leads[:1], ["notes", "updated_at"]),
        (ann, "Keyword", "updated", [keyword], ["status", "updated_at"]),
        (ann, "User", "updated", [ann], ["name"]),
    ]


async def test_an_analysis_is_a_change_of_its_mention(pool: Pool) -> None:
    ann = await add_user(pool)
    keyword = await add_keyword(pool, ann, "one")
    mentions = await add_mentions(pool, [keyword], ["a", "b"])
    before = await last_id(pool)
    await pool.execute("INSERT INTO analysis_results (mention_id) SELECT id FROM mentions")
    await pool.execute("UPDATE analysis_results SET summary = 's' WHERE mention_id = $1", mentions[0])
    await pool.execute("UPDATE analysis_results SET summary = summary")
    await pool.execute("DELETE FROM analysis_results WHERE mention_id = $1", mentions[0])
    await pool.execute("DELETE FROM mentions WHERE id = $1", mentions[1])
    changed = (ann, "Mention", "updated")
    assert await changes(pool, before) == [
        (*changed, mentions, ["analysis"]),
        (*changed, mentions[:1], ["analysis"]),
        (*changed, mentions[:1], ["analysis"]),
        (ann, "Mention", "deleted", mentions[1:], None),
    ]


async def test_cascades_give_complete_tombstones(pool: Pool) -> None:
    ann, bob = await add_user(pool), await add_user(pool, "bob@example.com")
    keyword = await add_keyword(pool, ann, "one")
    mentions = await add_mentions(pool, [keyword], ["a", "b", "c"])
    leads = await add_leads(pool, mentions)
    await pool.execute("INSERT INTO analysis_results (mention_id) SELECT id FROM mentions")
    await pool.execute("UPDATE leads SET assignee_user_id = $1 WHERE id = $2", bob, leads[0])
    integration = await pool.fetchval(
        "INSERT INTO integrations (user_id, provider, kind) VALUES ($1, 'rss', 'source') RETURNING id", ann
    )
    await pool.execute("UPDATE mentions SET integration_id = $1 WHERE id = $2", integration, mentions[1])

    before = await last_id(pool)
    await pool.execute("DELETE FROM integrations")
    await pool.execute("DELETE FROM users WHERE id = $1", bob)
    assert sorted(await changes(pool, before), key=repr) == sorted(
        [
            (ann, "Integration", "deleted", [integration], None),
            (ann, "Mention", "updated", mentions[1:2], ["integration_id", "updated_at"]),
            (bob, "User", "deleted", [bob], None),
            (ann, "Lead", "updated", leads[:1], ["assignee_user_id", "updated_at"]),
        ],
        key=repr,
    )
    before = await last_id(pool)
    await pool.execute("DELETE FROM keywords")
    await pool.execute("DELETE FROM users")
    assert sorted(await changes(pool, before)) == [
        (ann, "Keyword", "deleted", [keyword], None),
        (ann, "Lead", "deleted", leads, None),
        (ann, "Mention", "deleted", mentions, None),
        (ann, "User", "deleted", [ann], None),
    ]


async def test_a_rollback_leaves_no_change(pool: Pool) -> None:
    ann = await add_user(pool)
    keyword = await add_keyword(pool, ann, "one")
    before = await last_id(pool)
    async with pool.acquire() as connection, connection.transaction():
        await add_mentions(connection, [keyword], ["a"])
        savepoint = connection.transaction()
        await savepoint.start()
        await add_mentions(connection, [keyword], ["b"])
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute("UPDATE keywords SET status = 'x'")
        await savepoint.rollback()
        await add_mentions(connection, [keyword], ["c"])
    assert [len(row[3]) for row in await changes(pool, before)] == [1, 1]
    assert await pool.fetchval("SELECT count(*) FROM mentions") == 2


async def test_ids_of_one_owner_ascend_in_the_order_of_commits(pool: Pool) -> None:
    """Writers without the user lock, with open transactions and savepoints, each look before and after they commit."""
    ann = await add_user(pool)
    keywords = [await add_keyword(pool, ann, f"word {number}") for number in range(6)]
    seen: set[int] = set()
    highest = 0

    async def write(number: int) -> None:
        for turn in range(12):
            async with pool.acquire() as connection:
                transaction = connection.transaction()
                await transaction.start()
                await asyncio.sleep(0.001 * number)
                inner = connection.transaction()
                await inner.start()
                await add_mentions(connection, [keywords[number]], [f"{turn}"])
                await (inner.rollback() if turn % 3 == 0 else inner.commit())
                await asyncio.sleep(0.002)
                await add_mentions(connection, [keywords[number]], [f"{turn} again"])
                await (transaction.rollback() if turn % 4 == 1 else transaction.commit())

    async def look() -> None:
        nonlocal highest
        while True:
            ids = [row["id"] for row in await pool.fetch("SELECT id FROM changes")]
            late = [id_ for id_ in ids if id_ not in seen and id_ < highest]
            assert late == []
            seen.update(ids)
            highest = max(ids)
            await asyncio.sleep(0)

    looking = asyncio.create_task(look())
    await asyncio.gather(*(write(number) for number in range(6)))
    assert not looking.done()
    looking.cancel()
    assert len(seen) > 6


async def test_truncate_renews_the_feed(pool: Pool) -> None:
    feeds = [await pool.fetchval("SELECT feed_id FROM change_feed")]
    for table in [*feed.fed(), "changes"]:
        await pool.execute(f"TRUNCATE {table} CASCADE")
        feeds.append(await pool.fetchval("SELECT feed_id FROM change_feed"))
    assert len(set(feeds)) == len(feed.fed()) + 2
    await pool.execute("DELETE FROM change_feed")
    await pool.execute("TRUNCATE leads CASCADE")
    assert await pool.fetchval("SELECT count(*) FROM change_feed") == 1


async def test_the_writer_names_the_author(pool: Pool) -> None:
    ann = await add_user(pool)
    before = await last_id(pool)

    async def work(writer: Writer) -> None:
        await writer._connection.execute("INSERT INTO keywords (user_id, keyword) VALUES ($1, 'one')", ann)

    await in_transaction(pool, work, author=Author(ann, 7, r"it's\x"))
    await pool.execute("UPDATE keywords SET status = 'paused'")
    found = await pool.fetch(
        "SELECT actor_id, key_id, request_id FROM changes WHERE id > $1 ORDER BY id", before
    )
    assert [tuple(row) for row in found] == [(ann, 7, r"it's\x"), (None, None, None)]


def test_each_column_of_an_entity_counts_or_is_declared_not_to() -> None:
    for model in models():
        if model.__feed__:
            declared = {*model.__feed__.ignored, *model.__feed__.derived}
            assert declared <= {column.name for column in model.__table__.c}, model
