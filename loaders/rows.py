"""Rows by key, and pages of rows by parent."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Any, Generic, TypeVar

from db.engine.reader import Reader
from db.language.filter import EVERYTHING, Filter
from db.language.keyset import Count, Order, PageBounds
from db.language.records import column_getter
from db.language.scope import Scope
from db.models import Base, Lead
from db.statements import read_rows
from loaders.dataloader import DataLoader

Model = TypeVar("Model", bound=Base)


@dataclass(frozen=True, slots=True)
class Page(Generic[Model]):
    """Rows in order. `more` says whether rows exist beyond the page, on the side of its limit. `total` is the number of
    rows of the whole list, if it was counted.
    """

    rows: Sequence[Model]
    more: bool
    total: int | None = None


@dataclass(frozen=True, slots=True)
class RowByColumn(DataLoader[int, Model | None], Generic[Model]):
    """The visible row whose unique column is the key, or None."""

    model: type[Model]
    column: str

    async def read(self, reader: Reader, scope: Scope, keys: Sequence[int]) -> Sequence[Model | None]:
        found = await read_rows.by(reader, scope, self.model, self.column, keys)
        if len(keys) == 1:
            return found or [None]
        by_key = dict(zip(map(attrgetter(self.column), found), found, strict=True))
        return [by_key.get(key) for key in keys]


@dataclass(frozen=True, slots=True)
class RowById(RowByColumn[Model]):
    column: str = "id"


LeadByMention = partial(RowByColumn, Lead, "mention_id")


@dataclass(frozen=True, slots=True)
class PageByParent(DataLoader[Any, Page[Model]], Generic[Model]):
    """The same page of each parent's rows. The page of a parent without rows is empty.

    Without a `parent`, it is the page of all visible rows, and the only key is None. Pages with a
    `count` have the number of rows of the whole list, and start at an end of the list.
    """

    model: type[Model]
    parent: str | None
    order: Order
    bounds: PageBounds
    where: Filter = EVERYTHING
    count: Count | None = None

    async def read(self, reader: Reader, scope: Scope, keys: Sequence[Any]) -> Sequence[Page[Model]]:
        if self.parent is None:
            rows = await read_rows.page(
                reader, scope, self.model, self.order, self.bounds, self.where, count=self.count
            )
            return [self._cut(rows)]
        found = await read_rows.page_of_each(
            reader,
            scope,
            self.model,
            self.parent,
            keys,
            self.order,
            self.bounds,
            self.where,
            count=self.count,
        )
        grouped: defaultdict[Any, list[Model]] = defaultdict(list)
        for key, neighbours in groupby(found, column_getter(found, self.parent)):
            grouped[key] += neighbours
        return [self._cut(grouped.get(key, [])) for key in keys]

    def _cut(self, rows: list[Any]) -> Page[Model]:
        """Cut the page. A list without a first row is empty."""
        page: Page[Model] = cut(rows, self.bounds)
        if self.count:
            return replace(page, total=rows[0][-1] if rows else 0)
        return page


@dataclass(frozen=True, slots=True)
class HasRowsBeyondByParent(DataLoader[Any, bool], Generic[Model]):
    """Whether a parent has rows on the other side of a page's `after` or `before`. Without a `parent`, whether there
    are any such rows, and the only key is None.
    """

    model: type[Model]
    parent: str | None
    order: Order
    position: tuple[object, ...]
    later: bool
    where: Filter = EVERYTHING

    async def read(self, reader: Reader, scope: Scope, keys: Sequence[Any]) -> Sequence[bool]:
        if self.parent is None:
            found_any = await read_rows.any_rows_beyond(
                reader, scope, self.model, self.order, self.position, self.where, later=self.later
            )
            return [found_any]
        found = await read_rows.parents_with_rows_beyond(
            reader,
            scope,
            self.model,
            self.parent,
            keys,
            self.order,
            self.position,
            self.where,
            later=self.later,
        )
        return [key in found for key in keys]


def cut(found: list[Model], bounds: PageBounds) -> Page[Model]:
    """Cut off the row that was read beyond the page, and put rows that were read backwards into the list's order."""
    kept = found[: bounds.limit]
    return Page(kept[::-1] if bounds.backwards else kept, len(found) > bounds.limit)
