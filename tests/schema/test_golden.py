"""Golden files: operations with the agreed response on fixed data, and the statements of two runs.

`LEADGRAPH_WRITE_GOLDEN=1 pytest tests/schema/test_golden.py` writes the files again. Review the difference.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from db.engine.writer import Writer, in_transaction
from services.analysis.lead_scoring import score_leads
from services.integrations.health import count_days, first_day, refresh
from tests.support.world import Asker

GOLDEN = Path(__file__).parents[1] / "golden"
NOW = datetime(2026, 4, 15, 9, 7, tzinfo=UTC)
OPERATIONS: dict[str, dict[str, Any]] = {
    "dashboard": {"range": "LAST_7_DAYS", "zone": "America/New_York"},
    # The window contains the night in which clocks go forward, and starts and ends within a week.
    "analytics": {"from": "2026-03-17T23:00:00Z", "to": "2026-04-11T22:00:00Z", "zone": "Europe/Berlin"},
    "widgets": {},
}

ROWS = [
    "UPDATE users SET time_zone = 'Europe/Berlin' WHERE id = $1",
    """INSERT INTO keywords (user_id, keyword)
    SELECT $1, word FROM unnest(ARRAY['crm', 'invoicing', 'cold email', 'time tracking', 'chatbot', 'no code'])
    WITH ORDINALITY AS words (word, n) ORDER BY n""",
    """INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, title, content, author, likes, created_at)
    SELECT user_id, id, (ARRAY['reddit', 'hackernews', 'blog'])[1 + n % 3], format('%s-%s', id, n),
        format('https://example.com/%s-%s', id, n), format('%s, number %s', keyword, n),
        format('What do you think of %s? Asked for the %sth time.', keyword, n), 'ada', n * n,
        timestamptz '2026-04-15 07:45+00' - (n * 37 + place * 11) % 53 * interval '21 hours 15 minutes'
    FROM (SELECT *, row_number() OVER (ORDER BY id) - 1 AS place FROM keywords WHERE user_id = $1) AS keywords,
        generate_series(1, place * 5) AS n ORDER BY id, n""",
    """INSERT INTO analysis_results (mention_id, status, sentiment, intent, relevance, relevance_score)
    SELECT id, 'succeeded', (ARRAY['positive', 'neutral', 'negative'])[1 + id % 3],
        (ARRAY['buying', 'question', 'complaint', 'praise'])[1 + id % 4], 'high', 40 + id % 60
    FROM mentions WHERE user_id = $1 AND id % 5 <> 0""",
    """INSERT INTO leads (mention_id, status, contact_name, created_at, qualified_at, converted_at)
    SELECT id, (ARRAY['new', 'contacted', 'qualified', 'converted', 'disqualified'])[1 + id % 5],
        (ARRAY['Ada', 'Bo', NULL])[1 + id % 3], created_at + interval '3 hours',
        CASE WHEN id % 5 IN (2, 3) THEN created_at + interval '2 days' END,
        CASE WHEN id % 5 = 3 THEN created_at + interval '4 days' END
    FROM mentions WHERE user_id = $1 AND id % 3 = 0 ORDER BY id""",
    """INSERT INTO integrations (user_id, provider, kind, external_account_id, status, last_searched_at, last_success_at)
    VALUES ($1, 'reddit', 'source', 'a', 'active', '2026-04-15 09:00+00', '2026-04-15 09:00+00'),
        ($1, 'hubspot', 'crm', 'b', 'error', '2026-04-15 08:30+00', '2026-04-14 08:30+00'),
        ($1, 'slack', 'notification', 'c', 'paused', NULL, NULL)""",
    """INSERT INTO integration_logs (user_id, integration_id, kind, status, items_created, message, created_at, http_status)
    SELECT user_id, id, 'sync', CASE WHEN provider = 'hubspot' AND n < 4 THEN 'failed'
        WHEN n % 4 = 0 THEN 'partial' ELSE 'succeeded' END, n % 5, format('run %s', n),
        timestamptz '2026-04-15 09:00+00' - n * interval '5 hours', CASE WHEN provider = 'hubspot' AND n < 4 THEN 401 END
    FROM integrations, generate_series(0, 20) AS n WHERE user_id = $1 AND provider <> 'slack'""",
    "UPDATE integrations SET consecutive_failures = 4 WHERE user_id = $1 AND provider = 'hubspot'",
]


@pytest.fixture(scope="module")
async def ann(asker: Asker) -> Any:
    """A member with fixed rows. Another member with the same rows must not change the response."""
    world = asker.world
    for name in ("ben", "ann"):
        user_id = await world.add_user(name)
        for sql in ROWS:
            await world.pool.execute(sql, user_id)
    ids = {table: [row["id"] for row in await world.rows(table)] for table in ("leads", "integrations")}

    async def compute(writer: Writer) -> None:
        await score_leads(writer, ids["leads"], NOW)
        await refresh(writer, ids["integrations"], NOW)
        await count_days(writer, ids["integrations"], first_day(NOW))

    await in_transaction(world.pool, compute)
    asker.clock.at = NOW
    yield asker
    asker.clock.at = None


@pytest.mark.parametrize("name", OPERATIONS)
async def test_response_and_statements_match_the_golden_file(ann: Any, name: str) -> None:
    document = (GOLDEN / f"{name}.graphql").read_text()
    await ann.forget()
    seen = ann.cached.statistics
    misses, hits = seen.misses, seen.hits
    answer = await ann(document, viewer="ann", **OPERATIONS[name])
    assert seen.hits == hits  # a figure in several places is requested once
    again = await ann(document, viewer="ann", **OPERATIONS[name])
    assert seen.hits - hits == seen.misses - misses
    found = {
        "variables": OPERATIONS[name],
        "statements": answer.statements,
        "statements_again": again.statements,
        "data": answer.data,
    }
    assert again.data == answer.data
    path = GOLDEN / f"{name}.json"
    if os.environ.get("LEADGRAPH_WRITE_GOLDEN"):
        path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    assert found == json.loads(path.read_text())
    shared = list(ann.cached.decoded)
    assert shared
    assert all(
        value == cached_figure.load(body) for cached_figure, body, value in shared
    )  # no reader has changed a shared value
