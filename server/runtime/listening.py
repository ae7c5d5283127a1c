"""Listen to notifications of the database on one connection of the pool."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, TypeAlias

from db.engine.pool import Pool

Listener: TypeAlias = Callable[..., Any]
"""Called with the arguments of asyncpg's listeners. A coroutine function runs as a task."""


async def listen(
    pool: Pool,
    listeners: Mapping[str, Listener],
    connected: Callable[[], Awaitable[None]],
    *,
    retry_seconds: float,
) -> None:
    """Call the listener of a channel on each of its notifications, until cancelled.

    Call `connected` when the listeners are in place, because notifications may have been lost before. Reconnect after
    a lost connection. The caller polls meanwhile.
    """
    while True:
        with suppress(Exception):
            await _listen_on_connection(pool, listeners, connected)
        await asyncio.sleep(retry_seconds)


async def _listen_on_connection(
    pool: Pool, listeners: Mapping[str, Listener], connected: Callable[[], Awaitable[None]]
) -> None:
    ended = asyncio.Event()
    async with pool.acquire() as connection:
        connection.add_termination_listener(lambda _: ended.set())
        for channel, listener in listeners.items():
            await connection.add_listener(channel, listener)
        await connected()
        try:
            await ended.wait()
        finally:
            for channel, listener in listeners.items():
                await connection.remove_listener(channel, listener)
