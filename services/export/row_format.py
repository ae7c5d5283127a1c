"""Rows as lines of a file: JSON Lines, or CSV as RFC 4180 describes it."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from db.models import ExportFormat

EXTENSIONS = {ExportFormat.JSON_LINES: "jsonl", ExportFormat.CSV: "csv"}

Row = Sequence[Any]

_OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_PASSTHROUGH_SUBCLASS
_FORMULA = ("=", "+", "-", "@", "\t", "\n", "\r", "＝", "＋", "－", "＠")  # noqa: RUF001 - some take the wide ones, too


def head(format_: ExportFormat, names: Sequence[str]) -> bytes:
    """What the file begins with."""
    return _csv([names]) if format_ == ExportFormat.CSV else b""


def lines(format_: ExportFormat, names: Sequence[str], rows: Iterable[Row]) -> bytes:
    """The rows, each with a value for each of the names."""
    if format_ == ExportFormat.CSV:
        return _csv(map(_cells, rows))
    return b"".join(_json_lines(names, rows))


def _json_lines(names: Sequence[str], rows: Iterable[Row]) -> Iterator[bytes]:
    for row in rows:
        yield orjson.dumps(dict(zip(names, row, strict=True)), option=_OPTIONS, default=str)


def _csv(rows: Iterable[Row]) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()


def _cells(row: Row) -> list[Any]:
    return [_cell(value) for value in row]


def _cell(value: Any) -> Any:
    """As in JSON, without the quotes around texts. Nothing stands for null."""
    if type(value) is str:
        # A spreadsheet takes such a text for a formula and runs it, and strangers write what mentions say.
        return f"'{value}" if value.startswith(_FORMULA) else value
    if value is None:
        return ""
    written = orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_SUBCLASS, default=str).decode()
    return written[1:-1] if written.startswith('"') else written
