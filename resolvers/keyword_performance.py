"""The performance of keywords in a window, in the window before, and over all time."""

from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import NamedTuple, Unpack

from db.models import Keyword, User
from db.statements.keyword_ranking import Ranking
from loaders.keyword_ranking import EfficiencyByKeyword
from resolvers.framework.context import Context
from resolvers.framework.paging import bounded
from resolvers.framework.requires import Bound, requires
from resolvers.series import Series, series_of
from resolvers.timeframe import USERS_COLUMNS, FrameArguments, Overview, Timeframe, figures, timeframe
from services.figures.analytics import KeywordSeriesOf, keyword_series
from services.figures.cache import STATE_COLUMNS
from services.figures.keyword_performance import (
    KeywordFigures,
    KeywordWindowOf,
    best_keywords,
    best_keywords_of,
    keyword_window,
    performance_score,
)
from services.figures.keyword_performance import efficiency_score as score_of
from services.figures.window_sums import WindowSums
from services.figures.windows import TimeUnit, bounds_of

_RENAMED = {Ranking.CONVERSION_RATE: Ranking.LEADS_PER_MENTION}
DEFAULT_WIDGET = 5
DEFAULT_KEYWORDS = 20
MOST_KEYWORDS = 100
BEST_KEYWORDS = Bound(
    owner_rows=True, shared="best keywords", shared_up_to=DEFAULT_KEYWORDS, facts=frozenset()
)
"""The bound of fields that read the usual rankings."""


class KeywordPerformance(NamedTuple):
    """A keyword with its figures. Figures of a ranking include the efficiency; otherwise it is loaded if selected."""

    keyword: Keyword
    frame: Timeframe
    figures: WindowSums | KeywordFigures
    as_of: datetime

    @property
    def sums(self) -> WindowSums:
        return self.figures.window if isinstance(self.figures, KeywordFigures) else self.figures

    @property
    def performance_score(self) -> int:
        return performance_score(self.keyword.mentions_count, self.keyword.leads_count)


async def best_of_users(
    overviews: Sequence[Overview], context: Context, ranking: Ranking, most: int
) -> Sequence[Sequence[KeywordPerformance]]:
    """Return the best keywords of each user. Keywords without mentions are left out."""
    size = DEFAULT_KEYWORDS if most <= DEFAULT_KEYWORDS else MOST_KEYWORDS
    questions = [best_keywords_of(one.user_id, one.frame.period, ranking, size) for one in overviews]
    found = await figures(context, best_keywords, [one.frame for one in overviews], questions)
    best = [figure.value.first(ranking, most) for figure in found]
    return [
        [KeywordPerformance(one.keyword, overview.frame, one, figure.as_of) for one in some]
        for overview, figure, some in zip(overviews, found, best, strict=True)
    ]


@requires(others={User: STATE_COLUMNS}, loads=2, bound=BEST_KEYWORDS, models=best_keywords.models)
async def widget(
    overviews: Sequence[Overview], context: Context, first: int | None = None
) -> Sequence[Sequence[KeywordPerformance]]:
    """Return the keywords with the most leads of each user."""
    most = bounded(first, DEFAULT_WIDGET, MOST_KEYWORDS)
    return await best_of_users(overviews, context, Ranking.LEADS, most)


@requires(
    others={User: STATE_COLUMNS},
    loads=2,
    bound=Bound(owner_rows=True, facts=frozenset()),
    models=best_keywords.models,
)
async def ranking(
    overviews: Sequence[Overview], context: Context, first: int | None = None, order_by: Ranking | None = None
) -> Sequence[Sequence[KeywordPerformance]]:
    most = bounded(first, DEFAULT_KEYWORDS, MOST_KEYWORDS)
    chosen = order_by or Ranking.LEADS_PER_MENTION
    return await best_of_users(overviews, context, _RENAMED.get(chosen, chosen), most)


@requires(
    "user_id",
    "mentions_count",
    "leads_count",
    others={User: (*USERS_COLUMNS, *STATE_COLUMNS)},
    loads=2,
    bound=Bound(most=3, viewer_row=True, owner_rows=True, facts=frozenset({"unranked"})),
    models=[Keyword, *keyword_window.models],
)
async def of_keywords(
    keywords: Sequence[Keyword], context: Context, **window: Unpack[FrameArguments]
) -> Sequence[KeywordPerformance]:
    context.require(Keyword)  # a mutation returns its rows to keys without the scope, too
    frame = await timeframe(context, **window)
    questions = [KeywordWindowOf(one.user_id, one.id, *frame.period) for one in keywords]
    found = await context.figures(keyword_window, questions, frame.max_age)
    return [
        KeywordPerformance(keyword, frame, figure.value, figure.as_of)
        for keyword, figure in zip(keywords, found, strict=True)
    ]


@requires(others={User: STATE_COLUMNS}, loads=2, bound=Bound(owner_rows=True), models=keyword_series.models)
async def over_time(
    performances: Sequence[KeywordPerformance], context: Context, by: TimeUnit | None = None
) -> Sequence[Series]:
    units = [one.frame.units(by or TimeUnit.DAY) for one in performances]
    questions = [
        KeywordSeriesOf(one.keyword.user_id, one.keyword.id, bounds_of(own))
        for one, own in zip(performances, units, strict=True)
    ]
    found = await figures(context, keyword_series, [one.frame for one in performances], questions)
    return [series_of(own, figure) for own, figure in zip(units, found, strict=True)]


@requires(bound=Bound(when=frozenset({"unranked"})), models=[Keyword])
def efficiency_score(
    performances: Sequence[KeywordPerformance], context: Context
) -> Sequence[int | None] | Awaitable[Sequence[int | None]]:
    """Return the scores at once if the figures of a ranking have them. Load those of other keywords."""
    of_rankings = [
        one.figures.efficiency_score for one in performances if isinstance(one.figures, KeywordFigures)
    ]
    return of_rankings if len(of_rankings) == len(performances) else _loaded_scores(performances, context)


async def _loaded_scores(
    performances: Sequence[KeywordPerformance], context: Context
) -> Sequence[int | None]:
    others = [one.keyword for one in performances if not isinstance(one.figures, KeywordFigures)]
    request = iter(await efficiency_of_keywords(others, context))
    return [
        one.figures.efficiency_score if isinstance(one.figures, KeywordFigures) else next(request)
        for one in performances
    ]


@requires(models=[Keyword])
async def efficiency_of_keywords(keywords: Sequence[Keyword], context: Context) -> Sequence[int | None]:
    """Return the efficiency as of the operation's snapshot, like the keyword's totals."""
    context.require(Keyword)
    compared = await context.load(EfficiencyByKeyword(), [keyword.id for keyword in keywords])
    return [score_of(one) for one in compared]


@requires("mentions_count", "leads_count", loads=0)
def performance_of_keywords(keywords: Sequence[Keyword], context: Context) -> Sequence[int]:
    del context
    return [performance_score(keyword.mentions_count, keyword.leads_count) for keyword in keywords]
