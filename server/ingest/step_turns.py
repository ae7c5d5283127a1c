"""Turns of streams to work: one step of one stream in each turn of the event loop.

Forty streams that work in the same turn would make all other requests wait for each of their steps.
"""

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Final
from weakref import WeakValueDictionary

from db.engine.steps import next_turn

SHORT_STEP_SECONDS: Final = 0.001
HOLD_SECONDS: Final = 0.003
"""Pause before a short step while other operations run. Streams then have a quarter of the time."""
QUIET_SECONDS: Final = 0.1
"""Time after the last operation in which streams still leave time to others."""


class StepTurns:
    """The turns of all streams of a process. `used_at` returns when an operation last began or ended.

    Streams of one user take turns among themselves to read, and users take turns. Writing takes turns with reading.
    """

    def __init__(self, used_at: Callable[[], float]) -> None:
        self._used_at = used_at
        self._all = asyncio.Lock()
        self._of_user: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def read(self, user_id: int) -> float:
        """Return when a stream of the user may read its next lines, and for how many seconds."""
        of_user = self._of_user.setdefault(user_id, asyncio.Lock())
        async with of_user:
            return await self.write()

    async def write(self) -> float:
        """Return when the one batch that a user writes may take its next step, and for how many seconds."""
        async with self._all:
            if perf_counter() - self._used_at() > QUIET_SECONDS:
                return await next_turn()
            await asyncio.sleep(HOLD_SECONDS)
            return SHORT_STEP_SECONDS
