"""Reads that every table has alike: rows by a column's values, and pages of rows."""

from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import BigInteger, Column, Select, Table, any_, bindparam, exists, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY

from db.keyset import Order, Span, SpanShape, beyond, between, sorting
from db.models import Base
from db.pool import Reader
from db.scope import Scope, visible
from db.statement import statement

Model = TypeVar("Model", bound=Base)


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101 - every model is a table
    return table


def _keys(name: str = "keys") -> "ColumnElement[list[int]]":
    return bindparam(name, type_=ARRAY(BigInteger))


@statement
def _by(model: type[Base], column: str, *, everybody: bool) -> Select[tuple[object, ...]]:
    table = _table(model)
    return select(table).where(table.c[column] == any_(_keys()), visible(model, everybody=everybody))


async def by(
    reader: Reader, scope: Scope, model: type[Model], column: str, keys: Sequence[int]
) -> list[Model]:
    """The visible rows whose column is one of the keys, in no order."""
    shape = _by(model, column, everybody=scope.everybody)
    return await reader.fetch(model, shape, scope, keys=keys)


@statement
def _page(model: type[Base], order: Order, span: SpanShape, *, everybody: bool) -> Select[tuple[object, ...]]:
    table = _table(model)
    return (
        select(table)
        .where(visible(model, everybody=everybody), between(table, order, after=span.after, before=span.before))
        .order_by(*sorting(table, order, backwards=span.backwards))
        .limit(bindparam("limit", type_=BigInteger))
    )
