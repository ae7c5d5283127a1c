"""Items of a `json` array that a statement has aggregated.

PostgreSQL writes `json` once, as text. A `jsonb` value is built as a tree first, which takes it several times as long.
"""

from typing import Any

import orjson


def json_items(text: str | None) -> list[Any]:
    """Return the items of the array. The aggregate of no rows is null."""
    return [] if text is None else orjson.loads(text)
