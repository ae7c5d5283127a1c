"""Lead score, version 1: a number from 0 to 100 with its parts.

    40 · relevance + 30 · intent + 10 · sentiment fit + 10 · recency + 10 · reach

Each part is between 0 and 1. Relevance is the analysis' score divided by 100. Recency halves every three days after
publication. Reach is the decimal logarithm of likes plus comments, and is 1 from ten thousand on. The score is null
until the lead's mention has been analyzed.
"""

import math
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any

from db.engine.author import RECOMPUTATION
from db.engine.pool import Pool
from db.engine.writer import Writer, in_transaction
from db.models import AnalysisStatus, Intent, Lead, Relevance, Sentiment
from db.statements.lead_score import ScoreInputs, StoredScore, Which, last_id, leads_to_score, store, to_score
from db.statements.user import lock, lock_all_keeping_version
from services.figures.rates import rounded

VERSION = "1"
BATCH = 500
IDS_PER_TURN = 20_000
"""The number of lead IDs of a background turn, which scores up to `BATCH` of these leads."""
NO_VIEWER = 0
HALF_LIFE = timedelta(days=3)
FULL_REACH_DIGITS = 4  # 10,000 likes and comments
WEIGHTS = {"relevance": 40, "intent": 30, "sentiment": 10, "recency": 10, "reach": 10}

INTENT_PARTS = {
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
RELEVANCE_PARTS = {Relevance.HIGH: 0.85, Relevance.MEDIUM: 0.55, Relevance.LOW: 0.2}
"""Used if the analysis has a relevance but no relevance score."""
SENTIMENT_FIT = {
    Sentiment.POSITIVE: 1.0,
    Sentiment.NEUTRAL: 0.7,
    Sentiment.MIXED: 0.5,
    Sentiment.NEGATIVE: 0.2,
}
SENTIMENT_FIT_OF_DISSATISFIED = {
    Sentiment.NEGATIVE: 1.0,
    Sentiment.MIXED: 0.8,
    Sentiment.NEUTRAL: 0.5,
    Sentiment.POSITIVE: 0.2,
}
"""A dissatisfied author is a better lead the worse their sentiment is."""
DISSATISFIED = {Intent.COMPLAINT, Intent.CHURN_RISK}


@dataclass(frozen=True, slots=True)
class Score:
    """`value` is the sum of the parts, rounded half up. Each part is first rounded to two decimals."""

    value: int
    parts: dict[str, Decimal]


def score(inputs: ScoreInputs, now: datetime) -> Score | None:
    """Return the score; None if the lead's mention has not been analyzed."""
    if inputs.analysis != AnalysisStatus.SUCCEEDED:
        return None
    fractions = {
        "relevance": _relevance(inputs),
        "intent": INTENT_PARTS[Intent(inputs.intent)] if inputs.intent else 0.0,
        "sentiment": _sentiment_fit(inputs),
        "recency": 0.5 ** (max(now - inputs.published_at, timedelta(0)) / HALF_LIFE),
        "reach": min(1.0, math.log10(1 + (inputs.likes or 0) + (inputs.comments or 0)) / FULL_REACH_DIGITS),
    }
    parts = {name: rounded(Fraction(WEIGHTS[name] * part), 2) for name, part in fractions.items()}
    return Score(int(rounded(Fraction(sum(parts.values())))), parts)


def _relevance(inputs: ScoreInputs) -> float:
    if inputs.relevance_score is not None:
        return inputs.relevance_score / 100
    return RELEVANCE_PARTS[Relevance(inputs.relevance)] if inputs.relevance else 0.0


def _sentiment_fit(inputs: ScoreInputs) -> float:
    if inputs.sentiment is None:
        return 0.0
    fit = SENTIMENT_FIT_OF_DISSATISFIED if inputs.intent in DISSATISFIED else SENTIMENT_FIT
    return fit[Sentiment(inputs.sentiment)]


def breakdown(scored: Score, now: datetime) -> dict[str, Any]:
    return {**{name: float(part) for name, part in scored.parts.items()}, "scored_at": now.isoformat()}


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The weighted parts of a score, and the time at which recency was computed."""

    relevance: float
    intent: float
    sentiment: float
    recency: float
    reach: float
    scored_at: datetime


def stored_breakdown(stored: dict[str, Any] | None) -> Breakdown | None:
    """Return the breakdown; None if the lead was not scored by this formula."""
    if stored is None or "scored_at" not in stored:
        return None
    parts = {name: float(stored[name]) for name in WEIGHTS}
    return Breakdown(**parts, scored_at=datetime.fromisoformat(stored["scored_at"]))


async def score_leads(writer: Writer, lead_ids: Sequence[int], now: datetime) -> list[Lead]:
    """Score the leads and return them in no order.

    Call it in the transaction that creates the leads, after locking their users.
    """
    found = await leads_to_score(writer, lead_ids)
    scores = [stored_score(each.id, score(each.inputs, now), now) for each in found]
    return await store(writer, scores, VERSION)


def stored_score(lead_id: int, scored: Score | None, now: datetime) -> StoredScore:
    """Return the score as columns of the lead."""
    if scored is None:
        return StoredScore(lead_id, None, None)
    return StoredScore(lead_id, scored.value, breakdown(scored, now))


@dataclass(frozen=True, slots=True)
class Rescored:
    """A committed batch."""

    last_id: int
    leads: int


async def rescore(
    pool: Pool,
    now: datetime | None = None,
    *,
    first: int,
    last: int,
    batch: int = BATCH,
    every: bool = False,
) -> AsyncIterator[Rescored]:
    """Score leads in a range of IDs, in one transaction per batch: all, or those of another version.

    The time of the scores defaults to the moment of each batch.
    """
    which = Which.ALL if every else Which.OUTDATED

    async def lock_users(writer: Writer, user_ids: Collection[int]) -> None:
        await lock(writer, NO_VIEWER, sorted(user_ids))

    leads = partial(_rescore_batch, pool, now, last=last, batch=batch, which=which, lock_users=lock_users)
    while (done := await leads(first)) is not None:
        yield done
        first = done.last_id + 1


async def _rescore_batch(
    pool: Pool,
    now: datetime | None,
    first: int,
    *,
    last: int,
    batch: int,
    which: Which,
    lock_users: Callable[[Writer, Collection[int]], Awaitable[None]],
) -> Rescored | None:
    async def work(writer: Writer) -> Rescored | None:
        owners = await to_score(writer, first, last, batch, VERSION, which)
        if not owners:
            return None
        await lock_users(writer, set(owners.values()))
        await score_leads(writer, list(owners), now or writer.moment)
        return Rescored(max(owners), len(owners))

    return await in_transaction(pool, work, author=RECOMPUTATION)


async def rescore_turn(pool: Pool, first: int, *, batch: int = BATCH, ids: int = IDS_PER_TURN) -> int | None:
    """Score the next leads that time or a new formula can change, from the ID on.

    Return the ID to continue from, or None after the last lead. A score changes with time as long as it has a part
    for recency. The data versions stay, so cached figures show the new scores when they expire.
    """
    last = first + ids - 1
    leads = partial(_rescore_batch, pool, None, last=last, batch=batch, lock_users=lock_all_keeping_version)
    done = await leads(first, which=Which.CHANGEABLE)
    if done is not None and done.leads == batch:
        return done.last_id + 1
    return last + 1 if last < await last_id(pool) else None
