"""Turns of streams to parse: one piece of one stream in each turn of the event loop.

Each piece takes a millisecond or two. Forty streams that parse in the same turn would make all other requests wait for
each of their steps.
"""

import asyncio
from weakref import WeakValueDictionary


class PieceTurns:
    """The turns of all streams of a process. Users take turns, and the streams of one user among themselves."""

    def __init__(self) -> None:
        self._all = asyncio.Lock()
        self._of_user: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def next(self, user_id: int) -> None:
        """Return when a stream of the user may parse a piece."""
        of_user = self._of_user.setdefault(user_id, asyncio.Lock())
        async with of_user, self._all:
            await asyncio.sleep(0)
