"""Shapes: the columns that a statement returns of a model's row, and of the rows joined to it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column

from db.models import Base
from db.models.base import table_of

SEARCH = "search"
HIDDEN = {SEARCH, "credentials", "secret_hash"}
"""Columns that reads never return: the full-text index of the row, and secrets."""

LONG_TEXTS = {"content", "notes"}
"""Columns whose values can be so long that their number says little about the size of a response."""

RANK = "rank"
"""The computed column of a full-text search: the relevance of the row for the query."""
RELEVANCE_SCORE = "relevance_score"
"""The computed column of mentions in the order of their relevance: the score of their analysis."""
COMPUTED: Mapping[str, type[Any]] = {RANK: float, RELEVANCE_SCORE: int}
"""The types of the columns that orders compute. The model's table lacks them."""


def columns(model: type[Base], needed: frozenset[str] | None = None) -> list[Column[Any]]:
    """Return the needed columns of the model in the table's order, by default all that are not hidden."""
    return [
        column
        for column in table_of(model).c
        if column.name not in HIDDEN and (needed is None or column.name in needed)
    ]


@dataclass(frozen=True, slots=True)
class ToOne:
    """A relation to at most one row of `model`: the row whose `key` equals the referring row's `column`.

    `shared` says that many rows may refer to the same row.
    """

    model: type[Base]
    column: str
    key: str
    shared: bool

    @property
    def label(self) -> str:
        """The name in statements, such as `mention`."""
        return self.model.__tablename__ if self.column == "id" else self.column.removesuffix("_id")


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns of a returned row: a model's columns by name, followed by those of the joined rows."""

    model: type[Base]
    columns: tuple[str, ...]
    joins: tuple["Join", ...] = ()
    _hash: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        # Compute the hash once: each read looks up its statement by the shape.
        object.__setattr__(self, "_hash", hash((self.model, self.columns, self.joins)))

    def __hash__(self) -> int:
        return self._hash

    @property
    def width(self) -> int:
        """The number of columns, with those of the joined rows."""
        return len(self.columns) + sum(join.shape.width for join in self.joins)

    def long_texts(self, start: int = 0) -> Iterator[int]:
        """Yield the positions of columns with long texts, with those of the joined rows. `start` is the first position."""
        for position, name in enumerate(self.columns, start):
            if name in LONG_TEXTS:
                yield position
        start += len(self.columns)
        for join in self.joins:
            yield from join.shape.long_texts(start)
            start += join.shape.width

    def paths(self, above: str = "") -> Iterator[str]:
        """Yield the joined relations, such as `mention` and `mention.keyword`."""
        for join in self.joins:
            path = f"{above}{join.relation.label}"
            yield path
            yield from join.shape.paths(f"{path}.")


@dataclass(frozen=True, slots=True)
class Join:
    """A relation that a statement joins, and the shape of its row."""

    relation: ToOne
    shape: Shape
