"""The score of leads: the inputs of its formula, and the stored result."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.dml import ReturningUpdate

from db.engine.pool import Pool
from db.engine.reader import Reader
from db.engine.statement_cache import statement
from db.engine.writer import Writer
from db.language.scope import EVERYBODY
from db.language.shape import columns
from db.models import (
    AnalysisResult,
    AnalysisStatus,
    Intent,
    Keyword,
    KeywordStatus,
    Lead,
    Mention,
    Relevance,
    Sentiment,
)
from db.models.base import table_of
from db.statements.parameters import keys_parameter, rows_parameter

_LEADS, _MENTIONS, _ANALYSES = table_of(Lead), table_of(Mention), table_of(AnalysisResult)
_KEYWORDS = table_of(Keyword)


@dataclass(frozen=True, slots=True)
class ScoreInputs:
    """The values that a lead's score is computed from. `analysis` is None before the first analysis."""

    published_at: datetime
    likes: int | None
    comments: int | None
    analysis: AnalysisStatus | None
    relevance: Relevance | None
    relevance_score: int | None
    intent: Intent | None
    sentiment: Sentiment | None


class LeadToScore(NamedTuple):
    """A lead, and the inputs of its score."""

    id: int
    inputs: ScoreInputs


class PossibleLead(NamedTuple):
    """A mention without a lead that becomes one if the lead would score at least `auto_lead_score`."""

    mention_id: int
    auto_lead_score: int
    inputs: ScoreInputs


@dataclass(frozen=True, slots=True)
class StoredScore:
    """A stored score with its breakdown. Both are None for a lead that cannot be scored."""

    lead_id: int
    score: int | None
    breakdown: dict[str, Any] | None


_INPUTS = (
    func.coalesce(_MENTIONS.c.published_at, _MENTIONS.c.created_at).label("published_at"),
    _MENTIONS.c.likes,
    _MENTIONS.c.comments,
    _ANALYSES.c.status.label("analysis"),
    *(_ANALYSES.c[name] for name in ("relevance", "relevance_score", "intent", "sentiment")),
)
_ANALYSIS_OF_MENTION = _ANALYSES.c.mention_id == _MENTIONS.c.id


@statement
def _leads_promises() -> Select[Any]:
    joined = _LEADS.join(_MENTIONS, _MENTIONS.c.id == _LEADS.c.mention_id).outerjoin(
        _ANALYSES, _ANALYSIS_OF_MENTION
    )
    return select(_LEADS.c.id, *_INPUTS).select_from(joined).where(_LEADS.c.id == any_(keys_parameter()))


async def leads_to_score(writer: Writer, lead_ids: Sequence[int]) -> list[LeadToScore]:
    """Return the leads with the inputs of their scores."""
    found = await writer.fetch_values(_leads_promises(), EVERYBODY, keys=lead_ids)
    return [LeadToScore(lead_id, ScoreInputs(*inputs)) for lead_id, *inputs in found]


@statement
def _analyzed_to_score() -> Select[Any]:
    """Select the leads of the mentions, and the mentions that the rule of an active keyword may make leads of."""
    ruled = and_(
        _KEYWORDS.c.id == _MENTIONS.c.keyword_id,
        _KEYWORDS.c.status == KeywordStatus.ACTIVE,
        _KEYWORDS.c.auto_lead_score.is_not(None),
        _MENTIONS.c.dismissed_at.is_(None),
        _MENTIONS.c.lead_deleted_at.is_(None),
        _LEADS.c.id.is_(None),
    )
    joined = (
        _MENTIONS.join(_ANALYSES, _ANALYSIS_OF_MENTION)
        .outerjoin(_LEADS, _LEADS.c.mention_id == _MENTIONS.c.id)
        .outerjoin(_KEYWORDS, ruled)
    )
    ids = (_LEADS.c.id.label("lead_id"), _MENTIONS.c.id.label("mention_id"), _KEYWORDS.c.auto_lead_score)
    return (
        select(*ids, *_INPUTS)
        .select_from(joined)
        .where(_MENTIONS.c.id == any_(keys_parameter()))
        .where(or_(_LEADS.c.id.is_not(None), _KEYWORDS.c.id.is_not(None)))
        .order_by(_MENTIONS.c.id)
    )


async def analyzed_to_score(
    writer: Writer, mention_ids: Sequence[int]
) -> tuple[list[LeadToScore], list[PossibleLead]]:
    """Return the leads of the analyzed mentions, and the mentions that a rule may make leads of, by mention ID.

    A rule skips dismissed mentions, and mentions whose lead a user has deleted.
    """
    found = await writer.fetch_values(_analyzed_to_score(), EVERYBODY, keys=mention_ids)
    leads: list[LeadToScore] = []
    possible: list[PossibleLead] = []
    for lead_id, mention_id, auto_lead_score, *values in found:
        inputs = ScoreInputs(*values)
        if lead_id is None:
            possible.append(PossibleLead(mention_id, auto_lead_score, inputs))
        else:
            leads.append(LeadToScore(lead_id, inputs))
    return leads, possible


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


class Which(StrEnum):
    """A choice of leads to score."""

    ALL = "all"
    OUTDATED = "outdated"
    """Leads without a score of this version."""
    CHANGEABLE = "changeable"
    """Leads whose score has a part for recency, and analyzed leads without a score of this version."""


@statement
def _leads_to_score(*, which: Which) -> Select[Any]:
    return (
        select(_LEADS.c.id.label("lead_id"), _LEADS.c.user_id)
        .where(_LEADS.c.id.between(bindparam("first", type_=BigInteger), bindparam("last", type_=BigInteger)))
        .where(*_conditions(which))
        .order_by(_LEADS.c.id)
        .limit(bindparam("most", type_=Integer))
    )


def _conditions(which: Which) -> list[ColumnElement[bool]]:
    if which is Which.ALL:
        return []
    outdated = _LEADS.c.score_version.is_distinct_from(bindparam("version", type_=Text))
    if which is Which.OUTDATED:
        return [outdated]
    is_recent = _LEADS.c.score_breakdown["recency"].as_float() > 0
    is_analyzed = exists().where(
        _ANALYSES.c.mention_id == _LEADS.c.mention_id, _ANALYSES.c.status == AnalysisStatus.SUCCEEDED
    )
    return [or_(is_recent, and_(outdated, is_analyzed))]


async def to_score(
    writer: Writer, first: int, last: int, most: int, version: str, which: Which
) -> dict[int, int]:
    """Return the users of up to `most` leads in a range of IDs, by lead ID in order."""
    values: dict[str, object] = {"first": first, "last": last, "most": most}
    if which is not Which.ALL:
        values["version"] = version
    found = await writer.fetch_values(_leads_to_score(which=which), EVERYBODY, **values)
    return {row["lead_id"]: row["user_id"] for row in found}


@statement
def _last_lead_id() -> Select[Any]:
    return select(func.max(_LEADS.c.id).label("last"))


async def last_id(pool: Pool) -> int:
    """Return the largest ID of a lead, or 0 without leads."""
    (row,) = await Reader(pool, single=True).fetch_values(_last_lead_id(), EVERYBODY)
    return row["last"] or 0
