"""The size of a document: its aliases, root fields, directives and lists, measured before its validation."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    ListValueNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
)

from schema.prepared.limits import Limits, first_exceeded


@dataclass(slots=True)
class _Part:
    """The sizes of an operation or a fragment. Those of the fragments that it spreads are not included."""

    aliases: int = 0
    directives: int = 0
    root_fields: int = 0
    longest_list: int = 0
    spreads: Counter[str] = field(default_factory=Counter)
    root_spreads: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class DocumentSize:
    """The sizes of an operation. The sizes of a fragment count once for each spread."""

    aliases: int = 0
    directives: int = 0
    root_fields: int = 0

    def refusal(self, limits: Limits) -> GraphQLError | None:
        """Return the error for a size that exceeds its limit."""
        return first_exceeded(
            limits, root_fields=self.root_fields, aliases=self.aliases, directives=self.directives
        )


def too_large(document: DocumentNode, limits: Limits) -> GraphQLError | None:
    """Return the error for the first limit that an operation of the document exceeds. It need not be valid."""
    parts = {
        node.name.value: _part(node)
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    operations = [_part(node) for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    longest = max((part.longest_list for part in (*operations, *parts.values())), default=0)
    refusal = first_exceeded(limits, list_length=longest)
    if refusal is not None:
        return refusal
    sizes = _sizes_of_fragments(parts)
    return next(filter(None, (_size(part, sizes).refusal(limits) for part in operations)), None)


def _part(definition: OperationDefinitionNode | FragmentDefinitionNode) -> _Part:
    part = _Part()
    remaining: list[Node] = [definition]
    while remaining:
        node = remaining.pop()
        if isinstance(node, FieldNode):
            part.aliases += node.alias is not None
        elif isinstance(node, DirectiveNode):
            part.directives += 1
        elif isinstance(node, FragmentSpreadNode):
            part.spreads[node.name.value] += 1
        elif isinstance(node, ListValueNode):
            part.longest_list = max(part.longest_list, len(node.values))
        for key in node.keys:
            inner: Any = getattr(node, key, None)
            if isinstance(inner, (tuple, list)):
                remaining += inner
            elif isinstance(inner, Node):
                remaining.append(inner)
    _count_root(part, definition.selection_set)
    return part


def _count_root(part: _Part, selected: SelectionSetNode) -> None:
    remaining = list(selected.selections)
    while remaining:
        node = remaining.pop()
        if isinstance(node, InlineFragmentNode):
            remaining += node.selection_set.selections
        elif isinstance(node, FragmentSpreadNode):
            part.root_spreads[node.name.value] += 1
        else:
            part.root_fields += 1


def _sizes_of_fragments(parts: Mapping[str, _Part]) -> Mapping[str, DocumentSize]:
    """Return the sizes of the fragments with those that they spread. A circle, which is invalid, counts once."""
    sizes: dict[str, DocumentSize] = {}
    opened: set[str] = set()
    remaining = list(parts)
    while remaining:
        name = remaining[-1]
        opened.add(name)
        inner = [each for each in parts[name].spreads if each in parts and each not in opened]
        if inner and name not in sizes:
            remaining += inner
            continue
        remaining.pop()
        if name not in sizes:
            sizes[name] = _size(parts[name], sizes)
    return sizes


def _size(part: _Part, sizes: Mapping[str, DocumentSize]) -> DocumentSize:
    spread = [(sizes.get(name, DocumentSize()), times) for name, times in part.spreads.items()]
    at_root = [(sizes.get(name, DocumentSize()), times) for name, times in part.root_spreads.items()]
    return DocumentSize(
        part.aliases + sum(size.aliases * times for size, times in spread),
        part.directives + sum(size.directives * times for size, times in spread),
        part.root_fields + sum(size.root_fields * times for size, times in at_root),
    )
