"""The readiness probe: does the database answer? It needs no connection of the pool."""

import asyncio

import asyncpg

from db.engine.guarded_connection import GuardedConnection
from db.engine.outage import OutageError
from db.engine.pool import Pool

_QUESTION = "SHOW transaction_read_only"


class Probe:
    """Asks the database on a connection of its own. Callers at the same time share one question."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._connection: GuardedConnection | None = None
        self._asking: asyncio.Task[str] | None = None

    async def is_read_only(self) -> bool:
        """Return whether the database accepts no writes.

        Raise `OutageError` if the database does not answer within the pool's `answer_seconds`, and the driver's error if
        the database is unavailable.
        """
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        asking = self._asking
        done, _ = await asyncio.wait({asking}, timeout=self._pool.answer_seconds)
        if not done:
            asking.add_done_callback(_forget)
            raise OutageError("The database did not answer within the time limit.")
        return asking.result() == "on"

    async def _ask(self) -> str:
        seconds = self._pool.answer_seconds
        if self._connection is None or self._connection.is_closed():
            try:
                self._connection = await self._pool.connect_alone()
            except asyncpg.TooManyConnectionsError:
                if self._pool.get_size() == 0:
                    raise
                return str(
                    await self._pool.fetchval(_QUESTION, timeout=seconds)
                )  # the pool can serve requests
        return str(await self._connection.fetchval(_QUESTION, timeout=seconds))


def _forget(asking: asyncio.Task[str]) -> None:
    """Retrieve the exception of a question without callers, so that asyncio does not log it."""
    if not asking.cancelled():
        asking.exception()
