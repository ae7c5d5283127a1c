"""Deadlines that share one timer. Most requests end long before theirs, so a timer for each would be made in vain."""

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)


class Deadlines(Generic[Item]):
    """The items that wait, each with a deadline. `expire` receives an item whose time is up."""

    __slots__ = ("_expire", "_next", "_timer", "_waiting")

    def __init__(self, expire: Callable[[Item], object]) -> None:
        self._expire = expire
        self._waiting: dict[Item, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0.0

    def add(self, item: Item, seconds: float) -> None:
        """Let the item expire after the seconds, unless it is removed before."""
        loop = asyncio.get_running_loop()
        self._waiting[item] = at = loop.time() + max(0.0, seconds)
        if self._timer is None or at < self._next:
            self._watch(loop, at)

    def remove(self, item: Item) -> None:
        self._waiting.pop(item, None)

    def _watch(self, loop: asyncio.AbstractEventLoop, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._next, self._timer = at, loop.call_at(at, self._check, loop)

    def _check(self, loop: asyncio.AbstractEventLoop) -> None:
        """Expire the items whose time is up, and wait for the next deadline."""
        self._timer, now = None, loop.time()
        expired = [each for each, at in self._waiting.items() if at <= now]
        for item in expired:
            del self._waiting[item]
        if self._waiting:
            self._watch(loop, min(self._waiting.values()))
        for item in expired:
            self._expire(item)
