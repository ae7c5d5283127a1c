"""Long work of the event loop, divided into short steps, between which other requests run."""

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Final, TypeAlias

STEP_SECONDS: Final = 0.003

Turn: TypeAlias = Callable[[], Awaitable[float]]
"""Returns when the next step may begin: the seconds that the step may take."""


async def next_turn() -> float:
    """Return in the next turn of the event loop."""
    await asyncio.sleep(0)
    return STEP_SECONDS


class Steps:
    """The steps of one work. Between two steps, the work waits for its `turn`."""

    __slots__ = ("_ends", "_turn")

    def __init__(self, turn: Turn = next_turn) -> None:
        self._turn = turn
        self._ends = 0.0

    def are_due(self) -> bool:
        """Return whether the current step has taken its time. The work must then wait for its next turn."""
        return perf_counter() >= self._ends

    async def next(self) -> None:
        """Wait for the next turn."""
        seconds = await self._turn()
        self._ends = perf_counter() + seconds
