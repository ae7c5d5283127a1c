"""JSON of a large response, encoded in pieces, so that its size is bounded while it is built."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import orjson

from schema.prepared.fragments import ENCODING
from schema.prepared.response_lists import Lists

Encode: TypeAlias = Callable[[Any], bytes]
"""Returns the JSON of a response's content."""

MOST_BYTES: Final = 128_000_000
PIECE_BYTES: Final = 1_000_000
MOST_TOGETHER: Final = 64
"""The most elements of lists in one piece. Elements after small ones can be large."""


class ResponseTooLargeError(Exception):
    """The JSON of the response is longer than `MOST_BYTES`."""


def encoded(content: Mapping[str, Any], lists: Lists) -> bytes:
    """Return the JSON. `lists` are the names that lead to lists. Raise `ResponseTooLargeError`."""
    pieces = _Pieces()
    pieces.add_object(content, lists)
    return b"".join(pieces.found)


def encoded_at_once(content: Any) -> bytes:
    """Return the JSON of a small value."""
    return orjson.dumps(content, option=ENCODING, default=str)


def encoded_within_limit(content: Any) -> bytes:
    """Return the JSON, encoded in one piece. Raise `ResponseTooLargeError`."""
    found = encoded_at_once(content)
    if len(found) > MOST_BYTES:
        raise ResponseTooLargeError
    return found


class _Pieces:
    """The pieces so far. A piece holds fewer elements of lists, `together`, the larger the elements before were."""

    def __init__(self) -> None:
        self.found: list[bytes] = []
        self.together = 1
        self._size = 0

    def add_object(self, value: Mapping[str, Any], lists: Lists) -> None:
        """Add the fields in their order. Neighbours with few elements of lists share a piece."""
        opening, few, elements = b"{", dict[str, Any](), 0
        for name, inner in value.items():
            count = _elements(inner, lists[name]) if name in lists else 0
            if elements + count <= self.together:
                few[name] = inner
                elements += count
                continue
            if few:
                self._add_encoded(few, opening, elements)
                opening, few, elements = b",", {}, 0
            self._add(opening + orjson.dumps(name) + b":")
            self._add_value(inner, lists[name])
            opening = b","
        if few:
            self._add_encoded(few, opening, elements)
        self._add(b"}" if value else b"{}")

    def _add_value(self, value: Any, lists: Lists) -> None:
        if isinstance(value, list):
            self._add_list(value, lists)
        else:
            self.add_object(value, lists)

    def _add_list(self, values: list[Any], lists: Lists) -> None:
        if not lists:
            self._add_elements(values)
            return
        opening, start = b"[", 0
        counts = [1 + _elements(value, lists) for value in values]
        while start < len(values):
            stop, elements = self._fitting(counts, start)
            if stop == start:
                self._add(opening)
                self._add_value(values[start], lists)
                stop += 1
            else:
                self._add_encoded(values[start:stop], opening, elements)
            opening, start = b",", stop
        self._add(b"]")

    def _add_elements(self, values: list[Any]) -> None:
        """Add a list whose elements have no lists."""
        opening, start = b"[", 0
        while start < len(values):
            some = values[start : start + self.together]
            self._add_encoded(some, opening, len(some))
            opening, start = b",", start + len(some)
        self._add(b"]")

    def _fitting(self, counts: list[int], start: int) -> tuple[int, int]:
        """Return the end of the values that fit into the next piece, and the number of their elements."""
        elements = 0
        for index in range(start, len(counts)):
            if elements + counts[index] > self.together:
                return index, elements
            elements += counts[index]
        return len(counts), elements

    def _add_encoded(self, value: Sequence[Any] | Mapping[str, Any], opening: bytes, elements: int) -> None:
        """Add a list or an object without its brackets."""
        inner = encoded_at_once(value)[1:-1]
        self._add(opening)
        self._add(inner)
        if elements:
            fitting = PIECE_BYTES * elements // len(inner)
            self.together = max(1, min(MOST_TOGETHER, 2 * self.together, fitting))

    def _add(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > MOST_BYTES:
            raise ResponseTooLargeError
        self.found.append(piece)


def _elements(value: Any, lists: Lists) -> int:
    """Return the number of elements of all lists in a value."""
    if isinstance(value, list):
        count = len(value)
        if lists:
            for each in value:
                count += _elements(each, lists)
        return count
    count = 0
    if value is not None:
        for name, below in lists.items():
            count += _elements(value.get(name), below)
    return count
