"""Idle connections: the pool closes those that nothing has used for a while.

asyncpg starts and cancels a timer for each use of a connection. One timer for all is enough.
"""

import asyncio
from typing import Any, Final

from db.engine.guarded_connection import GuardedConnection

IDLE_SECONDS: Final = 300.0
"""Time after which a free connection is closed, unless it is one of the least number."""


class IdleConnections:
    """The free connections of a pool, and the timer that closes them."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._timer: asyncio.TimerHandle | None = None

    def note_use(self, connection: GuardedConnection) -> None:
        """Note that the connection was used, and is free from now on."""
        connection.used_at = now = self._pool._loop.time()  # noqa: SLF001 - asyncpg has no public way
        if self._timer is None:
            self._check_at(now + IDLE_SECONDS)

    def stop(self) -> None:
        """Close no more connections: the pool closes all."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check_at(self, at: float) -> None:
        self._timer = self._pool._loop.call_at(at, self._check)  # noqa: SLF001

    def _check(self) -> None:
        """Close the connections that have been free for too long. Look again when the next one has."""
        self._timer, pool = None, self._pool
        free = [each for each in pool._holders if each._in_use is None and each.is_connected()]  # noqa: SLF001
        for connection in sorted((each._con for each in free), key=lambda each: float(each.used_at)):  # noqa: SLF001
            if pool.is_closing() or pool.get_size() <= pool.get_min_size():
                return
            if connection.used_at + IDLE_SECONDS > pool._loop.time():  # noqa: SLF001
                self._check_at(connection.used_at + IDLE_SECONDS)
                return
            connection.terminate()
