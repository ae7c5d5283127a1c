"""Time series."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from db.models import Lead, Mention, User
from db.statements.buckets import BucketSums
from resolvers.framework.context import Context
from resolvers.framework.requires import requires
from resolvers.timeframe import Overview, Unit, figures
from services.figures.analytics import UserSeriesOf, user_series
from services.figures.cache import Figure
from services.figures.windows import TimeUnit, Window, bounds_of


@dataclass(frozen=True, slots=True)
class Point(Unit):
    """A unit of time with its counts."""

    tally: BucketSums

    @property
    def mentions(self) -> int:
        return self.tally.mentions

    @property
    def leads(self) -> int:
        return self.tally.leads

    @property
    def qualified(self) -> int:
        return self.tally.qualified

    @property
    def converted(self) -> int:
        return self.tally.converted


@dataclass(frozen=True, slots=True)
class Series:
    as_of: datetime
    points: list[Point]


def series_of(units: Sequence[Window], figure: Figure[list[BucketSums]]) -> Series:
    return Series(figure.as_of, [Point(unit, tally) for unit, tally in zip(units, figure.value, strict=True)])


@requires(others={User: ("data_version",)}, loads=2)
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
