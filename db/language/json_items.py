"""Items of a `json` array that a statement has aggregated.

PostgreSQL writes `json` once, as text. A `jsonb` value is built as a tree first, which takes it several times as long.
"""

from typing import Any

import orjson
from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import JSON


def as_json_items(rows: Select[Any]) -> Select[Any]:
    """Return a statement with one row, whose only column has the rows as arrays of their columns.

    The driver decodes the columns of a row of an unknown type one by one. That takes several times as long as JSON.
    The columns must be numbers, strings, timestamps, or arrays of them, so that JSON has their exact values.
    """
    row = rows.subquery("item")
    return select(func.json_agg(func.json_build_array(*row.c), type_=JSON).label("items"))


class UnreadableJson:
    """A stored JSON value that Python cannot hold, such as 1e400. Responses show an error in its place."""


def json_value(text: str | bytes | memoryview) -> object:
    """Return the value of a JSON column."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return UnreadableJson()


def json_items(text: str | None) -> list[Any]:
    """Return the items of the array. The aggregate of no rows is null."""
    return [] if text is None else orjson.loads(text)
