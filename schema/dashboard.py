from datetime import datetime

import strawberry

from resolvers import analytics as resolve
from resolvers import integration_health as of_integrations
from resolvers import keyword_performance as of_keywords
from schema.analytics import Analytics
from schema.fields import column, resolved_by
from schema.integration_health import IntegrationHealth
from schema.keyword_performance import KeywordPerformance, first
from schema.lazy_types import LeadRef
from schema.stats import Rate, basis
from schema.timeframe import Window
from schema.trend import Trend
from services.figures.dashboard import USUALLY_MOST
from services.figures.rates import RateBasis
from services.figures.windows import Range
from services.integrations.health import USUALLY_MOST as INTEGRATIONS


@strawberry.type(description="How well mentions become customers.")
class ConversionMetrics:
    total_leads: int = column("Number of leads over all time, whatever their status.", name="total")
    new_leads: Trend = column("Leads made within the window.", name="leads")
    new_leads_today: int = column("Leads made today, whatever the window.", name="today")
    conversion_rate: Rate = resolved_by(
        resolve.rate_of_all_time,
        description="A rate over all time, as the user's own `conversionRate`.",
        arguments={"basis": basis(RateBasis.CONVERTED_PER_MENTION)},
    )
    top_performing_keyword: KeywordPerformance | None = resolved_by(
        resolve.top_performing_keyword,
        description="The keyword with the most leads over all time; null where no keyword has a lead.",
    )
    as_of: datetime = column("Moment that the figures are of; the keyword has its own.")


@strawberry.type(
    description="What a user wants to know first. Only what is selected is computed, and all of it is of one moment, "
    "unless `asOf` says otherwise."
)
class Dashboard:
    range: Range = column("The window, by its name.")
    time_zone: str = column("IANA name of the zone of days, weeks and months.")
    window: Window = column("The window.")
    previous_window: Window = column("The window before, which it is compared with.")
    recent_leads: list[LeadRef] = resolved_by(
        resolve.recent_leads,
        description="The newest leads, whatever the window.",
        arguments=first(USUALLY_MOST, resolve.MOST_LEADS, "leads"),
    )
    keyword_performance: list[KeywordPerformance] = resolved_by(
        of_keywords.widget,
        description="The keywords with the most leads over all time, of those that have mentions.",
        arguments=first(of_keywords.DEFAULT_WIDGET, of_keywords.MOST_KEYWORDS, "keywords"),
    )
    integration_status: list[IntegrationHealth] = resolved_by(
        of_integrations.of_users,
        description="Integrations, whatever their status: the least healthy first, those of unknown health last.",
        arguments=first(INTEGRATIONS, of_integrations.MOST_INTEGRATIONS, "integrations"),
    )
    analytics: Analytics = column("The same window in detail.")
    conversion_metrics: ConversionMetrics = resolved_by(
        resolve.totals, description="How well mentions become customers."
    )
    as_of: datetime = resolved_by(
        resolve.recent_leads_as_of,
        description=f"Moment that `recentLeads` are of; more than {USUALLY_MOST} of them are of the answer's own moment. All other figures "
        "carry their own.",
    )
