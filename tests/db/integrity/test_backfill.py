"""Roll-ups of a database that is older than they are: differences at first, then filled online."""

import asyncio
import re
from pathlib import Path

import pytest

from db.engine import migrations
from db.engine.pool import Pool
from db.integrity import backfill
from db.integrity.audit import drifts
from db.integrity.counters import LOCK_USERS
from db.integrity.rollups import ROLLUPS
from text.lexemes import query

VERSIONS = Path(__file__).parents[3] / "alembic" / "versions"
(SOURCE,) = (path.read_text() for path in VERSIONS.glob("*_roll_ups.py"))
REVISION, BEFORE = (
    re.findall(rf'^{name} = "(\w+)"', SOURCE, re.MULTILINE)[0] for name in ("revision", "down_revision")
)
TABLES = [rollup.table for rollup in ROLLUPS]


@pytest.fixture
async def old(pool: Pool, database_url: str) -> Pool:
    """A database with five users whose keywords, mentions and leads are older than the roll-ups."""
    await migrations.downgrade(database_url, BEFORE)
    await pool.execute("INSERT INTO users (email) SELECT n || '@example.com' FROM generate_series(1, 5) AS n")
    await pool.execute(
        "INSERT INTO keywords (user_id, keyword) SELECT id, 'words ' || n FROM users, generate_series(1, 3) AS n"
    )
    await pool.execute(
        "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content, created_at) "
        "SELECT user_id, id, 'x', n, 'u', 'text', now() - n * interval '5 hours' "
        "FROM keywords, generate_series(1, 20) AS n"
    )
    await pool.execute(
        "INSERT INTO leads (mention_id, qualified_at) SELECT id, now() FROM mentions WHERE id % 3 = 0"
    )
    await migrations.upgrade(database_url)
    return pool


async def fill(pool: Pool, *, batch: int | None = None) -> None:
    for table in await backfill.pending(pool):
        async for _ in backfill.fill(pool, table, batch=batch):
            pass


async def test_an_empty_database_has_nothing_to_fill(pool: Pool) -> None:
    assert await backfill.pending(pool) == []


async def test_rows_older_than_the_roll_ups_are_filled_in(old: Pool) -> None:
    assert await backfill.pending(old) == [*TABLES, "keyword_forms", "mention_lexemes", "lead_lexemes"]
    assert len(await drifts(old)) > 0
    await fill(old)
    assert await backfill.pending(old) == []
    assert await drifts(old) == []


async def test_writers_can_write_before_the_backfill(old: Pool) -> None:
    """Buckets then hold differences, which may be negative, and no write is refused."""
    await old.execute("DELETE FROM mentions WHERE id % 2 = 0")
    await old.execute("UPDATE mentions SET created_at = created_at - interval '1 hour' WHERE id % 5 = 0")
    await old.execute("UPDATE leads SET qualified_at = NULL, converted_at = now()")
    await old.execute("DELETE FROM keywords WHERE id % 4 = 0")
    assert await old.fetchval("SELECT min(mentions) FROM day_stats") < 0
    await fill(old, batch=2)
    assert await drifts(old) == []


async def test_an_interrupted_backfill_continues_after_its_last_batch(old: Pool) -> None:
    done = await anext(backfill.fill(old, "slot_stats", batch=4))
    assert done.table == "slot_stats"
    assert "slot_stats" in await backfill.pending(old)
    rest = [batch async for batch in backfill.fill(old, "slot_stats", batch=100)]
    assert [batch.ids.first > done.ids.last for batch in rest] == [True]
    assert "slot_stats" not in await backfill.pending(old)
    assert [batch async for batch in backfill.fill(old, "slot_stats")] == []
    assert {drift.table for drift in await drifts(old)} == set(TABLES) - {"slot_stats"}


