"""Projections: the columns and relations that an operation reads of each model.

Other columns are neither read, sent nor decoded. Rows of to-one relations are joined in the same statement.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from db.language.shape import COMPUTED, Join, Shape, ToOne, columns
from db.models import Base


@dataclass(frozen=True, slots=True)
class Selected:
    """The columns and relations that an operation selects of a model."""

    columns: frozenset[str] = frozenset()
    relations: frozenset[ToOne] = frozenset()


class Projection:
    """The selected columns per model. All columns of models without an entry are read."""

    def __init__(self, selected: Mapping[type[Base], Selected]) -> None:
        self._selected = selected
        self._shapes: dict[tuple[type[Base], tuple[str, ...], bool], Shape] = {}
        self.reads: dict[tuple[type[Base], str, bool], Any] = {}
        """The statements and classes of reads by a column, which `db.statements.read_rows` makes once."""

    def shape(self, model: type[Base], *own: str, shared: bool = True) -> Shape:
        """Return the shape of a read that also needs the columns `own`.

        Without `shared`, join only rows that no other row can refer to.
        """
        key = (model, own, shared)
        found = self._shapes.get(key)
        if found is None:
            found = self._shapes[key] = self._shape(model, own, (), shared=shared)
        return found

    def unused(self, shape: Shape) -> list[str]:
        """Return the columns of a shape that the operation does not select, unless the shape is one of `shape`."""
        selected = self._selected.get(shape.model)
        if not self._selected or (selected is not None and shape in self._shapes.values()):
            return []
        needed = {"id"} if selected is None else selected.columns | {"id"}
        return [name for name in shape.columns if name not in needed]

    def _shape(
        self, model: type[Base], own: tuple[str, ...], above: tuple[type[Base], ...], *, shared: bool
    ) -> Shape:
        selected = self._selected.get(model)
        needed = None if selected is None else selected.columns.union(("id",), own)
        names = [column.name for column in columns(model, needed)]
        names += [name for name in own if name in COMPUTED and name not in names]
        path = (*above, model)
        joins = [
            Join(relation, self._shape(relation.model, (relation.key,), path, shared=shared))
            for relation in sorted(
                selected.relations if selected else (), key=lambda relation: relation.label
            )
            # A model that is already on the path would repeat without end.
            if (shared or not relation.shared) and relation.model not in path
        ]
        return Shape(model, tuple(names), tuple(joins))


EVERY_COLUMN: Final = Projection({})
