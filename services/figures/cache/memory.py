"""A store in the memory of one process, bounded in bytes."""

import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import ClassVar

from services.figures.cache.backend import Claim

OVERHEAD_BYTES = 250
"""The approximate size of an entry besides its key and value."""


class MemoryBackend:
    """An LRU cache of bytes. aiocache's own memory cache is unbounded, shares mutable objects and loads the Redis client."""

    shared: ClassVar[bool] = False

    def __init__(self, largest_bytes: int) -> None:
        self.size_bytes = 0
        self._largest_bytes = largest_bytes
        self._entries: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    async def multi_get(self, keys: Sequence[str]) -> list[bytes | None]:
        return [self._look_up(key) for key in keys]

    async def multi_set(self, pairs: Iterable[tuple[str, bytes]], ttl: float) -> None:
        expires = time.monotonic() + ttl
        for key, value in pairs:
            self._keep(key, value, expires)

    async def heads(self, keys: Sequence[str], length: int) -> Sequence[bytes | None]:
        return self.heads_now(keys, length)

    def heads_now(self, keys: Iterable[str], length: int) -> Sequence[bytes | None]:
        """Return the first bytes of each value, or None, without waiting."""
        values = [self._look_up(key) for key in keys]
        return [None if value is None else value[:length] for value in values]

    async def claim(self, keys: Sequence[str], token: bytes, lease_seconds: float) -> Claim:  # noqa: ARG002
        """Claim all keys: no other process uses this memory, and flights coordinate this process's tasks."""
        return Claim([self._look_up(key) for key in keys], list(keys), [])

    async def renew(self, keys: Sequence[str], token: bytes, lease_seconds: float) -> None: ...

    async def release(self, keys: Sequence[str], token: bytes) -> None: ...

    def is_unusable(self, failure: Exception) -> bool:  # noqa: ARG002 - memory does not fail
        return False

    async def probe(self) -> None: ...

    async def close(self) -> None: ...

    def clear(self) -> None:
        """Forget all entries."""
        self._entries.clear()
        self.size_bytes = 0

    def _look_up(self, key: str) -> bytes | None:
        found = self._entries.get(key)
        if found is None:
            return None
        expires, value = found
        if expires <= time.monotonic():
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return value

    def _keep(self, key: str, value: bytes, expires: float) -> None:
        self._drop(key)
        size = _size(key, value)
        if size > self._largest_bytes:
            return
        self._entries[key] = (expires, value)
        self.size_bytes += size
        while self.size_bytes > self._largest_bytes:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: str) -> None:
        found = self._entries.pop(key, None)
        if found is not None:
            self.size_bytes -= _size(key, found[1])


def _size(key: str, value: bytes) -> int:
    return len(key) + len(value) + OVERHEAD_BYTES
