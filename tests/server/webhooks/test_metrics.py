"""The metrics of webhooks: attempts, ended deliveries, states, and events that wait for a worker."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from db.engine.pool import open_pool
from db.statements import webhook_queue
from server.metrics import webhooks as webhook_metrics
from server.metrics.metrics import WorkerMetrics
from services.webhooks import retries
from services.webhooks.dispatch import Dispatcher
from tests.server.webhooks.conftest import FED, Hooks
from tests.server.webhooks.test_dispatch import add
from tests.support import rows
from tests.support.receivers import Receiver, receiving

AT = "2026-11-30T12:00:00Z"


def value(metrics: WorkerMetrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"leadgraph_{name}", labels)


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not reached():
            await asyncio.sleep(0.01)


async def test_attempts_and_ended_deliveries_are_counted_by_outcome(
    hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "WAITS", (timedelta(milliseconds=20),) * 9)
    user = await rows.add_user(hooks.pool)
    metrics = WorkerMetrics()
    attempts = ("accepted", "refused", "unreachable")
    assert [value(metrics, "webhook_attempt_seconds_count", outcome=each) for each in attempts] == [0, 0, 0]
    statuses = iter([500, 204, 204, 410])
    async with receiving(Receiver(lambda _: next(statuses))) as receiver:
        made = await hooks.add(user, receiver.url)
        lost = await hooks.add(user, "http://127.0.0.1:9/closed")
        await hooks.deliver(made.webhook, ("msg_1", 1, AT), ("msg_2", 1, AT), ("msg_3", 1, AT))
        async with hooks.pump(observe=metrics.webhooks.observe):
            await until(lambda: value(metrics, "webhook_deliveries_total", outcome="failed") == 1)
            await hooks.deliver(lost.webhook, ("msg_4", 4, AT))
            await until(lambda: value(metrics, "webhook_attempt_seconds_count", outcome="unreachable") == 10)
    assert [value(metrics, "webhook_attempt_seconds_count", outcome=each) for each in attempts] == [2, 2, 10]
    ended = [value(metrics, "webhook_deliveries_total", outcome=each) for each in ("delivered", "failed")]
    assert ended == [2, 2]
    assert 0 < (value(metrics, "webhook_attempt_seconds_sum", outcome="accepted") or 0) < 5


async def test_webhooks_are_counted_by_status_and_reason(
    hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_metrics, "LOOK_EVERY_SECONDS", 0.01)
    metrics = WorkerMetrics()
    ann, ben = await rows.add_user(hooks.pool), await rows.add_user(hooks.pool, "ben@example.com")
    disabled = {"status": "disabled", "disabled_at": await hooks.pool.fetchval("SELECT now()")}
    for user in (ann, ben):
        await hooks.add(user, "https://example.com", failures=9)
        await hooks.add(user, "https://example.com", failures=10)
        await hooks.add(user, "https://example.com", disabled_reason="gone", failures=10, **disabled)
    await hooks.add(ann, "https://example.com", status="paused", failures=10)
    async with metrics.watching(hooks.pool):
        await until(lambda: value(metrics, "webhooks", status="active", reason="") is not None)
    found = {
        (sample.labels["status"], sample.labels["reason"]): sample.value
        for family in metrics.registry.collect()
        if family.name == "leadgraph_webhooks"
        for sample in family.samples
    }
    assert found == {
        ("active", ""): 2,
        ("failing", ""): 2,
        ("paused", ""): 1,
        ("disabled", "gone"): 2,
        ("disabled", "failing"): 0,
        ("disabled", "position_expired"): 0,
        ("disabled", "not_allowed"): 0,
    }


async def test_the_age_is_that_of_events_without_a_worker(
    hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_metrics, "LOOK_EVERY_SECONDS", 0.01)
    metrics = WorkerMetrics()
    user = await rows.add_user(hooks.pool)
    keyword = await rows.add_keyword(hooks.pool, user)
    async with receiving() as receiver, metrics.watching(hooks.pool):
        await add(hooks, user, receiver.url, "mention.created")
        await hooks.pool.execute("UPDATE webhooks SET change_id = (SELECT max(id) FROM changes)")
        await until(lambda: value(metrics, "webhook_age_seconds") == 0)
        await rows.add_mention(hooks.pool, keyword)
        await hooks.pool.execute("UPDATE changes SET at = at - interval '90 s'")
        await until(lambda: 90 <= (value(metrics, "webhook_age_seconds") or 0) < 120)
        async with hooks.pump(Dispatcher(FED)):
            await receiver.until(1)
            await until(lambda: value(metrics, "webhook_age_seconds") == 0)


@pytest.mark.parametrize(
    ("webhook", "delivery", "webhooks"),
    [
        ("url = url", "due_at = due_at", 1),
        ("url = url", "due_at = now() + interval '1 s'", 0),
        ("url = url", "due_at = now() - interval '299 s'", 0),
        ("url = url", "leased_until = now() + interval '1 s', holder = 'x'", 0),
        ("url = url", "leased_until = now() - interval '1 s', holder = 'x'", 1),
        ("url = url", "status = 'delivered', finished_at = now()", 0),
        ("url = url", "due_at = NULL", 0),
        ("failures = 10", "due_at = due_at", 0),
        ("resumes_at = now() + interval '1 s'", "due_at = due_at", 0),
        ("resumes_at = now() - interval '1 s'", "due_at = due_at", 1),
        ("status = 'paused'", "due_at = due_at", 0),
    ],
)
async def test_due_deliveries_of_working_receivers_wait_for_a_worker(
    hooks: Hooks, webhook: str, delivery: str, webhooks: int
) -> None:
    user = await rows.add_user(hooks.pool)
    made = await hooks.add(user, "https://example.com", change_id=10**12)
    await hooks.deliver(made.webhook, ("msg_1", 1, AT), ("msg_2", 2, AT))
    await hooks.pool.execute("UPDATE webhook_deliveries SET due_at = now() - interval '400 s'")
    await hooks.pool.execute(f"UPDATE webhooks SET {webhook}")
    await hooks.pool.execute(f"UPDATE webhook_deliveries SET {delivery}")
    found = await webhook_queue.waiting(hooks.pool, timedelta(seconds=300))
    assert (found.webhooks, 400 <= found.seconds < 430) == (webhooks, bool(webhooks))


async def test_unknown_states_have_no_metrics(
    database_url: str, hooks: Hooks, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(webhook_metrics, "LOOK_EVERY_SECONDS", 0.01)
    del hooks
    metrics = WorkerMetrics()

    async with await open_pool(database_url, size=2) as own, metrics.watching(own):
        await until(lambda: value(metrics, "webhook_age_seconds") == 0)
        await own.close()
        await until(lambda: value(metrics, "webhook_age_seconds") is None)
        assert value(metrics, "webhooks", status="active", reason="") is None
    assert "cannot be read" not in caplog.text
