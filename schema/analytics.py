from datetime import datetime

import strawberry

from resolvers import analytics as resolve
from resolvers import integration_health as of_integrations
from resolvers import keyword_performance as of_keywords
from resolvers import series
from resolvers.trend import rate_of_window
from schema.enums import describe
from schema.fields import NULL_IF_FAILED, column, resolved_by
from schema.fragment_markers import Kept
from schema.integration_health import IntegrationHealth
from schema.keyword_performance import ORDER_BY, KeywordPerformance, first
from schema.list_size import GivenBy
from schema.stats import LeadStatusCount, conversion_rate_field, rate_field
from schema.timeframe import Framed, Series, over_time
from schema.trend import RateTrend, Trend, trend
from services.figures.rates import RateBasis
from services.integrations.health import USUALLY_MOST as INTEGRATIONS

describe(
    resolve.Stage,
    "A stage on the way from a mention to a customer. A lead counts when the lead first reaches the stage.",
    mentions="A mention was ingested.",
    leads="A lead was created from a mention.",
    qualified="A lead first reached QUALIFIED, at the latest when the lead became CONVERTED.",
    converted="A lead first became CONVERTED.",
)


@strawberry.type(
    description="Number of mentions or leads that reached a stage of the funnel within the window."
)
class FunnelStage:
    stage: resolve.Stage = column("Stage of the funnel.")
    count: Trend = column(
        "Number of mentions or leads that reached the stage within the window, regardless of when the leads reached "
        "the previous stage. A stage can therefore be larger than the stage before."
    )
    of_previous: float | None = column(
        "`count` in percent of the previous stage, rounded half up to two decimals. Can exceed 100. Null for the first "
        "stage, and if the previous stage is 0."
    )
    of_first: float | None = column(
        "`count` in percent of the first stage, rounded half up to two decimals. Can exceed 100. Null for the first "
        "stage, and if the first stage is 0."
    )


@strawberry.type(description="Figures about leads, within the window and over all time.")
class LeadAnalytics:
    total: int = column("Number of leads over all time, with any status.")
    created: Trend = trend("leads", "Number of leads created within the window.")
    created_today: int = column("Number of leads created today, regardless of the window.", name="today")
    by_status: list[LeadStatusCount] = column(
        "Number of leads by current status over all time, in the order of the statuses. Statuses without leads are "
        "included."
    )
    as_of: datetime = column("Time for which the figures were computed.")


_RATE = rate_of_window(RateBasis.CONVERTED_PER_MENTION)


@strawberry.type(description="Conversion of mentions to leads and customers within the window.")
class ConversionAnalytics:
    mentions: Trend = trend("mentions", "Number of mentions ingested within the window.")
    leads: Trend = trend("leads", "Number of leads created within the window.")
    qualified: Trend = trend("qualified", "Number of leads that first reached QUALIFIED within the window.")
    converted: Trend = trend("converted", "Number of leads that first became CONVERTED within the window.")
    rate: RateTrend = rate_field(_RATE, "within the window")
    conversion_rate: RateTrend = conversion_rate_field(_RATE, "within the window")
    funnel: list[FunnelStage] = column(
        "The numbers of mentions, leads, qualified and converted leads as stages of a funnel, in this order."
    )
    as_of: datetime = column("Time for which the figures were computed.")


@strawberry.type(
    description="Figures about a user's mentions and leads within a window, compared with the previous window. A figure "
    "that fails is null, and the other figures are not affected."
)
class Analytics(Framed):
    leads: LeadAnalytics | None = resolved_by(
        resolve.totals, description="Figures about the user's leads." + NULL_IF_FAILED, kept=Kept.PART
    )
    conversions: ConversionAnalytics | None = resolved_by(
        resolve.totals,
        description="Figures about the conversion of mentions to leads and customers." + NULL_IF_FAILED,
        kept=Kept.PART,
    )
    keywords: list[KeywordPerformance] | None = resolved_by(
        of_keywords.ranking,
        description="Best keywords of the user, in the order of `orderBy`. Keywords without mentions are omitted."
        + NULL_IF_FAILED,
        arguments={
            **first(of_keywords.DEFAULT_KEYWORDS, of_keywords.MOST_KEYWORDS, "keywords"),
            "order_by": ORDER_BY,
        },
        size=GivenBy(("first",), of_keywords.DEFAULT_KEYWORDS),
        kept=Kept.PART,
    )
    integrations: list[IntegrationHealth] | None = resolved_by(
        of_integrations.of_users,
        description="Health of the user's integrations with any status, least healthy first. Integrations with unknown "
        "health come last." + NULL_IF_FAILED,
        arguments=first(INTEGRATIONS, of_integrations.MOST_INTEGRATIONS, "integrations"),
        size=GivenBy(("first",), INTEGRATIONS),
        kept=Kept.PART,
    )
    over_time: Series | None = over_time(series.over_time, NULL_IF_FAILED, kept=Kept.PART)
