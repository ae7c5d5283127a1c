from datetime import datetime

import strawberry

from resolvers import analytics as resolve
from resolvers import integration_health as of_integrations
from resolvers import keyword_performance as of_keywords
from resolvers import series
from resolvers.trend import rate_of_window
from schema.enums import describe
from schema.fields import column, resolved_by
from schema.integration_health import IntegrationHealth
from schema.keyword_performance import ORDER_BY, KeywordPerformance, first
from schema.stats import LeadStatusCount, basis
from schema.timeframe import Series, Window, over_time
from schema.trend import RateTrend, Trend
from services.figures.rates import RateBasis
from services.figures.windows import Range
from services.integrations.health import USUALLY_MOST as INTEGRATIONS

describe(
    resolve.Stage,
    "A stage of the way from a mention to a customer. A lead counts when it first reaches a stage.",
    mentions="A mention was taken in.",
    leads="A lead was made of it.",
    qualified="The lead was first QUALIFIED.",
    converted="The lead was first CONVERTED.",
)


@strawberry.type(description="How many reached a stage within the window.")
class FunnelStage:
    stage: resolve.Stage = column("The stage.")
    count: Trend = column("How many reached it within the window, whenever they reached the stage before.")
    of_previous: float | None = column(
        "In percent of the stage before, half-up to two decimals; null for the first stage, and where that is 0."
    )
    of_first: float | None = column(
        "In percent of the first stage, half-up to two decimals; null for that stage, and where it is 0."
    )


@strawberry.type(description="Leads, within the window and over all time.")
class LeadAnalytics:
    total: int = column("Number of leads over all time, whatever their status.")
    created: Trend = column("Leads made within the window.", name="leads")
    created_today: int = column("Leads made today, whatever the window.", name="today")
    by_status: list[LeadStatusCount] = column(
        "All leads by the status that they have now, in the order of the statuses; also those of which there are none."
    )
    as_of: datetime = column("Moment that the figures are of.")


@strawberry.type(description="From mentions to customers, within the window.")
class ConversionAnalytics:
    mentions: Trend = column("Mentions taken in.")
    leads: Trend = column("Leads made.")
    qualified: Trend = column("Leads that were first QUALIFIED.")
    converted: Trend = column("Leads that were first CONVERTED.")
    conversion_rate: RateTrend = resolved_by(
        rate_of_window(RateBasis.CONVERTED_PER_MENTION),
        description="A rate of what happened within the window.",
        arguments={"basis": basis(RateBasis.CONVERTED_PER_MENTION)},
    )
    funnel: list[FunnelStage] = column("The same four numbers as stages, the widest first.")
    as_of: datetime = column("Moment that the figures are of.")


@strawberry.type(
    description="What happened to a user's mentions and leads, within a window and the one before."
)
class Analytics:
    range: Range = column("The window, by its name.")
    time_zone: str = column("IANA name of the zone of days, weeks and months.")
    window: Window = column("The window.")
    previous_window: Window = column("The window before, which it is compared with.")
    leads: LeadAnalytics = resolved_by(resolve.totals, description="Leads.")
    conversions: ConversionAnalytics = resolved_by(resolve.totals, description="From mentions to customers.")
    keywords: list[KeywordPerformance] = resolved_by(
        of_keywords.ranking,
        description="The best keywords, of those that have mentions.",
        arguments={
            **first(of_keywords.DEFAULT_KEYWORDS, of_keywords.MOST_KEYWORDS, "keywords"),
            "order_by": ORDER_BY,
        },
    )
    integrations: list[IntegrationHealth] = resolved_by(
        of_integrations.of_users,
        description="Integrations, whatever their status: the least healthy first, those of unknown health last.",
        arguments=first(INTEGRATIONS, of_integrations.MOST_INTEGRATIONS, "integrations"),
    )
    over_time: Series = over_time(series.over_time)
