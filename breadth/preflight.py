"""Checks a document before it is planned: can breadth run it, and which variables do its conditions read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
)

INTROSPECTION = ("__schema", "__type")
CONDITIONS = ("skip", "include")


class Unsupported(Exception):  # noqa: N818 - not an error: graphql-core runs the operation
    """Raised for an operation that breadth leaves to graphql-core. The message names the reason."""


@dataclass(frozen=True, slots=True)
class Preflight:
    """The operation to run, the document's fragments, and the variables that `@skip` and `@include` read."""

    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    conditions: tuple[str, ...]


def preflight(
    schema: GraphQLSchema, document: DocumentNode, operation_name: str | None, *, of_events: bool = False
) -> Preflight:
    """Check a document. Raise `Unsupported` if breadth does not run the operation.

    A subscription is run only as a plan `of_events`.
    """
    operation = _operation(document, operation_name)
    if operation.operation is OperationType.SUBSCRIPTION and not of_events:
        raise Unsupported("a subscription")
    if schema.get_root_type(operation.operation) is None:
        raise Unsupported("no root type for the operation")
    if schema.get_directive("defer") or schema.get_directive("stream"):
        raise Unsupported("a schema with incremental delivery")
    fragments = {
        each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
    }
    if operation.directives or any(each.directives for each in fragments.values()):
        raise Unsupported("a directive on an operation or a fragment")
    if any(each.variable_definitions for each in fragments.values()):
        raise Unsupported("a fragment with variables")
    conditions = _conditions([operation.selection_set, *(each.selection_set for each in fragments.values())])
    return Preflight(operation, fragments, conditions)


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    found = [
        each
        for each in document.definitions
        if isinstance(each, OperationDefinitionNode)
        and (name is None or (each.name is not None and each.name.value == name))
    ]
    if not found or (name is None and len(found) > 1):
        raise Unsupported("a missing or ambiguous operation")
    return found[-1]


def _conditions(selection_sets: Iterable[SelectionSetNode]) -> tuple[str, ...]:
    """Return the variables of all conditions, in order of first appearance."""
    names: dict[str, None] = {}
    remaining = list(selection_sets)
    while remaining:
        for selection in remaining.pop().selections:
            names |= dict.fromkeys(_condition(each) for each in selection.directives or ())
            remaining += _selection_sets_of(selection)
    names.pop("", None)
    return tuple(names)


def _selection_sets_of(selection: SelectionNode) -> list[SelectionSetNode]:
    if isinstance(selection, FragmentSpreadNode):
        if selection.arguments:
            raise Unsupported("a fragment with variables")
        return []
    if isinstance(selection, FieldNode) and selection.name.value in INTROSPECTION:
        raise Unsupported("introspection")
    inner: SelectionSetNode | None = getattr(selection, "selection_set", None)
    return [inner] if inner is not None else []


def _condition(directive: DirectiveNode) -> str:
    """Return the variable that a directive reads; an empty string for a literal condition."""
    if directive.name.value not in CONDITIONS:
        raise Unsupported(f"the directive @{directive.name.value}")
    arguments: dict[str, Any] = {each.name.value: each.value for each in directive.arguments or ()}
    condition = arguments.get("if")
    if isinstance(condition, VariableNode):
        return condition.name.value
    if isinstance(condition, BooleanValueNode):
        return ""
    raise Unsupported("a condition that is neither a variable nor a boolean")
