"""The best keywords of each user with their sums per period, in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Integer,
    Numeric,
    Select,
    and_,
    any_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.sql.selectable import CTE

from db.engine.reader import Reader
from db.engine.statement_cache import statement
from db.integrity.rollups import MEASURES
from db.language.scope import Scope, visible_among
from db.language.shape import columns
from db.language.snapshots import snapshot
from db.models import Keyword
from db.models.base import table_of
from db.statements.buckets import BucketSums, Period, part_values, totals
from db.statements.parameters import keys_parameter

_KEYWORDS = table_of(Keyword)
_Z = 1.96  # standard deviations of a 95 % confidence interval


class Ranking(Enum):
    """Criteria of rankings. All of them are computed from all-time counters."""

    LEADS = "leads"
    MENTIONS = "mentions"
    CONVERSION_RATE = "conversion_rate"
    PERFORMANCE_SCORE = "performance_score"
    EFFICIENCY_SCORE = "efficiency_score"


@dataclass(frozen=True, slots=True)
class RankedKeyword:
    """A keyword, its places in the requested rankings (1 is the best), and its sums per period.

    Of the user's `among` keywords with mentions, `not_better` are at most as efficient, including this one.
    """

    keyword: Keyword
    places: dict[Ranking, int]
    not_better: int
    among: int
    bucket_sums: list[BucketSums]


def _efficiency() -> ColumnElement[Any]:
    """Return the lower bound of the Wilson score interval of leads per mention.

    The bound is rounded, so that floating-point noise does not order equal efficiencies.
    """
    leads, mentions = cast(_KEYWORDS.c.leads_count, Float), cast(_KEYWORDS.c.mentions_count, Float)
    rate: ColumnElement[Any] = leads / mentions
    square: ColumnElement[Any] = literal_column(str(_Z * _Z))
    spread = func.sqrt((rate * (1 - rate) + square / (4 * mentions)) / mentions)
    bound = (rate + square / (2 * mentions) - literal_column(str(_Z)) * spread) / (1 + square / mentions)
    return case(
        (_KEYWORDS.c.leads_count == 0, literal_column("0")), else_=func.round(cast(bound, Numeric), 12)
    )


def _scored(of_users: ColumnElement[bool]) -> CTE:
    """Select the users' keywords that have mentions, with the values of the rankings."""
    leads, mentions = _KEYWORDS.c.leads_count, _KEYWORDS.c.mentions_count
    return (
        select(
            *columns(Keyword),
            _efficiency().label("efficiency"),
            (cast(leads, Float) / cast(mentions, Float)).label("rate"),
            (3 * cast(mentions, Numeric) + 7 * cast(leads, Numeric)).label("performance"),
        )
        .where(of_users, mentions > literal_column("0"))
        .cte("scored")
    )


def _compared(scored: CTE) -> list[ColumnElement[Any]]:
    """Return the columns `not_better` and `among` of `RankedKeyword`."""
    of_user = scored.c.user_id
    not_better = func.count().over(partition_by=of_user, order_by=scored.c.efficiency, range_=(None, 0))
    return [not_better.label("not_better"), func.count().over(partition_by=of_user).label("among")]


def _ordered_by(scored: CTE, ranking: Ranking) -> list[ColumnElement[Any]]:
    """Return the order, the best keyword first. Ties go to more leads, then to the newest keyword."""
    first = {
        Ranking.LEADS: scored.c.leads_count,
        Ranking.MENTIONS: scored.c.mentions_count,
        Ranking.CONVERSION_RATE: scored.c.rate,
        Ranking.PERFORMANCE_SCORE: scored.c.performance,
        Ranking.EFFICIENCY_SCORE: scored.c.efficiency,
    }[ranking]
    return [first.desc(), scored.c.leads_count.desc(), scored.c.id.desc()]


@statement
def _keywords_ranking(rankings: tuple[Ranking, ...], *, everybody: bool) -> Select[Any]:
    visible = visible_among(Keyword, by="user_id", everybody=everybody)
    scored = _scored(and_(_KEYWORDS.c.user_id == any_(keys_parameter()), visible))
    ranked = select(
        scored,
        *_compared(scored),
        *(
            func.row_number()
            .over(partition_by=scored.c.user_id, order_by=_ordered_by(scored, ranking))
            .label(f"by_{ranking.value}")
            for ranking in rankings
        ),
    ).cte("ranked")
    most = bindparam("most", type_=Integer)
    chosen = (
        select(ranked).where(or_(*(ranked.c[f"by_{one.value}"] <= most for one in rankings))).cte("chosen")
    )
    return _with_sums(chosen, everybody=everybody)


def _with_sums(chosen: CTE, *, everybody: bool) -> Select[Any]:
    """Select each keyword once per period with a sum, and at least once."""
    parents = select(chosen.c.id).cte("parent")
    total = totals(parents, "keyword_id", everybody=everybody)
    sums = [total.c[measure].label(f"sum_of_{measure}") for measure in MEASURES]
    return select(chosen, total.c.number, *sums).select_from(
        chosen.outerjoin(total, total.c.id == chosen.c.id)
    )


@statement
def _keywords_efficiency(*, everybody: bool) -> Select[Any]:
    requested = _KEYWORDS.alias("asked")
    owners = select(requested.c.user_id).where(requested.c.id == any_(keys_parameter())).scalar_subquery()
    visible = visible_among(Keyword, by="user_id", everybody=everybody)
    scored = _scored(and_(_KEYWORDS.c.user_id.in_(owners), visible))
    compared = select(scored.c.id, *_compared(scored)).subquery("compared")
    return select(compared).where(compared.c.id == any_(keys_parameter()))


async def efficiency(reader: Reader, scope: Scope, keyword_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return `not_better` and `among` of each visible keyword that has mentions, by ID."""
    found = await reader.fetch_values(
        _keywords_efficiency(everybody=scope.everybody), scope, keys=keyword_ids
    )
    return {row["id"]: (row["not_better"], row["among"]) for row in found}


async def ranked(
    reader: Reader,
    scope: Scope,
    user_ids: Sequence[int],
    rankings: tuple[Ranking, ...],
    most: int,
    periods: Sequence[Period],
) -> dict[int, list[RankedKeyword]]:
    """Return the first `most` keywords of each ranking, by user. Keywords without mentions are not ranked."""
    found = await reader.fetch_values(
        _keywords_ranking(rankings, everybody=scope.everybody),
        scope,
        keys=user_ids,
        most=most,
        **part_values(periods),
    )
    by_user: dict[int, dict[int, RankedKeyword]] = {}
    for row in found:
        keywords = by_user.setdefault(row["user_id"], {})
        if row["id"] not in keywords:
            keywords[row["id"]] = _ranked(row, rankings, len(periods))
        if row["number"] is not None:
            sums = (row[f"sum_of_{measure}"] for measure in MEASURES)
            keywords[row["id"]].bucket_sums[row["number"]] = BucketSums(*sums)
    return {user_id: list(keywords.values()) for user_id, keywords in by_user.items()}


def _ranked(row: Any, rankings: tuple[Ranking, ...], periods: int) -> RankedKeyword:
    places = {ranking: row[f"by_{ranking.value}"] for ranking in rankings}
    return RankedKeyword(
        snapshot(Keyword, row),
        places,
        row["not_better"],
        row["among"],
        [BucketSums() for _ in range(periods)],
    )
