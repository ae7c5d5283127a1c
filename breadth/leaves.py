"""Scalars and enums: how values of theirs are written into the answer, singly and by the column."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import isfinite
from typing import Any, Final

from graphql import GraphQLEnumType, GraphQLLeafType, GraphQLScalarType, Undefined
from graphql.execution import Executor
from graphql.type import scalars

from breadth.fields import Verbatim

Bulk = Callable[[Sequence[Any], set[type]], Sequence[Any] | None]

# How GraphQL's own scalars write a value `v`: expressions that end where the value's class is another.
_INT32: Final = f"{scalars.GRAPHQL_MIN_INT} <= v <= {scalars.GRAPHQL_MAX_INT}"
_EXPRESSIONS: Final[Mapping[Any, str]] = {
    scalars.serialize_string: "v if type(v) is str else",
    scalars.serialize_id: "v if type(v) is str else str(v) if type(v) is int else",
    scalars.serialize_int: f"v if type(v) is int and {_INT32} else",
    scalars.serialize_float: "v if type(v) is float and v - v == 0.0 else",  # infinities and NaN are not 0.0
    scalars.serialize_boolean: "v if type(v) is bool else",
}
_CLASSES: Final[Mapping[Any, type]] = {
    scalars.serialize_string: str,
    scalars.serialize_id: str,
    scalars.serialize_int: int,
    scalars.serialize_float: float,
    scalars.serialize_boolean: bool,
}


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """A leaf type.

    At most one of `expression`, `names` and `verbatim` is there: the beginning of an expression that writes a value `v`,
    the names of an enum's values, and the class of values that are written as they are. Values that these do
    not cover go through `complete`.
    """

    type: GraphQLLeafType
    expression: str | None
    names: Mapping[Any, str] | None
    bulk: Bulk
    verbatim: Any = None

    def complete(self, value: Any) -> Any:
        """The value as written. Raises what the type does, or `TypeError` for a null made of a value."""
        return Executor.complete_leaf_value(self.type, value)


@cache
def _identity_bulk(coerce: Callable[[Any], Any]) -> Bulk:
    kind = _CLASSES[coerce]
    only = {kind}

    def bulk(values: Sequence[Any], kinds: set[type]) -> Sequence[Any] | None:
        if kinds != only:
            return None
        if kind is int and not (
            min(values) >= scalars.GRAPHQL_MIN_INT and max(values) <= scalars.GRAPHQL_MAX_INT
        ):
            return None
        return values if kind is not float or all(map(isfinite, values)) else None

    return bulk


def _names_bulk(names: Mapping[Any, str]) -> Bulk:
    def bulk(values: Sequence[Any], _kinds: set[type]) -> Sequence[Any] | None:
        try:
            return [names[value] for value in values]
        except (KeyError, TypeError):  # not a value of the enum, or none that can be looked up
            return None

    return bulk


def _verbatim_bulk(kind: type) -> Bulk:
    only = {kind}
    return lambda values, kinds: values if kinds == only else None


def _no_bulk(_values: Sequence[Any], _kinds: set[type]) -> None:
    return None


def leaf_of(type_: GraphQLLeafType) -> Leaf:
    coerce = type_.coerce_output_value
    if isinstance(coerce, Verbatim):
        return Leaf(type_, None, None, _verbatim_bulk(coerce.kind), coerce.kind)
    if isinstance(type_, GraphQLScalarType):
        expression = _EXPRESSIONS.get(coerce)
        return Leaf(type_, expression, None, _identity_bulk(coerce) if expression else _no_bulk)
    names = _names(type_)
    return Leaf(type_, None, names, _no_bulk if names is None else _names_bulk(names))


def _names(enum: GraphQLEnumType) -> Mapping[Any, str] | None:
    """The names by all values that the enum is known to write; None for an enum that does so in its own way.

    graphql-core looks names up by value, Strawberry by its Python enum's members as well.
    """
    members = getattr(enum, "wrapped_cls", None)
    own = type(enum).coerce_output_value is GraphQLEnumType.coerce_output_value
    if not own and not (members is not None and type(enum).__module__.startswith("strawberry.")):
        return None
    values = [each.value for each in enum.values.values()] + list(members or ())
    names: dict[Any, str] = {}
    for value in values:
        try:
            name = enum.coerce_output_value(value)
            if names.setdefault(value, name) != name:
                return None  # equal values with different names: what is written depends on the class
        except Exception:  # noqa: BLE001, S112 - such a value fails when it is written, too
            continue
    names.pop(None, None)
    names.pop(Undefined, None)
    return names
