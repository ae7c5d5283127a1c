"""Figures over the rows of lists: how many, of which kind, and when."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Select,
    any_,
    bindparam,
    func,
    literal_column,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from db.engine.pool import Fetcher, Reader
from db.engine.statement_cache import statement
from db.language.filter import EVERYTHING, Filter, condition, shape_and_values
from db.language.scope import Scope, visible, visible_among
from db.models import AnalysisResult, Base, Mention, User
from db.models.base import table_of
from db.statements.parameters import keys_parameter

Keys = Sequence[int] | None
"""The parents that figures are of; None for all rows that the viewer may see."""


def _rows_of(
    model: type[Base], parent: str | None, where: Filter, *, everybody: bool
) -> tuple[ColumnElement[Any], list[ColumnElement[bool]]]:
    """The column that tells parents apart, and the conditions that pick the rows."""
    if parent is None:
        conditions = [visible(model, everybody=everybody), condition(model, where, everybody=everybody)]
        return literal_column("NULL::bigint"), conditions
    column = table_of(model).c[parent]
    among = visible_among(model, by=parent, everybody=everybody)
    return column, [column == any_(keys_parameter()), among, condition(model, where, everybody=everybody)]


def _keyed(keys: Keys) -> dict[str, object]:
    return {} if keys is None else {"keys": keys}


@statement
def _count(model: type[Base], parent: str | None, where: Filter, *, everybody: bool) -> Select[Any]:
    key, conditions = _rows_of(model, parent, where, everybody=everybody)
    counted = (
        select(key.label("key"), func.count().label("n")).select_from(table_of(model)).where(*conditions)
    )
    return counted if parent is None else counted.group_by(key)


async def count(
    reader: Fetcher,
    scope: Scope,
    model: type[Base],
    parent: str | None,
    keys: Keys,
    where: Filter = EVERYTHING,
) -> dict[int | None, int]:
    """How many visible rows each parent has; parents without any are absent. Without parents, by None."""
    filtered, values = shape_and_values(where)
    shape = _count(model, parent, filtered, everybody=scope.everybody)
    found = await reader.fetch_values(shape, scope, **_keyed(keys), **values)
    return {row["key"]: row["n"] for row in found}


@statement
def _sum_of_counter(counter: str, *, everybody: bool) -> Select[Any]:
    users = table_of(User)
    total = func.coalesce(func.sum(users.c[counter]), 0)
    return select(total.label("n")).where(visible(User, everybody=everybody))


async def sum_of_counter(reader: Reader, scope: Scope, counter: str) -> int:
    """A user counter, summed over the users that the scope shows: a member's own, or everybody's."""
    (row,) = await reader.fetch_values(_sum_of_counter(counter, everybody=scope.everybody), scope)
    return int(row["n"])


@statement
def _group(model: type[Base], parent: str | None, by: str, where: Filter, *, everybody: bool) -> Select[Any]:
    key, conditions = _rows_of(model, parent, where, everybody=everybody)
    source, value = _grouped_by(model, by, everybody=everybody)
    grouped = select(key.label("key"), value.label("value"), func.count().label("n")).select_from(source)
    groups = [value] if parent is None else [key, value]
    # Ties stand in the order of their values, so that the same figures are always the same answer.
    return grouped.where(*conditions).group_by(*groups).order_by(func.count().desc(), value)


def _grouped_by(model: type[Base], by: str, *, everybody: bool) -> tuple[Any, ColumnElement[Any]]:
    """Where a grouping's values come from: the row, its analysis, or its mention."""
    table = table_of(model)
    if by in table.c:
        return table, table.c[by]
    of: type[Base] = AnalysisResult if model is Mention else Mention
    other = table_of(of)
    its_row = other.c.mention_id == table.c.id if model is Mention else other.c.id == table.c.mention_id
    # They belong to the same user. It is said so that PostgreSQL reads, at most, the user's rows of the other table.
    return table.outerjoin(other, its_row & visible(of, everybody=everybody)), other.c[by]


async def group(
    reader: Reader,
    scope: Scope,
    model: type[Base],
    parent: str | None,
    keys: Keys,
    by: str,
    where: Filter = EVERYTHING,
) -> dict[int | None, list[tuple[Any, int]]]:
    """The number of visible rows of each value, by parent; the most frequent first. Only what is there."""
    filtered, values = shape_and_values(where)
    shape = _group(model, parent, by, filtered, everybody=scope.everybody)
    grouped: dict[int | None, list[tuple[Any, int]]] = {}
    for row in await reader.fetch_values(shape, scope, **_keyed(keys), **values):
        grouped.setdefault(row["key"], []).append((row["value"], row["n"]))
    return grouped


@statement
def _sum(
    model: type[Base], parent: str | None, column: str, by: str | None, where: Filter, *, everybody: bool
) -> Select[Any]:
    key, conditions = _rows_of(model, parent, where, everybody=everybody)
    table = table_of(model)
    value = null() if by is None else table.c[by]
    total = func.coalesce(func.sum(table.c[column]), 0)
    summed = select(key.label("key"), value.label("value"), total.label("total")).select_from(table)
    groups = ([] if parent is None else [key]) + ([] if by is None else [value])
    known = summed.where(*conditions, table.c[column].is_not(None)).group_by(*groups)
    return known if by is None else known.order_by(value)


async def total(
    reader: Reader,
    scope: Scope,
    model: type[Base],
    parent: str | None,
    keys: Keys,
    column: str,
    by: str | None = None,
    where: Filter = EVERYTHING,
) -> dict[int | None, list[tuple[Any, Any]]]:
    """A column's sum over each parent's visible rows, for each value of `by`, in the order of the values."""
    filtered, values = shape_and_values(where)
    shape = _sum(model, parent, column, by, filtered, everybody=scope.everybody)
    summed: dict[int | None, list[tuple[Any, Any]]] = {}
    for row in await reader.fetch_values(shape, scope, **_keyed(keys), **values):
        summed.setdefault(row["key"], []).append((row["value"], row["total"]))
    return summed


@statement
def _per_window(model: type[Base], parent: str | None, where: Filter, *, everybody: bool) -> Select[Any]:
    key, conditions = _rows_of(model, parent, where, everybody=everybody)
    created_at = table_of(model).c.created_at
    moment = DateTime(timezone=True)
    window = func.width_bucket(created_at, bindparam("starts", type_=ARRAY(moment)))
    counted = select(key.label("key"), window.label("window"), func.count().label("n")).where(
        *conditions,
        created_at >= bindparam("since", type_=moment),
        created_at < bindparam("until", type_=moment),
    )
    return counted.group_by(window) if parent is None else counted.group_by(key, window)


async def per_window(
    reader: Reader,
    scope: Scope,
    model: type[Base],
    parent: str | None,
    keys: Keys,
    starts: Sequence[datetime],
    end: datetime,
    where: Filter = EVERYTHING,
) -> dict[int | None, dict[int, int]]:
    """How many rows were created in each window, by parent and by the window's index. Each window ends where
    the next one starts, and the last one at `end`. Windows without rows are absent.
    """
    filtered, values = shape_and_values(where)
    shape = _per_window(model, parent, filtered, everybody=scope.everybody)
    found = await reader.fetch_values(
        shape, scope, starts=starts, since=starts[0], until=end, **_keyed(keys), **values
    )
    counted: dict[int | None, dict[int, int]] = {}
    for row in found:
        counted.setdefault(row["key"], {})[row["window"] - 1] = row["n"]
    return counted
