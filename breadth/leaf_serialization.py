"""Serialization of leaf values, scalars and enums: single values, and all values of a field at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import isfinite
from typing import Any, Final

from graphql import GraphQLEnumType, GraphQLLeafType, GraphQLScalarType, Undefined
from graphql.execution import Executor
from graphql.type import scalars

from breadth.fields import Verbatim

SerializeAll = Callable[[Sequence[Any], set[type]], Sequence[Any] | None]

# Beginnings of expressions that serialize a value `v` as GraphQL's own scalars do. The part after `else` is for
# values of other classes.
_INT32: Final = f"{scalars.GRAPHQL_MIN_INT} <= v <= {scalars.GRAPHQL_MAX_INT}"
_EXPRESSIONS: Final[Mapping[Any, str]] = {
    scalars.serialize_string: "v if type(v) is str else",
    scalars.serialize_id: "v if type(v) is str else str(v) if type(v) is int else",
    scalars.serialize_int: f"v if type(v) is int and {_INT32} else",
    scalars.serialize_float: "v if type(v) is float and v - v == 0.0 else",  # false for infinities and NaN
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
    """A leaf type and its shortcuts. At most one of `expression`, `names` and `verbatim` is set.

    `expression` is the beginning of a Python expression that serializes a value `v`. `names` maps the values of
    an enum to their names. `verbatim` is the class of values that stay as they are. All other values go
    through `serialize`. `serialize_all` returns None for values that must be serialized one by one.
    """

    type: GraphQLLeafType
    expression: str | None
    names: Mapping[Any, str] | None
    serialize_all: SerializeAll
    verbatim: Any = None

    def serialize(self, value: Any) -> Any:
        """Return the serialized value. Raise the type's own error, or `TypeError` if the result is null."""
        return Executor.complete_leaf_value(self.type, value)


def unchanged_class(leaf: Leaf) -> type | None:
    """Return the class of which all values stay as they are, or None. Of the type Int, only values of 32 bits do."""
    if leaf.verbatim is not None:
        return leaf.verbatim  # type: ignore[no-any-return]
    if leaf.expression is None or leaf.expression == _EXPRESSIONS[scalars.serialize_float]:
        return None
    return _CLASSES[leaf.type.coerce_output_value]


def is_int(leaf: Leaf) -> bool:
    return leaf.expression == _EXPRESSIONS[scalars.serialize_int]


@cache
def _serialize_unchanged(coerce: Callable[[Any], Any]) -> SerializeAll:
    class_ = _CLASSES[coerce]
    only = {class_}

    def serialize_all(values: Sequence[Any], classes: set[type]) -> Sequence[Any] | None:
        if classes != only:
            return None
        if class_ is int and not (
            min(values) >= scalars.GRAPHQL_MIN_INT and max(values) <= scalars.GRAPHQL_MAX_INT
        ):
            return None
        return values if class_ is not float or all(map(isfinite, values)) else None

    return serialize_all


def _serialize_names(names: Mapping[Any, str]) -> SerializeAll:
    def serialize_all(values: Sequence[Any], _classes: set[type]) -> Sequence[Any] | None:
        try:
            return [names[value] for value in values]
        except (KeyError, TypeError):  # an unknown or unhashable value
            return None

    return serialize_all


def _serialize_verbatim(class_: type) -> SerializeAll:
    only = {class_}
    return lambda values, classes: values if classes == only else None


def _serialize_none(_values: Sequence[Any], _classes: set[type]) -> None:
    return None


def leaf_of(type_: GraphQLLeafType) -> Leaf:
    """Return the leaf type with the shortcuts that apply to it."""
    coerce = type_.coerce_output_value
    if isinstance(coerce, Verbatim):
        return Leaf(type_, None, None, _serialize_verbatim(coerce.kind), coerce.kind)
    if isinstance(type_, GraphQLScalarType):
        expression = _EXPRESSIONS.get(coerce)
        return Leaf(type_, expression, None, _serialize_unchanged(coerce) if expression else _serialize_none)
    names = _names(type_)
    return Leaf(type_, None, names, _serialize_none if names is None else _serialize_names(names))


def _names(enum: GraphQLEnumType) -> Mapping[Any, str] | None:
    """Return the names by all values that the enum is known to serialize; None for an enum with its own way.

    graphql-core looks up names by value. Strawberry also accepts members of its Python enum.
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
                return None  # equal values with different names: the name depends on the class
        except Exception:  # noqa: BLE001, S112 - such a value fails again when it is serialized
            continue
    names.pop(None, None)
    names.pop(Undefined, None)
    return names
