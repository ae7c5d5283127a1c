"""The store with its failures taken in: they are counted, cost a bounded time, and never reach a caller."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, ParamSpec, TypeVar

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from services.figures.cache.backend import Backend
from services.figures.cache.entry import Entry
from services.figures.cache.statistics import Statistics

Answer = TypeVar("Answer")
Arguments = ParamSpec("Arguments")

logger = logging.getLogger("leadgraph")

LEASE_SECONDS = 3.0
"""How long a lock outlives a process that died with it. Whoever computes longer renews it."""
UNREACHABLE = (OSError, TimeoutError, RedisConnectionError, RedisTimeoutError)
FAILURES_BEFORE_PAUSE = 3


class Store:
    """Reads, writes and locks entries. What the store cannot do is as if nothing lay in it.

    After three failures to reach it in a row it is left alone for `pause_seconds`, then tried by one caller.
    """

    def __init__(
        self,
        backend: Backend,
        statistics: Statistics,
        *,
        timeout_seconds: float = 0.25,
        pause_seconds: float = 2,
    ) -> None:
        self._backend = backend
        self._statistics = statistics
        self._timeout_seconds = timeout_seconds
        self._pause_seconds = pause_seconds
        self._failures = 0
        self._paused_until = 0.0
        self._closed = False
        self._next_keys: dict[str, None] | None = None
        self._next_read: asyncio.Task[dict[str, Entry]]
        self._tasks: set[asyncio.Task[Any]] = set()

    async def read(self, keys: Sequence[str]) -> dict[str, Entry]:
        """The entries that there are. What is read of a shared store in one turn of the event loop, by all of an
        operation's metrics, is one round trip.
        """
        if not self._backend.shared:
            return self._entries(keys, await self._tried(self._backend.multi_get, keys))
        if self._next_keys is None:
            self._next_keys = {}
            self._next_read = self._beside(self._read_together(self._next_keys))
        self._next_keys.update(dict.fromkeys(keys))
        found = await asyncio.shield(self._next_read)
        return {key: found[key] for key in keys if key in found}

    async def _read_together(self, wanted: dict[str, None]) -> dict[str, Entry]:
        self._next_keys = (
            None  # it begins with the loop's next turn: whoever asks from here on comes too late
        )
        keys = list(wanted)
        return self._entries(keys, await self._tried(self._backend.multi_get, keys))

    async def write(self, entries: Mapping[str, Entry], ttl_seconds: float) -> None:
        packed = [(key, entry.pack(key)) for key, entry in entries.items()]
        await self._tried(self._backend.multi_set, packed, float(ttl_seconds))

    async def claim(self, keys: Sequence[str], token: bytes) -> tuple[dict[str, Entry], list[str]]:
        """The entries that there are, and the keys that the holder of the token may compute."""
        try:
            claim = await self._tried(self._backend.claim, keys, token, LEASE_SECONDS)
        except asyncio.CancelledError:  # perhaps the locks are set by now
            self._release_soon(keys, token)
            raise
        if claim is None:  # without a store nobody can be waited for
            return {}, list(keys)
        for failure in claim.failures:
            self._note(failure)
        return self._entries(keys, claim.values), claim.held

    async def failure(self) -> Exception | None:
        """Why the store cannot be read now; None if it can."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await self._backend.multi_get(["leadgraph:probe"])
        except Exception as failure:  # noqa: BLE001 - whatever it is, it is told
            return failure
        return None

    @asynccontextmanager
    async def holding(self, keys: Sequence[str], token: bytes) -> AsyncIterator[None]:
        """Renews the locks as long as somebody is inside, then gives them back."""
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
        """Gives back what is held and closes the connections; whoever asks later finds nothing."""
        await asyncio.gather(*self._tasks)
        self._closed = True
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await self._backend.close()
        except Exception as failure:  # noqa: BLE001 - what hangs is left to the end of the process
            logger.warning("the cache's store could not be closed: %r", failure)

    async def _renew(self, keys: Sequence[str], token: bytes) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            await self._tried(self._backend.renew, keys, token, LEASE_SECONDS)

    def _release_soon(self, keys: Sequence[str], token: bytes) -> None:
        """For those who were cancelled: they must not wait any more."""
        if self._backend.shared:
            self._beside(self._release(keys, token))

    def _beside(self, work: Coroutine[None, None, Answer]) -> asyncio.Task[Answer]:
        """A task that `close` waits for."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _release(self, keys: Sequence[str], token: bytes) -> None:
        await self._tried(self._backend.release, keys, token)

    def _entries(self, keys: Sequence[str], values: Sequence[bytes | None] | None) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        for key, value in zip(keys, values or [], strict=False):
            if value is None:
                continue
            entry = Entry.unpack(key, value)
            if entry is None:  # somebody else's bytes
                self._statistics.errors += 1
            else:
                entries[key] = entry
        return entries

    async def _tried(
        self,
        operation: Callable[Arguments, Awaitable[Answer]],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Answer | None:
        """What the operation returns; None if it failed, took too long or was not tried."""
        if not self._may_try():
            self._statistics.skipped += 1
            return None
        try:
            async with asyncio.timeout(self._timeout_seconds):
                answer = await operation(*args, **kwargs)
        except Exception as failure:  # noqa: BLE001 - whatever it is: a cache must not fail an answer
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
        self._paused_until = now + self._pause_seconds  # this caller tries, the others go on without
        return True

    def _note(self, failure: Exception) -> None:
        self._statistics.errors += 1
        if not isinstance(failure, UNREACHABLE):
            self._failures = 0
            logger.debug("the cache's store refused: %r", failure)
            return
        self._failures += 1
        if self._failures == FAILURES_BEFORE_PAUSE:
            self._paused_until = time.monotonic() + self._pause_seconds
            logger.warning("the cache's store cannot be reached, answers are computed: %r", failure)
