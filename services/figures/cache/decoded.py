"""The decoded values of shared figures that were used last."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from services.figures.cache.definition import CachedFigure, Question, Value

LARGEST_BYTES = 4 * 2**20
"""The total size of the bodies. The values take several times as much."""


class DecodedValues:
    """Maps keys to decoded values. A value is returned only if the stored body is still the same."""

    def __init__(self, largest_bytes: int = LARGEST_BYTES) -> None:
        self._largest_bytes = largest_bytes
        self._size_bytes = 0
        self._values: OrderedDict[str, tuple[bytes, Any, CachedFigure[Any, Any]]] = OrderedDict()

    def __iter__(self) -> Iterator[tuple[CachedFigure[Any, Any], bytes, Any]]:
        return ((figure, body, value) for body, value, figure in self._values.values())

    def value(self, figure: CachedFigure[Question, Value], key: str, body: bytes) -> Value:
        """Return the value of a body. Raises `ValueError` if the body is not a value of this figure."""
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
