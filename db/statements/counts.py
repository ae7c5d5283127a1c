"""Aggregates over the rows of lists: counts, groups, sums and counts per window."""

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

from db.engine.reader import Reader
from db.engine.session import Session
from db.engine.statement_cache import statement
from db.language.filter import EVERYTHING, Filter, condition, shape_and_values
from db.language.scope import Scope, visible, visible_among
from db.models import AnalysisResult, Base, Mention, User
from db.models.base import table_of
from db.statements.parameters import keys_parameter

Keys = Sequence[int] | None
"""The IDs of the parents. None aggregates all visible rows."""


def _rows_of(
    model: type[Base], parent: str | None, where: Filter, *, everybody: bool
) -> tuple[ColumnElement[Any], list[ColumnElement[bool]]]:
    """Return the column of the parent, and the conditions on the rows."""
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
    session: Session,
    scope: Scope,
    model: type[Base],
    parent: str | None,
    keys: Keys,
    where: Filter = EVERYTHING,
) -> dict[int | None, int]:
    """Return the number of visible rows per parent.

    Parents without rows are absent. Without parents, the key is None.
    """
    filtered, values = shape_and_values(where)
    shape = _count(model, parent, filtered, everybody=scope.everybody)
    return dict(await session.fetch_few(None, shape, scope, **_keyed(keys), **values))


@statement
def _sum_of_counter(counter: str, *, everybody: bool) -> Select[Any]:
    users = table_of(User)
    total = func.coalesce(func.sum(users.c[counter]), 0)
    return select(total.label("n")).where(visible(User, everybody=everybody))


async def sum_of_counter(reader: Reader, scope: Scope, counter: str) -> int:
    """Return the sum of a counter column over the visible users."""
    ((summed,),) = await reader.fetch_few(None, _sum_of_counter(counter, everybody=scope.everybody), scope)
    return int(summed)


@statement
def _group(model: type[Base], parent: str | None, by: str, where: Filter, *, everybody: bool) -> Select[Any]:
    key, conditions = _rows_of(model, parent, where, everybody=everybody)
    source, value = _grouped_by(model, by, everybody=everybody)
    grouped = select(key.label("key"), value.label("value"), func.count().label("n")).select_from(source)
    groups = [value] if parent is None else [key, value]
    # Order ties by value, so that equal counts always give the same result.
    return grouped.where(*conditions).group_by(*groups).order_by(func.count().desc(), value)


def _grouped_by(model: type[Base], by: str, *, everybody: bool) -> tuple[Any, ColumnElement[Any]]:
    """Return the source and the column of the groups: the row, its analysis, or its mention."""
    table = table_of(model)
    if by in table.c:
        return table, table.c[by]
    other_model: type[Base] = AnalysisResult if model is Mention else Mention
    other = table_of(other_model)
    matches = other.c.mention_id == table.c.id if model is Mention else other.c.id == table.c.mention_id
    # Both rows belong to the same user. The condition limits PostgreSQL to the user's rows of the other
    # table.
    return table.outerjoin(other, matches & visible(other_model, everybody=everybody)), other.c[by]


async def group(
    reader: Reader,
    scope: Scope,
    model: type[Base],
    parent: str | None,
    keys: Keys,
    by: str,
    where: Filter = EVERYTHING,
) -> dict[int | None, list[tuple[Any, int]]]:
    """Return the number of visible rows per value, by parent. The most frequent value is first."""
    filtered, values = shape_and_values(where)
    shape = _group(model, parent, by, filtered, everybody=scope.everybody)
    grouped: dict[int | None, list[tuple[Any, int]]] = {}
    for key, value, n in await reader.fetch_few(None, shape, scope, **_keyed(keys), **values):
        grouped.setdefault(key, []).append((value, n))
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
    grouped = summed.where(*conditions, table.c[column].is_not(None)).group_by(*groups)
    return grouped if by is None else grouped.order_by(value)


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
    """Return a column's sum over each parent's visible rows, for each value of `by`, ordered by value."""
    filtered, values = shape_and_values(where)
    shape = _sum(model, parent, column, by, filtered, everybody=scope.everybody)
    summed: dict[int | None, list[tuple[Any, Any]]] = {}
    for key, value, sum_ in await reader.fetch_few(None, shape, scope, **_keyed(keys), **values):
        summed.setdefault(key, []).append((value, sum_))
    return summed


@statement
def _per_window(model: type[Base], parent: str | None, where: Filter, *, everybody: bool) -> Select[Any]:
    key, conditions = _rows_of(model, parent, where, everybody=everybody)
    created_at = table_of(model).c.created_at
    timestamp = DateTime(timezone=True)
    window = func.width_bucket(created_at, bindparam("starts", type_=ARRAY(timestamp)))
    counted = select(key.label("key"), window.label("window"), func.count().label("n")).where(
        *conditions,
        created_at >= bindparam("since", type_=timestamp),
        created_at < bindparam("until", type_=timestamp),
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
    """Return the number of rows created in each window, by parent and index of the window.

    Each window ends at the start of the next one, the last one at `end`. Windows without rows are absent.
    """
    filtered, values = shape_and_values(where)
    shape = _per_window(model, parent, filtered, everybody=scope.everybody)
    found = await reader.fetch_few(
        None, shape, scope, starts=starts, since=starts[0], until=end, **_keyed(keys), **values
    )
    counted: dict[int | None, dict[int, int]] = {}
    for key, window, n in found:
        counted.setdefault(key, {})[window - 1] = n
    return counted
