"""JSON of a large response, encoded in pieces, so that its size is bounded while it is built."""

from collections.abc import Iterator
from typing import Any, Final

import orjson

OPTIONS: Final = orjson.OPT_PASSTHROUGH_SUBCLASS
MOST_BYTES: Final = 128_000_000
PIECE_BYTES: Final = 1_000_000
MOST_TOGETHER: Final = 16
"""The most elements of a list in one piece. Elements after small ones can be large."""


class ResponseTooLargeError(Exception):
    """The JSON of the response is longer than `MOST_BYTES`."""


def encoded(content: Any) -> bytes:
    """Return the JSON. Raise `ResponseTooLargeError`."""
    pieces: list[bytes] = []
    size = 0
    for piece in _pieces(content):
        size += len(piece)
        if size > MOST_BYTES:
            raise ResponseTooLargeError
        pieces.append(piece)
    return b"".join(pieces)


def encoded_at_once(content: Any) -> bytes:
    """Return the JSON of a small value."""
    return orjson.dumps(content, option=OPTIONS, default=str)


def _pieces(value: Any) -> Iterator[bytes]:
    if isinstance(value, list):
        yield from _pieces_of_list(value)
    elif isinstance(value, dict) and not _is_flat(value):
        yield from _pieces_of_object(value)
    else:
        yield encoded_at_once(value)


def _is_flat(value: Any) -> bool:
    """Return whether the value has no lists, so that its fields bound its size."""
    if isinstance(value, dict):
        return all(_is_flat(inner) for inner in value.values() if isinstance(inner, (dict, list)))
    return not isinstance(value, list)


def _pieces_of_list(value: list[Any]) -> Iterator[bytes]:
    """Yield the pieces of a list. Flat elements are encoded together, fewer of them the larger they are."""
    opening, start, together = b"[", 0, 1
    while start < len(value):
        elements = value[start : start + together]
        yield opening
        if all(map(_is_flat, elements)):
            piece = encoded_at_once(elements)[1:-1]
            yield piece
            fitting = PIECE_BYTES * len(elements) // len(piece)
            together = max(1, min(MOST_TOGETHER, 2 * together, fitting))
        else:
            elements = elements[:1]
            yield from _pieces(elements[0])
        opening, start = b",", start + len(elements)
    yield b"]" if value else b"[]"


def _pieces_of_object(value: dict[str, Any]) -> Iterator[bytes]:
    """Yield the pieces of an object in the order of its fields. Fields with single values are encoded together."""
    opening, singles = b"{", dict[str, Any]()
    for name, inner in [*value.items(), ("", [])]:
        if not isinstance(inner, (dict, list)):
            singles[name] = inner
            continue
        if singles:
            yield opening + encoded_at_once(singles)[1:-1]
            opening, singles = b",", {}
        if name:
            yield opening + orjson.dumps(name) + b":"
            yield from _pieces(inner)
            opening = b","
    yield b"}"
