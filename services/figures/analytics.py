"""What happened to a user's mentions and leads: within a window and the one before, today, over time, and ever."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from db.models import User
from db.statements.buckets import BucketSums
from loaders.buckets import SumsOfBuckets
from loaders.loader import Loads
from loaders.rows import RowBy
from services.figures.cache.cached import cached_figure
from services.figures.group_by import ask_by_group
from services.figures.rates import PARTS, Rate, RateBasis, RateTrend, Trend
from services.figures.windows import TimeUnit, bounds_of, today, usual_period, windows, zone_or_utc

TTL_SECONDS = 600
EVER = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
COUNTERS = (
    "mentions_count",
    "leads_count",
    "new_leads_count",
    "contacted_leads_count",
    "qualified_leads_count",
    "converted_leads_count",
    "disqualified_leads_count",
)


@dataclass(frozen=True, slots=True)
class UserFiguresOf:
    """A window from `start` to `end`, the one before it from `previous_start` on, and the viewer's day."""

    user_id: int
    previous_start: datetime
    start: datetime
    end: datetime
    today: datetime
    tomorrow: datetime


@dataclass(frozen=True, slots=True)
class UserFigures:
    """`counters` are of all time, by the names of the user's columns; leads by the status that they have now."""

    counters: dict[str, int]
    ever: BucketSums
    previous: BucketSums
    current: BucketSums
    today: BucketSums


async def _foresee_figures(_: Loads, user: User, now: datetime) -> Sequence[UserFiguresOf]:
    period, zone = usual_period(user.time_zone, now), zone_or_utc(user.time_zone)
    first, behind = today(zone, now)
    return [UserFiguresOf(user.id, *period, first, behind)]


@cached_figure(
    "user_figures",
    version=1,
    ttl_seconds=TTL_SECONDS,
    stale_seconds=TTL_SECONDS,
    shared=True,
    warm_questions=_foresee_figures,
)
async def user_figures(loads: Loads, questions: Sequence[UserFiguresOf]) -> Sequence[UserFigures]:
    """From counters and roll-ups. A user whom the viewer may not see has done nothing."""

    async def ask(kind: tuple[datetime, ...], some: Sequence[UserFiguresOf]) -> Sequence[UserFigures]:
        previous_start, start, end, today, tomorrow = kind
        spans = (EVER, (previous_start, start), (start, end), (today, tomorrow))
        ids = [question.user_id for question in some]
        users = await loads.load(RowBy(User), ids)
        bucket_sums = await loads.load(SumsOfBuckets("user_id", spans), ids)
        return [
            UserFigures(_counters(user), *tallied) for user, tallied in zip(users, bucket_sums, strict=True)
        ]

    return await ask_by_group(
        questions, lambda one: (one.previous_start, one.start, one.end, one.today, one.tomorrow), ask
    )


def _counters(user: User | None) -> dict[str, int]:
    return {name: getattr(user, name) if user else 0 for name in COUNTERS}


@dataclass(frozen=True, slots=True)
class UserSeriesOf:
    """Windows that follow one another: each from a moment of `bounds` up to the next."""

    user_id: int
    bounds: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class KeywordSeriesOf:
    user_id: int
    keyword_id: int
    bounds: tuple[datetime, ...]


async def _foresee_series(_: Loads, user: User, now: datetime) -> Sequence[UserSeriesOf]:
    period, zone = usual_period(user.time_zone, now), zone_or_utc(user.time_zone)
    days = windows(TimeUnit.DAY, period.start, period.end, zone, user.week_start, now)
    return [UserSeriesOf(user.id, bounds_of(list(days)))]


@cached_figure(
    "user_series",
    version=1,
    ttl_seconds=TTL_SECONDS,
    stale_seconds=TTL_SECONDS,
    shared=True,
    warm_questions=_foresee_series,
)
async def user_series(loads: Loads, questions: Sequence[UserSeriesOf]) -> Sequence[list[BucketSums]]:
    """What happened to all of a user's keywords within each window; zeros where nothing did."""

    async def ask(bounds: tuple[datetime, ...], some: Sequence[UserSeriesOf]) -> Sequence[list[BucketSums]]:
        return await _series(loads, "user_id", bounds, [question.user_id for question in some])

    return await ask_by_group(questions, lambda one: one.bounds, ask)


@cached_figure("keyword_series", version=1, ttl_seconds=TTL_SECONDS, stale_seconds=TTL_SECONDS, shared=True)
async def keyword_series(loads: Loads, questions: Sequence[KeywordSeriesOf]) -> Sequence[list[BucketSums]]:
    """What happened to a keyword within each window; zeros where nothing did."""

    async def ask(
        bounds: tuple[datetime, ...], some: Sequence[KeywordSeriesOf]
    ) -> Sequence[list[BucketSums]]:
        return await _series(loads, "keyword_id", bounds, [question.keyword_id for question in some])

    return await ask_by_group(questions, lambda one: one.bounds, ask)


async def _series(
    loads: Loads, by: str, bounds: Sequence[datetime], ids: Sequence[int]
) -> Sequence[list[BucketSums]]:
    spans = tuple(pairwise(bounds))
    return [list(tallied) for tallied in await loads.load(SumsOfBuckets(by, spans), ids)]


def trend(current: BucketSums, previous: BucketSums, measure: str) -> Trend:
    return Trend(getattr(current, measure), getattr(previous, measure))


def rate(tally: BucketSums, basis: RateBasis) -> Rate:
    """A rate of what happened within a window: leads that were first converted in it, by its mentions, say."""
    over, under = PARTS[basis]
    return Rate(getattr(tally, over), getattr(tally, under), basis)


def rate_trend(current: BucketSums, previous: BucketSums, basis: RateBasis) -> RateTrend:
    return RateTrend(rate(current, basis), rate(previous, basis))
