"""Leases: work that takes longer than a lease must not send a message twice, or with other bytes."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.webhooks import deliveries
from tests.server.webhooks.conftest import Hooks
from tests.server.webhooks.test_pump import AT, settled
from tests.support import rows
from tests.support.receivers import Receiver, receiving


async def test_a_rendering_that_outlives_its_lease_sends_nothing(
    hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second pump takes over during the rendering, renders other values, and is the only one to send."""
    monkeypatch.setattr(deliveries, "LEASE", timedelta(seconds=2))
    user = await rows.add_user(hooks.pool)
    keyword = await rows.add_keyword(hooks.pool, user)
    began = asyncio.Event()
    async with receiving() as receiver:
        made = await hooks.add(user, receiver.url)
        await hooks.deliver(made.webhook, ("msg_0", keyword, AT), entity="Keyword")
        async with hooks.pump() as slow:
            rendered = slow._rendering.objects

            async def late(*arguments: Any) -> Any:
                found = await rendered(*arguments)
                began.set()
                await asyncio.sleep(4)
                return found

            monkeypatch.setattr(slow._rendering, "objects", late)
            await hooks.pool.execute("NOTIFY leadgraph_work")
            await began.wait()
            await hooks.pool.execute("UPDATE keywords SET keyword = 'other'")
            async with hooks.pump():
                await settled(hooks)
                await asyncio.sleep(4)  # the end of the slow rendering
    assert [each.id for each in receiver.requests] == ["msg_0"]
    (row,) = await hooks.deliveries()
    assert (row["attempts"], row["payload"].encode()) == (2, receiver.requests[0].body)
    assert receiver.requests[0].payload["data"]["object"]["keyword"] == "other"


async def test_a_rendering_whose_lease_was_taken_by_no_other_pump_goes_on(
    hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "LEASE", timedelta(seconds=0.5))
    user = await rows.add_user(hooks.pool)
    async with receiving() as receiver:
        made = await hooks.add(user, receiver.url)
        async with hooks.pump() as pump:
            rendered = pump._rendering.objects

            async def late(*arguments: Any) -> Any:
                await asyncio.sleep(1)
                return await rendered(*arguments)

            monkeypatch.setattr(pump._rendering, "objects", late)
            await hooks.deliver(made.webhook, ("msg_1", 1, AT))
            await settled(hooks)
    assert [(row["status"], row["attempts"]) for row in await hooks.deliveries()] == [("delivered", 1)]


async def test_deliveries_that_wait_too_long_for_a_place_are_given_back(
    hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty messages at four places, each of which takes most of the time in which attempts may begin."""
    monkeypatch.setattr(deliveries, "LEASE", timedelta(seconds=2))
    monkeypatch.setattr("server.webhooks.pump.MOST_OF_EACH", 4)
    user = await rows.add_user(hooks.pool)
    async with receiving(Receiver(seconds=0.6)) as receiver:
        made = await hooks.add(user, receiver.url)
        await hooks.deliver(made.webhook, *((f"msg_{n}", n, AT) for n in range(20)))
        async with hooks.pump():
            await settled(hooks)
    assert sorted(each.id for each in receiver.requests) == sorted(f"msg_{n}" for n in range(20))
    assert receiver.most_at_once == 4
    assert {(row["status"], row["attempts"]) for row in await hooks.deliveries()} == {("delivered", 1)}
