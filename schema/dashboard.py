from datetime import datetime

import strawberry

from resolvers import dashboard as resolve
from resolvers import integration_health as of_integrations
from resolvers import keyword_performance as of_keywords
from resolvers.analytics import totals
from schema.analytics import Analytics
from schema.fields import NULL_IF_FAILED, column, itself, resolved_by
from schema.fragment_markers import Kept
from schema.integration_health import IntegrationHealth
from schema.keyword_performance import KeywordPerformance, first
from schema.lazy_types import LeadRef
from schema.list_size import GivenBy
from schema.stats import Rate, conversion_rate_field, rate_field
from schema.timeframe import Framed
from schema.trend import Trend, trend
from services.figures.dashboard import USUALLY_MOST
from services.integrations.health import USUALLY_MOST as INTEGRATIONS


@strawberry.type(description="Key figures about the conversion of mentions to leads and customers.")
class ConversionMetrics:
    total_leads: int = column("Number of leads over all time, with any status.", name="total")
    new_leads: Trend = trend("leads", "Number of leads created within the window.")
    new_leads_today: int = column("Number of leads created today, regardless of the window.", name="today")
    rate: Rate = rate_field(resolve.rate_of_all_time, "over all time, as in `User.rate`")
    conversion_rate: Rate = conversion_rate_field(
        resolve.rate_of_all_time, "over all time, as in `User.conversionRate`"
    )
    top_performing_keyword: KeywordPerformance | None = resolved_by(
        resolve.top_performing_keyword,
        description="Performance of the keyword with the most leads over all time, the newest of several. Null if no "
        "keyword has a lead.",
    )
    as_of: datetime = column(
        "Time for which the figures were computed. `topPerformingKeyword` has its own `asOf`."
    )


@strawberry.type(
    description="Figures for a user's start page. Only selected fields are computed. All figures of a user in a "
    "response agree with each other: they were computed from the same state of the user's data. A figure that fails is "
    "null, and the other figures are not affected."
)
class Dashboard(Framed):
    recent_leads: list[LeadRef] | None = resolved_by(
        resolve.recent_leads,
        description="Newest leads of the user, regardless of the window." + NULL_IF_FAILED,
        arguments=first(USUALLY_MOST, resolve.MOST_LEADS, "leads"),
        size=GivenBy(("first",), USUALLY_MOST),
        kept=Kept.PART,
    )
    keyword_performance: list[KeywordPerformance] | None = resolved_by(
        of_keywords.widget,
        description="Performance of the keywords with the most leads over all time. Keywords without mentions are omitted."
        + NULL_IF_FAILED,
        arguments=first(of_keywords.DEFAULT_WIDGET, of_keywords.MOST_KEYWORDS, "keywords"),
        size=GivenBy(("first",), of_keywords.DEFAULT_WIDGET),
        kept=Kept.PART,
    )
    integration_status: list[IntegrationHealth] | None = resolved_by(
        of_integrations.of_users,
        description="Health of the user's integrations with any status, least healthy first. Integrations with unknown "
        "health come last." + NULL_IF_FAILED,
        arguments=first(INTEGRATIONS, of_integrations.MOST_INTEGRATIONS, "integrations"),
        size=GivenBy(("first",), INTEGRATIONS),
        kept=Kept.PART,
    )
    analytics: Analytics | None = column(
        "Detailed figures for the same window." + NULL_IF_FAILED, of=itself, kept=Kept.PART
    )
    conversion_metrics: ConversionMetrics | None = resolved_by(
        totals,
        description="Key figures about the conversion of mentions to leads and customers." + NULL_IF_FAILED,
        kept=Kept.PART,
    )
    as_of: datetime | None = resolved_by(
        resolve.recent_leads_as_of,
        description=f"Time for which up to {USUALLY_MOST} `recentLeads` were computed. More than {USUALLY_MOST} are always "
        "computed for the response. All other figures have their own `asOf`." + NULL_IF_FAILED,
    )
