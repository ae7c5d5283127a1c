"""JSON Lines as they come over a wire: cut out of pieces of any size, in bounded memory."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

LONGEST_LINE_BYTES = 600_000
"""More than the longest row needs in the longest spelling of JSON, in which a character takes up to 12 bytes."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLANK = b" \t\r"


class Line(NamedTuple):
    """A line without its line feed; `text` is None for one that is too long to be kept."""

    number: int
    text: bytes | None


class BadLineError(Exception):
    """A line that is no JSON object; the text says why."""


class Lines:
    """Cuts pieces into lines. Blank lines are counted and left out. `number` is that of the last one."""

    def __init__(self, first: int = 1) -> None:
        self.number = first - 1
        self._first = first
        self._begun = bytearray()
        self._too_long = False

    def feed(self, piece: bytes) -> Iterator[Line]:
        """The lines that end in the piece."""
        *ends, begun = piece.split(b"\n")
        for end in ends:
            if end or self._begun or self._too_long:
                yield from self._ended(end)
            else:
                self.number += 1
        self._keep(begun)

    def end(self) -> Iterator[Line]:
        """The last line, if there is one without a line feed."""
        if self._begun or self._too_long:
            yield from self._ended(b"")

    def _keep(self, part: bytes) -> None:
        self._too_long = self._too_long or len(self._begun) + len(part) > LONGEST_LINE_BYTES
        if self._too_long:
            self._begun.clear()
        else:
            self._begun += part

    def _ended(self, end: bytes) -> Iterator[Line]:
        if not self._begun and not self._too_long and len(end) <= LONGEST_LINE_BYTES:
            text: bytes | None = end  # by far the most lines come in one piece
        else:
            self._keep(end)
            text = None if self._too_long else bytes(self._begun)
            self._begun, self._too_long = bytearray(), False
        self.number += 1
        if text is not None and self.number == self._first:
            text = text.removeprefix(_BYTE_ORDER_MARK)
        if text is None or text.strip(_BLANK):
            yield Line(self.number, text)


def object_of(text: bytes) -> dict[str, Any]:
    """The object that the line holds. Raises `BadLineError`."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as invalid:
        raise BadLineError(_fault(text, invalid)) from invalid
    if not isinstance(value, dict):
        raise BadLineError("This is JSON, but not an object.")
    return value


def _fault(text: bytes, invalid: orjson.JSONDecodeError) -> str:
    try:
        text.decode()
    except UnicodeDecodeError as error:
        return f"Byte {error.start + 1} of the line is not UTF-8."
    return f"This is not JSON: {invalid.msg} (column {invalid.colno})."
