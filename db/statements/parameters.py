"""Parameters that several statements have: keys as one array, rows as one JSONB value, new values of columns."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from sqlalchemy import BigInteger, ColumnElement, Table, bindparam, column, func
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


def new_parameters(table: Table, names: Iterable[str]) -> dict[str, ColumnElement[Any]]:
    """Return a parameter for each of the columns.

    The prefix keeps columns apart from the parameters `keys` and `scope_user_id`.
    """
    return {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}


def new_values(values: Mapping[str, object]) -> dict[str, object]:
    """Return the values of `new_parameters`."""
    return {f"new_{name}": value for name, value in values.items()}
