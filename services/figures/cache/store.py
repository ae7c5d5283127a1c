"""A fault-tolerant store: failures are counted, take a bounded time, and never reach a caller."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, ParamSpec, TypeVar

from services.figures.cache.backend import Backend
from services.figures.cache.entry import HEAD_BYTES, Entry
from services.figures.cache.memory import MemoryBackend
from services.figures.cache.statistics import Statistics

Answer = TypeVar("Answer")
Arguments = ParamSpec("Arguments")

logger = logging.getLogger("leadgraph")

LEASE_SECONDS = 3.0
"""The lifetime of a lock after its process has died. Longer computations renew their locks."""
FAILURES_BEFORE_PAUSE = 3
TIMEOUT_SECONDS = 0.25
PAUSE_SECONDS = 2.0
WRITE_AFTER_SECONDS = 0.05
"""The longest time that an entry waits for others. A figure that is computed again and again is encoded once."""
WRITE_TO_MEMORY_AFTER_SECONDS = 1.0
"""The same for a store that only this process reads, which writes the entries before it reads them."""
MOST_UNWRITTEN = 1000


class Store:
    """Reads, writes and locks entries. A backend that fails behaves like an empty one.

    After three connection failures in a row, the backend is skipped for `PAUSE_SECONDS`, and then one caller retries.
    """

    def __init__(self, backend: Backend, statistics: Statistics) -> None:
        self._backend = backend
        self._statistics = statistics
        self._failures = 0
        self._paused_until = 0.0
        self._closed = False
        self._next_keys: dict[str, None] | None = None
        self._next_read: asyncio.Task[dict[str, Entry]]
        self._tasks: set[asyncio.Task[Any]] = set()
        self._unwritten: dict[str, tuple[Entry, float]] = {}
        """Entries that are written soon, each with the end of its life."""
        self._timer: asyncio.TimerHandle | None = None

    async def read(self, keys: Sequence[str]) -> dict[str, Entry]:
        """Return the entries that exist. All reads of a shared store in one turn of the event loop share a round trip."""
        if not self._unwritten.keys().isdisjoint(keys):
            await self._write_all()
        if not self._backend.shared:
            return self._entries(keys, await self._try(self._backend.multi_get, keys))
        if self._next_keys is None:
            self._next_keys = {}
            self._next_read = self._background(self._read_batch(self._next_keys))
        self._next_keys.update(dict.fromkeys(keys))
        found = await asyncio.shield(self._next_read)
        return {key: found[key] for key in keys if key in found}

    async def _read_batch(self, batch: dict[str, None]) -> dict[str, Entry]:
        self._next_keys = None  # later reads start a new batch
        keys = list(batch)
        return self._entries(keys, await self._try(self._backend.multi_get, keys))

    def has_now(self, heads: Mapping[str, bytes]) -> bool | None:
        """Return whether the store has exactly these entries, by their heads; None if it must be asked (`has`)."""
        backend = self._backend
        if not isinstance(backend, MemoryBackend) or not self._unwritten.keys().isdisjoint(heads):
            return None
        return not self._closed and backend.heads_now(heads, HEAD_BYTES) == [*heads.values()]

    async def has(self, heads: Mapping[str, bytes]) -> bool:
        """Return whether the store has exactly these entries, by their heads."""
        if not self._unwritten.keys().isdisjoint(heads):
            await self._write_all()
        return await self._try(self._backend.heads, list(heads), HEAD_BYTES) == list(heads.values())

    async def write(self, entries: Mapping[str, Entry], ttl_seconds: float) -> None:
        for key in entries:
            self._unwritten.pop(key, None)
        packed = [(key, entry.pack(key)) for key, entry in entries.items()]
        await self._try(self._backend.multi_set, packed, float(ttl_seconds))

    async def write_soon(self, entries: Mapping[str, Entry], ttl_seconds: float) -> None:
        """Write the entries in the background, or before they are read here. A later entry of a key replaces them."""
        until = time.monotonic() + ttl_seconds
        for key, entry in entries.items():
            self._unwritten[key] = (entry, until)
        if len(self._unwritten) > MOST_UNWRITTEN:
            await self._write_all()
        elif self._timer is None:
            seconds = WRITE_AFTER_SECONDS if self._backend.shared else WRITE_TO_MEMORY_AFTER_SECONDS
            self._timer = asyncio.get_running_loop().call_later(seconds, self._write_in_background)

    def _write_in_background(self) -> None:
        self._timer = None
        self._background(self._write_all())

    async def _write_all(self) -> None:
        unwritten, self._unwritten = self._unwritten, {}
        by_time: defaultdict[float, list[tuple[str, bytes]]] = defaultdict(list)
        for key, (entry, until) in unwritten.items():
            try:
                packed_entry = entry.pack(key)
            except TypeError:
                self._statistics.errors += 1
                logger.exception("a figure cannot be stored")
            else:
                by_time[until].append((key, packed_entry))
        for until, packed in by_time.items():
            left = until - time.monotonic()
            if left > 0:
                await self._try(self._backend.multi_set, packed, left)

    async def claim(self, keys: Sequence[str], token: bytes) -> tuple[dict[str, Entry], list[str]]:
        """Return the entries that exist, and the keys that the caller may compute."""
        if not self._unwritten.keys().isdisjoint(keys):
            await self._write_all()
        try:
            claim = await self._try(self._backend.claim, keys, token, LEASE_SECONDS)
        except asyncio.CancelledError:  # the locks may be set already
            self._release_soon(keys, token)
            raise
        if claim is None:  # without the backend, processes cannot coordinate
            return {}, list(keys)
        for failure in claim.failures:
            self._note(failure)
        return self._entries(keys, claim.values), claim.held

    async def failure(self) -> Exception | None:
        """Return why the store cannot be read now; None if it can."""
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await self._backend.multi_get(["leadgraph:probe"])
        except Exception as failure:  # noqa: BLE001 - any failure is returned
            return failure
        return None

    @asynccontextmanager
    async def holding(self, keys: Sequence[str], token: bytes) -> AsyncIterator[None]:
        """Renew the locks inside the context, and release them at its end."""
        if not self._backend.shared:
            yield
            return
        renewing = asyncio.create_task(self._renew(keys, token))
        try:
            yield
        except BaseException:
            self._release_soon(keys, token)
            raise
        else:
            await self._release(keys, token)
        finally:
            renewing.cancel()

    async def close(self) -> None:
        """Release the locks and close the connections. Later reads find nothing."""
        if self._timer is not None:
            self._timer.cancel()
            await self._write_all()
        await asyncio.gather(*self._tasks)
        self._closed = True
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await self._backend.close()
        except Exception as failure:  # noqa: BLE001 - closing is best effort
            logger.warning("cache store could not be closed: %r", failure)

    async def _renew(self, keys: Sequence[str], token: bytes) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            await self._try(self._backend.renew, keys, token, LEASE_SECONDS)

    def _release_soon(self, keys: Sequence[str], token: bytes) -> None:
        """Release the locks in the background, because a cancelled caller must not wait."""
        if self._backend.shared:
            self._background(self._release(keys, token))

    def _background(self, work: Coroutine[None, None, Answer]) -> asyncio.Task[Answer]:
        """Return a task that `close` waits for."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _release(self, keys: Sequence[str], token: bytes) -> None:
        await self._try(self._backend.release, keys, token)

    def _entries(self, keys: Sequence[str], values: Sequence[bytes | None] | None) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        for key, value in zip(keys, values or [], strict=False):
            if value is None:
                continue
            entry = Entry.unpack(key, value)
            if entry is None:  # not written by this cache
                self._statistics.errors += 1
            else:
                entries[key] = entry
        return entries

    async def _try(
        self,
        operation: Callable[Arguments, Awaitable[Answer]],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Answer | None:
        """Return the result of the operation; None if it failed, timed out or was skipped."""
        if not self._may_try():
            self._statistics.skipped += 1
            return None
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                answer = await operation(*args, **kwargs)
        except Exception as failure:  # noqa: BLE001 - the cache must never fail a request
            self._note(failure)
            return None
        self._failures = 0
        return answer

    def _may_try(self) -> bool:
        if self._closed or self._failures < FAILURES_BEFORE_PAUSE:
            return not self._closed
        now = time.monotonic()
        if now < self._paused_until:
            return False
        self._paused_until = now + PAUSE_SECONDS  # this caller retries, the others skip
        return True

    def _note(self, failure: Exception) -> None:
        self._statistics.errors += 1
        if not isinstance(failure, (OSError, TimeoutError, *self._backend.unreachable)):
            self._failures = 0
            logger.debug("cache store refused an operation: %r", failure)
            return
        self._failures += 1
        if self._failures == FAILURES_BEFORE_PAUSE:
            self._paused_until = time.monotonic() + PAUSE_SECONDS
            logger.warning("cache store is unreachable, figures are computed: %r", failure)
