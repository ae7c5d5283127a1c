"""Equal fields of one selection under several aliases. A query resolves one of them and copies its value."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

from graphql import FieldNode, Node, print_ast

Item = TypeVar("Item", bound=Hashable)


def text_of(node: FieldNode) -> str:
    """Return the text of a field without its alias. Fields of equal texts in one document have equal values."""
    parts: list[Node] = [*(node.arguments or ()), *(node.directives or ())]
    if node.selection_set is not None:
        parts.append(node.selection_set)
    return " ".join([node.name.value, *map(print_ast, parts)])


def copies_among(fields: Iterable[tuple[Item, Sequence[FieldNode]]]) -> dict[Item, Item]:
    """Return the fields that are equal to an earlier one, with the first one of their kind."""
    given = list(fields)
    names = Counter(nodes[0].name.value for _, nodes in given)
    first: dict[tuple[str, ...], Item] = {}
    copies: dict[Item, Item] = {}
    for field, nodes in given:
        if names[nodes[0].name.value] > 1:
            known = first.setdefault(tuple(map(text_of, nodes)), field)
            if known is not field:
                copies[field] = known
    return copies
