"""The stop of the server, in the order in which requests notice it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

STREAM_SHARE = 0.6
LONGEST_SHARE = 0.9
"""The shares of the grace in which streams go on, and in which they and downloads must end."""


class Stopping:
    """Tells requests that the server stops.

    First, the server drains: it still accepts requests, and `/readyz` sends balancers away. Then the grace of the
    requests under way begins, with so many `seconds`. After `stream_seconds`, streams end with a summary. Near the
    end of the grace, streams and downloads are interrupted.
    """

    def __init__(self, seconds: float = 20, *, stream_seconds: float | None = None) -> None:
        self.seconds = seconds
        self._stream_seconds = seconds * STREAM_SHARE if stream_seconds is None else stream_seconds
        self.drains = False
        self.has_begun = False
        self._streams_end = asyncio.Event()
        self._deadline = 0.0
        self._limits: set[asyncio.Timeout] = set()
        self._at_begin: set[Callable[[], None]] = set()

    @property
    def ends_streams(self) -> bool:
        return self._streams_end.is_set()

    async def wait(self) -> None:
        """Return when streams must end."""
        await self._streams_end.wait()

    def drain(self) -> None:
        self.drains = True

    @contextmanager
    def calling(self, at_begin: Callable[[], None]) -> Iterator[None]:
        """Call the function when the grace begins, if that is during the context or was before it."""
        if self.has_begun:
            at_begin()
        self._at_begin.add(at_begin)
        try:
            yield
        finally:
            self._at_begin.discard(at_begin)

    def begin(self) -> None:
        """Begin the grace."""
        if self.has_begun:
            return
        self.drains = self.has_begun = True
        loop = asyncio.get_running_loop()
        loop.call_later(self._stream_seconds, self._streams_end.set)
        self._deadline = loop.time() + self.seconds * LONGEST_SHARE
        for limit in self._limits:
            limit.reschedule(self._deadline)
        for call in list(self._at_begin):
            call()

    @asynccontextmanager
    async def limit(self) -> AsyncIterator[None]:
        """Raise `TimeoutError` if the context is still running near the end of the grace."""
        async with asyncio.timeout_at(self._deadline if self.has_begun else None) as limit:
            self._limits.add(limit)
            try:
                yield
            finally:
                self._limits.discard(limit)
