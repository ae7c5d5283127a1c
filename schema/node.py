"""The interface of all objects with a global ID."""

from typing import Any

import strawberry

from breadth.fields import InstanceOf
from db.language.records import row_kind
from db.models import Base
from resolvers.framework.global_id import encoder_of
from schema.fields import column
from schema.row_layouts import layout_of

_ID = "Global ID of the object, opaque and unique across all types."


@strawberry.interface(description="An object with a global ID, which the fields `node` and `nodes` take.")
class Node:
    id: strawberry.ID = column(_ID)


def global_id(model: type[Base]) -> Any:
    return column(_ID, name="id", of=encoder_of(model))


def encoded(model: type[Base], description: str, *, name: str) -> Any:
    """Return a field with the global ID of the row whose ID the column holds. Null if the column is null."""
    encode = encoder_of(model)
    return column(description, name=name, of=lambda id_: None if id_ is None else encode(id_))


def is_row_of(model: type[Base]) -> Any:
    """Return a check that a row belongs to the type, for fields that can return several types."""
    return InstanceOf(row_kind(model), layout_of=layout_of)
