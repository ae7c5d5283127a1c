"""Paging by keyset: a page starts behind a row, not behind a number of rows, so that rows which come and
go in front of it neither repeat others nor hide them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Column, ColumnElement, Table, bindparam, true, tuple_


@dataclass(frozen=True, slots=True)
class Order:
    """A strict order: columns that are never null, all in one direction, the last of them unique.

    One direction lets the whole position be compared as one row value, which an index serves as a range.
    """

    name: str
    columns: tuple[str, ...]
    descending: bool = True


NEWEST_FIRST = Order("created_at", ("created_at", "id"))
LATEST_ID_FIRST = Order("id", ("id",))

Position = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """Up to `limit` rows behind `after` and in front of `before`: the first ones, or backwards the last."""

    limit: int
    backwards: bool = False
    after: Position | None = None
    before: Position | None = None

    @property
    def shape(self) -> "SpanShape":
        return SpanShape(self.backwards, self.after is not None, self.before is not None)

    def values(self, order: Order) -> dict[str, object]:
        """The values that the conditions of `between` and the limit are bound to. One row more than asked
        for is read: it tells whether there is a further page.
        """
        bound: dict[str, object] = {"limit": self.limit + 1}
        for edge, position in (("after", self.after), ("before", self.before)):
            if position is not None:
                bound |= {
                    f"{edge}_{column}": value for column, value in zip(order.columns, position, strict=True)
                }
        return bound


@dataclass(frozen=True, slots=True)
class SpanShape:
    backwards: bool
    after: bool
    before: bool


def columns_of(table: Table, order: Order) -> list[Column[object]]:
    return [table.c[name] for name in order.columns]


def sorting(table: Table, order: Order, *, backwards: bool) -> list[ColumnElement[object]]:
    descending = order.descending != backwards
    return [column.desc() if descending else column.asc() for column in columns_of(table, order)]


def between(table: Table, order: Order, *, after: bool, before: bool) -> ColumnElement[bool]:
    """Rows behind the position `after` and in front of `before`, where these are given."""
    condition: ColumnElement[bool] = true()
    if after:
        condition &= beyond(table, order, "after", later=True)
    if before:
        condition &= beyond(table, order, "before", later=False)
    return condition


def beyond(
    table: Table, order: Order, edge: str, *, later: bool, inclusive: bool = False
) -> ColumnElement[bool]:
    """Rows that come later (or earlier) in the order than the position bound as `edge`."""
    columns = columns_of(table, order)
    row = tuple_(*columns)
    position = tuple_(*_bound(columns, edge))
    if order.descending == later:
        return row <= position if inclusive else row < position
    return row >= position if inclusive else row > position


def _bound(columns: Sequence[Column[object]], edge: str) -> list[ColumnElement[object]]:
    return [bindparam(f"{edge}_{column.name}", type_=column.type) for column in columns]
