"""Deleting rows that many others may hang on: at once where they are few enough, else in pieces."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
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
    true,
    tuple_,
    update,
)
from sqlalchemy.sql.dml import ReturningDelete

from db.engine.statement_cache import Statement, statement
from db.engine.writer import Writer
from db.language.scope import Scope, visible_among
from db.models import Base
from db.models.base import table_of

Dependent = tuple[type[Base], str]
"""A model, and its column that refers to what is deleted."""


def _key() -> ColumnElement[Any]:
    return bindparam("key", type_=BigInteger)


def _most() -> ColumnElement[Any]:
    return bindparam("most", type_=BigInteger)


@statement
def _delete(model: type[Base], hanging: tuple[Dependent, ...], *, everybody: bool) -> ReturningDelete[Any]:
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
    writer: Writer, scope: Scope, model: type[Base], key: int, *hanging: Dependent, most: int
) -> bool:
    """Deletes the row with what hangs on it; whether it was there, and no more than so many of each hung on it."""
    sent = _delete(model, hanging, everybody=scope.everybody)
    return bool(await writer.fetch_values(sent, scope, key=key, most=most))


@dataclass(slots=True)
class DeleteCursor:
    """How far pieces have come, from the newest row to the oldest: what was taken before lies in the indexes until it
    is vacuumed, and would have to be passed by each piece.
    """

    position: tuple[datetime, int] | None = None


def _some(model: type[Base], column: str, *, further: bool, everybody: bool) -> CTE:
    table = table_of(model)
    place = tuple_(table.c.created_at, table.c.id)
    behind = place < tuple_(bindparam("at", type_=table.c.created_at.type), bindparam("id", type_=BigInteger))
    return (
        select(table.c.id, table.c.created_at)
        .where(table.c[column] == _key(), visible_among(model, by=column, everybody=everybody))
        .where(behind if further else true())
        .order_by(table.c.created_at.desc(), table.c.id.desc())
        .limit(_most())
        .cte("some")
    )


def _last(some: CTE, taking: CTE) -> Select[Any]:
    """The last row of a piece that is taken, and how many rows it has; nothing for a piece of none."""
    number = select(func.count()).select_from(some).scalar_subquery()
    last = (
        select(some.c.created_at, some.c.id, number.label("n"))
        .order_by(some.c.created_at, some.c.id)
        .limit(1)
    )
    return last.add_cte(taking)


@statement
def _delete_some(model: type[Base], column: str, *, further: bool, everybody: bool) -> Select[Any]:
    table, some = table_of(model), _some(model, column, further=further, everybody=everybody)
    return _last(some, delete(table).where(table.c.id == some.c.id).cte("gone"))


@statement
def _detach_some(model: type[Base], column: str, *, further: bool, everybody: bool) -> Select[Any]:
    table, some = table_of(model), _some(model, column, further=further, everybody=everybody)
    return _last(some, update(table).where(table.c.id == some.c.id).values({column: null()}).cte("gone"))


async def delete_some(
    writer: Writer, scope: Scope, model: type[Base], column: str, walk: DeleteCursor, *, key: int, most: int
) -> int:
    """Deletes the next rows of the walk whose column is the key, up to so many, and returns how many they were."""
    further = walk.position is not None
    sent = _delete_some(model, column, further=further, everybody=scope.everybody)
    return await _take(writer, scope, sent, walk, key=key, most=most)


async def detach_some(
    writer: Writer, scope: Scope, model: type[Base], column: str, walk: DeleteCursor, *, key: int, most: int
) -> int:
    """Makes the column null of the next rows of the walk in which it is the key, up to so many, and returns how many
    they were.
    """
    further = walk.position is not None
    sent = _detach_some(model, column, further=further, everybody=scope.everybody)
    return await _take(writer, scope, sent, walk, key=key, most=most)


async def _take(writer: Writer, scope: Scope, sent: Statement, walk: DeleteCursor, **values: int) -> int:
    at, id_ = walk.position or (None, None)
    found = await writer.fetch_values(sent, scope, at=at, id=id_, **values)
    if not found:
        return 0
    walk.position = (found[0]["created_at"], found[0]["id"])
    return int(found[0]["n"])
