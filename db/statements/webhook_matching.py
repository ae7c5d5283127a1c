"""Rows of events, compared with the filters of webhooks."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, any_, func, select

from db.engine.statement_cache import statement
from db.engine.writer import Writer
from db.language.filter import All, AnyOf, Filter, condition, shape_and_values
from db.language.scope import Scope, visible_among
from db.models import Base
from db.models.base import table_of
from db.statements.parameters import keys_parameter


@statement
def _matching_rows(model: type[Base], where: Filter, *, everybody: bool) -> Select[tuple[int]]:
    table = table_of(model)
    return select(table.c.id).where(
        table.c.id == any_(keys_parameter()),
        visible_among(model, everybody=everybody),
        condition(model, where, everybody=everybody),
    )


async def matching(
    writer: Writer, scope: Scope, model: type[Base], ids: Sequence[int], where: Filter
) -> set[int]:
    """Return the IDs of the visible rows that match the filter now."""
    shape, values = shape_and_values(where)
    sent = _matching_rows(model, shape, everybody=scope.everybody)
    return {row["id"] for row in await writer.fetch_values(sent, scope, keys=list(ids), **values)}


@statement
def _met_conditions(model: type[Base], parts: tuple[Filter, ...], *, everybody: bool) -> Select[Any]:
    # Within `or`, a condition on another table is looked up for the row alone.
    met = [
        func.coalesce(condition(model, AnyOf((part,)), everybody=everybody), False).label(f"part_{number}")
        for number, part in enumerate(parts)
    ]
    table = table_of(model)
    found: Select[Any] = select(table.c.id, *met)
    return found.where(table.c.id == any_(keys_parameter()), visible_among(model, everybody=everybody))


async def met(
    writer: Writer, scope: Scope, model: type[Base], row_id: int, parts: Sequence[Filter]
) -> list[bool] | None:
    """Return whether the row matches each of the filters now. Return None for a row that is not visible."""
    shape, values = shape_and_values(All(tuple(parts)))
    assert isinstance(shape, All)  # noqa: S101 - for the type checker
    sent = _met_conditions(model, shape.parts, everybody=scope.everybody)
    found = await writer.fetch_values(sent, scope, keys=[row_id], **values)
    return list(found[0])[1:] if found else None
