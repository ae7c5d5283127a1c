"""Keyset pagination: a page starts after a row, not after a number of rows.

Rows that are inserted or deleted before the page therefore neither repeat nor hide other rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum
from typing import Any

from sqlalchemy import (
    REAL,
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    Numeric,
    Table,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    true,
    tuple_,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from db.language.scope import visible
from db.language.shape import COMPUTED, RANK, RELEVANCE_SCORE, SEARCH
from db.models import AnalysisResult, Base
from db.models.base import EARLIEST, table_of
from text.lexemes import rank_query


@dataclass(frozen=True, slots=True)
class Order:
    """A total order: columns in one direction, of which the last is unique.

    With a single direction, a position is one row value, and a page is a range of an index. A null counts as a value
    below all others, so that descending orders end with the rows without a value. The column `rank` is the relevance
    of the row for the full-text query `search`. An order that begins with `relevance_score` has only mentions with
    that score.
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
HIGHEST_SCORE_FIRST = Order("highest_score", ("score", "id"))
HIGHEST_VALUE_FIRST = Order("highest_value", ("value", "id"))
LATEST_UPDATE_FIRST = Order("latest_update", ("updated_at", "id"))
EARLIEST_UPDATE_FIRST = Order("earliest_update", ("updated_at", "id"), descending=False)
LATEST_PUBLISHED_FIRST = Order("latest_published", ("published_at", "id"))
MOST_RELEVANT_FIRST = Order("most_relevant", (RELEVANCE_SCORE, "id"))

WITH_MANY_TIES = frozenset(
    {
        HIGHEST_SCORE_FIRST,
        HIGHEST_VALUE_FIRST,
        LATEST_UPDATE_FIRST,
        EARLIEST_UPDATE_FIRST,
        LATEST_PUBLISHED_FIRST,
        MOST_RELEVANT_FIRST,
    }
)
"""The orders by columns with few values or many nulls. See `Of`."""


class Of(IntEnum):
    """The rows of a list: those of a user, of all users, or of another parent.

    PostgreSQL underestimates the rows at a position among ties. It would then read a small list by the index of a
    larger one, and walk over the rows of all other lists. In orders with many ties, each kind of list therefore
    writes the key in its own way, as often as the number says: `key`, `coalesce(key, key)` and so on. The first
    two have indexes. Rows of other parents are sorted.
    """

    USER = 1
    ALL = 2
    PARENT = 3


def kind_of_list(parent: str | None, *, everybody: bool) -> Of:
    """Return the rows of the list by the column `parent`, or of the list of all visible rows."""
    if parent is None:
        return Of.ALL if everybody else Of.USER
    return Of.USER if parent == "user_id" else Of.PARENT


BELOW_ALL: Mapping[type[Any], object] = {
    int: -1,
    Decimal: Decimal(-1),
    datetime: datetime.min.replace(tzinfo=UTC),  # the driver sends it as -infinity
}
"""The values that count for null in orders, by the type of the column. No row has them."""

Position = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class PageBounds:
    """Up to `limit` rows after the position `after` and before `before`: the first, or `backwards` the last."""

    limit: int
    backwards: bool = False
    after: Position | None = None
    before: Position | None = None

    @property
    def starts_at_an_end(self) -> bool:
        """Return whether the page starts at the first or the last row of the list."""
        return self.after is None and self.before is None

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


@dataclass(frozen=True, slots=True)
class Count:
    """The number of rows of the whole list: the sum of a counter of the visible users, or counted without a counter."""

    counter: str | None = None


def ordering(table: Table, order: Order, *, of: Of = Of.USER) -> list[ColumnElement[Any]]:
    columns: list[ColumnElement[Any]]
    if order.columns[0] == RELEVANCE_SCORE:  # the columns of an index of the analyses
        analyses = table_of(AnalysisResult)
        columns = [analyses.c[RELEVANCE_SCORE], analyses.c.mention_id]
    else:
        columns = [rank(table) if name == RANK else _sort_key(table.c[name]) for name in order.columns]
    if of is not Of.USER and order in WITH_MANY_TIES:
        columns[0] = func.coalesce(*[columns[0]] * of)
    return columns


def _sort_key(column: Column[Any]) -> ColumnElement[Any]:
    if not column.nullable:
        return column
    type_ = column.type.python_type
    written = EARLIEST if type_ is datetime else str(BELOW_ALL[type_])
    return func.coalesce(column, literal_column(written))


def joined(table: Table, order: Order, *, everybody: bool) -> ColumnElement[bool]:
    """Return the condition that joins the table from which the order takes its columns, if not the row's own."""
    if order.columns[0] != RELEVANCE_SCORE:
        return true()
    analyses = table_of(AnalysisResult)
    # Both rows belong to the same user. The conditions allow the index that begins with the user.
    return (
        (analyses.c.mention_id == table.c.id)
        & (analyses.c.user_id == table.c.user_id)
        & analyses.c[RELEVANCE_SCORE].is_not(None)
        & visible(AnalysisResult, everybody=everybody)
    )


def computed(model: type[Base], name: str) -> bool:
    """Return whether an order computes the column."""
    return name in COMPUTED and name not in table_of(model).c


def value_of(table: Table, name: str) -> ColumnElement[Any]:
    """Return the column of a row, or the computed column of its order."""
    if name == RANK:
        return rank(table)
    if name == RELEVANCE_SCORE and name not in table.c:
        return table_of(AnalysisResult).c[RELEVANCE_SCORE]
    return table.c[name]


def rank(table: Table) -> ColumnElement[Any]:
    """Return the relevance of the row for the order's query, as the column `rank`."""
    query = cast(bindparam(_RANK_QUERY, type_=Text), TSQUERY)
    return type_coerce(func.ts_rank(table.c[SEARCH], query), REAL).label(RANK)


def sorting(table: Table, order: Order, *, backwards: bool, of: Of = Of.USER) -> list[ColumnElement[Any]]:
    """Return the elements of ORDER BY."""
    descending = order.descending != backwards
    return [column.desc() if descending else column.asc() for column in ordering(table, order, of=of)]


def between(
    table: Table, order: Order, *, after: bool, before: bool, of: Of = Of.USER
) -> ColumnElement[bool]:
    """Return the condition for rows after the parameter `after` and before the parameter `before`."""
    condition: ColumnElement[bool] = true()
    if after:
        condition &= beyond(table, order, "after", later=True, of=of)
    if before:
        condition &= beyond(table, order, "before", later=False, of=of)
    return condition


def beyond(
    table: Table, order: Order, edge: str, *, later: bool, inclusive: bool = False, of: Of = Of.USER
) -> ColumnElement[bool]:
    """Return the condition for rows later or earlier in the order than the position in the parameter `edge`."""
    columns = ordering(table, order, of=of)
    row = tuple_(*columns)
    names = zip(order.columns, columns, strict=True)
    position = tuple_(*(_bound(f"{edge}_{name}", column) for name, column in names))
    if order.descending == later:
        return row <= position if inclusive else row < position
    return row >= position if inclusive else row > position


def _bound(name: str, column: ColumnElement[Any]) -> ColumnElement[Any]:
    # Clients send positions. A number that is too large for the column must compare as beyond all rows.
    if isinstance(column.type, Integer):
        return bindparam(name, type_=BigInteger())
    return bindparam(name, type_=Numeric() if isinstance(column.type, Numeric) else column.type)
