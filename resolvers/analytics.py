"""Analytics of a user's mentions and leads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from db.models import LeadStatus, User
from db.models.base import COUNTERS
from resolvers.framework.context import Context
from resolvers.framework.requires import Bound, requires
from resolvers.stats import GroupCount
from resolvers.timeframe import Overview, figures
from services.figures.analytics import UserFigures, UserFiguresOf, trend_of, user_figures
from services.figures.cache import STATE_COLUMNS, Figure
from services.figures.rates import Trend, percent
from services.figures.window_sums import WindowSums


class Stage(Enum):
    """The stages of the funnel. Each value is the name of a count."""

    MENTIONS = "mentions"
    LEADS = "leads"
    QUALIFIED = "qualified"
    CONVERTED = "converted"


_TRENDS = [trend_of(stage.value) for stage in Stage]


@dataclass(frozen=True, slots=True)
class FunnelStage:
    """A stage with its count. `before` and `first` are the counts of the previous and the first stage; None for the
    first stage.
    """

    stage: Stage
    count: Trend
    before: int | None
    first: int | None

    @property
    def of_previous(self) -> float | None:
        return percent(self.count.value, self.before) if self.before else None

    @property
    def of_first(self) -> float | None:
        return percent(self.count.value, self.first) if self.first else None


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals of a user: leads, conversions, and the top of the dashboard."""

    overview: Overview
    figure: Figure[UserFigures]

    @property
    def as_of(self) -> datetime:
        return self.figure.as_of

    @property
    def total(self) -> int:
        return self.figure.value.counters["leads_count"]

    @property
    def today(self) -> int:
        return self.figure.value.today.leads

    @property
    def sums(self) -> WindowSums:
        return self.figure.value.window

    @property
    def by_status(self) -> list[GroupCount]:
        counters = self.figure.value.counters
        return [GroupCount(status, counters[f"{status}_leads_count"]) for status in LeadStatus]

    @property
    def funnel(self) -> list[FunnelStage]:
        counts = [trend(self.sums) for trend in _TRENDS]
        before = [None, *(count.value for count in counts)]
        first = [None, *[counts[0].value] * 3]
        return [FunnelStage(*of_one) for of_one in zip(Stage, counts, before, first, strict=False)]


@requires(
    others={User: (*COUNTERS, *STATE_COLUMNS)},
    loads=2,
    bound=Bound(owner_rows=True, shared="user figures"),
    models=user_figures.models,
)
async def totals(overviews: Sequence[Overview], context: Context) -> Sequence[Totals]:
    frames = [overview.frame for overview in overviews]
    questions = [UserFiguresOf(one.user_id, *one.frame.period, *one.frame.today) for one in overviews]
    found = await figures(context, user_figures, frames, questions)
    return [Totals(overview, figure) for overview, figure in zip(overviews, found, strict=True)]
