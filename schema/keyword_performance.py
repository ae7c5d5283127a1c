from datetime import datetime
from typing import Annotated

import strawberry

from db.statements.keyword_ranking import Ranking
from resolvers import keyword_performance as resolve
from resolvers.trend import rate_of_window
from schema.enums import describe
from schema.fields import column, resolved_by
from schema.lazy_types import KeywordRef
from schema.stats import basis
from schema.timeframe import Series, Window, over_time
from schema.trend import RateTrend, Trend
from services.figures.rates import RateBasis

describe(
    Ranking,
    "What keywords are ranked by, over all time; the best first. Ties go to the one with more leads, then to the one "
    "that was created last. Keywords without mentions are not ranked.",
    leads="Number of leads.",
    mentions="Number of mentions.",
    conversion_rate="Leads by mentions.",
    performance_score="The performance score.",
    efficiency_score="What the efficiency score is made of.",
)

PERFORMANCE_SCORE = (
    "0.3 · mentions + 0.7 · leads over all time, half-up. It grows with the volume, without a limit."
)
EFFICIENCY_SCORE = (
    "0 to 100: the part of the user's keywords with mentions that are no more efficient, in percent, half-up; 100 for "
    "the most efficient. Efficiency is the lower bound of Wilson's interval (95 %) of leads by mentions over all time, "
    "so that a keyword with one lucky mention is not the best; null without mentions."
)


@strawberry.type(
    description="How a keyword does: what happened within a window, and its scores over all time."
)
class KeywordPerformance:
    keyword: KeywordRef = column("The keyword, with its totals over all time.")
    window: Window = column("The window.")
    previous_window: Window = column("The window before, which it is compared with.")
    mentions: Trend = column("Mentions taken in.")
    leads: Trend = column("Leads made.")
    qualified: Trend = column("Leads that were first QUALIFIED.")
    converted: Trend = column("Leads that were first CONVERTED.")
    conversion_rate: RateTrend = resolved_by(
        rate_of_window(RateBasis.LEADS_PER_MENTION),
        description="A rate of what happened within the window.",
        arguments={"basis": basis(RateBasis.LEADS_PER_MENTION)},
    )
    performance_score: int = column(PERFORMANCE_SCORE)
    efficiency_score: int | None = resolved_by(resolve.efficiency_score, description=EFFICIENCY_SCORE)
    over_time: Series = over_time(resolve.over_time)
    as_of: datetime = column(
        "Moment that the figures of the windows are of. Scores are of the moment of the totals of `keyword`: of this one in "
        "lists of the best, of the answer's own where a keyword is asked for its performance."
    )


def first(default: int, most: int, things: str) -> dict[str, object]:
    return {
        "first": Annotated[
            int | None,
            strawberry.argument(description=f"How many {things} at most, 0 to {most}. {default} by default."),
        ]
    }


ORDER_BY = Annotated[
    Ranking | None,
    strawberry.argument(description="What they are ranked by. CONVERSION_RATE by default."),
]
