"""The resolvers whose values may stand in a fragment.

Their values depend on nothing but their parents, their arguments, cached figures, the viewer's scopes, time zone and
first day of the week, and the current quarter of an hour. A fragment that contains the value of another resolver is
not kept.
"""

from collections.abc import Callable
from typing import Any, Final

from resolvers import analytics, dashboard, integration_health, keyword_performance, series
from resolvers.framework.requires import requirements_of
from resolvers.trend import rate_of_window
from services.figures.rates import RateBasis

_OF_FIGURES: Final[frozenset[Callable[..., Any]]] = frozenset(
    {
        analytics.totals,
        dashboard.rate_of_all_time,
        dashboard.recent_leads,
        dashboard.recent_leads_as_of,
        dashboard.top_performing_keyword,
        integration_health.of_users,
        keyword_performance.efficiency_score,
        keyword_performance.over_time,
        keyword_performance.ranking,
        keyword_performance.widget,
        series.over_time,
        *map(rate_of_window, RateBasis),
    }
)


def may_stand_in_fragment(resolver: Callable[..., Any]) -> bool:
    """Return whether the values depend on nothing else. The rows of a relation may: `Context` notes their loads."""
    if resolver in _OF_FIGURES:
        return True
    stated = requirements_of(resolver)
    return stated is not None and stated.relation is not None
