"""The best keywords of each user with their sums per period, in one statement."""

from collections.abc import Sequence
from enum import Enum
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
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
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.sql.selectable import CTE

from db.engine.reader import Reader
from db.engine.statement_cache import statement
from db.integrity.rollups import MEASURES
from db.language.json_items import as_json_items, json_items
from db.language.scope import Scope, visible_among
from db.language.shape import columns
from db.language.snapshots import snapshot_from_json
from db.models import Keyword
from db.models.base import table_of
from db.statements.buckets import BucketSums, Period, part_values, totals
from db.statements.parameters import keys_parameter

_KEYWORDS = table_of(Keyword)
_WIDTH = len(columns(Keyword))
_Z = 1.96  # standard deviations of a 95 % confidence interval


class Ranking(Enum):
    """Criteria of rankings, each a number as the API shows it. All of them are computed from all-time counters.

    CONVERSION_RATE is the old name of LEADS_PER_MENTION.
    """

    LEADS = "leads"
    MENTIONS = "mentions"
    LEADS_PER_MENTION = "leads_per_mention"
    CONVERSION_RATE = "conversion_rate"
    PERFORMANCE_SCORE = "performance_score"
    EFFICIENCY_SCORE = "efficiency_score"


class RankedKeyword(NamedTuple):
    """A keyword, its place in each of the requested rankings (1 is the best), and its sums per period.

    Of the user's `among` keywords with mentions, `not_better` are at most as efficient, including this one.
    `compared` has both numbers, and is None for a keyword without leads.
    """

    keyword: Keyword
    places: Sequence[int]
    compared: tuple[int, int] | None
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
    """Select the users' keywords that have mentions, with their efficiency."""
    return (
        select(*columns(Keyword), _efficiency().label("efficiency"))
        .where(of_users, _KEYWORDS.c.mentions_count > literal_column("0"))
        .cte("scored")
    )


def _compared(scored: CTE) -> CTE:
    """Select the keywords with the columns `not_better` and `among` of `RankedKeyword`."""
    of_user = scored.c.user_id
    not_better = func.count().over(partition_by=of_user, order_by=scored.c.efficiency, range_=(None, 0))
    among = func.count().over(partition_by=of_user)
    return select(scored, not_better.label("not_better"), among.label("among")).cte("compared")


def _half_up(part: ColumnElement[Any], whole: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the quotient of positive integers, rounded half up."""
    return (_number(2) * part + whole) // (_number(2) * whole)


def _number(value: int) -> ColumnElement[Any]:
    return literal_column(str(value), BigInteger)


def _shown(compared: CTE, ranking: Ranking) -> ColumnElement[Any]:
    """Return the number by which keywords are ranked, rounded as the API shows it."""
    leads, mentions = (cast(compared.c[name], BigInteger) for name in ("leads_count", "mentions_count"))
    match ranking:
        case Ranking.LEADS:
            return leads
        case Ranking.MENTIONS:
            return mentions
        case Ranking.PERFORMANCE_SCORE:
            return _half_up(_number(3) * mentions + _number(7) * leads, _number(10))
        case Ranking.EFFICIENCY_SCORE:
            return _half_up(_number(100) * compared.c.not_better, compared.c.among)
        case _:
            return _half_up(_number(10_000) * leads, mentions)


def _ordered_by(compared: CTE, ranking: Ranking) -> list[ColumnElement[Any]]:
    """Return the order, the best keyword first. Ties go to more leads, then to the newest keyword."""
    return [_shown(compared, ranking).desc(), compared.c.leads_count.desc(), compared.c.id.desc()]


@statement
def _keywords_ranking(rankings: tuple[Ranking, ...], *, everybody: bool) -> Select[Any]:
    visible = visible_among(Keyword, by="user_id", everybody=everybody)
    compared = _compared(_scored(and_(_KEYWORDS.c.user_id == any_(keys_parameter()), visible)))
    ranked = select(
        compared,
        *(
            func.row_number()
            .over(partition_by=compared.c.user_id, order_by=_ordered_by(compared, ranking))
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
    """Select the keywords with the sums of their periods as an array: the number of the period, and its sums."""
    parents = select(chosen.c.id).cte("parent")
    total = totals(parents, "keyword_id", everybody=everybody)
    of_period = func.json_build_array(total.c.number, *(total.c[measure] for measure in MEASURES))
    sums = (
        select(total.c.id, func.json_agg(of_period, type_=JSON).label("sums"))
        .group_by(total.c.id)
        .subquery("sums")
    )
    kept = [column for column in chosen.c if column.name != "efficiency"]
    return as_json_items(
        select(*kept, sums.c.sums).select_from(chosen.outerjoin(sums, sums.c.id == chosen.c.id))
    )


@statement
def _keywords_efficiency(*, everybody: bool) -> Select[Any]:
    requested = _KEYWORDS.alias("asked")
    owners = select(requested.c.user_id).where(requested.c.id == any_(keys_parameter())).scalar_subquery()
    visible = visible_among(Keyword, by="user_id", everybody=everybody)
    compared = _compared(_scored(and_(_KEYWORDS.c.user_id.in_(owners), visible)))
    return select(compared.c.id, compared.c.not_better, compared.c.among).where(
        compared.c.id == any_(keys_parameter()), compared.c.leads_count > literal_column("0")
    )


async def efficiency(reader: Reader, scope: Scope, keyword_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return `not_better` and `among` of each visible keyword that has leads, by ID."""
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
    periods: tuple[Period, ...],
) -> dict[int, list[RankedKeyword]]:
    """Return the first `most` keywords of each ranking, by user. Keywords without mentions are not ranked."""
    ((items,),) = await reader.fetch_tuples(
        _keywords_ranking(rankings, everybody=scope.everybody),
        scope,
        keys=user_ids,
        most=most,
        **part_values(periods),
    )
    by_user: dict[int, list[RankedKeyword]] = {}
    for row in json_items(items):
        keyword = snapshot_from_json(Keyword, row[:_WIDTH])
        not_better, among, *places, sums = row[_WIDTH:]
        compared = (not_better, among) if keyword.leads_count else None
        of_periods = [BucketSums()] * len(periods)
        for number, *measured in sums or ():
            of_periods[number] = BucketSums._make(measured)
        ranked = RankedKeyword(keyword, places, compared, of_periods)
        by_user.setdefault(keyword.user_id, []).append(ranked)
    return by_user
