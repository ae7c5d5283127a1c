"""The filters of lists, made from the declarations of the entities."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from types import new_class
from typing import Any, Generic, TypeVar

import strawberry

from db.models import Base
from resolvers.entities import ENTITIES
from resolvers.framework.entity import (
    Address,
    Amount,
    Entity,
    FilterField,
    IdOf,
    Name,
    Number,
    OneOf,
    Presence,
    Tags,
    Text,
    Timestamp,
    Words,
)

Item = TypeVar("Item")

_CONTAINS = "Contains this string, regardless of case (at most 500 characters)."


def optional(description: str, *, name: str | None = None) -> Any:
    return strawberry.field(name=name, default=strawberry.UNSET, description=description)


@strawberry.input(description="Conditions on a value. All given conditions must hold.")
class Comparison(Generic[Item]):
    eq: Item | None = optional("Equals the given value.")
    in_: list[Item] | None = optional("Equals one of these values (at most 250).", name="in")
    not_in: list[Item] | None = optional("Equals none of these values (at most 250). Also matches null.")
    is_null: bool | None = optional("True matches null. False matches every other value.")


@strawberry.input(description="Conditions on a value. All given conditions must hold.")
class OrderedComparison(Generic[Item]):
    eq: Item | None = optional("Equals the given value.")
    gt: Item | None = optional("Is greater than this value.")
    gte: Item | None = optional("Is greater than or equal to this value.")
    lt: Item | None = optional("Is less than this value.")
    lte: Item | None = optional("Is less than or equal to this value.")
    is_null: bool | None = optional("True matches null. False matches every other value.")


@strawberry.input(description="Conditions on a number. All given conditions must hold.")
class IntComparison(OrderedComparison[int]):
    pass


@strawberry.input(description="Conditions on a number. All given conditions must hold.")
class DecimalComparison(OrderedComparison[Decimal]):
    pass


@strawberry.input(description="Conditions on a time, where later is greater. All given conditions must hold.")
class DateTimeComparison(OrderedComparison[datetime]):
    pass


@strawberry.input(description="Conditions on a global ID. All given conditions must hold.")
class IdComparison:
    eq: strawberry.ID | None = optional("Equals the given value.")
    in_: list[strawberry.ID] | None = optional("Equals one of these values (at most 250).", name="in")
    not_in: list[strawberry.ID] | None = optional(
        "Equals none of these values (at most 250). Also matches null."
    )
    is_null: bool | None = optional("True matches null. False matches every other value.")


@strawberry.input(description="Conditions on a string. All given conditions must hold.")
class TextComparison:
    eq: str | None = optional("Equals this string, including case (at most 500 characters).")
    in_: list[str] | None = optional("Equals one of these values (at most 250).", name="in")
    not_in: list[str] | None = optional("Equals none of these values (at most 250). Also matches null.")
    is_null: bool | None = optional("True matches null. False matches every other value.")
    contains: str | None = optional(_CONTAINS)


@strawberry.input(
    description="Conditions on an email address, regardless of case. All given conditions must hold."
)
class EmailComparison:
    eq: str | None = optional("Equals this address (at most 500 characters).")
    in_: list[str] | None = optional("Equals one of these addresses (at most 250).", name="in")
    not_in: list[str] | None = optional("Equals none of these addresses (at most 250). Also matches null.")
    is_null: bool | None = optional("True matches null. False matches every other value.")
    contains: str | None = optional(_CONTAINS)


@strawberry.input(description="Conditions on a list of tags. All given conditions must hold.")
class TagsComparison:
    has_any: list[str] | None = optional(
        "Has at least one of these tags, including case (at most 250). An empty list matches no rows."
    )
    has_all: list[str] | None = optional(
        "Has all of these tags, including case (at most 250). An empty list matches all rows."
    )


@strawberry.input(description="Conditions on a string that is never null. All given conditions must hold.")
class NameComparison:
    eq: str | None = optional("Equals this string, including case (at most 500 characters).")
    in_: list[str] | None = optional("Equals one of these values (at most 250).", name="in")
    not_in: list[str] | None = optional("Equals none of these values (at most 250). Also matches null.")
    contains: str | None = optional(_CONTAINS)


COMPARED: Mapping[type[FilterField], Any] = {
    Text: TextComparison,
    Name: NameComparison,
    Address: EmailComparison,
    Tags: TagsComparison,
    Number: IntComparison,
    Amount: DecimalComparison,
    Timestamp: DateTimeComparison,
    IdOf: IdComparison,
    Presence: bool,
    Words: str,
}
"""The GraphQL type of each kind of field."""


@cache
def _comparison_of(enum: type[Enum]) -> Any:
    """Return the comparison of an enum. Strawberry copies a generic type whenever it looks at a field of the type."""
    comparison: Any = Comparison
    made = new_class(f"{enum.__name__}Comparison", (comparison[enum],), {}, _in_this_module)
    return strawberry.input(made, description="Conditions on a value. All given conditions must hold.")


def _in_this_module(body: dict[str, Any]) -> None:
    body["__module__"] = __name__


def _compared(declared: FilterField) -> Any:
    if isinstance(declared, OneOf):
        return _comparison_of(declared.enum)
    return COMPARED[type(declared)]


def _filter_input(entity: Entity[Any]) -> Any:
    """Return the GraphQL input type of an entity's filter: the declared fields, and filters combined."""
    made: Any = type(f"{entity.typename}Filter", (), {"__module__": __name__})
    made.__annotations__ = {"and_": list[made] | None, "or_": list[made] | None, "not_": made | None}
    made.and_ = optional("All of these filters must match (at most 250).", name="and")
    made.or_ = optional(
        "At least one of these filters must match (at most 250). An empty list matches no rows.", name="or"
    )
    made.not_ = optional("This filter must not match. Conditions on null count as not met.", name="not")
    for name, declared in entity.filters.items():
        made.__annotations__[name] = _compared(declared) | None
        setattr(made, name, optional(declared.description))
    description = f"Filter for {entity.plural}. All given conditions must hold."
    return strawberry.input(made, description=description)


FILTERS: Mapping[type[Base], Any] = {
    entity.model: _filter_input(entity) for entity in ENTITIES if entity.filters
}
