"""Notifications of the database: one connection for all that listen, and none while nothing does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from db.engine.pool import Pool, open_pool
from server.runtime.listening import Notifications

LISTENING = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query SIMILAR TO '(UN)?LISTEN%'"
)


@pytest.fixture
async def own(database_url: str) -> AsyncIterator[Pool]:
    async with await open_pool(database_url, size=2) as made:
        yield made


class Ears:
    """Listeners of some channels, which note what they hear."""

    def __init__(self, *channels: str) -> None:
        self.listeners = dict.fromkeys(channels, self._hear)
        self.heard: asyncio.Queue[str] = asyncio.Queue()

    async def _hear(self, *notification: Any) -> None:
        self.heard.put_nowait(notification[2])

    async def connected(self) -> None:
        self.heard.put_nowait("connected")

    async def next(self) -> str:
        async with asyncio.timeout(10):
            return await self.heard.get()


async def test_all_listeners_share_a_connection_that_ends_with_the_last_one(pool: Pool, own: Pool) -> None:
    notifications = Notifications(own, retry_seconds=0.05)
    one, two = Ears("first", "shared"), Ears("second", "shared")
    for _ in range(2):
        async with notifications.heard(one.listeners, one.connected):
            assert await one.next() == "connected"
            async with notifications.heard(two.listeners, two.connected):
                assert await two.next() == "connected"
                assert len(await pool.fetch(LISTENING)) == 1
                for channel in ("first", "second", "shared"):
                    await pool.execute(f"NOTIFY {channel}")
                assert [await one.next(), await one.next()] == ["first", "shared"]
                assert [await two.next(), await two.next()] == ["second", "shared"]
            await asyncio.sleep(0.2)
            await pool.execute("NOTIFY second")
            await pool.execute("NOTIFY shared")
            assert await one.next() == "shared"
            assert two.heard.empty()
        async with asyncio.timeout(5):
            while own.get_idle_size() < own.get_size():
                await asyncio.sleep(0.01)
        await pool.execute("NOTIFY shared")
        await asyncio.sleep(0.1)
        assert one.heard.empty()


async def test_a_lost_connection_is_replaced_and_told(pool: Pool, own: Pool) -> None:
    notifications = Notifications(own, retry_seconds=0.05)
    ears = [Ears("first"), Ears("second")]
    async with AsyncExitStack() as stack:
        for each in ears:
            await stack.enter_async_context(notifications.heard(each.listeners, each.connected))
            assert await each.next() == "connected"
        await pool.execute(f"SELECT pg_terminate_backend(pid) FROM ({LISTENING}) AS lost")
        for each in ears:
            assert await each.next() == "connected"
        await pool.execute("NOTIFY first")
        await pool.execute("NOTIFY second")
        assert [await each.next() for each in ears] == ["first", "second"]
