"""The score of leads: the inputs of its formula, and the stored result."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    any_,
    bindparam,
    case,
    func,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.dml import ReturningUpdate

from db.engine.statement_cache import statement
from db.engine.writer import Writer
from db.language.scope import EVERYBODY
from db.language.shape import columns
from db.models import AnalysisResult, AnalysisStatus, Intent, Lead, Mention, Relevance, Sentiment
from db.models.base import table_of
from db.statements.parameters import keys_parameter, rows_parameter

_LEADS, _MENTIONS, _ANALYSES = table_of(Lead), table_of(Mention), table_of(AnalysisResult)


@dataclass(frozen=True, slots=True)
class ScoreInputs:
    """The values that a lead's score is computed from. `analysis` is None before the first analysis."""

    lead_id: int
    published_at: datetime
    likes: int | None
    comments: int | None
    analysis: AnalysisStatus | None
    relevance: Relevance | None
    relevance_score: int | None
    intent: Intent | None
    sentiment: Sentiment | None


@dataclass(frozen=True, slots=True)
class StoredScore:
    """A stored score with its breakdown. Both are None for a lead that cannot be scored."""

    lead_id: int
    score: int | None
    breakdown: dict[str, Any] | None


@statement
def _leads_promises(*, column: str) -> Select[Any]:
    joined = _LEADS.join(_MENTIONS, _MENTIONS.c.id == _LEADS.c.mention_id).outerjoin(
        _ANALYSES, _ANALYSES.c.mention_id == _LEADS.c.mention_id
    )
    return (
        select(
            _LEADS.c.id.label("lead_id"),
            func.coalesce(_MENTIONS.c.published_at, _MENTIONS.c.created_at).label("published_at"),
            _MENTIONS.c.likes,
            _MENTIONS.c.comments,
            _ANALYSES.c.status.label("analysis"),
            *(_ANALYSES.c[name] for name in ("relevance", "relevance_score", "intent", "sentiment")),
        )
        .select_from(joined)
        .where(_LEADS.c[column] == any_(keys_parameter()))
    )


async def score_inputs(writer: Writer, lead_ids: Sequence[int]) -> list[ScoreInputs]:
    found = await writer.fetch_values(_leads_promises(column="id"), EVERYBODY, keys=lead_ids)
    return [ScoreInputs(**dict(row)) for row in found]


async def score_inputs_of_mentions(writer: Writer, mention_ids: Sequence[int]) -> list[ScoreInputs]:
    """Return the inputs of the scores of the mentions' leads. Mentions without a lead are absent."""
    found = await writer.fetch_values(_leads_promises(column="mention_id"), EVERYBODY, keys=mention_ids)
    return [ScoreInputs(**dict(row)) for row in found]


@statement
def _leads_set_scores() -> ReturningUpdate[Any]:
    scores = rows_parameter("scores", {"lead_id": BigInteger, "score": Integer, "breakdown": JSONB})
    return (
        update(_LEADS)
        .values(
            score=scores.c.score,
            score_breakdown=scores.c.breakdown,
            score_version=case((scores.c.score.is_not(None), bindparam("version", type_=Text))),
        )
        .where(_LEADS.c.id == scores.c.lead_id)
        .returning(*columns(Lead))
    )


async def store(writer: Writer, scores: Sequence[StoredScore], version: str) -> list[Lead]:
    """Store the scores. Return the updated leads, unordered."""
    return await writer.fetch(
        Lead,
        _leads_set_scores(),
        EVERYBODY,
        scores=[asdict(score) for score in scores],
        version=version,
    )


@statement
def _leads_to_score(*, every: bool) -> Select[Any]:
    outdated: ColumnElement[bool] = _LEADS.c.score_version.is_distinct_from(bindparam("version", type_=Text))
    return (
        select(_LEADS.c.id.label("lead_id"), _LEADS.c.user_id)
        .where(_LEADS.c.id.between(bindparam("first", type_=BigInteger), bindparam("last", type_=BigInteger)))
        .where(true() if every else outdated)
        .order_by(_LEADS.c.id)
        .limit(bindparam("most", type_=Integer))
    )


async def to_score(
    writer: Writer, first: int, last: int, most: int, version: str, *, every: bool
) -> dict[int, int]:
    """Return the users of up to `most` leads, by lead ID in order.

    The leads are those with another version of the score, or with `every`, all.
    """
    values = {"first": first, "last": last, "most": most, **({} if every else {"version": version})}
    found = await writer.fetch_values(_leads_to_score(every=every), EVERYBODY, **values)
    return {row["lead_id"]: row["user_id"] for row in found}
