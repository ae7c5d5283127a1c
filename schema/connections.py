"""The lists of each entity, with their filters, orders and figures."""

from typing import Any

import strawberry

from schema import filters, orders
from schema.fields import column
from schema.lazy_types import LeadRef, MentionRef
from schema.relay import Connection, connection
from schema.stats import LeadStats, MentionStats


@strawberry.type(
    description="A page of a list. Paging neither repeats nor skips rows whose position in the list stays the same."
)
class MentionConnection(Connection[MentionRef]):
    stats: MentionStats = column("Figures over all mentions of the list.")


@strawberry.type(
    description="A page of a list. Paging neither repeats nor skips rows whose position in the list stays the same."
)
class LeadConnection(Connection[LeadRef]):
    stats: LeadStats = column("Figures over all leads of the list.")


def user_list(resolver: Any, description: str) -> Any:
    return connection(resolver, where=filters.UserFilter, order=orders.UserOrder, description=description)


def keyword_list(resolver: Any, description: str) -> Any:
    return connection(
        resolver, where=filters.KeywordFilter, order=orders.KeywordOrder, description=description
    )


def mention_list(resolver: Any, description: str) -> Any:
    return connection(
        resolver, where=filters.MentionFilter, order=orders.MentionOrder, description=description
    )


def lead_list(resolver: Any, description: str) -> Any:
    return connection(resolver, where=filters.LeadFilter, order=orders.LeadOrder, description=description)


def lead_event_list(resolver: Any, description: str) -> Any:
    return connection(
        resolver, where=filters.LeadEventFilter, order=orders.LeadEventOrder, description=description
    )


def integration_list(resolver: Any, description: str) -> Any:
    return connection(
        resolver, where=filters.IntegrationFilter, order=orders.IntegrationOrder, description=description
    )


def log_list(resolver: Any, description: str) -> Any:
    return connection(
        resolver,
        where=filters.IntegrationLogFilter,
        order=orders.IntegrationLogOrder,
        description=description,
    )


def export_list(resolver: Any, description: str) -> Any:
    return connection(resolver, where=filters.ExportFilter, order=orders.ExportOrder, description=description)
