"""Rows that a statement is given, however many, as one parameter."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, column, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.selectable import TableValuedAlias


def given_rows(parameter: str, types: Mapping[str, Any]) -> TableValuedAlias:
    """The objects of a JSON array as rows, in the array's order; columns by names and types."""
    columns = [column(name, type_) for name, type_ in types.items()]
    rows = func.jsonb_to_recordset(bindparam(parameter, type_=JSONB))
    return rows.table_valued(*columns, name="given").render_derived(with_types=True)
