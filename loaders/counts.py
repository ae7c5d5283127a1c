"""Counts and sums of lists. The keys are the parents' ids, or None alone for the list of all visible rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from db.engine.reader import Reader
from db.language.filter import EVERYTHING, Filter
from db.language.scope import Scope
from db.models import Base
from db.statements import counts
from loaders.dataloader import DataLoader

Parent = int | None


def _ids(keys: Sequence[Parent]) -> list[int] | None:
    """Return the parents to ask for; None for the list of all rows."""
    ids = [key for key in keys if key is not None]
    return ids or None


@cache
def counter_of(model: type[Base], parent: str | None) -> str | None:
    """Return the column with the number of the model's rows: of the parent that a column names, or of the user."""
    owners = {f"{table.name.removesuffix('s')}_id": table for table in Base.metadata.tables.values()}
    owner, name = owners.get(parent or "user_id"), f"{model.__tablename__}_count"
    return f"{owner.name}.{name}" if owner is not None and name in owner.c else None


@dataclass(frozen=True, slots=True)
class CountByParent(DataLoader[Parent, int]):
    """The number of rows in the list."""

    model: type[Base]
    parent: str | None
    where: Filter = EVERYTHING

    @property
    def counted_in(self) -> str | None:
        """Return the counter of the whole list, if its parent or the user has one."""
        return counter_of(self.model, self.parent) if self.where == EVERYTHING else None

    async def read(self, reader: Reader, scope: Scope, keys: Sequence[Parent]) -> Sequence[int]:
        found = await counts.count(reader, scope, self.model, self.parent, _ids(keys), self.where)
        return [found.get(key, 0) for key in keys]


@dataclass(frozen=True, slots=True)
class CounterSum(DataLoader[None, int]):
    """The sum of a counter of the visible users. `model` is the counted model. The only key is None."""

    model: type[Base]
    counter: str

    async def read(self, reader: Reader, scope: Scope, keys: Sequence[None]) -> Sequence[int]:
        summed = await counts.sum_of_counter(reader, scope, self.counter)
        return [summed for _ in keys]


@dataclass(frozen=True, slots=True)
class GroupsByParent(DataLoader[Parent, Sequence[tuple[Any, int]]]):
    """The values of a column with the number of rows of each, the most frequent first."""

    model: type[Base]
    parent: str | None
    by: str
    where: Filter = EVERYTHING

    async def read(
        self, reader: Reader, scope: Scope, keys: Sequence[Parent]
    ) -> Sequence[Sequence[tuple[Any, int]]]:
        found = await counts.group(reader, scope, self.model, self.parent, _ids(keys), self.by, self.where)
        return [found.get(key, []) for key in keys]


@dataclass(frozen=True, slots=True)
class SumsByParent(DataLoader[Parent, Sequence[tuple[Any, Any]]]):
    """A column's sum over the list, for each value of `by`. A list without values has no sum."""

    model: type[Base]
    parent: str | None
    column: str
    by: str | None = None
    where: Filter = EVERYTHING

    async def read(
        self, reader: Reader, scope: Scope, keys: Sequence[Parent]
    ) -> Sequence[Sequence[tuple[Any, Any]]]:
        found = await counts.total(
            reader, scope, self.model, self.parent, _ids(keys), self.column, self.by, self.where
        )
        return [found.get(key, []) for key in keys]


@dataclass(frozen=True, slots=True)
class WindowCountsByParent(DataLoader[Parent, Mapping[int, int]]):
    """The number of rows created in each window, by the window's index. A window ends at the start of the next one,
    the last window ends at `end`. Windows without rows are absent.
    """

    model: type[Base]
    parent: str | None
    starts: tuple[datetime, ...]
    end: datetime
    where: Filter = EVERYTHING

    async def read(self, reader: Reader, scope: Scope, keys: Sequence[Parent]) -> Sequence[Mapping[int, int]]:
        found = await counts.per_window(
            reader, scope, self.model, self.parent, _ids(keys), self.starts, self.end, self.where
        )
        return [found.get(key, {}) for key in keys]
