"""What one operation takes of each model's rows: nothing else is read, sent and decoded.

Rows that other rows refer to, one each, ride along in the same statement.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from db.language.records import RANK, Joined, Shape, columns
from db.models import Base


@dataclass(frozen=True, slots=True)
class ToOne:
    """A relation to at most one row of `model`: the one whose `key` is the referring row's `column`.

    `shared` says that many rows may refer to the same one.
    """

    model: type[Base]
    column: str
    key: str
    shared: bool

    @property
    def label(self) -> str:
        """What it is called in statements, such as `mention`."""
        return self.model.__tablename__ if self.column == "id" else self.column.removesuffix("_id")


@dataclass(frozen=True, slots=True)
class Selected:
    """The columns that are selected of a model's rows somewhere in an operation, and the relations."""

    columns: frozenset[str] = frozenset()
    relations: frozenset[ToOne] = frozenset()


class Projection:
    """Gives the shapes of the rows that an operation reads. Of a model that it does not know all columns are."""

    def __init__(self, taken: Mapping[type[Base], Selected]) -> None:
        self._taken = taken
        self._shapes: dict[tuple[type[Base], tuple[str, ...], bool], Shape] = {}

    @cached_property
    def models(self) -> frozenset[type[Base]]:
        return frozenset(self._taken)

    def taken(self, model: type[Base]) -> Selected | None:
        return self._taken.get(model)

    def shape(self, model: type[Base], *own: str, shared: bool = True) -> Shape:
        """The shape of a read that needs the columns `own` for itself. Without `shared`, only those rows ride
        along that no others refer to.
        """
        key = (model, own, shared)
        found = self._shapes.get(key)
        if found is None:
            found = self._shapes[key] = self._shape(model, own, (), shared=shared)
        return found

    def _shape(
        self, model: type[Base], own: tuple[str, ...], above: tuple[type[Base], ...], *, shared: bool
    ) -> Shape:
        taken = self._taken.get(model)
        needed = None if taken is None else taken.columns.union(("id",), own)
        names = [column.name for column in columns(model, needed)]
        if RANK in own:
            names.append(RANK)
        path = (*above, model)
        joins = [
            Joined(relation, self._shape(relation.model, (relation.key,), path, shared=shared))
            for relation in sorted(taken.relations if taken else (), key=lambda relation: relation.label)
            # A model that is on the way already would come again and again.
            if (shared or not relation.shared) and relation.model not in path
        ]
        return Shape(model, tuple(names), tuple(joins))


EVERY_COLUMN: Final = Projection({})
