"""Deleting rows that many others may hang on: at once where they are few enough, else in pieces."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    null,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningDelete

from db.models import Base
from db.queries.rows import table_of
from db.scope import Scope, visible_among
from db.statement import statement
from db.writer import Writer

Hanging = tuple[type[Base], str]
"""A model, and its column that refers to what is deleted."""


def _key() -> ColumnElement[Any]:
    return bindparam("key", type_=BigInteger)


def _most() -> ColumnElement[Any]:
    return bindparam("most", type_=BigInteger)


@statement
def _delete(model: type[Base], hanging: tuple[Hanging, ...], *, everybody: bool) -> ReturningDelete[Any]:
    table = table_of(model)
    # An index is counted up to the first row that is too many, and no further.
    too_many = (
        exists(
            select(literal_column("1")).where(table_of(other).c[column] == _key()).offset(_most()).limit(1)
        )
        for other, column in hanging
    )
    return (
        delete(table)
        .where(table.c.id == _key(), visible_among(model, everybody=everybody), *(~each for each in too_many))
        .returning(table.c.id)
    )


async def delete_small(
    writer: Writer, scope: Scope, model: type[Base], key: int, *hanging: Hanging, most: int
) -> bool:
    """Deletes the row with what hangs on it; whether it was there, and no more than so many of each hung on it."""
    sent = _delete(model, hanging, everybody=scope.everybody)
    return bool(await writer.fetch_values(sent, scope, key=key, most=most))


def _some(model: type[Base], column: str, *, everybody: bool) -> Select[Any]:
    table = table_of(model)
    mine = visible_among(model, by=column, everybody=everybody)
    return select(table.c.id).where(table.c[column] == _key(), mine).limit(_most())


@statement
def _delete_some(model: type[Base], column: str, *, everybody: bool) -> Select[Any]:
    table = table_of(model)
    some = table.c.id.in_(_some(model, column, everybody=everybody))
    gone = delete(table).where(some).returning(literal_column("1")).cte("gone")
    return select(func.count().label("n")).select_from(gone)


@statement
def _detach_some(model: type[Base], column: str, *, everybody: bool) -> Select[Any]:
    table = table_of(model)
    some = table.c.id.in_(_some(model, column, everybody=everybody))
    gone = update(table).where(some).values({column: null()}).returning(literal_column("1")).cte("gone")
    return select(func.count().label("n")).select_from(gone)


async def delete_some(
    writer: Writer, scope: Scope, model: type[Base], column: str, key: int, *, most: int
) -> int:
    """Deletes up to so many rows whose column is the key, and returns how many they were."""
    sent = _delete_some(model, column, everybody=scope.everybody)
    (row,) = await writer.fetch_values(sent, scope, key=key, most=most)
    return int(row["n"])


async def detach_some(
    writer: Writer, scope: Scope, model: type[Base], column: str, key: int, *, most: int
) -> int:
    """Makes the column null of up to so many rows in which it is the key, and returns how many they were."""
    sent = _detach_some(model, column, everybody=scope.everybody)
    (row,) = await writer.fetch_values(sent, scope, key=key, most=most)
    return int(row["n"])
