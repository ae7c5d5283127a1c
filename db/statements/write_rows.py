"""Writes that every table has alike. The users whose rows they are have been locked before."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import any_, bindparam, delete, func, insert, select, update
from sqlalchemy.sql.dml import ReturningDelete, ReturningInsert, ReturningUpdate
from sqlalchemy.sql.selectable import Select

from db.engine.statement_cache import statement
from db.engine.writer import Writer
from db.language.records import columns
from db.language.scope import EVERYBODY, Scope, visible_among
from db.models import Base
from db.models.base import table_of
from db.statements.parameters import keys_parameter

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
    """The row whose unique column is the key, as it is now; None where there is none that the scope shows."""
    sent = _read(model, column, everybody=scope.everybody)
    found = await writer.fetch(model, sent, scope, keys=[key])
    return found[0] if found else None


@statement
def _insert(model: type[Base], names: tuple[str, ...]) -> ReturningInsert[Any]:
    table = table_of(model)
    values = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
    return insert(table).values(**values).returning(*columns(model))


async def insert_one(writer: Writer, model: type[Model], values: Mapping[str, object]) -> Model:
    """The new row. Raises `ConstraintError`."""
    sent = _insert(model, tuple(sorted(values)))
    (made,) = await writer.fetch(model, sent, EVERYBODY, **_new(values))
    return made


@statement
def _update(model: type[Base], names: tuple[str, ...], *, everybody: bool) -> ReturningUpdate[Any]:
    table = table_of(model)
    values: dict[str, Any] = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
    if "updated_at" in table.c:
        values["updated_at"] = func.now()
    return (
        update(table)
        .values(**values)
        .where(table.c.id == any_(keys_parameter()), visible_among(model, everybody=everybody))
        .returning(*columns(model))
    )


async def update_one(
    writer: Writer, scope: Scope, model: type[Model], row_id: int, values: Mapping[str, object]
) -> Model | None:
    """The row with the values; None where there is none that the scope shows. Raises `ConstraintError`."""
    sent = _update(model, tuple(sorted(values)), everybody=scope.everybody)
    found = await writer.fetch(model, sent, scope, keys=[row_id], **_new(values))
    return found[0] if found else None


def _new(values: Mapping[str, object]) -> dict[str, object]:
    """The parameters: named apart from keys and scope, which a column could be called like."""
    return {f"new_{name}": value for name, value in values.items()}


@statement
def _delete(model: type[Base], *, everybody: bool) -> ReturningDelete[Any]:
    table = table_of(model)
    return (
        delete(table)
        .where(table.c.id == any_(keys_parameter()), visible_among(model, everybody=everybody))
        .returning(table.c.id)
    )


async def delete_all(writer: Writer, scope: Scope, model: type[Base], ids: Sequence[int]) -> list[int]:
    """The ids of the rows that were there, and are no more."""
    sent = _delete(model, everybody=scope.everybody)
    return [row["id"] for row in await writer.fetch_values(sent, scope, keys=list(ids))]
