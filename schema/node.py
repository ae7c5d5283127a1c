"""What every thing with an identity has."""

from typing import Any

import strawberry

from breadth.fields import InstanceOf
from db.language.records import row_kind
from db.models import Base
from resolvers.framework.global_id import TYPENAMES, encoder
from schema.fields import column


@strawberry.interface(description="A thing with an id that stays its own, by which it can be fetched again.")
class Node:
    id: strawberry.ID = column("Opaque and unique among all things of this API.")


def global_id(model: type[Base]) -> Any:
    return column("Opaque and unique among all things of this API.", name="id", of=encoder(TYPENAMES[model]))


def encoded(model: type[Base], description: str, *, name: str) -> Any:
    """The global id of a model's row whose own id stands in the column, or null with it."""
    encode = encoder(TYPENAMES[model])
    return column(description, name=name, of=lambda id_: None if id_ is None else encode(id_))


def is_row_of(model: type[Base]) -> Any:
    """Tells a type's rows from others where a field can return several types."""
    return InstanceOf(row_kind(model))
