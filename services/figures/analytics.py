"""Sums of a user's mentions and leads: of a window and the previous window, of today, over time, and of all time."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from operator import attrgetter

from db.models import Keyword, Lead, Mention, User
from db.models.base import COUNTERS
from db.statements.buckets import BucketSums
from loaders.buckets import BucketSumsByParent
from loaders.dataloader import DataLoaders
from loaders.rows import RowById
from services.figures.cache import cached_figure
from services.figures.group_by import ask_by_group
from services.figures.rates import (
    PARTS,
    RateBasis,
    RateTrend,
    Trend,
    new_rate,
    new_rate_trend,
    new_trend,
)
from services.figures.window_sums import WindowSums, spans_of
from services.figures.windows import TimeUnit, bounds_of, today, usual_period, windows, zone_or_utc

TTL_SECONDS = 600
EVER = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class UserFiguresOf:
    """A window, the previous window with its elapsed part (as in `Period`), and the viewer's current day."""

    user_id: int
    previous_start: datetime
    previous_cut: datetime
    start: datetime
    end: datetime
    today: datetime
    tomorrow: datetime


@dataclass(frozen=True, slots=True)
class UserFigures:
    """`counters` are of all time, by the names of the user's columns. Leads count by their current status."""

    counters: dict[str, int]
    ever: BucketSums
    today: BucketSums
    window: WindowSums


def _warm_figures(user: User, now: datetime) -> Sequence[UserFiguresOf]:
    period, zone = usual_period(user.time_zone, now), zone_or_utc(user.time_zone)
    midnight, next_midnight = today(zone, now)
    return [UserFiguresOf(user.id, *period, midnight, next_midnight)]


@cached_figure(
    "user_figures",
    models=(Lead, Mention),
    version=3,
    ttl_seconds=TTL_SECONDS,
    stale_seconds=TTL_SECONDS,
    shared=True,
    warm_questions=_warm_figures,
)
async def user_figures(loaders: DataLoaders, questions: Sequence[UserFiguresOf]) -> Sequence[UserFigures]:
    """Return the figures from counters and roll-ups; zeros for a user whom the viewer may not see."""

    async def ask(group: UserFiguresOf, members: Sequence[UserFiguresOf]) -> Sequence[UserFigures]:
        spans = (EVER, (group.today, group.tomorrow), *spans_of(group))
        ids = [question.user_id for question in members]
        users = await loaders.load(RowById(User), ids)
        bucket_sums = await loaders.load(BucketSumsByParent("user_id"), [(id_, spans) for id_ in ids])
        return [
            UserFigures(_counters(user), ever, of_today, WindowSums.of(sums))
            for user, (ever, of_today, *sums) in zip(users, bucket_sums, strict=True)
        ]

    return await ask_by_group(questions, lambda question: replace(question, user_id=0), ask)


def _counters(user: User | None) -> dict[str, int]:
    return {name: getattr(user, name) if user else 0 for name in COUNTERS}


@dataclass(frozen=True, slots=True)
class UserSeriesOf:
    """Consecutive windows: each from one element of `bounds` to the next."""

    user_id: int
    bounds: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class KeywordSeriesOf:
    user_id: int
    keyword_id: int
    bounds: tuple[datetime, ...]


def _warm_series(user: User, now: datetime) -> Sequence[UserSeriesOf]:
    period, zone = usual_period(user.time_zone, now), zone_or_utc(user.time_zone)
    days = windows(TimeUnit.DAY, period.start, period.end, zone, user.week_start, now)
    return [UserSeriesOf(user.id, bounds_of(list(days)))]


@cached_figure(
    "user_series",
    models=(Lead, Mention),
    version=1,
    ttl_seconds=TTL_SECONDS,
    stale_seconds=TTL_SECONDS,
    shared=True,
    warm_questions=_warm_series,
)
async def user_series(loaders: DataLoaders, questions: Sequence[UserSeriesOf]) -> Sequence[list[BucketSums]]:
    """Return the sums of all of a user's keywords in each window."""
    return await _series(loaders, "user_id", questions)


@cached_figure(
    "keyword_series",
    models=(Keyword,),
    version=1,
    ttl_seconds=TTL_SECONDS,
    stale_seconds=TTL_SECONDS,
    shared=True,
)
async def keyword_series(
    loaders: DataLoaders, questions: Sequence[KeywordSeriesOf]
) -> Sequence[list[BucketSums]]:
    """Return the sums of a keyword in each window."""
    return await _series(loaders, "keyword_id", questions)


async def _series(
    loaders: DataLoaders, by: str, questions: Sequence[UserSeriesOf | KeywordSeriesOf]
) -> Sequence[list[BucketSums]]:
    async def ask(
        bounds: tuple[datetime, ...], members: Sequence[UserSeriesOf | KeywordSeriesOf]
    ) -> Sequence[list[BucketSums]]:
        periods = tuple(pairwise(bounds))
        keys = [(getattr(question, by), periods) for question in members]
        return [list(sums) for sums in await loaders.load(BucketSumsByParent(by), keys)]

    return await ask_by_group(questions, lambda question: question.bounds, ask)


def trend_of(measure: str) -> Callable[[WindowSums], Trend]:
    """Return a function that returns the trend of the measure."""
    read = attrgetter(measure)

    def trend(sums: WindowSums) -> Trend:
        current, previous, to_date = sums
        return new_trend((read(current), read(previous), read(to_date)))

    return trend


def rate_trends(every: Iterable[WindowSums], basis: RateBasis) -> list[RateTrend]:
    """Return the trends of a rate within windows, for instance of first conversions per mention."""
    over, under = map(attrgetter, PARTS[basis])
    return [
        new_rate_trend([new_rate((over(sums), under(sums), basis)) for sums in of_window])
        for of_window in every
    ]
