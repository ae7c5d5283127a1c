"""Fill a database with millions of mentions, without triggers: `session_replication_role = replica`.

Each user has 20 keywords of about 200 mentions. The measured user has 60, whatever the number of users is, so that only
the rows of other users differ between two sizes. The mentions are 400 days old at most, in the order of time. One in ten
has an analysis, and one in forty a lead. The counters and roll-ups come from `db.integrity.audit`, as in a repair.
"""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from bench.filling import CHANCE, INDEXES_SQL, INTEGRATIONS_SQL, KEYWORDS_SQL, LOGS_SQL, USERS_SQL
from db.engine.pool import Connection, open_pool
from db.integrity import audit
from services import demo
from text.lexemes import vector

DAYS: Final = 400
MENTIONS_OF_USER: Final = 4000
_CHUNK: Final = 500_000
_NUMBERS: Final = 60

POSTS_SQL = """
CREATE TEMP TABLE posts (id bigint PRIMARY KEY, title text, content text, search tsvector)
"""
MENTIONS_SQL = """
INSERT INTO mentions (
    user_id, keyword_id, platform, external_id, url, title, content, author, language, likes, comments,
    published_at, created_at, updated_at, read_at, starred_at, search
)
SELECT keywords.user_id, keywords.id, platform, 'bench-' || n, 'https://' || platform || '.example/bench-' || n,
    title, content, 'author' || pg_temp.chance(n, 4, 100000), 'en', pg_temp.chance(n, 5, 200), pg_temp.chance(n, 6, 40),
    at - interval '1 hour', at, at, CASE WHEN pg_temp.chance(n, 8, 2) = 0 THEN at END,
    CASE WHEN pg_temp.chance(n, 9, 50) = 0 THEN at END, search
FROM (
    SELECT n, ($4::text[])[1 + pg_temp.chance(n, 1, cardinality($4))] AS platform,
        ($5::bigint[])[1 + pg_temp.chance(n, 3, cardinality($5))] AS keyword_id,
        pg_temp.chance(n, 2, $6) AS post_id,
        $3::timestamptz - ($7 - n) * (interval '400 days' / $7) AS at
    FROM generate_series($1::bigint, $2::bigint) AS n
) AS numbered JOIN keywords ON keywords.id = keyword_id JOIN posts ON posts.id = post_id
ORDER BY n
"""
ANALYSES_SQL = """
INSERT INTO analysis_results (
    mention_id, user_id, status, sentiment, sentiment_score, intent, intent_score, relevance, relevance_score,
    relevance_reason, analyzer, analyzer_version, analyzed_at
)
SELECT id, user_id, 'succeeded', 'positive', 0.5, 'buying', 0.5, 'high', pg_temp.chance(id, 16, 101), 'Speaks of it.',
    'bench', '1', created_at
FROM mentions WHERE pg_temp.chance(id, 10, 10) = 0
"""
LEADS_SQL = """
INSERT INTO leads (
    user_id, mention_id, keyword_id, status, contacted_at, status_changed_at, contact_name, contact_handle, company,
    score, origin, created_at, updated_at
)
SELECT user_id, id, keyword_id, CASE WHEN is_new THEN 'new' ELSE 'contacted' END,
    CASE WHEN NOT is_new THEN created_at END, created_at, 'Ann', author, 'Pipewell', pg_temp.chance(id, 24, 101),
    'auto', created_at, created_at
FROM mentions CROSS JOIN LATERAL (SELECT pg_temp.chance(id, 21, 2) = 0) AS chosen (is_new)
WHERE pg_temp.chance(id, 20, 40) = 0
"""


def users_of(mentions: int) -> int:
    return max(1, mentions // MENTIONS_OF_USER)


async def fill(url: str, mentions: int, end: datetime, say: Callable[[str], None]) -> None:
    """Insert the rows into an empty database of the newest revision. The newest mention is of `end`."""
    pool = await open_pool(url, size=1, statement_timeout_seconds=7200)
    began = time.monotonic()

    def note(what: str) -> None:
        say(f"{time.monotonic() - began:>7.0f} s  {what}")

    try:
        async with pool.acquire() as connection:
            await _insert(connection, mentions, end, note)
        for table in audit.TABLES:
            async for _ in audit.repair(pool, table, batch=200):
                pass
            note(f"counters of {table}")
        async with pool.acquire() as connection:
            await connection.execute("VACUUM ANALYZE")
            await connection.execute("CHECKPOINT")
        note("statistics")
    finally:
        await pool.close()


async def _insert(connection: Connection, mentions: int, end: datetime, note: Callable[[str], None]) -> None:
    users = users_of(mentions)
    await connection.execute(CHANCE)
    await connection.execute(POSTS_SQL)
    await connection.execute("SET maintenance_work_mem = '1GB'")
    posts = _posts()
    await connection.copy_records_to_table("posts", records=posts)
    await connection.execute(USERS_SQL, users, end)
    await connection.execute(KEYWORDS_SQL, (users + 1) // 2, demo.KEYWORDS, end)
    await connection.execute("SET session_replication_role = replica")
    indexes = await connection.fetch(INDEXES_SQL)
    await connection.execute("; ".join(f"DROP INDEX {index['name']}" for index in indexes))
    ids = [row["id"] for row in await connection.fetch("SELECT id FROM keywords ORDER BY id")]
    for first in range(1, mentions + 1, _CHUNK):
        last = min(first + _CHUNK - 1, mentions)
        await connection.execute(MENTIONS_SQL, first, last, end, demo.SOURCES, ids, len(posts), mentions)
        note(f"{last:,} mentions")
    for name, sql in (("analyses", ANALYSES_SQL), ("leads", LEADS_SQL)):
        note(f"{await connection.execute(sql)} {name}")
    await connection.execute(INTEGRATIONS_SQL, (users + 1) // 2, end)
    await connection.execute(LOGS_SQL, end)
    for index in indexes:
        await connection.execute(index["sql"])
        note(f"index {index['name']}")
    await connection.execute("RESET session_replication_role")


def _posts() -> list[tuple[int, str, str, bytes]]:
    found: list[tuple[int, str, str, bytes]] = []
    for keyword in demo.KEYWORDS:
        for _, form in demo.POSTS:
            for number in range(_NUMBERS):
                content = form.format(keyword=keyword, n=number, product="Pipewell", other="Northdesk")
                title = content[:60]
                found.append((len(found), title, content, vector(title, content)))
    return found
