"""Exports of mentions by this product, which can be imported again."""

from collections.abc import Callable
from typing import TypeAlias

from db.models import Base, Keyword, Mention

IdReader: TypeAlias = Callable[[str], tuple[type[Base], int] | None]
"""Returns the model and the primary key of a global ID; None for any other text."""

TIMES_OF_INGEST = frozenset({"createdAt", "updatedAt", "readAt", "starredAt"})
"""Columns of an export that tell nothing about the publication of the post."""
NEEDED = ("platform", "externalId")

_FORMULA = ("=", "+", "-", "@", "\t", "\n", "\r", "＝", "＋", "－", "＠")  # noqa: RUF001 - as exports escape them


def no_ids(_: str) -> None:
    """Read no global IDs: no file is an export."""


def model_of(value: object, read_id: IdReader) -> type[Base] | None:
    """Return the model of a global ID; None if the value is not one."""
    if not isinstance(value, str) or value.isdecimal():
        return None
    found = read_id(value.strip())
    return None if found is None else found[0]


def keyword_id(value: object, read_id: IdReader) -> int | None:
    found = read_id(value.strip()) if isinstance(value, str) else None
    return found[1] if found is not None and found[0] is Keyword else None


def refusal(model: type[Base], columns: frozenset[str]) -> str | None:
    """Return the reason why a row of an export is no post; None if it is one."""
    if model is not Mention:
        return f"id: This is an export of {model.__tablename__}. Export mentions."
    missing = [name for name in NEEDED if name not in columns]
    if missing:
        return (
            f"id: This export lacks the column {missing[0]}. Export the columns {' and '.join(NEEDED)} too."
        )
    return None


def without_escape(value: object) -> object:
    """Return a cell without the apostrophe that exports put before formulas."""
    if isinstance(value, str) and value.startswith("'") and value[1:].startswith(_FORMULA):
        return value[1:]
    return value
