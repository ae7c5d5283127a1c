"""Encode rows as JSON Lines or as CSV (RFC 4180)."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from db.models import ExportFormat

EXTENSIONS = {ExportFormat.JSON_LINES: "jsonl", ExportFormat.CSV: "csv"}

Row = Sequence[Any]

_OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_PASSTHROUGH_SUBCLASS
_FORMULA = ("=", "+", "-", "@", "\t", "\n", "\r", "＝", "＋", "－", "＠")  # noqa: RUF001 - some programs accept the wide ones too


def head(format_: ExportFormat, names: Sequence[str]) -> bytes:
    """Return the beginning of the file."""
    return _csv([names]) if format_ == ExportFormat.CSV else b""


def lines(format_: ExportFormat, names: Sequence[str], rows: Iterable[Row]) -> bytes:
    """Return the encoded rows. Each row has one value per name."""
    if format_ == ExportFormat.CSV:
        return _csv(map(_cells, rows))
    return b"".join(_json_lines(names, rows))


def _json_lines(names: Sequence[str], rows: Iterable[Row]) -> Iterator[bytes]:
    for row in rows:
        yield orjson.dumps(dict(zip(names, row, strict=True)), option=_OPTIONS, default=str)


def _csv(rows: Iterable[Row]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()


def _cells(row: Row) -> list[Any]:
    return [_cell(value) for value in row]


def _cell(value: Any) -> Any:
    """Return the value as in JSON, without the quotes around strings. An empty cell is null."""
    if type(value) is str:
        # A spreadsheet would run such a text as a formula, and strangers write the texts of mentions.
        return f"'{value}" if value.startswith(_FORMULA) else value
    if value is None:
        return ""
    encoded = orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_SUBCLASS, default=str).decode()
    return encoded[1:-1] if encoded.startswith('"') else encoded
