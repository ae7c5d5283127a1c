from datetime import datetime
from typing import Annotated

import strawberry

from db.statements.keyword_ranking import Ranking
from resolvers import keyword_performance as resolve
from resolvers.trend import rate_of_window
from schema.enums import deprecate, describe
from schema.fields import column, resolved_by
from schema.lazy_types import KeywordRef
from schema.stats import leads_rate_field, rate_field
from schema.timeframe import PREVIOUS_WINDOW_TO_DATE, Series, Window, of_frame, over_time
from schema.trend import RateTrend, Trend, trend
from services.figures.rates import RateBasis

describe(
    Ranking,
    "Figure by which keywords are ranked over all time, highest first. Keywords rank by the rounded figure that the API "
    "shows. Ties go to the keyword with more leads, then to the newest keyword. Keywords without mentions are not "
    "ranked.",
    leads="Rank by number of leads.",
    mentions="Rank by number of mentions.",
    leads_per_mention="Rank by number of leads divided by number of mentions, in percent with two decimals.",
    conversion_rate="Rank by number of leads divided by number of mentions, like LEADS_PER_MENTION.",
    performance_score="Rank by `performanceScore`, an integer.",
    efficiency_score="Rank by `efficiencyScore`. Keywords without leads come last.",
)
deprecate(Ranking.CONVERSION_RATE, "Use `LEADS_PER_MENTION`, which ranks the same.")

PERFORMANCE_SCORE = (
    "Performance over all time: 0.3 · number of mentions + 0.7 · number of leads, rounded half up to an integer. The "
    "score has no upper limit."
)
EFFICIENCY_SCORE = (
    "Efficiency over all time, from 0 to 100 (most efficient): the share of the user's keywords with mentions that are "
    "not more efficient than the keyword, in percent, rounded half up to an integer. Efficiency is the lower bound of "
    "the Wilson score interval (95 %) of leads divided by mentions. Null if the keyword has no leads."
)
_RATE = rate_of_window(RateBasis.LEADS_PER_MENTION)


@strawberry.type(
    description="Performance of a keyword: figures within a window, compared with the previous window, and scores over "
    "all time."
)
class KeywordPerformance:
    keyword: KeywordRef = column("Keyword whose performance is shown, with totals over all time.")
    window: Window = of_frame("window", "Window of time that the figures cover.")
    previous_window: Window = of_frame(
        "previous_window", "Previous window, with which the window is compared."
    )
    previous_window_to_date: Window = of_frame("previous_window_to_date", PREVIOUS_WINDOW_TO_DATE)
    mentions: Trend = trend("mentions", "Number of mentions ingested within the window.")
    leads: Trend = trend("leads", "Number of leads created within the window.")
    qualified: Trend = trend("qualified", "Number of leads that first reached QUALIFIED within the window.")
    converted: Trend = trend("converted", "Number of leads that first became CONVERTED within the window.")
    rate: RateTrend = rate_field(_RATE, "within the window")
    conversion_rate: RateTrend = leads_rate_field(_RATE, "within the window")
    performance_score: int = column(PERFORMANCE_SCORE)
    efficiency_score: int | None = resolved_by(resolve.efficiency_score, description=EFFICIENCY_SCORE)
    over_time: Series = over_time(resolve.over_time)
    as_of: datetime = column(
        "Time for which the figures of the windows were computed. In ranked lists, the scores and the totals of "
        "`keyword` are computed for the same time. In `Keyword.performance`, scores and totals are computed for the "
        "response."
    )


def first(default: int, most: int, things: str) -> dict[str, object]:
    """Return the argument `first` of a list that has no further pages."""
    return {
        "first": Annotated[
            int | None,
            strawberry.argument(
                description=f"Maximum number of {things}, from 0 to {most}. Defaults to {default}."
            ),
        ]
    }


ORDER_BY = Annotated[
    Ranking | None,
    strawberry.argument(
        description="Figure by which the keywords are ranked. Defaults to LEADS_PER_MENTION."
    ),
]
