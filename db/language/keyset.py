"""Paging by keyset: a page starts behind a row, not behind a number of rows, so that rows which come and
go in front of it neither repeat others nor hide them.
"""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    REAL,
    BigInteger,
    ColumnElement,
    Integer,
    Table,
    Text,
    bindparam,
    func,
    true,
    tuple_,
    type_coerce,
)

from db.language.records import RANK, SEARCH


@dataclass(frozen=True, slots=True)
class Order:
    """A strict order: columns that are never null, all in one direction, the last of them unique.

    One direction lets the whole position be compared as one row value, which an index serves as a range.
    The column `rank` stands for how well a row fits the words of `search`.
    """

    name: str
    columns: tuple[str, ...]
    descending: bool = True
    search: str | None = None

    @property
    def shape(self) -> "Order":
        return self if self.search is None else replace(self, search=None)

    @property
    def values(self) -> dict[str, object]:
        """What the order itself is bound to."""
        return {} if self.search is None else {_RANK_QUERY: self.search}


_RANK_QUERY = "rank_query"

NEWEST_FIRST = Order("newest", ("created_at", "id"))
OLDEST_FIRST = Order("oldest", ("created_at", "id"), descending=False)
LATEST_ID_FIRST = Order("newest", ("id",))
EARLIEST_ID_FIRST = Order("oldest", ("id",), descending=False)
MOST_MENTIONS_FIRST = Order("most_mentions", ("mentions_count", "id"))
MOST_LEADS_FIRST = Order("most_leads", ("leads_count", "id"))
LATEST_CHANGE_FIRST = Order("latest_change", ("status_changed_at", "id"))
BEST_MATCH_FIRST = Order("best_match", (RANK, "id"))

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
        bound: dict[str, object] = {"limit": self.limit + 1, **order.values}
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


def ordering(table: Table, order: Order) -> list[ColumnElement[Any]]:
    """What rows are ordered by, from the first to the last."""
    return [rank(table) if name == RANK else table.c[name] for name in order.columns]


def rank(table: Table) -> ColumnElement[Any]:
    query = func.websearch_to_tsquery("simple", bindparam(_RANK_QUERY, type_=Text))
    return type_coerce(func.ts_rank(table.c[SEARCH], query), REAL).label(RANK)


def sorting(table: Table, order: Order, *, backwards: bool) -> list[ColumnElement[Any]]:
    descending = order.descending != backwards
    return [column.desc() if descending else column.asc() for column in ordering(table, order)]


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
    columns = ordering(table, order)
    row = tuple_(*columns)
    position = tuple_(*(_bound(edge, column) for column in columns))
    if order.descending == later:
        return row <= position if inclusive else row < position
    return row >= position if inclusive else row > position


def _bound(edge: str, column: ColumnElement[Any]) -> ColumnElement[Any]:
    # A position is what a client sent: a number that is too large for its column is merely beyond all rows.
    type_ = BigInteger() if isinstance(column.type, Integer) else column.type
    return bindparam(f"{edge}_{column.name}", type_=type_)
