"""JSON texts of clients, with errors in the words of the API."""

import json
import re
from typing import Any, Final

import orjson

_LONG_INTEGER: Final = re.compile(rb"\d{19}")  # orjson reads an integer of more than 64 bits as a float
_LONG: Final = 19
_DIGITS: Final = b"0123456789"
_REASONS: Final = {
    "Input is a zero-length, empty document": "it is empty",
    "unexpected end of data": "it ends too early",
    "number is infinity when parsed as double": "a number is too large",
    "depth limit exceeded": "it is nested too deeply",
    "UTF-8 byte order mark (BOM) is not supported": "it begins with a byte order mark",
    **dict.fromkeys(
        (
            "no low surrogate in string",
            "invalid low surrogate in string",
            "invalid high surrogate in string",
        ),
        "a surrogate is unpaired",
    ),
}
"""Reasons by the parser's message. `WRONG_SYNTAX` stands for all others."""
WRONG_SYNTAX: Final = "the syntax is wrong"


class JsonTextError(Exception):
    """A text is not JSON. The message is the reason, without a place; the line and the column count from 1."""

    def __init__(self, reason: str, line: int, column: int) -> None:
        super().__init__(reason)
        self.line = line
        self.column = column


def parsed(text: bytes | str) -> Any:
    """Return the value. Raise `JsonTextError`."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as invalid:
        raise described(text, invalid) from invalid


def parsed_exactly(text: bytes | str) -> Any:
    """Return the value, with integers of any length as integers. Raise `JsonTextError`."""
    value = parsed(text)
    if not _has_long_integer(text if isinstance(text, bytes) else text.encode()):
        return value
    try:
        return json.loads(text)  # the text is valid, and a float limits its integers to about 300 digits
    except RecursionError:
        raise JsonTextError(_REASONS["depth limit exceeded"], 1, 1) from None


def _has_long_integer(text: bytes) -> bool:
    """Return whether the text may have an integer of 19 digits. Most texts have fewer digits in all."""
    digits = len(text) - len(text.translate(None, _DIGITS))
    return digits >= _LONG and _LONG_INTEGER.search(text) is not None


def described(text: bytes | str, invalid: orjson.JSONDecodeError) -> JsonTextError:
    """Return the error of the parser in the words of the API."""
    if isinstance(text, bytes):
        try:
            text.decode()
        except UnicodeDecodeError as damage:
            before = text[: damage.start].rpartition(b"\n")[2]
            line = text.count(b"\n", 0, damage.start) + 1
            return JsonTextError("a byte is not UTF-8", line, len(before) + 1)
    return JsonTextError(_REASONS.get(invalid.msg, WRONG_SYNTAX), invalid.lineno, invalid.colno)
