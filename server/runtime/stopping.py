"""The stop of the server, as long responses learn of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

LONGEST_SECONDS = 7.0
"""Time for long responses after a signal to stop, shorter than the server's grace."""


class Stopping:
    """Tells long responses that the server stops."""

    def __init__(self) -> None:
        self._begun = asyncio.Event()
        self._deadline = 0.0
        self._limits: set[asyncio.Timeout] = set()

    @property
    def has_begun(self) -> bool:
        return self._begun.is_set()

    async def wait(self) -> None:
        """Return when the server stops."""
        await self._begun.wait()

    def begin(self) -> None:
        if self.has_begun:
            return
        self._deadline = asyncio.get_running_loop().time() + LONGEST_SECONDS
        self._begun.set()
        for limit in self._limits:
            limit.reschedule(self._deadline)

    @asynccontextmanager
    async def limit(self) -> AsyncIterator[None]:
        """Raise `TimeoutError` if the context is still running `LONGEST_SECONDS` after the stop has begun."""
        async with asyncio.timeout_at(self._deadline if self.has_begun else None) as limit:
            self._limits.add(limit)
            try:
                yield
            finally:
                self._limits.discard(limit)
