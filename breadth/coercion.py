"""Coercion of input values, as graphql-core does it, by functions that are made once per type.

graphql-core inspects the type again for every value. A list of a thousand objects has about ten thousand values.
A function returns `Undefined` for an invalid value, and graphql-core then reports the error.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from graphql import (
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    Undefined,
    assert_leaf_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    is_required_input_field,
)
from graphql.pyutils import is_iterable
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_value

Coerce: TypeAlias = Callable[[Any], Any]


class RecursiveTypeError(Exception):
    """Raised for an input object that can contain its own type: graphql-core must limit the depth of its values."""


def coercion(type_: GraphQLInputType, within: tuple[GraphQLInputObjectType, ...] = ()) -> Coerce:
    """Return the function that coerces values of a type. Raise `RecursiveTypeError` for a recursive type."""
    if is_non_null_type(type_):
        required = _of_values(type_.of_type, within)
        return lambda value: Undefined if value is None or value is Undefined else required(value)
    optional = _of_values(type_, within)
    return lambda value: None if value is None or value is Undefined else optional(value)


def _of_values(type_: Any, within: tuple[GraphQLInputObjectType, ...]) -> Coerce:
    if is_list_type(type_):
        return _list(coercion(type_.of_type, within))
    if not is_input_object_type(type_):
        return _leaf(assert_leaf_type(type_).coerce_input_value)
    if type_ in within:
        raise RecursiveTypeError(type_.name)
    return _object(
        type_, {name: coercion(each.type, (*within, type_)) for name, each in type_.fields.items()}
    )


def _leaf(coerce: Coerce) -> Coerce:
    def leaf(value: Any) -> Any:
        try:
            return coerce(value)
        except Exception:  # noqa: BLE001 - graphql-core reports the error
            return Undefined

    return leaf


def _list(item: Coerce) -> Coerce:
    def coerced(value: Any) -> Any:
        items = list(map(item, value if is_iterable(value) else [value]))
        return Undefined if any(each is Undefined for each in items) else items

    return coerced


def _object(type_: GraphQLInputObjectType, coercions: Mapping[str, Coerce]) -> Coerce:
    if type_.is_one_of:
        return lambda value: coerce_input_value(value, type_)
    steps = [
        (name, field.out_name or name, coercions[name], _default(field))
        for name, field in type_.fields.items()
    ]

    def coerced(value: Any) -> Any:
        if not isinstance(value, dict) or not coercions.keys() >= value.keys():
            return Undefined
        found: dict[str, Any] = {}
        for name, out_name, coerce, default in steps:
            field_value = value.get(name, Undefined)
            if field_value is not Undefined:
                found[out_name] = coerce(field_value)
            elif default is not None:
                found[out_name] = default()
        if any(each is Undefined for each in found.values()):
            return Undefined
        return type_.out_type(found)

    return coerced


def _default(field: GraphQLInputField) -> Callable[[], Any] | None:
    """Return a function that gives the value of an omitted field; None if the field stays absent."""
    if is_required_input_field(field):
        return lambda: Undefined
    return None if coerce_default_value(field) is Undefined else lambda: coerce_default_value(field)
