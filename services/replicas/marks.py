"""The newest writes of users, read on the primary. Callers at the same time share one statement."""

import asyncio
from collections.abc import Collection
from contextlib import suppress

from db.engine.guarded_connection import GuardedConnection
from db.engine.pool import Pool
from db.statements.write_mark import WriteMark, write_marks


class Marks:
    """Reads marks on a connection of its own, so that no mark waits for a connection of the pool."""

    def __init__(self, primary: Pool) -> None:
        self._primary = primary
        self._connection: GuardedConnection | None = None
        self._waiting: dict[int, list[asyncio.Future[WriteMark | None]]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def of(self, user_id: int) -> WriteMark | None:
        """Return the mark of a user, read after this call has begun; None for a missing user.

        Raise the driver's error or `OutageError` if the primary does not tell it.
        """
        mark: asyncio.Future[WriteMark | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(user_id, []).append(mark)
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_all())
        return await mark

    async def _read_all(self) -> None:
        """Read the marks of all callers that wait. Those that come meanwhile are the next ones."""
        while self._waiting:
            waiting, self._waiting = self._waiting, {}
            try:
                marks = await self._read(waiting.keys())
            except Exception as failure:  # noqa: BLE001 - each caller raises it
                _settle(waiting, failure)
            else:
                _settle(waiting, marks)

    async def _read(self, user_ids: Collection[int]) -> dict[int, WriteMark]:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._primary.connect_to_listen()
        try:
            return await write_marks(self._connection, user_ids, seconds=self._primary.answer_seconds)
        except Exception:
            self._connection.terminate()  # after a failover, another connection may reach the new primary
            raise

    async def close(self) -> None:
        """Close the connection."""
        if self._reading is not None:
            self._reading.cancel()
            with suppress(asyncio.CancelledError):
                await self._reading
        if self._connection is not None:
            self._connection.terminate()


def _settle(
    waiting: dict[int, list[asyncio.Future[WriteMark | None]]], outcome: dict[int, WriteMark] | Exception
) -> None:
    for user_id, callers in waiting.items():
        for caller in callers:
            if caller.done():  # it was cancelled
                continue
            if isinstance(outcome, Exception):
                caller.set_exception(outcome)
            else:
                caller.set_result(outcome.get(user_id))
