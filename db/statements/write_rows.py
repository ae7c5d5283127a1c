"""Writes for all models: read, insert and update. Callers lock the users first."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import any_, insert, select, update
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate
from sqlalchemy.sql.selectable import Select

from db.engine.statement_cache import statement
from db.engine.writer import Writer
from db.language.moment import TIMESTAMPS, moment
from db.language.scope import EVERYBODY, Scope, visible_among
from db.language.shape import columns
from db.models import Base
from db.models.base import table_of
from db.statements.parameters import keys_parameter, new_parameters, new_values

Model = TypeVar("Model", bound=Base)


@statement
def _read(model: type[Base], column: str, *, everybody: bool) -> Select[Any]:
    table = table_of(model)
    return select(*columns(model)).where(
        table.c[column] == any_(keys_parameter()), visible_among(model, everybody=everybody)
    )


async def read(
    writer: Writer, scope: Scope, model: type[Model], key: int, column: str = "id"
) -> Model | None:
    """Return the current row whose unique column equals the key. Return None if it is not visible."""
    sent = _read(model, column, everybody=scope.everybody)
    return await writer.fetch_one(model, sent, scope, keys=[key])


async def read_all(writer: Writer, scope: Scope, model: type[Model], ids: Sequence[int]) -> list[Model]:
    """Return the current visible rows among the IDs, unordered."""
    return await writer.fetch(model, _read(model, "id", everybody=scope.everybody), scope, keys=list(ids))


@statement
def _insert(model: type[Base], names: tuple[str, ...]) -> ReturningInsert[Any]:
    table = table_of(model)
    moments = {name: moment() for name in TIMESTAMPS if name in table.c}
    return insert(table).values(**moments, **new_parameters(table, names)).returning(*columns(model))


async def insert_one(writer: Writer, model: type[Model], values: Mapping[str, object]) -> Model:
    """Insert a row and return it. Raise `ConstraintError` if the values break a constraint."""
    sent = _insert(model, tuple(sorted(values)))
    (row,) = await writer.fetch(model, sent, EVERYBODY, **new_values(values))
    return row


@statement
def _update(model: type[Base], names: tuple[str, ...], *, everybody: bool) -> ReturningUpdate[Any]:
    table = table_of(model)
    values = new_parameters(table, names)
    if "updated_at" in table.c:
        values["updated_at"] = moment()
    return (
        update(table)
        .values(**values)
        .where(table.c.id == any_(keys_parameter()), visible_among(model, everybody=everybody))
        .returning(*columns(model))
    )


async def update_one(
    writer: Writer, scope: Scope, model: type[Model], row_id: int, values: Mapping[str, object]
) -> Model | None:
    """Update the row and return it.

    Return None if it is not visible. Raise `ConstraintError` as `insert_one`.
    """
    sent = _update(model, tuple(sorted(values)), everybody=scope.everybody)
    return await writer.fetch_one(model, sent, scope, keys=[row_id], **new_values(values))
