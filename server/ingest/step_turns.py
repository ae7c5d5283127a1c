"""Turns of streams to work: one step of one stream in each turn of the event loop.

Forty streams that work in the same turn would make all other requests wait for each of their steps.
"""

import asyncio
from weakref import WeakValueDictionary


class StepTurns:
    """The turns of all streams of a process.

    Streams of one user take turns among themselves to read, and users take turns. Writing takes turns with reading.
    """

    def __init__(self) -> None:
        self._all = asyncio.Lock()
        self._of_user: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def read(self, user_id: int) -> None:
        """Return when a stream of the user may read its next lines."""
        of_user = self._of_user.setdefault(user_id, asyncio.Lock())
        async with of_user:
            await self.write()

    async def write(self) -> None:
        """Return when the one batch that a user writes may take its next step."""
        async with self._all:
            await asyncio.sleep(0)
