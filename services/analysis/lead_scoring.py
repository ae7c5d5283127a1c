"""How promising leads are: version 1 of the score, 0 to 100, with what it is made of.

    40 · relevance + 30 · intent + 10 · fit of the mood + 10 · recency + 10 · reach

Each part is between 0 and 1. Relevance is the analysis' own score by 100. Recency halves every three days from
publication. Reach is the decimal logarithm of likes and comments, 1 from ten thousand on. A lead whose mention
has not been analysed has no score: nothing is known of what weighs most.
"""

import math
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from db.engine.pool import Pool
from db.engine.writer import Writer, in_transaction
from db.models import AnalysisStatus, Intent, Lead, Relevance, Sentiment
from db.statements.lead_score import (
    ScoreInputs,
    StoredScore,
    score_inputs,
    score_inputs_of_mentions,
    store,
    to_score,
)
from db.statements.user import lock
from services.figures.rates import rounded

VERSION = "1"
BATCH = 500
NOBODY = 0
HALF_LIFE = timedelta(days=3)
REACH_OF_ALL = 4  # decimal digits
WEIGHTS = {"relevance": 40, "intent": 30, "sentiment": 10, "recency": 10, "reach": 10}

INTENTS = {
    Intent.BUYING: 1.0,
    Intent.RECOMMENDATION_REQUEST: 0.9,
    Intent.COMPARISON: 0.8,
    Intent.CHURN_RISK: 0.7,
    Intent.COMPLAINT: 0.5,
    Intent.QUESTION: 0.4,
    Intent.FEATURE_REQUEST: 0.3,
    Intent.PRAISE: 0.2,
    Intent.HIRING: 0.1,
    Intent.OTHER: 0.1,
    Intent.PROMOTION: 0.0,
}
RELEVANCES = {Relevance.HIGH: 0.85, Relevance.MEDIUM: 0.55, Relevance.LOW: 0.2}
"""Where the analysis has no score of its own."""
MOODS = {Sentiment.POSITIVE: 1.0, Sentiment.NEUTRAL: 0.7, Sentiment.MIXED: 0.5, Sentiment.NEGATIVE: 0.2}
MOODS_OF_THE_DISSATISFIED = {
    Sentiment.NEGATIVE: 1.0,
    Sentiment.MIXED: 0.8,
    Sentiment.NEUTRAL: 0.5,
    Sentiment.POSITIVE: 0.2,
}
"""Whoever complains of what they have, or thinks of leaving it, promises the more the worse the mood is."""
DISSATISFIED = {Intent.COMPLAINT, Intent.CHURN_RISK}


@dataclass(frozen=True, slots=True)
class Score:
    """`value` is the sum of the parts, half-up; each part is rounded to two decimals before."""

    value: int
    parts: dict[str, Decimal]


def score(promise: ScoreInputs, now: datetime) -> Score | None:
    """None for a lead whose mention has not been analysed."""
    if promise.analysis != AnalysisStatus.SUCCEEDED:
        return None
    of_one = {
        "relevance": _relevance(promise),
        "intent": INTENTS[Intent(promise.intent)] if promise.intent else 0.0,
        "sentiment": _fit(promise),
        "recency": 0.5 ** (max(now - promise.published_at, timedelta(0)) / HALF_LIFE),
        "reach": min(1.0, math.log10(1 + (promise.likes or 0) + (promise.comments or 0)) / REACH_OF_ALL),
    }
    parts = {name: rounded(Fraction(WEIGHTS[name] * part), 2) for name, part in of_one.items()}
    return Score(int(rounded(Fraction(sum(parts.values())))), parts)


def _relevance(promise: ScoreInputs) -> float:
    if promise.relevance_score is not None:
        return promise.relevance_score / 100
    return RELEVANCES[Relevance(promise.relevance)] if promise.relevance else 0.0


def _fit(promise: ScoreInputs) -> float:
    if promise.sentiment is None:
        return 0.0
    moods = MOODS_OF_THE_DISSATISFIED if promise.intent in DISSATISFIED else MOODS
    return moods[Sentiment(promise.sentiment)]


def breakdown(scored: Score, now: datetime) -> dict[str, Any]:
    """What is stored of a score beside its value."""
    return {**{name: float(part) for name, part in scored.parts.items()}, "scored_at": now.isoformat()}


@dataclass(frozen=True, slots=True)
class Breakdown:
    """What a score is made of: each part, weighted, and the moment that recency is of."""

    relevance: float
    intent: float
    sentiment: float
    recency: float
    reach: float
    scored_at: datetime


def stored_breakdown(stored: dict[str, Any] | None) -> Breakdown | None:
    """None for what has not been scored by this formula."""
    if stored is None or "scored_at" not in stored:
        return None
    parts = {name: float(stored[name]) for name in WEIGHTS}
    return Breakdown(**parts, scored_at=datetime.fromisoformat(stored["scored_at"]))


async def score_leads(writer: Writer, lead_ids: Sequence[int], now: datetime) -> list[Lead]:
    """Scores the leads anew, and returns them in no order. To be called in the transaction that makes them; their users
    are locked by then.
    """
    return await store(writer, [_stored(each, now) for each in await score_inputs(writer, lead_ids)], VERSION)


async def score_leads_of(writer: Writer, mention_ids: Sequence[int], now: datetime) -> None:
    """Scores the leads that were made of the mentions, which have been analysed in this transaction."""
    if found := await score_inputs_of_mentions(writer, mention_ids):
        await store(writer, [_stored(each, now) for each in found], VERSION)


def _stored(promise: ScoreInputs, now: datetime) -> StoredScore:
    scored = score(promise, now)
    if scored is None:
        return StoredScore(promise.lead_id, None, None)
    return StoredScore(promise.lead_id, scored.value, breakdown(scored, now))


@dataclass(frozen=True, slots=True)
class Rescored:
    """A batch that was scored and committed."""

    last_id: int
    leads: int


async def rescore(
    pool: Pool, now: datetime, *, first: int, last: int, batch: int = BATCH, every: bool = False
) -> AsyncIterator[Rescored]:
    """Scores the leads of a range of ids, a transaction a batch: those of another version, or every one."""
    while True:
        done = await in_transaction(pool, _Batch(now, first, last, batch, every))
        if done is None:
            return
        yield done
        first = done.last_id + 1


@dataclass(frozen=True, slots=True)
class _Batch:
    now: datetime
    first: int
    last: int
    most: int
    every: bool

    async def __call__(self, writer: Writer) -> Rescored | None:
        """The users are locked in the order of their ids before their leads are looked at again."""
        found = await to_score(writer, self.first, self.last, self.most, VERSION, every=self.every)
        if not found:
            return None
        await lock(writer, NOBODY, sorted({each.user_id for each in found}))
        await score_leads(writer, [each.lead_id for each in found], self.now)
        return Rescored(found[-1].lead_id, len(found))
