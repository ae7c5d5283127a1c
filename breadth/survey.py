"""A look over a document before it is planned: what it makes depend on variables, and what keeps it out."""

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


class StepAside(Exception):  # noqa: N818 - nothing is wrong: the operation is for another executor
    """What breadth leaves to graphql-core, in a few words."""


@dataclass(frozen=True, slots=True)
class Survey:
    """`conditions` are the variables that `@skip` and `@include` look at, in order of first appearance."""

    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    conditions: tuple[str, ...]


def survey(schema: GraphQLSchema, document: DocumentNode, operation_name: str | None) -> Survey:
    """Raises `StepAside` for what is not run here."""
    operation = _operation(document, operation_name)
    if operation.operation is OperationType.SUBSCRIPTION:
        raise StepAside("a subscription")
    if schema.get_root_type(operation.operation) is None:
        raise StepAside("no root type for the operation")
    if schema.get_directive("defer") or schema.get_directive("stream"):
        raise StepAside("a schema with incremental delivery")
    fragments = {
        each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
    }
    if operation.directives or any(each.directives for each in fragments.values()):
        raise StepAside("a directive on an operation or a fragment")
    if any(each.variable_definitions for each in fragments.values()):
        raise StepAside("a fragment with variables")
    conditions = _conditions([operation.selection_set, *(each.selection_set for each in fragments.values())])
    return Survey(operation, fragments, conditions)


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    found = [
        each
        for each in document.definitions
        if isinstance(each, OperationDefinitionNode)
        and (name is None or (each.name is not None and each.name.value == name))
    ]
    if not found or (name is None and len(found) > 1):
        raise StepAside("no operation, or several to choose from")
    return found[-1]


def _conditions(selection_sets: Iterable[SelectionSetNode]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    waiting = list(selection_sets)
    while waiting:
        for selection in waiting.pop().selections:
            names |= dict.fromkeys(_condition(each) for each in selection.directives or ())
            waiting += _below(selection)
    names.pop("", None)
    return tuple(names)


def _below(selection: SelectionNode) -> list[SelectionSetNode]:
    if isinstance(selection, FragmentSpreadNode):
        if selection.arguments:
            raise StepAside("a fragment with variables")
        return []
    if isinstance(selection, FieldNode) and selection.name.value in INTROSPECTION:
        raise StepAside("introspection")
    inner: SelectionSetNode | None = getattr(selection, "selection_set", None)
    return [inner] if inner is not None else []


def _condition(directive: DirectiveNode) -> str:
    """The variable that a directive looks at; empty if it looks at none."""
    if directive.name.value not in CONDITIONS:
        raise StepAside(f"the directive @{directive.name.value}")
    arguments: dict[str, Any] = {each.name.value: each.value for each in directive.arguments or ()}
    condition = arguments.get("if")
    if isinstance(condition, VariableNode):
        return condition.name.value
    if isinstance(condition, BooleanValueNode):
        return ""
    raise StepAside("a condition that is neither a variable nor a boolean")
