"""Keyset pagination: a page starts after a row, not after a number of rows.

Rows that are inserted or deleted before the page therefore neither repeat nor hide other rows.
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
    cast,
    func,
    true,
    tuple_,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from db.language.shape import RANK, SEARCH
from text.lexemes import rank_query


@dataclass(frozen=True, slots=True)
class Order:
    """A total order: columns without nulls in one direction, of which the last is unique.

    With a single direction, a position is one row value, and a page is a range of an index. The column `rank`
    is the relevance of the row for the full-text query `search`.
    """

    name: str
    columns: tuple[str, ...]
    descending: bool = True
    search: str | None = None

    @property
    def shape(self) -> "Order":
        """The order without its value, which selects the compiled statement."""
        return self if self.search is None else replace(self, search=None)

    @property
    def values(self) -> dict[str, object]:
        return {} if self.search is None else {_RANK_QUERY: rank_query(self.search)}


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
class PageBounds:
    """Up to `limit` rows after the position `after` and before `before`: the first, or `backwards` the last."""

    limit: int
    backwards: bool = False
    after: Position | None = None
    before: Position | None = None

    @property
    def shape(self) -> "BoundsShape":
        """The bounds without their values, which select the compiled statement."""
        return BoundsShape(self.backwards, self.after is not None, self.before is not None)

    def values(self, order: Order) -> dict[str, object]:
        """Return the parameters of `between` and of the limit.

        One row more than the limit is read. It tells whether a further page exists.
        """
        bound: dict[str, object] = {"limit": self.limit + 1, **order.values}
        for edge, position in (("after", self.after), ("before", self.before)):
            if position is not None:
                bound |= {
                    f"{edge}_{column}": value for column, value in zip(order.columns, position, strict=True)
                }
        return bound


@dataclass(frozen=True, slots=True)
class BoundsShape:
    """The bounds that are present, without their positions."""

    backwards: bool
    after: bool
    before: bool


def ordering(table: Table, order: Order) -> list[ColumnElement[Any]]:
    return [rank(table) if name == RANK else table.c[name] for name in order.columns]


def rank(table: Table) -> ColumnElement[Any]:
    """Return the relevance of the row for the order's query, as the column `rank`."""
    query = cast(bindparam(_RANK_QUERY, type_=Text), TSQUERY)
    return type_coerce(func.ts_rank(table.c[SEARCH], query), REAL).label(RANK)


def sorting(table: Table, order: Order, *, backwards: bool) -> list[ColumnElement[Any]]:
    """Return the elements of ORDER BY."""
    descending = order.descending != backwards
    return [column.desc() if descending else column.asc() for column in ordering(table, order)]


def between(table: Table, order: Order, *, after: bool, before: bool) -> ColumnElement[bool]:
    """Return the condition for rows after the parameter `after` and before the parameter `before`."""
    condition: ColumnElement[bool] = true()
    if after:
        condition &= beyond(table, order, "after", later=True)
    if before:
        condition &= beyond(table, order, "before", later=False)
    return condition


def beyond(
    table: Table, order: Order, edge: str, *, later: bool, inclusive: bool = False
) -> ColumnElement[bool]:
    """Return the condition for rows later or earlier in the order than the position in the parameter `edge`."""
    columns = ordering(table, order)
    row = tuple_(*columns)
    position = tuple_(*(_bound(edge, column) for column in columns))
    if order.descending == later:
        return row <= position if inclusive else row < position
    return row >= position if inclusive else row > position


def _bound(edge: str, column: ColumnElement[Any]) -> ColumnElement[Any]:
    # Clients send positions. A number that is too large for the column must compare as beyond all rows.
    type_ = BigInteger() if isinstance(column.type, Integer) else column.type
    return bindparam(f"{edge}_{column.name}", type_=type_)
