"""The objects of an operation by field: where its cost comes from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    get_nullable_type,
    is_list_type,
)

from schema.prepared.lookahead import Position, Total, Walk

MOST_FIELDS: Final = 1_000
"""The most fields of an operation that is examined. The walk visits each place of a fragment."""


class FieldCost(NamedTuple):
    """The most objects of the field at a path, with those of all fields below it."""

    path: tuple[str, ...]
    objects: int


@dataclass(frozen=True, slots=True)
class _Field:
    """A field with the sums for one of its parents, and the fields below it."""

    key: str
    is_list: bool
    total: Total
    below: "tuple[_Field, ...]"


def cost_by_field(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Mapping[str, Any],
) -> list[FieldCost]:
    """Return the fields with objects, in the order of the document.

    The operation must have at most `MOST_FIELDS` fields, and be within the other limits.
    """
    walk = _RecordingWalk(schema, fragments, operation, variables)
    walk.root(operation.selection_set, schema.get_root_type(operation.operation), copies=False)
    return list(_costs(tuple(walk.fields), (), parents=1, rows=0))


class _RecordingWalk(Walk):
    """A walk that keeps the fields as a tree."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.fields: list[_Field] = []

    def _field(self, node: FieldNode, parent: Any, position: Position) -> Total:
        beside, self.fields = self.fields, []
        total = super()._field(node, parent, position)
        known = getattr(parent, "fields", {}).get(node.name.value)
        is_list = known is not None and is_list_type(get_nullable_type(known.type))
        made = _Field((node.alias or node.name).value, is_list, total, tuple(self.fields))
        self.fields = [*beside, made]
        return total

    def _spread(self, fragment: FragmentDefinitionNode, position: Position) -> Total:
        type_ = self._schema.get_type(fragment.type_condition.name.value)
        return self.selection_set(fragment.selection_set, type_, position)


def _costs(
    fields: tuple[_Field, ...], above: tuple[str, ...], *, parents: int, rows: int
) -> Iterator[FieldCost]:
    """Yield the costs below so many parents, each of which is a page with so many rows or no page."""
    for field in fields:
        path, total = (*above, field.key), field.total
        if parents * total.objects:
            yield FieldCost(path, parents * total.objects)
        inner = sum(each.total.objects for each in field.below)
        per_row = sum(each.total.objects_per_row for each in field.below)
        if not field.is_list:
            of_page = (total.objects - 1 - inner) // per_row if per_row else 0
            yield from _costs(field.below, path, parents=parents, rows=of_page)
        elif total.objects_per_row:
            yield from _costs(field.below, path, parents=parents * rows, rows=0)
        else:
            items = total.objects // (1 + inner + per_row)
            yield from _costs(field.below, path, parents=parents * items, rows=0)
