"""Lead scores: the exact parts and the stored breakdown."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from db.engine.pool import Pool
from db.models import AnalysisStatus, Intent, Relevance, Sentiment
from db.statements.lead_score import ScoreInputs
from services.analysis.lead_scoring import (
    DISSATISFIED,
    INTENT_PARTS,
    SENTIMENT_FIT,
    SENTIMENT_FIT_OF_DISSATISFIED,
    WEIGHTS,
    rescore,
    score,
    stored_breakdown,
)

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
BEST = ScoreInputs(
    published_at=NOW,
    likes=9_000,
    comments=999,
    analysis=AnalysisStatus.SUCCEEDED,
    relevance=Relevance.HIGH,
    relevance_score=100,
    intent=Intent.BUYING,
    sentiment=Sentiment.POSITIVE,
)


def parts(**changes: Any) -> dict[str, Decimal]:
    scored = score(replace(BEST, **changes), NOW)
    assert scored is not None
    return scored.parts


def test_the_best_lead_scores_100() -> None:
    scored = score(BEST, NOW)
    assert scored is not None
    assert (scored.value, scored.parts) == (100, {name: Decimal(part) for name, part in WEIGHTS.items()})
    assert sum(WEIGHTS.values()) == 100


def test_a_lead_without_signals_scores_0() -> None:
    nothing = replace(
        BEST,
        published_at=NOW - timedelta(days=300),
        likes=None,
        comments=None,
        relevance=None,
        relevance_score=None,
        intent=None,
        sentiment=None,
    )
    scored = score(nothing, NOW)
    assert scored is not None
    assert scored.value == 0


@pytest.mark.parametrize("analysis", [None, *(each for each in AnalysisStatus if each != "succeeded")])
def test_a_lead_of_an_unanalyzed_mention_has_no_score(analysis: AnalysisStatus | None) -> None:
    assert score(replace(BEST, analysis=analysis), NOW) is None


@pytest.mark.parametrize(
    ("relevance", "own", "part"),
    [
        (Relevance.LOW, 100, 40),
        (Relevance.HIGH, 0, 0),
        (Relevance.HIGH, 63, "25.2"),
        (Relevance.HIGH, None, 34),
        (Relevance.MEDIUM, None, 22),
        (Relevance.LOW, None, 8),
        (None, None, 0),
    ],
)
def test_relevance_uses_the_score_or_else_the_level(
    relevance: Relevance | None, own: int | None, part: str
) -> None:
    assert parts(relevance=relevance, relevance_score=own)["relevance"] == Decimal(part)


def test_recency_halves_every_three_days() -> None:
    ages = [timedelta(0), timedelta(days=3), timedelta(days=6), timedelta(days=30), timedelta(days=-1)]
    found = [parts(published_at=NOW - age)["recency"] for age in ages]
    assert found == [Decimal(10), Decimal(5), Decimal("2.5"), Decimal("0.01"), Decimal(10)]


def test_reach_is_a_logarithm_capped_at_ten_thousand() -> None:
    found = [parts(likes=likes, comments=None)["reach"] for likes in (0, 9, 99, 999, 9_999, 10**9)]
    assert found == [Decimal(0), Decimal("2.5"), Decimal(5), Decimal("7.5"), Decimal(10), Decimal(10)]
    assert parts(likes=50, comments=49)["reach"] == 5


def test_every_intent_and_sentiment_has_a_weight() -> None:
    assert set(INTENT_PARTS) == set(Intent)
    assert set(SENTIMENT_FIT) == set(SENTIMENT_FIT_OF_DISSATISFIED) == set(Sentiment)
    assert max(INTENT_PARTS, key=INTENT_PARTS.__getitem__) is Intent.BUYING
    for intent in Intent:
        moods = [parts(intent=intent, sentiment=mood)["sentiment"] for mood in ("positive", "negative")]
        assert moods == ([2, 10] if intent in DISSATISFIED else [10, 2])


async def lay_out(pool: Pool) -> None:
    """Add three users with five leads each. Mentions with even IDs are analyzed."""
    await pool.execute("INSERT INTO users (email) SELECT n || '@example.com' FROM generate_series(1, 3) AS n")
    await pool.execute("INSERT INTO keywords (user_id, keyword) SELECT id, 'words' FROM users")
    await pool.execute(
        "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content, created_at, likes) "
        "SELECT user_id, id, 'x', n, 'u', 'text', $1, 9 FROM keywords, generate_series(1, 5) AS n",
        NOW - timedelta(days=3),
    )
    await pool.execute(
        "INSERT INTO analysis_results (mention_id, status, sentiment, relevance, relevance_score, intent) "
        "SELECT id, 'succeeded', 'neutral', 'high', 80, 'question' FROM mentions WHERE id % 2 = 0"
    )
    await pool.execute("INSERT INTO leads (mention_id) SELECT id FROM mentions ORDER BY id")


async def scored_ids(pool: Pool) -> list[int]:
    return [row["id"] for row in await pool.fetch("SELECT id FROM leads WHERE score IS NOT NULL ORDER BY id")]


async def test_leads_are_scored_in_batches_with_stored_breakdowns(pool: Pool) -> None:
    await lay_out(pool)
    done = [batch async for batch in rescore(pool, NOW, first=1, last=10**9, batch=4)]
    assert [batch.leads for batch in done] == [4, 4, 4, 3]
    rows = await pool.fetch("SELECT * FROM leads ORDER BY id")
    for row in rows:
        if row["mention_id"] % 2:
            assert (row["score"], row["score_version"], row["score_breakdown"]) == (None, None, None)
            continue
        # 40 · 0.8 + 30 · 0.4 + 10 · 0.7 + 10 · 0.5 + 10 · log10(10) / 4
        assert (row["score"], row["score_version"]) == (59, "1")
        assert row["score_breakdown"] == {
            "relevance": 32.0,
            "intent": 12.0,
            "sentiment": 7.0,
            "recency": 5.0,
            "reach": 2.5,
            "scored_at": NOW.isoformat(),
        }
        restored = stored_breakdown(row["score_breakdown"])
        assert restored is not None
        assert (restored.reach, restored.scored_at) == (2.5, NOW)
    assert len({row["version"] for row in rows}) == 1


async def test_rescore_skips_leads_of_the_current_version_unless_every_is_set(
    pool: Pool,
) -> None:
    await lay_out(pool)
    later = NOW + timedelta(days=3)
    assert sum([batch.leads async for batch in rescore(pool, NOW, first=1, last=10**9)]) == 15
    await pool.execute(
        "UPDATE leads SET score_version = '0' WHERE id = (SELECT min(id) FROM leads WHERE score > 0)"
    )
    assert sum([batch.leads async for batch in rescore(pool, later, first=1, last=10**9)]) == 9
    assert await pool.fetchval("SELECT count(*) FROM leads WHERE score = 56") == 1
    assert sum([batch.leads async for batch in rescore(pool, later, first=1, last=10**9, every=True)]) == 15
    assert await pool.fetchval("SELECT count(*) FROM leads WHERE score = 56") == 7


async def test_an_interrupted_rescore_continues_after_its_last_batch(pool: Pool) -> None:
    await lay_out(pool)
    first = await anext(rescore(pool, NOW, first=1, last=10**9, batch=6))
    assert await scored_ids(pool) == [id_ for id_ in await scored_ids(pool) if id_ <= first.last_id]
    rest = [batch async for batch in rescore(pool, NOW, first=first.last_id + 1, last=10**9, batch=6)]
    assert [batch.leads for batch in rest] == [6, 3]
    assert len(await scored_ids(pool)) == 7


async def test_rescoring_increments_the_data_version_of_the_owners(pool: Pool) -> None:
    await lay_out(pool)
    two = await pool.fetchval("SELECT max(id) FROM leads WHERE user_id = 2")
    assert [batch.leads async for batch in rescore(pool, NOW, first=two, last=two)] == [1]
    versions = await pool.fetch("SELECT id, data_version FROM users ORDER BY id")
    assert [(row["id"], row["data_version"]) for row in versions] == [(1, 0), (2, 1), (3, 0)]
