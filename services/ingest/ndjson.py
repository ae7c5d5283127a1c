"""JSON Lines of a request body: split from chunks of any size, in bounded memory."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from services.rules.json_text import JsonTextError, parsed

LONGEST_LINE_BYTES = 600_000
"""More than the longest valid row needs. A JSON escape takes up to 12 bytes per character."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLANK = b" \t\r"


class Line(NamedTuple):
    """A line without its line feed. `text` is None for a line that is too long."""

    number: int
    text: bytes | None


class BadLineError(Exception):
    """A line is not a JSON object. The message says why."""


class LineSplitter:
    """Splits chunks into lines. Blank lines are counted and skipped. `number` is the number of the last line."""

    def __init__(self, first: int = 1) -> None:
        self.number = first - 1
        self._first = first
        self._rest = bytearray()
        self._too_long = False

    def feed(self, chunk: bytes) -> Iterator[Line]:
        """Yield the lines that end in the chunk."""
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            if end or self._rest or self._too_long:
                yield from self._ended(end)
            else:
                self.number += 1
        self._keep(rest)

    def end(self) -> Iterator[Line]:
        """Yield the last line, if it lacks a line feed."""
        if self._rest or self._too_long:
            yield from self._ended(b"")

    def _keep(self, part: bytes) -> None:
        self._too_long = self._too_long or len(self._rest) + len(part) > LONGEST_LINE_BYTES
        if self._too_long:
            self._rest.clear()
        else:
            self._rest += part

    def _ended(self, end: bytes) -> Iterator[Line]:
        if not self._rest and not self._too_long and len(end) <= LONGEST_LINE_BYTES:
            text: bytes | None = end  # the usual case: the line lies in one chunk
        else:
            self._keep(end)
            text = None if self._too_long else bytes(self._rest)
            self._rest, self._too_long = bytearray(), False
        self.number += 1
        if text is not None and self.number == self._first:
            text = text.removeprefix(_BYTE_ORDER_MARK)
        if text is None or text.strip(_BLANK):
            yield Line(self.number, text)


def object_of(text: bytes) -> dict[str, Any]:
    """Return the JSON object of the line. Raises `BadLineError`."""
    try:
        value = parsed(text)
    except JsonTextError as invalid:
        raise BadLineError(f"Must be JSON: {invalid} (column {invalid.column}).") from invalid
    if not isinstance(value, dict):
        raise BadLineError("Must be a JSON object.")
    return value
