"""Values of the bodies that were read last, for metrics whose values are lent: what is decoded is not decoded again."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from services.figures.cache.cached_figure import Asked, CachedFigure, Value

LARGEST_BYTES = 4 * 2**20
"""Of all bodies together; the values take several times as much."""


class Decoded:
    """A value is that of its body, whatever the store does: the bodies are compared."""

    def __init__(self, largest_bytes: int = LARGEST_BYTES) -> None:
        self._largest_bytes = largest_bytes
        self._size_bytes = 0
        self._known: OrderedDict[str, tuple[bytes, Any, CachedFigure[Any, Any]]] = OrderedDict()

    def __iter__(self) -> Iterator[tuple[CachedFigure[Any, Any], bytes, Any]]:
        """What is lent, with the bodies that it is of."""
        return ((cached_figure, body, value) for body, value, cached_figure in self._known.values())

    def value(self, cached_figure: CachedFigure[Asked, Value], key: str, body: bytes) -> Value:
        """Raises `ValueError` for a body that is none of this metric."""
        if not cached_figure.shared:
            return cached_figure.load(body)
        found = self._known.get(key)
        if found is not None and found[0] == body:
            self._known.move_to_end(key)
            known: Value = found[1]
            return known
        value = cached_figure.load(body)
        self.keep(cached_figure, key, body, value)
        return value

    def keep(self, cached_figure: CachedFigure[Asked, Value], key: str, body: bytes, value: Value) -> None:
        """The value as it was written, or read, if the metric lends it."""
        if not cached_figure.shared:
            return
        before = self._known.pop(key, None)
        if before is not None:
            self._size_bytes -= len(before[0])
        self._known[key] = (body, value, cached_figure)
        self._size_bytes += len(body)
        while self._size_bytes > self._largest_bytes:
            _, (body, _, _) = self._known.popitem(last=False)
            self._size_bytes -= len(body)
