"""Figures over a connection's list: all rows that its filter lets through, whatever its page."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from db.filter import Operator, Test
from db.models import Keyword, Lead, LeadStatus, User
from loaders.counts import Count, Groups, PerDay, Sums
from loaders.rows import RowBy
from resolvers.context import Context
from resolvers.errors import UserInputError
from resolvers.paging import Connection, of_each_list, total_count
from services.rates import Rate, RateBasis
from services.windows import TimeUnit, UnknownZoneError, Window, default_range, windows, zone_of

MOST_WINDOWS = 1000
MOST_KEYWORDS = 100

Connections: TypeAlias = Sequence[Connection[Any]]


@dataclass(frozen=True, slots=True)
class GroupCount:
    """A value of a column, and the number of rows that have it."""

    value: Any
    count: int


@dataclass(frozen=True, slots=True)
class KeywordCount:
    keyword: Keyword
    count: int


@dataclass(frozen=True, slots=True)
class Total:
    currency: str
    total: Decimal


@dataclass(frozen=True, slots=True)
class WindowCount:
    window: Window
    count: int

    @property
    def start(self) -> datetime:
        return self.window.start

    @property
    def end(self) -> datetime:
        return self.window.end

    @property
    def partial(self) -> bool:
        return self.window.partial


count = total_count


def grouped(by: str) -> Callable[[Connections, Context], Awaitable[Sequence[Sequence[GroupCount]]]]:
    """How many rows have each value of a column; only values that are there, the most frequent first."""

    async def resolve(connections: Connections, context: Context) -> Sequence[Sequence[GroupCount]]:
        groups = await _groups(connections, context, by)
        return [[GroupCount(value, n) for value, n in found] for found in groups]

    return resolve


async def _groups(connections: Connections, context: Context, by: str) -> Sequence[Sequence[tuple[Any, int]]]:
    async def ask(some: Connections) -> Sequence[Sequence[tuple[Any, int]]]:
        listing = some[0].listing
        loader = Groups(listing.model, listing.parent, by, listing.where)
        return await context.load(loader, [connection.parent_id for connection in some])

    return await of_each_list(connections, ask)


async def by_keyword(
    connections: Connections, context: Context, first: int = 10
) -> Sequence[Sequence[KeywordCount]]:
    if not 0 <= first <= MOST_KEYWORDS:
        raise UserInputError(f"`first` has to be between 0 and {MOST_KEYWORDS}, not {first}.")
    groups = [list(islice(found, first)) for found in await _groups(connections, context, "keyword_id")]
    ids = [keyword_id for found in groups for keyword_id, _ in found]
    rows = await context.load(RowBy(Keyword), ids)
    keywords = {row.id: row for row in rows if row is not None}
    return [
        [KeywordCount(keywords[keyword_id], n) for keyword_id, n in found if keyword_id in keywords]
        for found in groups
    ]


def summed(column: str) -> Callable[[Connections, Context], Awaitable[Sequence[int]]]:
    """A column's sum; rows without a value add nothing."""

    async def resolve(connections: Connections, context: Context) -> Sequence[int]:
        sums = await _sums(connections, context, column, None)
        return [int(sum(total for _, total in found)) for found in sums]

    return resolve


async def value(connections: Connections, context: Context) -> Sequence[Sequence[Total]]:
    sums = await _sums(connections, context, "value", "currency")
    return [[Total(currency, total) for currency, total in found] for found in sums]


async def _sums(
    connections: Connections, context: Context, column: str, by: str | None
) -> Sequence[Sequence[tuple[Any, Any]]]:
    async def ask(some: Connections) -> Sequence[Sequence[tuple[Any, Any]]]:
        listing = some[0].listing
        loader = Sums(listing.model, listing.parent, column, by, listing.where)
        return await context.load(loader, [connection.parent_id for connection in some])

    return await of_each_list(connections, ask)


async def conversion_rate(connections: Connections, context: Context) -> Sequence[Rate]:
    groups = await _groups(connections, context, "status")
    return [
        Rate(dict(found).get(LeadStatus.CONVERTED, 0), sum(n for _, n in found), RateBasis.CONVERTED_PER_LEAD)
        for found in groups
    ]


async def over_time(
    connections: Connections,
    context: Context,
    by: TimeUnit,
    time_zone: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Sequence[Sequence[WindowCount]]:
    viewer = await context.load_one(RowBy(User), context.viewer.user_id)
    week_start = viewer.week_start if viewer else 1
    zone = _zone(time_zone or (viewer.time_zone if viewer else "UTC"))
    now = datetime.now(UTC)
    start, end = default_range(by, zone, week_start, now)
    range_ = (since or start, until or end)
    asked = list(islice(windows(by, *range_, zone, week_start, now), MOST_WINDOWS + 1))
    if len(asked) > MOST_WINDOWS:
        raise UserInputError(
            f"`from` and `to` are more than {MOST_WINDOWS} units apart: ask for longer units."
        )
    ask = partial(_per_day, context=context, window=range_, zone=zone)
    return [
        [WindowCount(window, _within(window, days)) for window in asked]
        for days in await of_each_list(connections, ask)
    ]


def _zone(name: str) -> ZoneInfo:
    try:
        return zone_of(name)
    except UnknownZoneError as error:
        raise UserInputError(f"`timeZone`: {error}") from error


async def _per_day(
    some: Connections, *, context: Context, window: tuple[datetime, datetime], zone: ZoneInfo
) -> Sequence[Mapping[date, int]]:
    listing = some[0].listing
    loader = PerDay(listing.model, listing.parent, window, zone.key, listing.where)
    return await context.load(loader, [connection.parent_id for connection in some])


def _within(window: Window, days: Mapping[date, int]) -> int:
    return sum(n for day, n in days.items() if window.first_day <= day < window.last_day)


def rate_of(parent: str, default: RateBasis) -> Callable[..., Awaitable[Sequence[Rate]]]:
    """A rate of users or keywords, from their counters. How many leads were ever qualified is counted."""

    async def resolve(
        rows: Sequence[Any], context: Context, basis: RateBasis | None = None
    ) -> Sequence[Rate]:
        chosen = basis or default
        if chosen is RateBasis.QUALIFIED_PER_LEAD:
            qualified = Count(Lead, parent, Test("qualified_at", Operator.IS_NULL, False))
            reached = await context.load(qualified, [row.id for row in rows])
            return [Rate(n, row.leads_count, chosen) for n, row in zip(reached, rows, strict=True)]
        over, under = {
            RateBasis.LEADS_PER_MENTION: ("leads_count", "mentions_count"),
            RateBasis.CONVERTED_PER_MENTION: ("converted_leads_count", "mentions_count"),
            RateBasis.CONVERTED_PER_LEAD: ("converted_leads_count", "leads_count"),
        }[chosen]
        return [Rate(getattr(row, over), getattr(row, under), chosen) for row in rows]

    return resolve
