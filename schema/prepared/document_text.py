"""The text of a document without its values, for logs and traces.

A document may hold values of a user in its literals, in defaults of variables, in comments and in descriptions. None
of them is in the text. Names stay: those of fields, arguments, variables, aliases, fragments and operations.
"""

from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from graphql import GraphQLError, ListValueNode, NameNode, Node, VariableNode, Visitor, print_ast, visit

from schema.prepared.document import parse

LONGEST_DOCUMENT: Final = 10_000
"""The most characters of a document that is read. Longer ones take too long for a log."""
LONGEST_TEXT: Final = 4_000
TEXTS_KEPT: Final = 256

_VALUE: Final = VariableNode(name=NameNode(value="_"))


class _WithoutValues(Visitor):
    """Replaces each literal by `$_`, and drops descriptions, and defaults and directives of variables."""

    def _replace(self, *_: Any) -> Node:
        return _VALUE

    enter_int_value = enter_float_value = enter_string_value = _replace
    enter_boolean_value = enter_null_value = enter_enum_value = _replace

    def _describe(self, node: Any, *_: Any) -> Node:
        described: Node = replace(node, description=None)
        return described

    enter_operation_definition = enter_fragment_definition = _describe

    def enter_variable_definition(self, node: Any, *_: Any) -> Node:
        defined: Node = replace(node, description=None, default_value=None, directives=())
        return defined

    def leave_list_value(self, node: ListValueNode, *_: Any) -> Node:
        """Keep one of several equal elements. A list of literals becomes one `$_`."""
        elements = {print_ast(element): element for element in node.values}
        if list(elements) == ["$_"]:
            return _VALUE
        return replace(node, values=tuple(elements.values()))


@lru_cache(TEXTS_KEPT)
def without_values(document: str) -> str | None:
    """Return the document on one line without its values, or None if it is invalid or too long."""
    if len(document) > LONGEST_DOCUMENT:
        return None
    try:
        parsed, _ = parse(document)
    except GraphQLError:
        return None
    text = " ".join(print_ast(visit(parsed, _WithoutValues())).split())
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"