async def test_a_backfill_loses_no_row_of_concurrent_writes(old: Pool) -> None:
    async def write() -> None:
        for turn in range(1_000_000):
            user = 1 + turn % 5
            async with old.acquire() as connection, connection.transaction():
                await connection.execute(LOCK_USERS, [user])
                await connection.execute(
                    "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content, created_at) "
                    "SELECT user_id, id, 'x', gen_random_uuid(), 'u', 'text', now() - random() * interval '9 days' "
                    "FROM keywords WHERE user_id = $1",
                    user,
                )
                await connection.execute("DELETE FROM mentions WHERE user_id = $1 AND random() < 0.1", user)

    writers = [asyncio.ensure_future(write()) for _ in range(2)]
    try:
        await fill(old, batch=1)
    finally:
        for writer in writers:
            writer.cancel()
        ended = await asyncio.gather(*writers, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ended), ended
    assert await drifts(old) == []


@pytest.fixture
async def texts(pool: Pool, database_url: str) -> Pool:
    """A database whose keywords and mentions are older than their normal forms and lexemes."""
    await migrations.downgrade(database_url, "0008")
    await pool.execute("INSERT INTO users (email) VALUES ('a@example.com'), ('b@example.com')")
    await pool.execute(
        "INSERT INTO keywords (user_id, keyword, status, match_type) VALUES "
        "(1, E'cafe\\u0301', 'active', 'phrase'), (1, 'café', 'active', 'phrase'), "
        "(1, 'CAF\u00c9 ™', 'archived', 'phrase'), (1, 'ＣＡＦＥ', 'active', 'any_word'), (2, 'Café', 'active', 'phrase')"  # noqa: RUF001
    )
    await pool.execute(
        "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, title, content) "
        "SELECT 1, 1, 'x', n, 'u', 'C++', 'AT&amp;T and cafe' FROM generate_series(1, 3) AS n"
    )
    await migrations.upgrade(database_url)
    return pool


async def found(pool: Pool, search: str) -> list[str]:
    rows = await pool.fetch(
        "SELECT external_id FROM mentions WHERE search @@ $1::text::tsquery ORDER BY id", query(search)
    )
    return [row["external_id"] for row in rows]


async def test_older_keywords_that_look_alike_keep_their_rows(texts: Pool) -> None:
    before = [row[0] for row in await texts.fetch("SELECT keyword_norm FROM keywords ORDER BY id")]
    assert before == ["cafe\u0301", "café", "café ™", "ｃａｆｅ", "café"]  # noqa: RUF001
    await fill(texts, batch=2)
    after = [row[0] for row in await texts.fetch("SELECT keyword_norm FROM keywords ORDER BY id")]
    assert after == ["cafe\u0301", "café", "café", "cafe", "café"]


async def test_older_mentions_are_found_by_plain_words_and_after_the_backfill_by_all(texts: Pool) -> None:
    assert await found(texts, "cafe") == ["1", "2", "3"]
    assert await found(texts, "C++") == []
    assert (await anext(backfill.fill(texts, "mention_lexemes", batch=1))).rows == 1
    assert await found(texts, "C++") == ["1"]
    assert await texts.fetchval("SELECT reached_id FROM backfills WHERE name = 'mention_lexemes'") == 1
    await fill(texts, batch=2)
    assert await found(texts, "C++") == await found(texts, "AT&T") == ["1", "2", "3"]


async def test_mentions_of_an_older_writer_are_found_and_filled_by_the_next_backfill(texts: Pool) -> None:
    await fill(texts)
    insert = "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content) VALUES (1, 1, 'x', $1, 'u', $2)"
    await texts.execute(insert, "late", "a cafe, C#")
    await texts.execute("UPDATE mentions SET content = 'C# tea' WHERE external_id = '1'")
    assert await found(texts, "cafe") == ["2", "3", "late"]
    assert await found(texts, "C#") == []
    assert await backfill.pending(texts) == []
    filled = [batch async for batch in backfill.fill(texts, "mention_lexemes")]
    assert [batch.rows for batch in filled] == [2]
    assert await found(texts, "C#") == ["1", "late"]
    assert [batch async for batch in backfill.fill(texts, "mention_lexemes")] == []
