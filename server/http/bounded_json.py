"""JSON of a large response, encoded in pieces, so that its size is bounded while it is built."""

from collections.abc import Iterator
from typing import Any, Final

import orjson

OPTIONS: Final = orjson.OPT_PASSTHROUGH_SUBCLASS
MOST_BYTES: Final = 128_000_000


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
    if isinstance(value, dict) and any(isinstance(inner, (dict, list)) for inner in value.values()):
        yield from _pieces_of_object(value)
    elif isinstance(value, list) and any(isinstance(inner, (dict, list)) for inner in value):
        opening = b"["
        for inner in value:
            yield opening
            yield from _pieces(inner)
            opening = b","
        yield b"]"
    else:
        yield encoded_at_once(value)


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
