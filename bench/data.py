"""The data that all servers read: made once by a few set-wise statements, the same for the same number of users.

Every user has 20 keywords of 200 mentions, of which a quarter has a lead and nine in ten an analysis. The
user that the servers are asked for, in the middle, has 60 keywords, so that a page of 50 is full and goes on.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from db import databases, migrations
from db.pool import Connection
from db.queries import api_key as stored_keys
from services import api_key, demo

USERS = 100
KEY_NAME = "bench"

# Numbers from 0 to `below`, which look random and are always the same.
CHANCE = """
CREATE FUNCTION pg_temp.chance(of bigint, salt bigint, below bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
RETURN ((hashint8extended(of, salt) >> 8) & x'7fffffffffff'::bigint) % below
"""
USERS_SQL = """
INSERT INTO users (email, name, created_at)
SELECT 'user' || n || '@bench.example', 'User ' || n, timestamptz '2025-09-01Z'
FROM generate_series(1, $1::bigint) AS n
"""
KEYWORDS_SQL = """
INSERT INTO keywords (user_id, keyword, created_at)
SELECT users.id, ($2::text[])[1 + place % cardinality($2)] || ' ' || place, timestamptz '2025-09-02Z'
FROM users CROSS JOIN LATERAL generate_series(1, CASE users.id WHEN $1::bigint THEN 60 ELSE 20 END) AS place
ORDER BY place, users.id
"""
# In the order of time, as posts come in: what one user reads lies scattered over the table.
MENTIONS_SQL = """
INSERT INTO mentions (
    user_id, keyword_id, platform, external_id, url, title, content, author, language, likes, comments,
    published_at, created_at
)
SELECT user_id, keyword_id, platform, external_id, 'https://' || platform || '.example/' || external_id,
    left(content, 60), content, author, 'en', pg_temp.chance(n, 5, 200), pg_temp.chance(n, 6, 40),
    created_at - interval '1 hour', created_at
FROM (
    SELECT keywords.user_id, keywords.id AS keyword_id, n, 'bench-' || place AS external_id,
        ($2::text[])[1 + pg_temp.chance(n, 1, cardinality($2))] AS platform,
        replace(replace(replace(replace(
            ($1::text[])[1 + pg_temp.chance(n, 2, cardinality($1))],
            '{keyword}', keywords.keyword), '{n}', (2 + pg_temp.chance(n, 3, 58))::text),
            '{product}', 'Pipewell'), '{other}', 'Northdesk') AS content,
        ($3::text[])[1 + pg_temp.chance(n, 4, cardinality($3))] || n % 1000 AS author,
        timestamptz '2026-01-01Z' - pg_temp.chance(n, 7, 90 * 86400) * interval '1 second' AS created_at
    FROM keywords CROSS JOIN generate_series(1, 200) AS place
    CROSS JOIN LATERAL (SELECT keywords.id * 1000 + place AS n) AS number
    ORDER BY created_at, n
) AS post
"""
ANALYSES_SQL = """
INSERT INTO analysis_results (
    mention_id, user_id, status, sentiment, sentiment_score, intent, intent_score, relevance, relevance_score,
    relevance_reason, analyzer, analyzer_version, analyzed_at
)
SELECT id, user_id, 'succeeded',
    (array['positive', 'neutral', 'negative', 'mixed'])[1 + pg_temp.chance(id, 11, 4)],
    (pg_temp.chance(id, 12, 2001) - 1000) / 1000.0,
    (array['buying', 'question', 'complaint', 'comparison'])[1 + pg_temp.chance(id, 13, 4)],
    pg_temp.chance(id, 14, 1001) / 1000.0,
    (array['high', 'medium', 'low'])[1 + pg_temp.chance(id, 15, 3)], pg_temp.chance(id, 16, 101),
    'Speaks of it.', 'bench', '1', created_at + interval '1 minute'
FROM mentions WHERE pg_temp.chance(id, 10, 10) < 9 ORDER BY id
"""
LEADS_SQL = """
INSERT INTO leads (
    user_id, mention_id, keyword_id, status, status_changed_at, contact_name, contact_handle, company, score,
    value, currency, origin, created_at
)
SELECT user_id, id, keyword_id,
    (array['new', 'new', 'contacted', 'qualified', 'disqualified'])[1 + pg_temp.chance(id, 21, 5)],
    created_at + interval '2 days', initcap(($1::text[])[1 + pg_temp.chance(id, 22, cardinality($1))]), author,
    ($2::text[])[1 + pg_temp.chance(id, 23, cardinality($2))], pg_temp.chance(id, 24, 101),
    CASE WHEN pg_temp.chance(id, 25, 3) = 0 THEN pg_temp.chance(id, 26, 400) * 100 END,
    CASE WHEN pg_temp.chance(id, 25, 3) = 0 THEN 'EUR' END,
    'auto', created_at + interval '5 minutes' * pg_temp.chance(id, 27, 400)
FROM mentions WHERE pg_temp.chance(id, 20, 4) = 0 ORDER BY id
"""
STEPS: list[tuple[str, str, Callable[[int], list[object]]]] = [
    ("users", USERS_SQL, lambda users: [users]),
    ("keywords", KEYWORDS_SQL, lambda users: [asked_user(users), demo.KEYWORDS]),
    ("mentions", MENTIONS_SQL, lambda _: [[text for _, text in demo.POSTS], demo.SOURCES, demo.NAMES]),
    ("analyses", ANALYSES_SQL, lambda _: []),
    ("leads", LEADS_SQL, lambda _: [demo.NAMES, demo.COMPANIES]),
]


@dataclass(frozen=True, slots=True)
class Data:
    """A database that is filled. `lead_ids` are some leads of the user, newest first; `api_key` is the user's."""

    url: str
    user_id: int
    api_key: str
    lead_ids: list[int]
    rows: dict[str, int]


def asked_user(users: int) -> int:
    return (users + 1) // 2


async def prepare(server_url: str, scale: float, say: Callable[[str], None]) -> Data:
    """The database of this scale on the server, made anew unless the one that stands there is the right one."""
    users = max(1, round(USERS * scale))
    name = f"bench_{users}"
    made_of = _fingerprint(users)
    url = urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    if await _comment(server_url, name) != made_of:
        await recreate(server_url, name)
        await migrations.upgrade(url)
        await _fill(url, users, say)
        await _set_comment(server_url, name, made_of)
    return await _describe(url, asked_user(users))


def _fingerprint(users: int) -> str:
    parts = [migrations.head(), CHANCE, *(f"{sql}{arguments(users)}" for _, sql, arguments in STEPS)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


async def _comment(server_url: str, name: str) -> str | None:
    """What the database was made of; None where it was never finished."""
    connection = await asyncpg.connect(server_url)
    try:
        found: str | None = await connection.fetchval(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1", name
        )
    finally:
        await connection.close()
    return found


async def _set_comment(server_url: str, name: str, comment: str) -> None:
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(f"COMMENT ON DATABASE {name} IS '{comment}'")
    finally:
        await connection.close()


async def recreate(server_url: str, name: str) -> None:
    """An empty database of the name, whatever was there."""
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    finally:
        await connection.close()
    await databases.ensure(server_url, name)


async def _fill(url: str, users: int, say: Callable[[str], None]) -> None:
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute(CHANCE)
            for table, sql, arguments in STEPS:
                began = time.monotonic()
                status = await connection.execute(sql, *arguments(users))
                say(f"{int(status.split()[-1]):>9,} {table} in {time.monotonic() - began:.1f} s")
        # Hint bits, visibility and figures for the planner: none of it is left to the first readers.
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


async def _describe(url: str, user_id: int) -> Data:
    connection = await asyncpg.connect(url)
    try:
        newest = "SELECT id FROM leads WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT 100"
        lead_ids = [row[0] for row in await connection.fetch(newest, user_id)]
        totals = "SELECT count(*), sum(keywords_count), sum(mentions_count), sum(leads_count) FROM users"
        counted = await connection.fetchrow(totals)
        key = await _key(connection, user_id)
    finally:
        await connection.close()
    names = ("users", "keywords", "mentions", "leads")
    rows = {name: int(number) for name, number in zip(names, counted or (), strict=True)}
    return Data(url, user_id, key, lead_ids, rows)


async def _key(connection: Connection, user_id: int) -> str:
    """A new key with the scope of large pages; those of earlier runs are removed."""
    await connection.execute("DELETE FROM api_keys WHERE name = $1", KEY_NAME)
    secret = api_key.new_secret()
    scopes = [api_key.BULK_READ]
    key_id = await stored_keys.create(connection, user_id, KEY_NAME, api_key.digest(secret), scopes)
    return api_key.written(key_id, secret)
