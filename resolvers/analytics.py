"""What happened to a user's mentions and leads."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from db.models import Keyword, Lead, LeadStatus, Mention, User
from db.statements.buckets import BucketSums
from db.statements.keyword_ranking import Ranking
from resolvers.framework.context import Context
from resolvers.framework.paging import bounded
from resolvers.framework.requires import requires
from resolvers.keyword_performance import KeywordPerformance, best_of_users
from resolvers.stats import GroupCount
from resolvers.timeframe import Overview, figures
from resolvers.trend import Trends
from services.figures import dashboard as of_dashboards
from services.figures.analytics import COUNTERS, UserFigures, UserFiguresOf, user_figures
from services.figures.cache import Figure
from services.figures.rates import OF_ALL_TIME, PARTS, Rate, RateBasis, Trend, percent

MOST_LEADS = 50


class Stage(Enum):
    """The stages of the funnel, by the names of what is counted."""

    MENTIONS = "mentions"
    LEADS = "leads"
    QUALIFIED = "qualified"
    CONVERTED = "converted"


@dataclass(frozen=True, slots=True)
class FunnelStage:
    """`before` and `first` are the numbers of the stage before and of the first one; None for the first one."""

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
class Totals(Trends):
    """The figures of a user: what is counted of leads, of conversions, and what a dashboard shows at its top."""

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
    def bucket_sums(self) -> tuple[BucketSums, BucketSums]:
        return self.figure.value.current, self.figure.value.previous

    @property
    def by_status(self) -> list[GroupCount]:
        counters = self.figure.value.counters
        return [GroupCount(status, counters[f"{status}_leads_count"]) for status in LeadStatus]

    @property
    def funnel(self) -> list[FunnelStage]:
        counts = [self.trend(stage.value) for stage in Stage]
        before = [None, *(count.value for count in counts)]
        first = [None, *[counts[0].value] * 3]
        return [FunnelStage(*of_one) for of_one in zip(Stage, counts, before, first, strict=False)]


def _question(overview: Overview) -> UserFiguresOf:
    return UserFiguresOf(overview.user_id, *overview.frame.period, *overview.frame.today)


@requires(others={User: (*COUNTERS, "data_version")}, loads=2)
async def totals(overviews: Sequence[Overview], context: Context) -> Sequence[Totals]:
    for model in (Lead, Mention):
        context.require(model)
    frames = [overview.frame for overview in overviews]
    found = await figures(context, user_figures, frames, [_question(overview) for overview in overviews])
    return [Totals(overview, figure) for overview, figure in zip(overviews, found, strict=True)]


@requires(loads=0)
async def rate_of_all_time(
    parents: Sequence[Totals], context: Context, basis: RateBasis | None = None
) -> Sequence[Rate]:
    """By the counters, as the user's own rate."""
    del context
    chosen = basis or RateBasis.CONVERTED_PER_MENTION
    return [_rate(one.figure.value, chosen) for one in parents]


def _rate(of_user: UserFigures, basis: RateBasis) -> Rate:
    counted = {part: of_user.counters[column] for part, column in OF_ALL_TIME.items()}
    over, under = ({**counted, "qualified": of_user.ever.qualified}[part] for part in PARTS[basis])
    return Rate(over, under, basis)


@requires(others={User: ("data_version",)}, loads=2)
async def top_performing_keyword(
    parents: Sequence[Totals], context: Context
) -> Sequence[KeywordPerformance | None]:
    """The keyword with the most leads; None where no keyword has any."""
    best = await best_of_users([one.overview for one in parents], context, Ranking.LEADS, 1)
    return [some[0] if some and some[0].keyword.leads_count else None for some in best]


@requires(others={User: ("data_version",)}, loads=2)
async def recent_leads(
    overviews: Sequence[Overview], context: Context, first: int | None = None
) -> Sequence[Sequence[Lead]]:
    """The newest leads; their mentions and keywords are known with them."""
    most = bounded(first, of_dashboards.USUALLY_MOST, MOST_LEADS)
    return [[one.lead for one in figure.value[:most]] for figure in await _recent(overviews, context, most)]


@requires(others={User: ("data_version",)}, loads=2)
async def recent_leads_as_of(overviews: Sequence[Overview], context: Context) -> Sequence[datetime]:
    return [figure.as_of for figure in await _recent(overviews, context, of_dashboards.USUALLY_MOST)]


async def _recent(
    overviews: Sequence[Overview], context: Context, most: int
) -> Sequence[Figure[list[of_dashboards.RecentLead]]]:
    context.require(Lead)
    frames, size = [overview.frame for overview in overviews], of_dashboards.USUALLY_MOST
    if most > size:
        # `asOf` is that of the usual list; a longer one might be older, and is therefore read now.
        frames, size = [replace(frame, max_age=0) for frame in frames], MOST_LEADS
    questions = [of_dashboards.RecentLeadsOf(overview.user_id, size) for overview in overviews]
    found = await figures(context, of_dashboards.recent_leads, frames, questions)
    shown = [one for figure in found for one in figure.value]
    context.remember_snapshot_rows({one.mention.id: one.mention for one in shown}, Mention)
    context.remember_snapshot_rows({one.keyword.id: one.keyword for one in shown}, Keyword)
    return found
