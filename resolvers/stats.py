"""Figures over all rows of a connection's list, regardless of the page."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from db.language.filter import Operator, Test
from db.models import Keyword, Lead, LeadStatus, User
from loaders.counts import CountByParent, GroupsByParent, SumsByParent, WindowCountsByParent
from loaders.rows import RowById
from resolvers.framework.context import Context
from resolvers.framework.errors import UserInputError
from resolvers.framework.paging import Connection, bounded, load_of_each_list, total_count
from resolvers.framework.requires import Bound, requires
from resolvers.timeframe import zone_for
from services.figures.rates import OF_ALL_TIME, PARTS, Rate, RateBasis
from services.figures.windows import TimeUnit, Window, default_range, windows

MOST_WINDOWS = 1000
DEFAULT_KEYWORDS = 10
MOST_KEYWORDS = 100

_BY_STATUS = Bound(shared="groups by status")

Connections: TypeAlias = Sequence[Connection[Any]]


@dataclass(frozen=True, slots=True)
class GroupCount:
    value: Any
    count: int


@dataclass(frozen=True, slots=True)
class KeywordCount:
    keyword: Keyword
    count: int


@dataclass(frozen=True, slots=True)
class Money:
    """An amount with two decimals in the currency of an ISO 4217 code."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class WindowCount:
    start: datetime
    end: datetime
    partial: bool
    future: bool
    window: Window
    count: int


count = total_count


def grouped(by: str) -> Callable[[Connections, Context], Awaitable[Sequence[Sequence[GroupCount]]]]:
    """Return the resolver of a column's values with their numbers of rows, the most frequent first."""

    @requires(bound=Bound(shared=f"groups by {by}"))
    async def resolve(connections: Connections, context: Context) -> Sequence[Sequence[GroupCount]]:
        groups = await _groups(connections, context, by)
        return [[GroupCount(value, n) for value, n in found] for found in groups]

    return resolve


@requires(bound=_BY_STATUS)
async def by_status(connections: Connections, context: Context) -> Sequence[Sequence[GroupCount]]:
    """Return the numbers of leads of all statuses, in the order of the stages."""
    groups = await _groups(connections, context, "status")
    return [[GroupCount(status, dict(found).get(status, 0)) for status in LeadStatus] for found in groups]


async def _groups(connections: Connections, context: Context, by: str) -> Sequence[Sequence[tuple[Any, int]]]:
    return await load_of_each_list(
        connections, context, lambda of: GroupsByParent(of.model, of.parent, by, of.where)
    )


@requires(loads=2, others={Keyword: ("id",)}, models=[Keyword])
async def by_keyword(
    connections: Connections, context: Context, first: int | None = None
) -> Sequence[Sequence[KeywordCount]]:
    most = bounded(first, DEFAULT_KEYWORDS, MOST_KEYWORDS)
    groups = [list(islice(found, most)) for found in await _groups(connections, context, "keyword_id")]
    ids = [keyword_id for found in groups for keyword_id, _ in found]
    rows = await context.load(RowById(Keyword), ids)
    keywords = {row.id: row for row in rows if row is not None}
    return [
        [KeywordCount(keywords[keyword_id], n) for keyword_id, n in found if keyword_id in keywords]
        for found in groups
    ]


def summed(column: str) -> Callable[[Connections, Context], Awaitable[Sequence[int]]]:
    """Return the resolver of a column's sum. Rows without a value add nothing."""

    @requires()
    async def resolve(connections: Connections, context: Context) -> Sequence[int]:
        sums = await _sums(connections, context, column, None)
        return [int(sum(total for _, total in found)) for found in sums]

    return resolve


@requires()
async def value(connections: Connections, context: Context) -> Sequence[Sequence[Money]]:
    sums = await _sums(connections, context, "value", "currency")
    return [[Money(total, currency) for currency, total in found] for found in sums]


async def _sums(
    connections: Connections, context: Context, column: str, by: str | None
) -> Sequence[Sequence[tuple[Any, Any]]]:
    return await load_of_each_list(
        connections, context, lambda of: SumsByParent(of.model, of.parent, column, by, of.where)
    )


@requires(bound=_BY_STATUS)
async def converted_per_lead(connections: Connections, context: Context) -> Sequence[Rate]:
    groups = await _groups(connections, context, "status")
    return [
        Rate(dict(found).get(LeadStatus.CONVERTED, 0), sum(n for _, n in found), RateBasis.CONVERTED_PER_LEAD)
        for found in groups
    ]


@requires(loads=2, others={User: ("time_zone", "week_start")}, bound=Bound(viewer_row=True))
async def over_time(
    connections: Connections,
    context: Context,
    by: TimeUnit,
    time_zone: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Sequence[Sequence[WindowCount]]:
    viewer = await context.load_one(RowById(User), context.viewer.user_id)
    week_start = viewer.week_start if viewer else 1
    request = _windows(by, zone_for(viewer, time_zone), week_start, context.now, since, until)
    context.note_ends(since, until)
    if not request:
        return [[]] * len(connections)
    starts, end = tuple(window.start for window in request), request[-1].end
    counts = await load_of_each_list(
        connections, context, lambda of: WindowCountsByParent(of.model, of.parent, starts, end, of.where)
    )
    return [
        [
            WindowCount(
                window.start, window.end, window.partial, window.future, window, counted.get(index, 0)
            )
            for index, window in enumerate(request)
        ]
        for counted in counts
    ]


def _windows(
    by: TimeUnit,
    zone: ZoneInfo,
    week_start: int,
    now: datetime,
    since: datetime | None,
    until: datetime | None,
) -> Sequence[Window]:
    start, end = default_range(by, zone, week_start, now)
    since, until = since or start, until or end
    if since > until:
        raise UserInputError(
            f"`from` ({since.isoformat()}) must not be later than `to` ({until.isoformat()})."
        )
    try:
        request = list(islice(windows(by, since, until, zone, week_start, now), MOST_WINDOWS + 1))
    except OverflowError as error:
        raise UserInputError("`from` and `to` must not be near the end of the calendar.") from error
    if len(request) > MOST_WINDOWS:
        raise UserInputError(f"`from` and `to` must be at most {MOST_WINDOWS} units apart. Use longer units.")
    return request


def rate_of(parent: str, default: RateBasis) -> Callable[..., Awaitable[Sequence[Rate]]]:
    """Return the resolver of a rate of users or keywords, from their counters. The number of leads that were ever
    qualified has no counter, and is counted.
    """

    @requires(
        *OF_ALL_TIME.values(),
        bound=Bound(only_for=("basis", RateBasis.QUALIFIED_PER_LEAD.name)),
        models=[Lead],
    )
    async def resolve(
        rows: Sequence[Any], context: Context, basis: RateBasis | None = None
    ) -> Sequence[Rate]:
        chosen = basis or default
        if chosen is RateBasis.QUALIFIED_PER_LEAD:
            qualified = CountByParent(Lead, parent, Test("qualified_at", Operator.IS_NULL, False))
            reached = await context.load(qualified, [row.id for row in rows])
            return [Rate(n, row.leads_count, chosen) for n, row in zip(reached, rows, strict=True)]
        over, under = (OF_ALL_TIME[part] for part in PARTS[chosen])
        return [Rate(getattr(row, over), getattr(row, under), chosen) for row in rows]

    return resolve
