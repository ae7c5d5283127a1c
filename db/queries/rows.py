"""Reads that every table has alike: rows by a column's values, and pages of rows."""

from collections.abc import Sequence
from typing import Any, TypeVar, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Table,
    any_,
    bindparam,
    exists,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeEngine

from db.keyset import Order, Position, Span, SpanShape, between, beyond, sorting
from db.models import Base, User
from db.pool import Reader
from db.scope import Scope, visible, visible_among
from db.statement import statement

Model = TypeVar("Model", bound=Base)


def table_of(model: type[Base]) -> Table:
    return cast("Table", model.__table__)


def _keys() -> ColumnElement[Any]:
    return bindparam("keys", type_=cast("TypeEngine[Any]", ARRAY(BigInteger)))


def _parents() -> TableValuedAlias:
    """The keys as rows."""
    return func.unnest(_keys()).table_valued("id", name="parent").render_derived(name="parent")


@statement
def _by(model: type[Base], column: str, *, everybody: bool) -> Select[Any]:
    table = table_of(model)
    return select(table).where(table.c[column] == any_(_keys()), visible_among(model, everybody=everybody))


async def by(
    reader: Reader, scope: Scope, model: type[Model], column: str, keys: Sequence[int]
) -> list[Model]:
    """The visible rows whose column is one of the keys, in no order."""
    shape = _by(model, column, everybody=scope.everybody)
    return await reader.fetch(model, shape, scope, keys=keys)


@statement
def _page(model: type[Base], order: Order, span: SpanShape, *, everybody: bool) -> Select[Any]:
    table = table_of(model)
    return (
        select(table)
        .where(visible(model, everybody=everybody))
        .where(between(table, order, after=span.after, before=span.before))
        .order_by(*sorting(table, order, backwards=span.backwards))
        .limit(bindparam("limit", type_=BigInteger))
    )


async def page(reader: Reader, scope: Scope, model: type[Model], order: Order, span: Span) -> list[Model]:
    """The span of all visible rows, and one row more where there are more; backwards from its end."""
    shape = _page(model, order, span.shape, everybody=scope.everybody)
    return await reader.fetch(model, shape, scope, **span.values(order))


@statement
def _page_of_each(
    model: type[Base], parent: str, order: Order, span: SpanShape, *, everybody: bool
) -> Select[Any]:
    table, parents = table_of(model), _parents()
    rows = (
        select(table)
        .where(table.c[parent] == parents.c.id, visible_among(model, everybody=everybody))
        .where(between(table, order, after=span.after, before=span.before))
        .order_by(*sorting(table, order, backwards=span.backwards))
        .limit(bindparam("limit", type_=BigInteger))
        .lateral("page")
    )
    # A lateral subquery with a limit can only be run once per parent, so its order stands in the result.
    return select(rows).select_from(parents.join(rows, true()))


async def page_of_each(
    reader: Reader,
    scope: Scope,
    model: type[Model],
    parent: str,
    keys: Sequence[int],
    order: Order,
    span: Span,
) -> list[Model]:
    """The same span of each parent's rows: one index range per parent, in one statement."""
    shape = _page_of_each(model, parent, order, span.shape, everybody=scope.everybody)
    return await reader.fetch(model, shape, scope, keys=keys, **span.values(order))


@statement
def _has_beyond(model: type[Base], parent: str, order: Order, *, later: bool, everybody: bool) -> Select[Any]:
    table, parents = table_of(model), _parents()
    # The row at the position itself may be gone; whether others lie beyond it is what was asked.
    found: Select[Any] = (
        select(literal_column("1"))
        .where(table.c[parent] == parents.c.id, visible_among(model, everybody=everybody))
        .where(beyond(table, order, "edge", later=later, inclusive=True))
    )
    return select(parents.c.id).where(exists(found))


async def parents_with_rows_beyond(
    reader: Reader,
    scope: Scope,
    model: type[Base],
    parent: str,
    keys: Sequence[int],
    order: Order,
    position: Position,
    *,
    later: bool,
) -> set[int]:
    """The keys of the parents that have rows at the position or beyond it."""
    shape = _has_beyond(model, parent, order, later=later, everybody=scope.everybody)
    found = await reader.fetch_values(shape, scope, keys=keys, **edge(order, position))
    return {row["id"] for row in found}


@statement
def _any_beyond(model: type[Base], order: Order, *, later: bool, everybody: bool) -> Select[Any]:
    table = table_of(model)
    return (
        select(literal_column("1"))
        .where(visible(model, everybody=everybody))
        .where(beyond(table, order, "edge", later=later, inclusive=True))
        .limit(1)
    )


async def any_rows_beyond(
    reader: Reader, scope: Scope, model: type[Base], order: Order, position: Position, *, later: bool
) -> bool:
    """Whether any visible row lies at the position or beyond it."""
    shape = _any_beyond(model, order, later=later, everybody=scope.everybody)
    return bool(await reader.fetch_values(shape, scope, **edge(order, position)))


def edge(order: Order, position: Position) -> dict[str, object]:
    return {f"edge_{name}": value for name, value in zip(order.columns, position, strict=True)}


@statement
def _count_of_each(model: type[Base], parent: str, *, everybody: bool) -> Select[Any]:
    table = table_of(model)
    return (
        select(table.c[parent].label("id"), func.count().label("n"))
        .where(table.c[parent] == any_(_keys()), visible_among(model, everybody=everybody))
        .group_by(table.c[parent])
    )


async def count_of_each(
    reader: Reader, scope: Scope, model: type[Base], parent: str, keys: Sequence[int]
) -> dict[int, int]:
    """How many visible rows each parent has; parents without any are absent."""
    shape = _count_of_each(model, parent, everybody=scope.everybody)
    return {row["id"]: row["n"] for row in await reader.fetch_values(shape, scope, keys=keys)}


@statement
def _count_of_all(model: type[Base], *, everybody: bool) -> Select[Any]:
    return (
        select(func.count().label("n"))
        .select_from(table_of(model))
        .where(visible(model, everybody=everybody))
    )


async def count_of_all(reader: Reader, scope: Scope, model: type[Base]) -> int:
    shape = _count_of_all(model, everybody=scope.everybody)
    (row,) = await reader.fetch_values(shape, scope)
    return int(row["n"])


@statement
def _sum_of_counter(counter: str, *, everybody: bool) -> Select[Any]:
    users = table_of(User)
    total = func.coalesce(func.sum(users.c[counter]), 0)
    return select(total.label("n")).where(visible(User, everybody=everybody))


async def sum_of_counter(reader: Reader, scope: Scope, counter: str) -> int:
    """A user counter, summed over the users that the scope shows: a member's own, or everybody's."""
    (row,) = await reader.fetch_values(_sum_of_counter(counter, everybody=scope.everybody), scope)
    return int(row["n"])
