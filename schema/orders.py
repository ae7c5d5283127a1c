"""The orders of lists, made from the declarations of the entities."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from db.models import Base
from resolvers.entities import ENTITIES
from resolvers.framework.entity import Entity
from schema.enums import describe


def _described(entity: Entity[Any]) -> type[Enum]:
    """Return the enumeration of an entity's orders: `NEWEST` and so on, each with its `Order` as the value."""
    functional: Any = Enum  # a type checker takes only members that are written out
    made: type[Enum] = functional(
        f"{entity.typename}Order", {order.name.upper(): order for order, _ in entity.orders}
    )
    describe(
        made, f"Order of a list of {entity.plural}.", **{order.name: text for order, text in entity.orders}
    )
    return made


ORDERS: Mapping[type[Base], type[Enum]] = {
    entity.model: _described(entity) for entity in ENTITIES if entity.orders
}
