"""Notifications of the database to the jobs of a process, on one connection of their pool.

PostgreSQL wakes each listening connection on each commit that notifies, whatever its channels. Workers and webhooks
therefore share a connection, and listen to no channel longer than they need it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from db.engine.pool import Connection, Pool

Listener: TypeAlias = Callable[..., Any]
"""Called with the arguments of asyncpg's listeners. A coroutine function runs as a task."""


@dataclass(frozen=True, slots=True, eq=False)
class _Hearing:
    listeners: Mapping[str, Listener]
    connected: Callable[[], Awaitable[None]]


@asynccontextmanager
async def _session(pool: Pool) -> AsyncIterator[Connection]:
    """Yield a connection with a session of the server: one of the pool, or one beside a pool that lacks sessions."""
    if pool.has_sessions:
        async with pool.acquire() as one:
            yield one
        return
    alone = await pool.connect_to_listen()
    try:
        yield alone
    finally:
        alone.terminate()


class Notifications:
    """The notifications of the database. They need one connection of the pool while anything is heard."""

    def __init__(self, pool: Pool, *, retry_seconds: float) -> None:
        self._pool = pool
        self._retry_seconds = retry_seconds
        self._wanted: set[_Hearing] = set()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def heard(
        self, listeners: Mapping[str, Listener], connected: Callable[[], Awaitable[None]]
    ) -> AsyncIterator[None]:
        """Call the listener of a channel on each of its notifications during the context.

        Call `connected` when the listeners are in place, because notifications may have been lost before. Reconnect
        after a lost connection. The caller polls meanwhile.
        """
        hearing = _Hearing(listeners, connected)
        self._wanted.add(hearing)
        self._changed.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            self._wanted.discard(hearing)
            self._changed.set()
            if not self._wanted:
                await self._stop()

    async def _stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while self._task is asyncio.current_task():
            with suppress(Exception):
                await self._run_on_connection()
            await asyncio.sleep(self._retry_seconds)

    async def _run_on_connection(self) -> None:
        present: set[_Hearing] = set()
        async with _session(self._pool) as connection:
            connection.add_termination_listener(self._note_end)
            try:
                while not connection.is_closed():
                    self._changed.clear()
                    await self._fit(connection, present)
                    await self._changed.wait()
            finally:
                connection.remove_termination_listener(self._note_end)
                for hearing in present:
                    await _remove(connection, hearing)

    def _note_end(self, *_: Any) -> None:
        self._changed.set()

    async def _fit(self, connection: Connection, present: set[_Hearing]) -> None:
        """Make the present listeners those that are wanted."""
        for hearing in present - self._wanted:
            present.discard(hearing)
            await _remove(connection, hearing)
        for hearing in self._wanted - present:
            present.add(hearing)
            for channel, listener in hearing.listeners.items():
                await connection.add_listener(channel, listener)
            await hearing.connected()


async def _remove(connection: Connection, hearing: _Hearing) -> None:
    for channel, listener in hearing.listeners.items():
        await connection.remove_listener(channel, listener)
