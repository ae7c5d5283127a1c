"""Retention of mentions: the oldest first, in batches of one user, with right counters and tombstones."""

import asyncio
from datetime import UTC, datetime, timedelta

from db.engine.pool import Pool
from db.integrity.audit import drifts
from db.models import MentionKind, Platform
from db.statements.ingest import NewPost
from server.runtime.tasks import purge_mentions
from services.ingest.row import NewRow
from services.ingest.write import ingest
from services.matching.keyword_matchers import KeywordMatcher
from services.retention import DeletedMentions, delete_next_mentions
from tests.support.rows import add_keyword, add_lead, add_mention, add_user

KEEP = timedelta(days=365)
NOW = datetime.now(UTC)
OLD, NEW = NOW - timedelta(days=366), NOW - timedelta(days=364)


async def left(pool: Pool) -> list[int]:
    return [row["id"] for row in await pool.fetch("SELECT id FROM mentions ORDER BY id")]


async def test_old_mentions_without_lead_and_star_are_deleted(pool: Pool) -> None:
    user = await add_user(pool)
    keyword = await add_keyword(pool, user)
    old, new, starred, promising = [
        await add_mention(pool, keyword, created_at=at) for at in (OLD, NEW, OLD, OLD)
    ]
    await pool.execute("UPDATE mentions SET starred_at = now() WHERE id = $1", starred)
    await add_lead(pool, promising)
    before = await pool.fetchval("SELECT max(id) FROM changes")
    version = await pool.fetchval("SELECT data_version FROM users")
    assert await delete_next_mentions(pool, 1, KEEP) == DeletedMentions(user, 1, has_more=False)
    assert await left(pool) == [new, starred, promising]
    assert await delete_next_mentions(pool, 1, KEEP) is None
    changes = await pool.fetch("SELECT entity, kind, row_ids FROM changes WHERE id > $1", before)
    assert [tuple(row) for row in changes] == [("Mention", "deleted", [old])]
    assert await pool.fetchval("SELECT data_version FROM users") == version + 1
    assert await pool.fetchval("SELECT mentions_count FROM users") == 3
    assert await drifts(pool) == []


async def test_the_oldest_go_first_in_batches_of_one_user(pool: Pool) -> None:
    users = [await add_user(pool, f"{name}@example.com") for name in ("ann", "ben", "eve")]
    for user in users[:2]:
        keyword = await add_keyword(pool, user)
        for days in (1, 3, 2):
            await add_mention(pool, keyword, created_at=OLD - timedelta(days=days))
    assert await delete_next_mentions(pool, 1, KEEP, most=2) == DeletedMentions(users[0], 2, has_more=True)
    ages = await pool.fetch("SELECT created_at FROM mentions WHERE user_id = $1", users[0])
    assert [row["created_at"] for row in ages] == [OLD - timedelta(days=1)]
    assert await delete_next_mentions(pool, users[0] + 1, KEEP) == DeletedMentions(
        users[1], 3, has_more=False
    )
    assert await delete_next_mentions(pool, users[1] + 1, KEEP) is None
    assert len(await left(pool)) == 1


async def test_the_task_goes_from_user_to_user_and_does_nothing_without_days(pool: Pool) -> None:
    users = [await add_user(pool, f"{name}@example.com") for name in ("ann", "ben")]
    for user in users:
        await add_mention(pool, await add_keyword(pool, user), created_at=OLD)
    assert await purge_mentions(pool, [], days=0) is None
    assert len(await left(pool)) == 2
    assert await purge_mentions(pool, [], days=365) == [users[0] + 1]
    assert await purge_mentions(pool, [users[0] + 1], days=365) == [users[1] + 1]
    assert await purge_mentions(pool, [users[1] + 1], days=365) is None
    assert await left(pool) == []


async def test_ingest_goes_on_during_a_deletion(pool: Pool) -> None:
    users = [await add_user(pool, f"user{number}@example.com") for number in range(3)]
    for user in users:
        keyword = await add_keyword(pool, user)
        await pool.execute(
            "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content, created_at) "
            "SELECT $1, $2, 'x', n, 'u', 'words', $3 FROM generate_series(1, 60) AS n",
            user,
            keyword,
            OLD,
        )

    async def write(user: int) -> None:
        for number in range(20):
            post = NewPost(
                Platform.X, f"new {number}", MentionKind.POST, "u", None, "words", "", None, None, None, None
            )
            await ingest(pool, KeywordMatcher(user), [NewRow(post)])

    async def delete() -> None:
        first = 1
        while done := await delete_next_mentions(pool, first, KEEP, most=7):
            first = done.user_id if done.has_more else done.user_id + 1

    await asyncio.gather(delete(), *map(write, users))
    assert await pool.fetchval(
        "SELECT array_agg(DISTINCT split_part(external_id, ' ', 1)) FROM mentions"
    ) == ["new"]
    assert await pool.fetchval("SELECT count(*) FROM mentions") == 60
    assert await drifts(pool) == []
