"""Roll-ups compared with sums that Python computes from the rows."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from db.engine.pool import Connection, Pool
from db.integrity import audit
from db.integrity.audit import Drift, drifts, repair, verify
from db.integrity.rollups import DAY, MEASURES, ROLLUPS

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
LENGTHS = {"15 minutes": timedelta(minutes=15), DAY: timedelta(days=1)}
TIMES = {
    "mentions": ("mentions", "created_at"),
    "leads": ("leads", "created_at"),
    "qualified": ("leads", "qualified_at"),
    "converted": ("leads", "converted_at"),
}
ADD_MENTIONS = """
INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content, created_at)
SELECT user_id, keywords.id, 'reddit', coalesce((SELECT max(id) FROM mentions), 0) + row_number() OVER (), 'u', 'text', moment
FROM keywords, unnest($2::timestamptz[]) AS moment WHERE keywords.id = ANY ($1) RETURNING id
"""


def bucket_of(timestamp: datetime, stride: str) -> datetime:
    epoch = datetime(2000, 1, 1, tzinfo=UTC)
    return epoch + (timestamp - epoch) // LENGTHS[stride] * LENGTHS[stride]


async def expected(db: Pool | Connection, table: str) -> dict[tuple[int, datetime], dict[str, int]]:
    """Return the correct content of the table, computed from the rows."""
    rollup = next(each for each in ROLLUPS if each.table == table)
    counted: dict[tuple[int, datetime], Counter[str]] = {}
    for measure, (rows, column) in TIMES.items():
        for row in await db.fetch(f"SELECT * FROM {rows} WHERE {column} IS NOT NULL"):
            key = row[rollup.parent], bucket_of(row[column], rollup.stride)
            counted.setdefault(key, Counter())[measure] += 1
    return {key: {measure: found[measure] for measure in MEASURES} for key, found in counted.items()}


async def stored(db: Pool | Connection, table: str) -> dict[tuple[int, datetime], dict[str, int]]:
    rollup = next(each for each in ROLLUPS if each.table == table)
    return {
        (row[rollup.parent], row["slot"]): {measure: row[measure] for measure in MEASURES}
        for row in await db.fetch(f"SELECT * FROM {table}")
    }


async def require_right(db: Pool | Connection) -> None:
    for rollup in ROLLUPS:
        assert await stored(db, rollup.table) == await expected(db, rollup.table), rollup.table


async def add_keywords(db: Pool | Connection, number: int = 2, email: str = "ann@example.com") -> list[int]:
    user_id = await db.fetchval("INSERT INTO users (email) VALUES ($1) RETURNING id", email)
    rows = await db.fetch(
        "INSERT INTO keywords (user_id, keyword) SELECT $1, 'words ' || n FROM generate_series(1, $2) AS n RETURNING id",
        user_id,
        number,
    )
    return [row["id"] for row in rows]


async def add_mentions(
    db: Pool | Connection, keywords: Sequence[int], timestamps: Sequence[datetime]
) -> list[int]:
    return [row["id"] for row in await db.fetch(ADD_MENTIONS, keywords, timestamps)]


async def add_leads(db: Pool | Connection, mentions: Sequence[int], at: datetime = NOON) -> None:
    await db.execute(
        "INSERT INTO leads (mention_id, created_at) SELECT unnest($1::bigint[]), $2", mentions, at
    )


async def versions(db: Pool | Connection) -> list[Any]:
    """Return the system columns that change with each version and each lock of a row."""
    tables = ["users", "keywords", *(rollup.table for rollup in ROLLUPS)]
    # The change feed locks users (db.integrity.feed).
    columns = {
        table: "ctid::text, xmin::text" + ("" if table == "users" else ", xmax::text") for table in tables
    }
    found = [await db.fetch(f"SELECT {columns[table]} FROM {table}") for table in tables]
    return [sorted(map(tuple, rows)) for rows in found]


async def test_rows_of_one_statement_are_added_to_the_buckets_of_their_creation(pool: Pool) -> None:
    one, two = await add_keywords(pool)
    await add_mentions(
        pool, [one], [NOON, NOON + timedelta(minutes=15) - MICROSECOND, NOON + timedelta(minutes=15)]
    )
    await add_mentions(pool, [two], [NOON - MICROSECOND])
    none = {"leads": 0, "qualified": 0, "converted": 0}
    assert await stored(pool, "slot_stats") == {
        (one, NOON): {"mentions": 2, **none},
        (one, NOON + timedelta(minutes=15)): {"mentions": 1, **none},
        (two, NOON - timedelta(minutes=15)): {"mentions": 1, **none},
    }
    day = datetime(2026, 3, 1, tzinfo=UTC)
    assert await stored(pool, "day_stats") == {
        (one, day): {"mentions": 3, **none},
        (two, day): {"mentions": 1, **none},
    }
    user = await pool.fetchval("SELECT id FROM users")
    assert await stored(pool, "user_day_stats") == {(user, day): {"mentions": 4, **none}}
    assert len(await stored(pool, "user_slot_stats")) == 3
    await require_right(pool)


@pytest.mark.parametrize(
    "timestamp",
    [
        datetime(1999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2000, 1, 1, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 44, 59, 999999, tzinfo=UTC),
        datetime(1, 1, 1, 0, 14, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999998, tzinfo=UTC),
    ],
)
async def test_buckets_are_15_minutes_and_utc_days_in_any_year_and_time_zone(
    pool: Pool, timestamp: datetime
) -> None:
    (keyword,) = await add_keywords(pool, 1)
    await add_leads(pool, await add_mentions(pool, [keyword], [timestamp]), timestamp)
    await pool.execute("SET timezone = 'Asia/Kathmandu'")
    await add_mentions(pool, [keyword], [timestamp])
    await require_right(pool)


async def test_leads_are_counted_at_creation_first_qualification_and_first_conversion(
    pool: Pool,
) -> None:
    (keyword,) = await add_keywords(pool, 1)
    await add_leads(pool, await add_mentions(pool, [keyword], [NOON] * 4))
    await pool.execute("UPDATE leads SET qualified_at = $1, status = 'qualified'", NOON + timedelta(days=1))
    await pool.execute(
        "UPDATE leads SET converted_at = $1 WHERE id IN (SELECT id FROM leads LIMIT 3)",
        NOON + timedelta(days=2),
    )
    buckets = await stored(pool, "slot_stats")
    assert buckets == {
        (keyword, NOON): {"mentions": 4, "leads": 4, "qualified": 0, "converted": 0},
        (keyword, NOON + timedelta(days=1)): {"mentions": 0, "leads": 0, "qualified": 4, "converted": 0},
        (keyword, NOON + timedelta(days=2)): {"mentions": 0, "leads": 0, "qualified": 0, "converted": 3},
    }
    await require_right(pool)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE mentions SET created_at = created_at + interval '1 hour' WHERE id % 2 = 0",
        "UPDATE mentions SET created_at = created_at + interval '1 second'",
        "UPDATE leads SET created_at = created_at - interval '40 days'",
        "UPDATE leads SET qualified_at = converted_at, converted_at = qualified_at",
        "UPDATE leads SET qualified_at = NULL, status = 'disqualified'",
        "UPDATE leads SET converted_at = converted_at + interval '15 minutes' WHERE id % 3 = 0",
        "DELETE FROM leads WHERE id % 2 = 0",
        "DELETE FROM mentions WHERE id % 3 = 0",
        "DELETE FROM keywords WHERE id % 2 = 0",
        "DELETE FROM keywords",
        "DELETE FROM users WHERE email = 'ann@example.com'",
        "DELETE FROM users",
        "TRUNCATE leads CASCADE",
        "TRUNCATE mentions CASCADE",
        "TRUNCATE keywords CASCADE",
        "TRUNCATE users CASCADE",
        """INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content)
        SELECT user_id, keyword_id, platform, external_id, url, content FROM mentions
        ON CONFLICT (keyword_id, platform, external_id) DO UPDATE SET created_at = now()""",
        """INSERT INTO leads (mention_id, created_at) SELECT id, now() FROM mentions
        ON CONFLICT (mention_id) DO UPDATE SET qualified_at = now(), converted_at = NULL""",
        """MERGE INTO mentions USING generate_series(1, 10) AS n ON mentions.id = n
        WHEN MATCHED AND n % 2 = 0 THEN DELETE
        WHEN MATCHED THEN UPDATE SET created_at = mentions.created_at - interval '1 year'""",
        """WITH gone AS (DELETE FROM leads WHERE id % 2 = 0 RETURNING mention_id)
        DELETE FROM mentions USING gone WHERE mentions.id = gone.mention_id""",
    ],
)
async def test_roll_ups_match_the_rows_after_any_change(pool: Pool, change: str) -> None:
    timestamps = [NOON + number * timedelta(minutes=7) for number in range(6)]
    for email in ("ann@example.com", "bob@example.com"):
        mentions = await add_mentions(pool, await add_keywords(pool, 3, email), timestamps)
        await add_leads(pool, mentions[::2])
    await pool.execute(
        "UPDATE leads SET qualified_at = created_at + id * interval '11 minutes', "
        "converted_at = CASE WHEN id % 2 = 0 THEN created_at + id * interval '1 hour' END"
    )
    await require_right(pool)
    await pool.execute(change)
    await require_right(pool)
    assert await drifts(pool) == []


async def test_copied_rows_are_counted(pool: Pool) -> None:
    (keyword,) = await add_keywords(pool, 1)
    user = await pool.fetchval("SELECT id FROM users")
    columns = ["user_id", "keyword_id", "platform", "external_id", "url", "content", "created_at"]
    rows = [(user, keyword, "x", str(n), "u", "text", NOON - n * timedelta(minutes=1)) for n in range(2000)]
    async with pool.acquire() as connection:
        await connection.copy_records_to_table("mentions", records=rows, columns=columns)
    assert len(await stored(pool, "slot_stats")) == 135
    await require_right(pool)


async def test_rolled_back_rows_are_not_counted(pool: Pool) -> None:
    (keyword,) = await add_keywords(pool, 1)
    async with pool.acquire() as connection, connection.transaction():
        await add_mentions(connection, [keyword], [NOON])
        savepoint = connection.transaction()
        await savepoint.start()
        await add_mentions(connection, [keyword], [NOON, NOON + timedelta(days=1)])
        await require_right(connection)
        await savepoint.rollback()
    await require_right(pool)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await add_leads(pool, [*await add_mentions(pool, [keyword], [NOON]), 0])
    await require_right(pool)


async def test_updates_of_other_columns_write_neither_buckets_nor_parents(pool: Pool) -> None:
    (keyword,) = await add_keywords(pool, 1)
    await add_leads(pool, await add_mentions(pool, [keyword], [NOON] * 3))
    before = await versions(pool)
    await pool.execute("UPDATE mentions SET likes = 3, created_at = created_at + interval '1 minute'")
    await pool.execute("UPDATE leads SET notes = 'called', score = 7, created_at = created_at")
    await pool.execute("UPDATE leads SET qualified_at = now() WHERE false")
    assert await versions(pool) == before


async def test_an_empty_bucket_has_no_row(pool: Pool) -> None:
    keywords = await add_keywords(pool)
    mentions = await add_mentions(pool, keywords, [NOON, NOON + timedelta(hours=1)])
    await pool.execute("DELETE FROM mentions WHERE id = ANY ($1)", mentions[1:])
    assert [len(await stored(pool, rollup.table)) for rollup in ROLLUPS] == [1, 1, 1, 1]
    await pool.execute("DELETE FROM mentions")
    assert [len(await stored(pool, rollup.table)) for rollup in ROLLUPS] == [0, 0, 0, 0]


async def spoil(pool: Pool) -> list[Drift]:
    """Make buckets too high, too low, superfluous or missing. Return the comparisons."""
    one, two = await add_keywords(pool)
    await add_leads(pool, await add_mentions(pool, [one, two], [NOON, NOON + timedelta(hours=1)]))
    later = NOON + timedelta(hours=2)
    await pool.execute(
        "UPDATE slot_stats SET mentions = 9, converted = -1 WHERE keyword_id = $1 AND slot = $2", one, NOON
    )
    await pool.execute(
        "INSERT INTO slot_stats SELECT user_id, id, $2, 0, 5 FROM keywords WHERE id = $1", one, later
    )
    await pool.execute("DELETE FROM slot_stats WHERE keyword_id = $1 AND slot > $2", two, NOON)
    await pool.execute("UPDATE user_day_stats SET qualified = 3")
    user = await pool.fetchval("SELECT id FROM users")
    return [
        Drift("user_day_stats", user, "qualified", 3, 0, bucket_of(NOON, DAY)),
        Drift("slot_stats", one, "mentions", 9, 1, NOON),
        Drift("slot_stats", one, "leads", 4, 4, NOON),
        Drift("slot_stats", one, "converted", -1, 0, NOON),
        Drift("slot_stats", one, "leads", 5, 0, later),
        Drift("slot_stats", two, "mentions", 0, 1, NOON + timedelta(hours=1)),
    ]


async def test_wrong_buckets_are_found_and_repaired_and_others_are_not_written(pool: Pool) -> None:
    wrong = [drift for drift in await spoil(pool) if drift.stored != drift.counted]
    assert await drifts(pool) == wrong
    right = "SELECT ctid::text, xmin::text FROM slot_stats WHERE keyword_id = (SELECT max(id) FROM keywords) AND slot = $1"
    before = await pool.fetchrow(right, NOON)
    repaired = [
        drift for rollup in ROLLUPS async for batch in repair(pool, rollup.table) for drift in batch.drifts
    ]
    assert repaired == wrong
    assert await pool.fetchrow(right, NOON) == before
    await require_right(pool)


async def test_buckets_are_verified_in_batches_of_parents(pool: Pool) -> None:
    keywords = await add_keywords(pool, 5)
    await add_mentions(pool, keywords, [NOON, NOON + timedelta(days=1)])
    batches = [batch async for batch in verify(pool, "slot_stats", batch=2)]
    assert [(batch.ids.last, batch.rows, batch.counters) for batch in batches] == [
        (keywords[1], 4, 16),
        (keywords[3], 4, 16),
        (keywords[4], 2, 8),
    ]


@pytest.mark.parametrize("table", ["slot_stats", "user_slot_stats"])
async def test_mentions_are_counted_per_bucket_by_an_index_only_scan(pool: Pool, table: str) -> None:
    await add_mentions(pool, await add_keywords(pool), [NOON] * 1000)
    await pool.execute("VACUUM ANALYZE")
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        # VACUUM marks pages only after their commits are in the log, which the cluster of tests writes late.
        await connection.execute(
            "UPDATE pg_class SET relallvisible = relpages WHERE oid = 'mentions'::regclass"
        )
        plan = await connection.fetch("EXPLAIN " + audit._WRONG[table].replace("$1", "1").replace("$2", "5"))
    assert "Index Only Scan using ix_mentions_" in "\n".join(row[0] for row in plan)
