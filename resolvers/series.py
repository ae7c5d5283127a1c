"""Time series."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from db.models import Lead, Mention, User
from db.statements.buckets import BucketSums
from resolvers.framework.context import Context
from resolvers.framework.requires import Bound, requires
from resolvers.timeframe import Overview, figures
from services.figures.analytics import UserSeriesOf, user_series
from services.figures.cache import STATE_COLUMNS, Figure
from services.figures.windows import TimeUnit, Window, bounds_of


class Point(NamedTuple):
    start: datetime
    end: datetime
    partial: bool
    future: bool
    window: Window
    mentions: int
    leads: int
    qualified: int
    converted: int


@dataclass(frozen=True, slots=True)
class Series:
    as_of: datetime
    points: list[Point]


def series_of(units: Sequence[Window], figure: Figure[list[BucketSums]]) -> Series:
    points = [
        Point(unit.start, unit.end, unit.partial, unit.future, unit, *sums)
        for unit, sums in zip(units, figure.value, strict=True)
    ]
    return Series(figure.as_of, points)


@requires(
    others={User: STATE_COLUMNS},
    loads=2,
    bound=Bound(owner_rows=True),
    models=[Lead, Mention, *user_series.models],
)
async def over_time(
    overviews: Sequence[Overview], context: Context, by: TimeUnit | None = None
) -> Sequence[Series]:
    for model in (Lead, Mention):
        context.require(model)
    units = [overview.frame.units(by or TimeUnit.DAY) for overview in overviews]
    questions = [
        UserSeriesOf(overview.user_id, bounds_of(own)) for overview, own in zip(overviews, units, strict=True)
    ]
    found = await figures(context, user_series, [overview.frame for overview in overviews], questions)
    return [series_of(own, figure) for own, figure in zip(units, found, strict=True)]
