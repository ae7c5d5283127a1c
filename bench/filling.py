"""The rows of the benchmarks, inserted by a few set-wise statements. Same amount and day give the same rows.

Each user has 20 keywords of 200 mentions, and four integrations that run every six hours. A quarter of the mentions
has a lead, and nine in ten have an analysis. The measured user has 60 keywords, so that a page of 50 is full and has
a next page, and eight integrations.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from db.engine import revisions
from db.engine.pool import open_pool
from services import demo
from services.integrations import health

MENTIONS = 200
"""Number of mentions per keyword."""

# Pseudo-random numbers from 0 to `below`, the same in each run.
CHANCE = """
CREATE FUNCTION pg_temp.chance(of bigint, salt bigint, below bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
RETURN ((hashint8extended(of, salt) >> 8) & x'7fffffffffff'::bigint) % below
"""
USERS_SQL = """
INSERT INTO users (email, name, created_at)
SELECT 'user' || n || '@bench.example', 'User ' || n, $2::timestamptz - interval '120 days'
FROM generate_series(1, $1::bigint) AS n
"""
KEYWORDS_SQL = """
INSERT INTO keywords (user_id, keyword, created_at)
SELECT users.id, ($2::text[])[1 + place % cardinality($2)] || ' ' || place,
    $3::timestamptz - interval '119 days'
FROM users CROSS JOIN LATERAL generate_series(1, CASE users.id WHEN $1::bigint THEN 60 ELSE 20 END) AS place
ORDER BY place, users.id
"""
# In the order of time, like real posts, so that the rows of one user are scattered over the table.
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
        $4::timestamptz - pg_temp.chance(n, 7, 90 * 86400) * interval '1 second' AS created_at
    FROM keywords CROSS JOIN generate_series(1, $5::bigint) AS place
    CROSS JOIN LATERAL (SELECT keywords.id * 100000 + place AS n) AS number
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
    user_id, mention_id, keyword_id, status, contacted_at, qualified_at, converted_at, status_changed_at,
    contact_name, contact_handle, company, score, value, currency, origin, created_at
)
SELECT user_id, id, keyword_id, status,
    CASE WHEN status IN ('contacted', 'qualified', 'converted') THEN least(made_at + interval '1 day', $3) END,
    CASE WHEN status IN ('qualified', 'converted') THEN least(made_at + interval '3 days', $3) END,
    CASE WHEN status = 'converted' THEN least(made_at + interval '9 days', $3) END,
    least(made_at + interval '9 days', $3),
    initcap(($1::text[])[1 + pg_temp.chance(n, 22, cardinality($1))]), author,
    ($2::text[])[1 + pg_temp.chance(n, 23, cardinality($2))], pg_temp.chance(n, 24, 101),
    CASE WHEN pg_temp.chance(n, 25, 3) = 0 THEN pg_temp.chance(n, 26, 400) * 100 END,
    CASE WHEN pg_temp.chance(n, 25, 3) = 0 THEN 'EUR' END,
    'auto', made_at
FROM (
    SELECT mentions.*, n,
        (array['new', 'new', 'new', 'new', 'contacted', 'contacted', 'qualified', 'qualified', 'converted',
            'disqualified'])[1 + pg_temp.chance(n, 21, 10)] AS status,
        least(
            created_at + interval '5 minutes' * pg_temp.chance(n, 27, 400),
            $3::timestamptz - interval '1 second' * pg_temp.chance(n, 28, 3600)
        ) AS made_at
    FROM mentions
    CROSS JOIN LATERAL (SELECT substr(external_id, 7)::bigint AS place) AS numbered
    CROSS JOIN LATERAL (SELECT keyword_id * 100000 + place AS n) AS number
    WHERE place <= $4
) AS mention
WHERE pg_temp.chance(n, 20, 4) = 0 ORDER BY id
"""
# Four per user; the measured user has two accounts at each provider.
INTEGRATIONS_SQL = """
INSERT INTO integrations (
    user_id, provider, kind, name, external_account_id, status, last_searched_at, last_success_at, created_at
)
SELECT users.id, provider, kind, initcap(provider), 'account ' || account, connected.status,
    $2::timestamptz - interval '9 minutes', $2::timestamptz - interval '9 minutes', users.created_at
FROM users CROSS JOIN (VALUES
    ('reddit', 'source', 'active'), ('hackernews', 'source', 'active'),
    ('hubspot', 'crm', 'error'), ('slack', 'notification', 'paused')
) AS connected (provider, kind, status)
CROSS JOIN LATERAL generate_series(1, CASE users.id WHEN $1::bigint THEN 2 ELSE 1 END) AS account
ORDER BY users.id, account, provider
"""
LOGS_SQL = """
INSERT INTO integration_logs (
    user_id, integration_id, kind, status, started_at, finished_at, duration_ms, items_found, items_created,
    items_duplicate, message, created_at
)
SELECT user_id, id, 'sync',
    (array['failed', 'partial', 'succeeded', 'succeeded', 'succeeded', 'succeeded', 'succeeded', 'succeeded'])
        [1 + pg_temp.chance(n, 31, 8)],
    ended_at - interval '2 seconds', ended_at, 2000, pg_temp.chance(n, 32, 60), pg_temp.chance(n, 33, 20),
    pg_temp.chance(n, 34, 40), 'run ' || run, ended_at
FROM (
    SELECT integrations.*, run, integrations.id * 100000 + run AS n,
        $1::timestamptz - interval '6 hours' * run - interval '1 minute' * (integrations.id % 300) AS ended_at
    FROM integrations CROSS JOIN generate_series(0, 127) AS run
) AS runs
ORDER BY ended_at, n
"""


@dataclass(frozen=True, slots=True)
class Amount:
    """The amount of data. `mentions` is the number per keyword. Of these, the first `promising` can have a lead."""

    users: int
    mentions: int = MENTIONS
    promising: int = MENTIONS

    @property
    def asked_user(self) -> int:
        return (self.users + 1) // 2

    @property
    def name(self) -> str:
        """Return the name of the database."""
        usual = self.mentions, self.promising
        return "_".join(map(str, ("bench", self.users, *(number for number in usual if number != MENTIONS))))


Arguments = Callable[[Amount, datetime], list[object]]
STEPS: list[tuple[str, str, Arguments]] = [
    ("users", USERS_SQL, lambda amount, end: [amount.users, end]),
    ("keywords", KEYWORDS_SQL, lambda amount, end: [amount.asked_user, demo.KEYWORDS, end]),
    (
        "mentions",
        MENTIONS_SQL,
        lambda amount, end: [
            [text for _, text in demo.POSTS],
            demo.SOURCES,
            demo.NAMES,
            end,
            amount.mentions,
        ],
    ),
    ("analyses", ANALYSES_SQL, lambda *_: []),
    ("leads", LEADS_SQL, lambda amount, end: [demo.NAMES, demo.COMPANIES, end, amount.promising]),
    ("integrations", INTEGRATIONS_SQL, lambda amount, end: [amount.asked_user, end]),
    ("logs", LOGS_SQL, lambda _, end: [end]),
]


def recipe(amount: Amount) -> str:
    """Return a text that changes whenever the rows change, apart from the day."""
    parts = [revisions.head(), CHANCE, *(sql for _, sql, _ in STEPS), repr(amount)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


# Indexes that only make reads fast. Built at once after the rows, they take a part of the time.
INDEXES_SQL = """
SELECT format('%I', index.relname) AS name, pg_get_indexdef(index.oid) AS sql
FROM pg_index JOIN pg_class AS index ON index.oid = indexrelid
WHERE indrelid = ANY (ARRAY['mentions', 'analysis_results', 'leads', 'lead_events']::regclass[])
    AND NOT indisunique
ORDER BY name
"""


async def fill(url: str, amount: Amount, end: datetime, say: Callable[[str], None]) -> None:
    """Insert the rows into an empty database, the newest just before `end`. Triggers update counters and roll-ups."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute(CHANCE)
            await connection.execute("SET LOCAL maintenance_work_mem = '512MB'")
            indexes = await connection.fetch(INDEXES_SQL)
            await connection.execute("; ".join(f"DROP INDEX {index['name']}" for index in indexes))
            for table, sql, arguments in STEPS:
                began = time.monotonic()
                status = await connection.execute(sql, *arguments(amount, end))
                say(f"{int(status.split()[-1]):>9,} {table} in {time.monotonic() - began:.1f} s")
            began = time.monotonic()
            await connection.execute("; ".join(index["sql"] for index in indexes))
            say(f"{len(indexes):>9,} indexes in {time.monotonic() - began:.1f} s")
        await _compute_health(url, end)
        # Set hint bits, the visibility map and planner statistics, so that the first reads do not pay for them.
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


async def _compute_health(url: str, end: datetime) -> None:
    pool = await open_pool(url, size=1)
    try:
        async for _ in health.refresh_all(pool, end):
            pass
    finally:
        await pool.close()
