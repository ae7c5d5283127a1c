"""Parameters that hold many values: keys as one array, rows as one JSONB value."""

from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import BigInteger, ColumnElement, bindparam, column, func
from sqlalchemy import cast as cast_to
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeEngine

from db.engine.statement_cache import IdsAsText

IDS = cast("TypeEngine[Any]", ARRAY(BigInteger))


def keys_parameter() -> ColumnElement[Any]:
    """Return the parameter `keys`, an array of IDs."""
    return cast_to(bindparam("keys", type_=IdsAsText), IDS)


def rows_parameter(name: str, types: Mapping[str, Any]) -> TableValuedAlias:
    """Return the parameter, a JSON array of objects, as rows in the array's order.

    `types` are of the columns.
    """
    columns = [column(key, type_) for key, type_ in types.items()]
    rows = func.jsonb_to_recordset(bindparam(name, type_=JSONB))
    return rows.table_valued(*columns, name="given").render_derived(with_types=True)
