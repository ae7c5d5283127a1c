"""The lists of a response, as the document tells them before it runs."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_list_type,
)
from graphql.type import GraphQLNamedType, get_nullable_type

Lists: TypeAlias = dict[str, "Lists"]
"""The response names of an object that lead to lists, each with those of the objects below."""


def response_lists(
    schema: GraphQLSchema, node: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> Lists:
    """Return the lists of a valid operation's response. Skipped fields count, too."""
    lists: Lists = {}
    root = schema.get_root_type(node.operation)
    assert root is not None  # noqa: S101 - the operation is valid
    _Search(schema, fragments).add(lists, node.selection_set, root, set())
    return lists


class _Search:
    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._schema = schema
        self._fragments = fragments

    def add(
        self, lists: Lists, selections: SelectionSetNode, parent: GraphQLNamedType, seen: set[str]
    ) -> None:
        """Add the lists of a selection set. `seen` are the fragments that the object has already."""
        for node in selections.selections:
            if isinstance(node, FieldNode):
                self._add_field(lists, node, parent)
                continue
            if isinstance(node, FragmentSpreadNode) and node.name.value in seen:
                continue
            fragment: Any = node
            if isinstance(node, FragmentSpreadNode):
                seen.add(node.name.value)
                fragment = self._fragments[node.name.value]
            condition = fragment.type_condition
            type_ = parent if condition is None else self._schema.type_map[condition.name.value]
            self.add(lists, fragment.selection_set, type_, seen)

    def _add_field(self, lists: Lists, node: FieldNode, parent: GraphQLNamedType) -> None:
        known = self._schema.get_field(parent, node.name.value)  # type: ignore[arg-type]
        assert known is not None  # noqa: S101 - the operation is valid
        name = node.alias.value if node.alias else node.name.value
        below = lists.get(name, {})
        if node.selection_set is not None:
            self.add(below, node.selection_set, get_named_type(known.type), set())
        if below or is_list_type(get_nullable_type(known.type)):
            lists[name] = below
