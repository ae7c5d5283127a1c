"""Input values coerced as graphql-core does, by functions that are made once of their types.

graphql-core looks at the type of every value of every item anew; a list of a thousand objects has some ten
thousand values. A function returns `Undefined` for a value that is not right: graphql-core says what is wrong.
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
    """An input object that can hold another one of its own type: how deep a value is has to be looked at first."""


def coercion(type_: GraphQLInputType, within: tuple[GraphQLInputObjectType, ...] = ()) -> Coerce:
    """The function of a type. Raises `RecursiveTypeError`."""
    if is_non_null_type(type_):
        required = _of_values(type_.of_type, within)
        return lambda value: Undefined if value is None or value is Undefined else required(value)
    optional = _of_values(type_, within)
    return lambda value: None if value is None or value is Undefined else optional(value)


def _of_values(type_: Any, within: tuple[GraphQLInputObjectType, ...]) -> Coerce:
    """The function for what is not null."""
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
        except Exception:  # noqa: BLE001 - graphql-core says what is wrong
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
            given = value.get(name, Undefined)
            if given is not Undefined:
                found[out_name] = coerce(given)
            elif default is not None:
                found[out_name] = default()
        if any(each is Undefined for each in found.values()):
            return Undefined
        return type_.out_type(found)

    return coerced


def _default(field: GraphQLInputField) -> Callable[[], Any] | None:
    """What gives the value of a field that was left out; None where it stays away."""
    if is_required_input_field(field):
        return lambda: Undefined
    return None if coerce_default_value(field) is Undefined else lambda: coerce_default_value(field)
