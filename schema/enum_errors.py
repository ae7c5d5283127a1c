"""Errors of unknown enum values that list the known values, for literals and variables."""

from typing import Any, Final

from graphql import EnumValueNode, GraphQLEnumType, GraphQLError, GraphQLSchema
from graphql.pyutils import did_you_mean, suggestion_list

MOST_CHARACTERS: Final = 600
"""The most characters of the list of known values in a message."""
_LONGEST_VALUE: Final = 50


def list_known_values(schema: GraphQLSchema) -> None:
    """Let all enums of the schema list their values when they refuse one."""
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLEnumType) and not type_.name.startswith("__"):
            _list_known_values(type_)


def _list_known_values(enum: GraphQLEnumType) -> None:
    names = {name: each.value for name, each in enum.values.items()}
    coerce_value, coerce_literal = enum.coerce_input_value, enum.coerce_input_literal

    def value(given: Any, hide_suggestions: bool = False) -> Any:
        if isinstance(given, str) and given not in names:
            raise GraphQLError(_unknown(enum, given))
        try:
            return coerce_value(given, hide_suggestions)
        except GraphQLError as error:
            raise GraphQLError(_of_another_type(enum)) from error

    def literal(node: Any, hide_suggestions: bool = False) -> Any:
        if isinstance(node, EnumValueNode) and node.value not in names:
            raise GraphQLError(_unknown(enum, node.value), node)
        try:
            return coerce_literal(node, hide_suggestions)
        except GraphQLError as error:
            raise GraphQLError(_of_another_type(enum), node) from error

    enum.coerce_input_value = value  # type: ignore[method-assign,assignment]
    enum.coerce_input_literal = literal  # type: ignore[method-assign,assignment]


def _unknown(enum: GraphQLEnumType, value: str) -> str:
    cut = value if len(value) <= _LONGEST_VALUE else f"{value[:_LONGEST_VALUE]}…"
    hint = did_you_mean(suggestion_list(cut, list(enum.values)), "the enum value")
    return f"Value '{cut}' does not exist in '{enum.name}' enum.{hint} {_known(enum)}"


def _of_another_type(enum: GraphQLEnumType) -> str:
    return f"Expected the name of a value of the enum '{enum.name}'. {_known(enum)}"


def _known(enum: GraphQLEnumType) -> str:
    known = ", ".join(enum.values)
    if len(known) > MOST_CHARACTERS:
        known = f"{known[:MOST_CHARACTERS].rpartition(', ')[0]} and others that the schema lists"
    return f"The values are {known}."
