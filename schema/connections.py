"""Lists of entities, and the connections that also have figures."""

from typing import Any

import strawberry

from resolvers.framework.entity import Entity
from schema.fields import column
from schema.filters import FILTERS
from schema.lazy_types import LeadRef, MentionRef
from schema.orders import ORDERS
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


def list_of(entity: Entity[Any], resolver: Any, description: str) -> Any:
    """Return a field with a list of the entity's rows, with the filter and the orders of the declaration."""
    where, order = FILTERS[entity.model], ORDERS[entity.model]
    return connection(entity, resolver, where=where, order=order, description=description)
