"""Values as the floors write them."""

from base64 import b64decode
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson

from bench.page import Answer, global_id


def row_id(text: str) -> int:
    return int(b64decode(text).rpartition(b":")[2])


def cursor(row: Iterable[Any]) -> str:
    """Return a cursor of a row that begins with its ID and has its time of creation."""
    id_, *others = row
    return global_id(next(str(value) for value in others if isinstance(value, datetime)), id_)


def upper(text: str | None) -> str | None:
    return text and text.upper()


def found_rows(document: str | None) -> list[list[Any]]:
    return orjson.loads(document) if document else []


def lead(id_: int, status: str, score: int | None) -> Answer:
    return {"id": global_id("Lead", id_), "status": status.upper(), "score": score}
