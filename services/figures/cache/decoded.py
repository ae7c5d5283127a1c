"""The decoded values of shared figures that were used last."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, Generic

from services.figures.cache.definition import CachedFigure, Question, Value
from services.figures.cache.entry import LaterBody

LARGEST_BYTES = 4 * 2**20
"""The total size of the bodies. The values take several times as much."""


class Unencoded(Generic[Value]):
    """A value of a shared figure that is encoded when its JSON is needed first."""

    __slots__ = ("_body", "_decoded", "_figure", "_key", "value")

    def __init__(
        self, decoded: "DecodedValues", figure: CachedFigure[Any, Value], key: str, value: Value
    ) -> None:
        self.value = value
        self._decoded = decoded
        self._figure = figure
        self._key = key
        self._body: bytes | None = None

    def encoded(self) -> bytes:
        if self._body is None:
            self._body = self._figure.dump(self.value)
            self._decoded.keep(self._figure, self._key, self._body, self.value)
        return self._body


class DecodedValues:
    """Maps keys to decoded values. A value is returned only if the stored body is still the same."""

    def __init__(self, largest_bytes: int = LARGEST_BYTES) -> None:
        self._largest_bytes = largest_bytes
        self._size_bytes = 0
        self._values: OrderedDict[str, tuple[bytes, Any, CachedFigure[Any, Any]]] = OrderedDict()

    def __iter__(self) -> Iterator[tuple[CachedFigure[Any, Any], bytes, Any]]:
        return ((figure, body, value) for body, value, figure in self._values.values())

    def value(self, figure: CachedFigure[Question, Value], key: str, body: "bytes | LaterBody") -> Value:
        """Return the value of a body. Raises `ValueError` if the body is not a value of this figure."""
        if isinstance(body, Unencoded):
            own: Value = body.value
            return own
        if not isinstance(body, bytes):
            body = body.encoded()
        if not figure.shared:
            return figure.load(body)
        found = self._values.get(key)
        if found is not None and found[0] == body:
            self._values.move_to_end(key)
            known: Value = found[1]
            return known
        value = figure.load(body)
        self.keep(figure, key, body, value)
        return value

    def keep(self, figure: CachedFigure[Question, Value], key: str, body: bytes, value: Value) -> None:
        if not figure.shared:
            return
        before = self._values.pop(key, None)
        if before is not None:
            self._size_bytes -= len(before[0])
        self._values[key] = (body, value, figure)
        self._size_bytes += len(body)
        while self._size_bytes > self._largest_bytes:
            _, (body, _, _) = self._values.popitem(last=False)
            self._size_bytes -= len(body)
