"""All connections of a server: their number, and the limits of those that wait."""

import asyncio
import time
from collections.abc import Collection, Sized
from typing import Protocol

from server.http.deadlines import Deadlines
from server.http.limits import ConnectionLimits
from server.http.turnstile import Turnstile

WATCH_SECONDS = 1.0


class Watched(Protocol):
    """A connection, as `Connections` sees it."""

    def __hash__(self) -> int: ...

    @property
    def unread_bytes(self) -> int: ...

    @property
    def unread_since(self) -> float: ...

    def check(self, now: float) -> None:
        """End the connection if it exceeds a time limit."""

    def close_after_answer(self) -> None:
        """Announce the end of the connection in the answer to the running request."""

    def refuse_running(self) -> bool:
        """End the connection if it has a request without a complete answer, and return whether it had one."""

    def abort(self) -> None: ...


class Reusable(Protocol):
    """A connection for one request after the other."""

    def __hash__(self) -> int: ...

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection, which has been idle for long enough."""


class Connections:
    """Admits connections and ends those that wait for too long.

    Beyond the limit, a new connection replaces the one that has waited longest for a request. Pages of the `origins`
    may read refusals.
    """

    def __init__(self, limits: ConnectionLimits | None = None, origins: Collection[str] = ()) -> None:
        self.limits = limits or ConnectionLimits()
        self.origins = frozenset(origins)
        self.turnstile = Turnstile(lambda: len(self.requests))
        self.idle: Deadlines[Reusable] = Deadlines(lambda connection: connection.timeout_keep_alive_handler())
        """The connections without a request since their last answer. A timer for each would cost more."""
        self.requests: Sized = ()
        """The requests that have begun and are not finished, as the server counts them."""
        self._open: set[Watched] = set()
        self._waiting: dict[Watched, None] = {}  # the oldest first
        self.close_after_answers = False
        """Whether each answer announces the end of its connection."""

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: Watched) -> None:
        """Add a new connection, which waits for a request."""
        self._open.add(connection)
        if len(self._open) > self.limits.connections and self._waiting:
            longest = next(iter(self._waiting))
            self.remove(longest)
            longest.abort()
        self._waiting[connection] = None

    def remove(self, connection: Watched) -> None:
        self._open.discard(connection)
        self._waiting.pop(connection, None)

    def wait(self, connection: Watched) -> None:
        """Note that the connection waits for its next request."""
        if connection in self._open:
            self._waiting[connection] = None

    def work(self, connection: Watched) -> None:
        """Note that the connection has a request."""
        self._waiting.pop(connection, None)

    @property
    def are_full(self) -> bool:
        return len(self._open) > self.limits.connections

    @property
    def are_overfull(self) -> bool:
        return len(self._open) > self.limits.connections + self.limits.spare_connections

    def drain(self) -> None:
        """Announce the end of its connection in each answer from now on. Idle connections stay open meanwhile."""
        self.close_after_answers = True
        for connection in self._open:
            connection.close_after_answer()

    def refuse_running(self) -> int:
        """End all connections with running requests, and return their number."""
        return sum([connection.refuse_running() for connection in list(self._open)])

    async def watch(self) -> None:
        """End connections that exceed a limit, until cancelled."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            self.check(time.monotonic())

    def check(self, now: float) -> None:
        for connection in list(self._open):
            connection.check(now)
        unread = {connection: connection.unread_bytes for connection in self._open}
        total = sum(unread.values())
        for connection in sorted(filter(unread.__getitem__, unread), key=lambda each: each.unread_since):
            if total <= self.limits.unread_bytes:
                break
            total -= unread[connection]
            connection.abort()
