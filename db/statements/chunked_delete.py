"""Delete rows with many dependent rows in batches, so that other writers of the same user are not blocked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
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
from db.language.scope import Scope, placed, visible_among
from db.models import Base
from db.models.base import table_of

Dependent = tuple[type[Base], str]
"""A model, and its foreign key to the deleted row."""


_KEY, _MOST = bindparam("key", type_=BigInteger), bindparam("most", type_=BigInteger)


@statement
def _delete(model: type[Base], dependents: tuple[Dependent, ...], *, everybody: bool) -> ReturningDelete[Any]:
    table = table_of(model)
    # The offset stops the index scan at the first row above the limit.
    too_many = (
        exists(
            select(literal_column("1"))
            .where(table_of(other).c[column] == _KEY, placed(other, everybody=everybody))
            .offset(_MOST)
            .limit(1)
        )
        for other, column in dependents
    )
    return (
        delete(table)
        .where(table.c.id == _KEY, visible_among(model, everybody=everybody), *(~each for each in too_many))
        .returning(table.c.user_id)
    )


async def delete_small(
    writer: Writer, scope: Scope, model: type[Base], key: int, *dependents: Dependent, most: int
) -> int | None:
    """Delete the row, unless a dependent has more than `most` rows.

    Return the ID of the deleted row's user, or None if no row was deleted.
    """
    sent = _delete(model, dependents, everybody=scope.everybody)
    found = await writer.fetch_values(sent, scope, key=key, most=most)
    return int(found[0]["user_id"]) if found else None


@dataclass(slots=True)
class DeleteCursor:
    """The position of the last batch. Batches go from the newest row to the oldest.

    Deleted rows stay in the indexes until VACUUM. Without the position, each batch would scan them again.
    """

    position: tuple[datetime, int] | None = None


def _some(model: type[Base], column: str, *, resumed: bool, everybody: bool) -> CTE:
    table = table_of(model)
    position = tuple_(table.c.created_at, table.c.id)
    older = position < tuple_(
        bindparam("at", type_=table.c.created_at.type), bindparam("id", type_=BigInteger)
    )
    return (
        select(table.c.id, table.c.created_at)
        .where(table.c[column] == _KEY, visible_among(model, by=column, everybody=everybody))
        .where(older if resumed else true())
        .order_by(table.c.created_at.desc(), table.c.id.desc())
        .limit(_MOST)
        .cte("some")
    )


def _last(some: CTE, change: CTE) -> Select[Any]:
    """Select the last row of a batch and its number of rows. Select nothing for an empty batch."""
    number = select(func.count()).select_from(some).scalar_subquery()
    last = (
        select(some.c.created_at, some.c.id, number.label("n"))
        .order_by(some.c.created_at, some.c.id)
        .limit(1)
    )
    return last.add_cte(change)


@statement
def _delete_some(model: type[Base], column: str, *, resumed: bool, everybody: bool) -> Select[Any]:
    table, some = table_of(model), _some(model, column, resumed=resumed, everybody=everybody)
    return _last(
        some, delete(table).where(table.c.id == some.c.id, placed(model, everybody=everybody)).cte("gone")
    )


@statement
def _detach_some(model: type[Base], column: str, *, resumed: bool, everybody: bool) -> Select[Any]:
    table, some = table_of(model), _some(model, column, resumed=resumed, everybody=everybody)
    return _last(
        some,
        update(table)
        .where(table.c.id == some.c.id, placed(model, everybody=everybody))
        .values({column: null()})
        .cte("gone"),
    )


async def delete_some(
    writer: Writer, scope: Scope, model: type[Base], column: str, cursor: DeleteCursor, *, key: int, most: int
) -> int:
    """Delete the next `most` rows whose column equals the key. Return the number of deleted rows."""
    resumed = cursor.position is not None
    sent = _delete_some(model, column, resumed=resumed, everybody=scope.everybody)
    return await _run(writer, scope, sent, cursor, key=key, most=most)


async def detach_some(
    writer: Writer, scope: Scope, model: type[Base], column: str, cursor: DeleteCursor, *, key: int, most: int
) -> int:
    """Set the column to null in the next `most` rows where it equals the key. Return the number of rows."""
    resumed = cursor.position is not None
    sent = _detach_some(model, column, resumed=resumed, everybody=scope.everybody)
    return await _run(writer, scope, sent, cursor, key=key, most=most)


async def _run(writer: Writer, scope: Scope, sent: Statement, cursor: DeleteCursor, **values: int) -> int:
    at, id_ = cursor.position or (None, None)
    found = await writer.fetch_values(sent, scope, at=at, id=id_, **values)
    if not found:
        return 0
    cursor.position = (found[0]["created_at"], found[0]["id"])
    return int(found[0]["n"])
