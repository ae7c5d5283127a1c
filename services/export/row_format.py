"""Encode rows as JSON Lines or as CSV (RFC 4180)."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import orjson

from db.models import ExportFormat

EXTENSIONS = {ExportFormat.JSON_LINES: "jsonl", ExportFormat.CSV: "csv"}

Row = Sequence[Any]

_OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_PASSTHROUGH_SUBCLASS
_FORMULA = ("=", "+", "-", "@", "\t", "\n", "\r", "＝", "＋", "－", "＠")  # noqa: RUF001 - some programs accept the wide ones too


BYTE_ORDER_MARK = "\ufeff".encode()
# Programs split lines at these delimiters and line ends, and some remove the white space at the ends of a text.
_TO_QUOTE = re.compile(r"""[",;|\t\v\f\r\n\x1c-\x1e\x85\u2028\u2029]|\A\s|\s\Z""")


def head(format_: ExportFormat, names: Sequence[str], *, byte_order_mark: bool = False) -> bytes:
    """Return the beginning of the file."""
    mark = BYTE_ORDER_MARK if byte_order_mark else b""
    return mark + _csv([names]) if format_ == ExportFormat.CSV else b""


def lines(format_: ExportFormat, names: Sequence[str], rows: Iterable[Row]) -> bytes:
    """Return the encoded rows. Each row has one value per name."""
    if format_ == ExportFormat.CSV:
        return _csv(map(_cells, rows))
    return b"".join(_json_lines(names, rows))


def _json_lines(names: Sequence[str], rows: Iterable[Row]) -> Iterator[bytes]:
    for row in rows:
        fields = dict(zip(names, row, strict=True))
        try:
            yield orjson.dumps(fields, option=_OPTIONS, default=_text)
        except TypeError:
            held = {name: value if _encoded(value) else None for name, value in fields.items()}
            yield orjson.dumps(held, option=_OPTIONS, default=_text)


def _encoded(value: Any) -> str:
    """Return the value as JSON, or an empty text for a stored value that JSON cannot hold, such as 1e400."""
    try:
        return orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_SUBCLASS, default=_text).decode()
    except TypeError:
        return ""


def _text(value: object) -> str:
    if isinstance(value, (datetime, Decimal, Enum)):
        return str(value)
    raise TypeError(type(value).__name__)


def _csv(rows: Iterable[Iterable[str]]) -> bytes:
    return "".join(map(_line, rows)).encode()


def _line(cells: Iterable[str]) -> str:
    line = ",".join([_quoted(cell) if _TO_QUOTE.search(cell) else cell for cell in cells])
    return f"{line}\r\n" if line else '""\r\n'  # readers skip an empty line


def _quoted(cell: str) -> str:
    escaped = cell.replace('"', '""')
    return f'"{escaped}"'


def _cells(row: Row) -> list[str]:
    return [_cell(value) for value in row]


def _cell(value: Any) -> str:
    """Return the value as in JSON, without the quotes around strings. An empty cell is null."""
    if type(value) is str:
        # A spreadsheet would run such a text as a formula, and strangers write the texts of mentions.
        text: str = value
        return f"'{text}" if text.startswith(_FORMULA) else text
    if value is None:
        return ""
    encoded = _encoded(value)
    return encoded[1:-1] if encoded.startswith('"') else encoded
