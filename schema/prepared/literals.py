"""Errors of literals and variables: their places, and hints that graphql-core does not give."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLSchema,
    ListValueNode,
    ObjectValueNode,
    Source,
    Token,
    TokenKind,
    ValueNode,
    ValuesOfCorrectTypeRule,
    get_named_type,
)
from graphql.utilities.validate_input_value import validate_input_literal

LONGEST_NUMBER: Final = 500
"""The most characters of a number. Python refuses to read integers of several thousand digits."""

_NUMBERS: Final = {TokenKind.INT, TokenKind.FLOAT}
_NO_OBJECT: Final = re.compile(r"Expected value of type '(\w+)' to be an object, found: (.*)\.\Z", re.DOTALL)
_FAILURE: Final = re.compile(r", but encountered error '.*'; found: .*\Z", re.DOTALL)
_NUMBER: Final = re.compile(r"-?\d{1,20}(\.\d{1,20})?|true|false")


def number_errors(first: Token | None, source: Source) -> Iterator[GraphQLError]:
    """Yield an error for each number that is too long, from the first token on, wherever it stands."""
    token = first
    while token is not None:
        if token.kind in _NUMBERS and len(token.value or "") > LONGEST_NUMBER:
            message = f"A number must have at most {LONGEST_NUMBER} characters."
            yield GraphQLError(message, source=source, positions=[token.start])
        token = token.next


class LocatedValuesRule(ValuesOfCorrectTypeRule):
    """The rule that literals fit their types. Each error has the location of its literal.

    The errors of custom scalars lack a location in graphql-core.
    """

    def is_valid_value_node(self, node: ValueNode, input_type: Any) -> Any:
        def report(error: GraphQLError, path: list[str | int]) -> None:
            place = error.nodes or _node_at(node, path)
            self.report_error(GraphQLError(error.message, place, original_error=error.original_error))

        if input_type:
            validate_input_literal(node, input_type, report, None, None, self.context.hide_suggestions)
        return self.SKIP


def _node_at(node: ValueNode, path: Sequence[str | int]) -> ValueNode:
    for step in path:
        match node:
            case ListValueNode() if isinstance(step, int):
                node = node.values[step]
            case ObjectValueNode():
                node = next((each.value for each in node.fields if each.name.value == step), node)
    return node


def with_hints(errors: Sequence[GraphQLError], schema: GraphQLSchema) -> list[GraphQLError]:
    """Return the errors. One about a value in place of a comparison suggests the comparison, such as `{eq: NEW}`.

    The words of Python's exceptions are left out.
    """
    return [_with_hint(error, schema) for error in errors]


def _with_hint(error: GraphQLError, schema: GraphQLSchema) -> GraphQLError:
    failure = _FAILURE.search(error.message)
    if failure is not None:
        return _changed(error, f"{error.message[: failure.start()]}.")
    found = _NO_OBJECT.search(error.message)
    type_ = None if found is None else schema.get_type(found[1])
    if (
        found is None
        or not isinstance(type_, GraphQLInputObjectType)
        or type_.fields.keys().isdisjoint({"eq", "hasAny"})
    ):
        return error
    message = (
        f"{error.message[: found.start()]}Expected value of type '{found[1]}' to be an object. "
        f"Did you mean `{_comparison(type_, found[2])}`?"
    )
    return _changed(error, message)


def _changed(error: GraphQLError, message: str) -> GraphQLError:
    return GraphQLError(
        message,
        error.nodes,
        error.source,
        error.positions,
        error.path,
        error.original_error,
        error.extensions,
    )


def _comparison(type_: GraphQLInputObjectType, found: str) -> str:
    """Return the comparison with the found value. Strings are not repeated, since they may be confidential."""
    if "eq" not in type_.fields:
        return "{hasAny: […]}"
    if found.startswith("[") and "in" in type_.fields:
        return "{in: […]}"
    operand, plain = get_named_type(type_.fields["eq"].type), found.strip("'\"")
    is_name = isinstance(operand, GraphQLEnumType) and plain in operand.values
    return f"{{eq: {plain}}}" if is_name or _NUMBER.fullmatch(found) else "{eq: …}"
