"""Long work of the event loop, divided into short steps, between which other requests run."""

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Final, TypeAlias

STEP_SECONDS: Final = 0.001

Turn: TypeAlias = Callable[[], Awaitable[None]]
"""Returns when the next step may begin."""


async def next_turn() -> None:
    """Return in the next turn of the event loop."""
    await asyncio.sleep(0)


class Steps:
    """The steps of one work. Between two steps, the work waits for its `turn`."""

    __slots__ = ("_ends", "_turn")

    def __init__(self, turn: Turn = next_turn) -> None:
        self._turn = turn
        self._ends = 0.0

    async def pause(self) -> None:
        """Wait for the next turn if the current step has taken its time."""
        if perf_counter() >= self._ends:
            await self._turn()
            self._ends = perf_counter() + STEP_SECONDS
