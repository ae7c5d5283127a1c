"""A fault-tolerant store: failures are counted, take a bounded time, and never reach a caller."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from services.figures.cache.backend import Backend
from services.figures.cache.entry import HEAD_BYTES, Entry
from services.figures.cache.memory import MemoryBackend
from services.figures.cache.statistics import Statistics
from services.shared_store.availability import Availability

Answer = TypeVar("Answer")

logger = logging.getLogger("leadgraph")

LEASE_SECONDS = 1.0
"""The lifetime of a lock after its process has died. Longer computations renew their locks."""
TIMEOUT_SECONDS = 0.25
WRITE_AFTER_SECONDS = 0.05
"""The longest time that an entry waits for others. A figure that is computed again and again is encoded once."""
WRITE_TO_MEMORY_AFTER_SECONDS = 1.0
"""The same for a store that only this process reads, which writes the entries before it reads them."""
MOST_UNWRITTEN = 1000


class Store:
    """Reads, writes and locks entries. A backend that fails behaves like an empty one.

    After a failure of the backend, the store keeps its entries in `substitute`, the memory of this process, until
    `availability` says that the backend works again. It then forgets them. Keys contain the state of the data, so no
    entry of either place is older than its own limit allows.
    """

    def __init__(
        self,
        backend: Backend,
        statistics: Statistics,
        availability: Availability,
        substitute: MemoryBackend | None = None,
    ) -> None:
        self.availability = availability
        self._backend = backend
        self._substitute = substitute
        self._statistics = statistics
        self._closed = False
        availability.probe_by(backend.probe)
        self._next_keys: dict[str, None] | None = None
        self._next_read: asyncio.Task[dict[str, Entry]]
        self._tasks: set[asyncio.Task[Any]] = set()
        self._unwritten: dict[str, tuple[Entry, float]] = {}
        """Entries that are written soon, each with the end of its life."""
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_shared(self) -> bool:
        """Whether other processes see the same entries while the store works."""
        return self._backend.shared

    async def read(self, keys: Sequence[str]) -> dict[str, Entry]:
        """Return the entries that exist. All reads of a shared store in one turn of the event loop share a round trip."""
        if not self._unwritten.keys().isdisjoint(keys):
            await self._write_all()
        if not self._backend.shared:
            return self._entries(keys, await self._try(lambda backend: backend.multi_get(keys)))
        if self._next_keys is None:
            self._next_keys = {}
            self._next_read = self._background(self._read_batch(self._next_keys))
        self._next_keys.update(dict.fromkeys(keys))
        found = await asyncio.shield(self._next_read)
        return {key: found[key] for key in keys if key in found}

    async def _read_batch(self, batch: dict[str, None]) -> dict[str, Entry]:
        self._next_keys = None  # later reads start a new batch
        keys = list(batch)
        return self._entries(keys, await self._try(lambda backend: backend.multi_get(keys)))

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
        found = await self._try(lambda backend: backend.heads(list(heads), HEAD_BYTES))
        return found == list(heads.values())

    async def write(self, entries: Mapping[str, Entry], ttl_seconds: float) -> None:
        for key in entries:
            self._unwritten.pop(key, None)
        await self._write_packed(
            [(key, entry.pack(key)) for key, entry in entries.items()], float(ttl_seconds)
        )

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
            await self._write_packed(packed, until - time.monotonic())

    async def _write_packed(self, packed: Sequence[tuple[str, bytes]], ttl_seconds: float) -> None:
        if ttl_seconds > 0:
            await self._try(lambda backend: backend.multi_set(packed, ttl_seconds))

    async def claim(self, keys: Sequence[str], token: bytes) -> tuple[dict[str, Entry], list[str]]:
        """Return the entries that exist, and the keys that the caller may compute."""
        if not self._unwritten.keys().isdisjoint(keys):
            await self._write_all()
        try:
            claim = await self._try(lambda backend: backend.claim(keys, token, LEASE_SECONDS))
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
        await self.availability.close()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await self._backend.close()
        except Exception as failure:  # noqa: BLE001 - closing is best effort
            logger.warning("cache store could not be closed: %r", failure)

    async def _renew(self, keys: Sequence[str], token: bytes) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            await self._try(lambda backend: backend.renew(keys, token, LEASE_SECONDS))

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
        await self._try(lambda backend: backend.release(keys, token))

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

    async def _try(self, operation: Callable[[Backend], Awaitable[Answer]]) -> Answer | None:
        """Return the result of the operation; None if it failed on a key, or the store is closed."""
        if self._closed:
            self._statistics.skipped += 1
            return None
        if self.availability.is_used:
            if self._substitute is not None and len(self._substitute):
                self._substitute.clear()
            try:
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    return await operation(self._backend)
            except Exception as failure:  # noqa: BLE001 - the cache must never fail a request
                if not self._note(failure):
                    return None
        self._statistics.skipped += 1
        return None if self._substitute is None else await operation(self._substitute)

    def _note(self, failure: Exception) -> bool:
        """Count the failure. Return whether it concerns the whole store, which then is not used for now."""
        self._statistics.errors += 1
        if not self._backend.is_unusable(failure):
            logger.debug("cache store refused an operation: %r", failure)
            return False
        self.availability.failed()
        return True
