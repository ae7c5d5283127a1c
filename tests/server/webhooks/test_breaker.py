"""The breaker of a webhook: a receiver that fails repeatedly costs one attempt at a time, whatever waits for it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from db.statements import webhook as stored
from services.webhooks import retries
from tests.server.webhooks.conftest import Hooks
from tests.server.webhooks.test_pump import AT, SOON, settled
from tests.support import rows
from tests.support.receivers import Receiver, receiving


async def state(hooks: Hooks) -> Any:
    return await hooks.pool.fetchrow("SELECT * FROM webhooks ORDER BY id LIMIT 1")


async def test_a_dead_receiver_costs_one_probe_at_a_time_and_all_deliveries_follow_its_return(
    hooks: Hooks,
) -> None:
    """Two hundred objects wait for a dead receiver, and another webhook is not affected."""
    user = await rows.add_user(hooks.pool)
    async with receiving(Receiver(lambda _: 500)) as dead, receiving() as well:
        made, other = await hooks.add(user, dead.url), await hooks.add(user, well.url)
        messages = [(f"msg_{n}", n, AT) for n in range(200)]
        await hooks.deliver(made.webhook, *messages)
        await hooks.deliver(other.webhook, *messages)
        async with hooks.pump(), hooks.pump():
            await well.until(200)
            await asyncio.sleep(1)
            first = len(dead.requests)
            assert 10 <= first <= 2 * (10 + 16)  # the ten failures of each pump, and what was running then
            found = await state(hooks)
            assert found["failures"] == 10
            assert timedelta(seconds=3) < found["resumes_at"] - datetime.now(UTC) < timedelta(seconds=6)
            await hooks.pool.execute("UPDATE webhooks SET resumes_at = now() WHERE id = $1", made.webhook.id)
            await asyncio.sleep(1)
            assert first < len(dead.requests) <= first + 2  # a probe of each pump at most
            found = await state(hooks)
            assert found["failures"] in {11, 12}
            assert timedelta(seconds=8) < found["resumes_at"] - datetime.now(UTC) < timedelta(seconds=25)
            dead.status = lambda _: 204
            await hooks.pool.execute("UPDATE webhooks SET resumes_at = now() WHERE id = $1", made.webhook.id)
            await hooks.pool.execute("UPDATE webhook_deliveries SET due_at = now() WHERE status = 'pending'")
            await dead.until(200)
    found = await state(hooks)
    assert (found["failures"], found["resumes_at"], found["failing_since"]) == (0, None, None)
    assert sorted(each.id for each in dead.accepted) == sorted(message for message, *_ in messages)


async def test_single_failures_do_not_stop_a_webhook(hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "WAITS", SOON)
    user = await rows.add_user(hooks.pool)
    async with receiving(Receiver(lambda each: 500 if len(each.requests) % 10 else 204)) as receiver:
        made = await hooks.add(user, receiver.url)
        await hooks.deliver(made.webhook, ("msg_0", 0, AT))
        async with hooks.pump():
            await settled(hooks)
    assert (await state(hooks))["failures"] == 0


async def test_a_receiver_that_asks_for_a_pause_gets_no_other_message_meanwhile(hooks: Hooks) -> None:
    user = await rows.add_user(hooks.pool)
    async with receiving(Receiver(lambda _: 429, extra="Retry-After: 86400\r\n")) as receiver:
        made = await hooks.add(user, receiver.url)
        await hooks.deliver(made.webhook, ("msg_0", 0, AT))
        async with hooks.pump():
            await receiver.until(0)
            async with asyncio.timeout(10):
                while (await state(hooks))["resumes_at"] is None:
                    await asyncio.sleep(0.02)
            receiver.status = lambda _: 204
            await hooks.deliver(made.webhook, ("msg_1", 1, AT))
            await hooks.pool.execute("NOTIFY leadgraph_work")
            await asyncio.sleep(0.5)
            assert [each.id for each in receiver.requests] == ["msg_0"]
            pause = (await state(hooks))["resumes_at"] - datetime.now(UTC)
            assert timedelta(minutes=4) < pause <= timedelta(minutes=5)
            await hooks.pool.execute("UPDATE webhooks SET resumes_at = now()")
            await receiver.until(1)
    assert [each.id for each in receiver.requests] == ["msg_0", "msg_1"]
    (first, _) = await hooks.deliveries()
    assert first["due_at"] - datetime.now(UTC) > timedelta(hours=23)


async def test_retry_after_of_another_status_is_ignored(hooks: Hooks) -> None:
    user = await rows.add_user(hooks.pool)
    async with receiving(Receiver(lambda _: 500, extra="Retry-After: 86400\r\n")) as receiver:
        made = await hooks.add(user, receiver.url)
        await hooks.deliver(made.webhook, ("msg_0", 0, AT))
        async with hooks.pump():
            async with asyncio.timeout(10):
                while (await state(hooks))["failing_since"] is None:
                    await asyncio.sleep(0.02)
    (row,) = await hooks.deliveries()
    assert row["due_at"] - datetime.now(UTC) < timedelta(seconds=7)
    assert (await state(hooks))["resumes_at"] is None


@pytest.mark.parametrize(("days", "status"), [(4, "disabled"), (2, "active")])
async def test_a_failed_probe_disables_a_webhook_that_has_failed_for_three_days(
    hooks: Hooks, days: int, status: str
) -> None:
    """With many waiting objects, no single delivery reaches its last attempt in three days."""
    user = await rows.add_user(hooks.pool)
    async with receiving(Receiver(lambda _: 500)) as receiver:
        made = await hooks.add(user, receiver.url)
        await hooks.pool.execute(
            "UPDATE webhooks SET failing_since = now() - make_interval(days => $1), failures = $2",
            days,
            stored.OPEN_AFTER,
        )
        await hooks.deliver(made.webhook, *((f"msg_{n}", n, AT) for n in range(5)))
        async with hooks.pump():
            async with asyncio.timeout(10):
                while (await state(hooks))["failures"] == stored.OPEN_AFTER:
                    await asyncio.sleep(0.02)
            await asyncio.sleep(0.3)
    assert (await state(hooks))["status"] == status
    assert len(receiver.requests) == 1
