"""The pump: attempts, their order for each row, retries, disabled webhooks, and killed workers."""

import asyncio
import base64
import json
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from db.engine.pool import Pool
from db.integrity.feed import CHANNEL as FEED_CHANNEL
from db.models import WebhookSignature
from db.statements.export import CHANNEL
from server.webhooks.rendering import ExecutedRendering
from services.accounts.viewer import Viewer
from services.webhooks import deliveries, retries
from services.webhooks.rendering import Rendered, Subject
from tests.server.webhooks.conftest import Hooks
from tests.support import rows
from tests.support.receivers import Receiver, failing, receiving

AT = "2026-11-30T12:00:00Z"
SOON = (timedelta(milliseconds=20),) * 9


async def a_lead(hooks: Hooks, user_id: int, **values: object) -> int:
    keyword = await rows.add_keyword(hooks.pool, user_id, f"words {values}")
    return await rows.add_lead(hooks.pool, await rows.add_mention(hooks.pool, keyword), **values)


async def settled(hooks: Hooks, *, seconds: float = 20) -> None:
    """Wait until no delivery is pending."""
    async with asyncio.timeout(seconds):
        while await hooks.pool.fetchval("SELECT count(*) FROM webhook_deliveries WHERE status = 'pending'"):
            await asyncio.sleep(0.02)


async def test_a_message_has_the_default_payload_and_a_valid_signature(hooks: Hooks) -> None:
    user = await rows.add_user(hooks.pool)
    lead = await a_lead(hooks, user, status="qualified", company="Acme")
    async with receiving() as receiver:
        made = await hooks.add(user, receiver.url)
        await hooks.deliver(made.webhook, ("msg_1", lead, AT), ("msg_2", 999_999, AT))
        async with hooks.pump():
            await receiver.until(2)
    assert made.shown is not None
    payloads = {each.id: each.verify(made.shown) for each in receiver.requests}
    payload = payloads["msg_1"]
    assert (payload["type"], payload["timestamp"]) == ("lead.updated", "2026-11-30T12:00:00+00:00")
    assert payload["data"].keys() == {"id", "kind", "changedFields", "object"}
    assert payload["data"]["kind"] == "UPDATED"
    assert payload["data"]["changedFields"] == ["nextStatuses", "status"]
    found = payload["data"]["object"]
    assert (found["id"], found["status"], found["company"]) == (payload["data"]["id"], "QUALIFIED", "Acme")
    assert payloads["msg_2"]["data"]["object"] is None
    assert receiver.requests[0].headers["content-type"] == "application/json"
    (first, _) = await hooks.deliveries()
    assert (first["status"], first["attempts"], first["response_status"], first["due_at"]) == (
        "delivered",
        1,
        204,
        None,
    )
    assert json.loads(first["payload"]) == payload


async def test_a_stored_document_makes_the_payload_with_the_scopes_of_the_webhook(hooks: Hooks) -> None:
    user = await rows.add_user(hooks.pool)
    lead = await a_lead(hooks, user)
    document = (
        "query($id: ID!) { node(id: $id) { ... on Lead { status mention { content } } } viewer { email } }"
    )
    async with receiving() as receiver:
        may = await hooks.add(user, receiver.url, document=document)
        lacks = await hooks.add(user, receiver.url, document=document, scopes=["read:leads"])
        for made, name in ((may, "msg_may"), (lacks, "msg_lacks")):
            await hooks.deliver(made.webhook, (name, lead, AT))
        async with hooks.pump():
            await receiver.until(2)
    data = {each.id: each.payload["data"] for each in receiver.requests}
    assert data["msg_may"]["result"] == {
        "node": {"status": "NEW", "mention": {"content": "text"}},
        "viewer": {"email": "ann@example.com"},
    }
    assert data["msg_lacks"]["result"] is None
    assert data["msg_lacks"]["errors"] == [
        "This API key lacks the scope `read:mentions` (required by `Lead.mention`)."
    ]


async def test_a_foreign_row_has_no_values(hooks: Hooks) -> None:
    ann, ben = await rows.add_user(hooks.pool), await rows.add_user(hooks.pool, "ben@example.com")
    lead = await a_lead(hooks, ben)
    async with receiving() as receiver:
        made = await hooks.add(ann, receiver.url)
        await hooks.deliver(made.webhook, ("msg_1", lead, AT))
        async with hooks.pump():
            await receiver.until(1)
    assert receiver.requests[0].payload["data"]["object"] is None


async def test_an_asymmetric_webhook_signs_with_its_private_key(hooks: Hooks) -> None:
    user = await rows.add_user(hooks.pool)
    async with receiving() as receiver:
        made = await hooks.add(user, receiver.url, signature=WebhookSignature.V1A)
        await hooks.deliver(made.webhook, ("msg_1", 1, AT))
        async with hooks.pump():
            await receiver.until(1)
    (request,) = receiver.requests
    assert made.shown is None
    assert made.webhook.public_key is not None
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(made.webhook.public_key.removeprefix("whpk_")))
    version, signature = request.headers["webhook-signature"].split(",")
    assert version == "v1a"
    content = f"msg_1.{request.headers['webhook-timestamp']}.".encode() + request.body
    key.verify(base64.b64decode(signature), content)


async def test_two_receivers_that_fail_get_each_message_once_and_in_order(
    hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two pumps, two receivers that fail 30 % of the time, 60 rows with 10 events each."""
    monkeypatch.setattr(retries, "WAITS", SOON * 20)
    monkeypatch.setattr(retries, "MOST_ATTEMPTS", 150)
    user = await rows.add_user(hooks.pool)
    async with receiving(Receiver(failing(0.3))) as one, receiving(Receiver(failing(0.3, 2))) as two:
        made = [await hooks.add(user, each.url) for each in (one, two)]
        for each in made:
            messages = [(f"msg_{row}_{n}", row, AT) for n in range(10) for row in range(60)]
            await hooks.deliver(each.webhook, *messages)
        async with hooks.pump(), hooks.pump():
            await settled(hooks, seconds=60)
    for receiver, keyed in zip((one, two), made, strict=True):
        assert keyed.shown is not None
        by_row = defaultdict(list)
        for accepted in receiver.accepted:
            accepted.verify(keyed.shown)
            _, row, number = accepted.id.split("_")
            by_row[row].append(int(number))
        assert by_row == {str(row): list(range(10)) for row in range(60)}
        assert len(receiver.requests) > 700
        bodies = defaultdict(set)
        for request in receiver.requests:
            bodies[request.id].add(request.body)
        assert {len(each) for each in bodies.values()} == {1}


async def test_an_event_waits_until_the_earlier_one_of_its_row_is_given_up(
    hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "WAITS", SOON)
    user = await rows.add_user(hooks.pool)
    async with receiving(Receiver(lambda each: 500 if each.current == "msg_bad" else 204)) as receiver:
        made = await hooks.add(user, receiver.url)
        await hooks.deliver(made.webhook, ("msg_bad", 1, AT), ("msg_next", 1, AT), ("msg_other", 2, AT))
        async with hooks.pump():
            await settled(hooks)
    found = [(row["message_id"], row["status"], row["attempts"]) for row in await hooks.deliveries()]
    assert found == [("msg_bad", "failed", 10), ("msg_next", "delivered", 1), ("msg_other", "delivered", 1)]
    sent = [each.id for each in receiver.requests if each.id != "msg_other"]
    assert sent == ["msg_bad"] * 10 + ["msg_next"]


async def test_a_receiver_that_is_gone_disables_its_webhook_at_once(
    hooks: Hooks, caplog: pytest.LogCaptureFixture
) -> None:
    user = await rows.add_user(hooks.pool)
    async with receiving(Receiver(lambda _: 410)) as receiver:
        made = await hooks.add(user, receiver.url)
        await hooks.deliver(made.webhook, ("msg_1", 1, AT), ("msg_2", 1, AT))
        async with hooks.pump():
            async with asyncio.timeout(10):
                while await hooks.pool.fetchval("SELECT status FROM webhooks") != "disabled":
                    await asyncio.sleep(0.02)
            await asyncio.sleep(0.3)
    (webhook,) = await hooks.pool.fetch("SELECT * FROM webhooks")
    assert webhook["disabled_reason"] == "gone"
    assert [each.id for each in receiver.requests] == ["msg_1"]
    assert [row["status"] for row in await hooks.deliveries()] == ["failed", "pending"]
    assert f"The webhook {made.webhook.id} of the user {user} was disabled: gone" in caplog.messages


@pytest.mark.parametrize(("days", "status"), [(4, "disabled"), (1, "active")])
async def test_persistent_failure_disables_a_webhook_when_a_delivery_is_given_up(
    hooks: Hooks, monkeypatch: pytest.MonkeyPatch, days: int, status: str
) -> None:
    monkeypatch.setattr(retries, "WAITS", SOON)
    user = await rows.add_user(hooks.pool)
    async with receiving(Receiver(lambda _: 500)) as receiver:
        made = await hooks.add(user, receiver.url)
        await hooks.pool.execute(
            "UPDATE webhooks SET failing_since = now() - make_interval(days => $1)", days
        )
        await hooks.deliver(made.webhook, ("msg_1", 1, AT))
        async with hooks.pump():
            await settled(hooks)
            await asyncio.sleep(0.2)
    (webhook,) = await hooks.pool.fetch("SELECT * FROM webhooks")
    reason = "failing" if status == "disabled" else None
    assert (webhook["status"], webhook["disabled_reason"]) == (status, reason)


async def test_retry_after_sets_the_next_attempt_and_a_success_ends_the_failure(hooks: Hooks) -> None:
    user = await rows.add_user(hooks.pool)
    async with receiving(
        Receiver(lambda _: 429, extra="Retry-After: 100\r\n", body=b"slow down")
    ) as receiver:
        made = await hooks.add(user, receiver.url)
        await hooks.deliver(made.webhook, ("msg_1", 1, AT))
        async with hooks.pump():
            async with asyncio.timeout(10):
                while not await hooks.pool.fetchval("SELECT response_status FROM webhook_deliveries"):
                    await asyncio.sleep(0.02)
            (row,) = await hooks.deliveries()
            wait = row["due_at"] - row["attempted_at"]
            assert timedelta(seconds=99) < wait < timedelta(seconds=125)
            assert (row["status"], row["response_status"], row["response_excerpt"]) == (
                "pending",
                429,
                "slow down",
            )
            assert await hooks.pool.fetchval("SELECT failing_since IS NOT NULL FROM webhooks")
            receiver.status = lambda _: 200
            await hooks.pool.execute("UPDATE webhook_deliveries SET due_at = now()")
            await hooks.pool.execute("UPDATE webhooks SET resumes_at = now()")  # the pause that it asked for
            await settled(hooks)
    assert await hooks.pool.fetchval("SELECT failing_since IS NULL FROM webhooks")
    assert [each.status for each in receiver.requests] == [429, 200]


async def test_a_killed_pump_loses_nothing_and_repeats_with_the_same_id(
    hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "LEASE", timedelta(seconds=0.5))
    user = await rows.add_user(hooks.pool)
    async with receiving(Receiver(seconds=0.2)) as receiver:
        made = await hooks.add(user, receiver.url)
        await hooks.deliver(made.webhook, *((f"msg_{n}", n, AT) for n in range(6)))
        with suppress(InterruptedError):
            async with hooks.pump() as pump:
                while not receiver.at_once:
                    await asyncio.sleep(0.01)
                for task in pump.outbox.tasks:
                    task.cancel()
                raise InterruptedError
        assert {row["status"] for row in await hooks.deliveries()} == {"pending"}
        async with hooks.pump():
            await settled(hooks)
    assert {each.id for each in receiver.requests} == {f"msg_{n}" for n in range(6)}
    assert {row["attempts"] for row in await hooks.deliveries()} == {2}


async def test_a_stopped_pump_records_its_attempts(hooks: Hooks) -> None:
    user = await rows.add_user(hooks.pool)
    async with receiving(Receiver(seconds=0.3)) as receiver:
        made = await hooks.add(user, receiver.url)
        await hooks.deliver(made.webhook, ("msg_1", 1, AT))
        async with hooks.pump():
            while not receiver.at_once:
                await asyncio.sleep(0.01)
    (row,) = await hooks.deliveries()
    assert (row["status"], row["attempts"], len(receiver.requests)) == ("delivered", 1, 1)


async def test_a_slow_receiver_leaves_room_for_others(hooks: Hooks) -> None:
    user = await rows.add_user(hooks.pool)
    async with receiving(Receiver(seconds=5)) as slow, receiving() as quick:
        bad, good = await hooks.add(user, slow.url), await hooks.add(user, quick.url)
        await hooks.deliver(bad.webhook, *((f"msg_{n}", n, AT) for n in range(100)))
        await hooks.deliver(good.webhook, *((f"msg_{n}", n, AT) for n in range(50)))
        async with hooks.pump(seconds=1.0):
            await quick.until(50, seconds=5)
            assert 0 < slow.most_at_once <= 31
    assert len(quick.accepted) == 50


async def test_receivers_of_one_user_leave_room_for_those_of_others(hooks: Hooks) -> None:
    bad, good = await rows.add_user(hooks.pool), await rows.add_user(hooks.pool, "ben@example.com")
    async with receiving(Receiver(seconds=30)) as slow, receiving() as quick:
        for _ in range(10):
            made = await hooks.add(bad, slow.url)
            await hooks.deliver(made.webhook, *((f"msg_{n}", n, AT) for n in range(60)))
        other = await hooks.add(good, quick.url)
        async with hooks.pump(seconds=2.0):
            async with asyncio.timeout(10):
                while slow.at_once < 16:
                    await asyncio.sleep(0.02)
            await asyncio.sleep(0.3)
            await hooks.deliver(other.webhook, *((f"msg_{n}", n, AT) for n in range(20)))
            await quick.until(20, seconds=1.5)


async def test_a_payload_that_takes_too_long_holds_up_its_own_webhook_alone(
    hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.webhooks.pump.RENDER_SECONDS", 0.7)
    bad, good = await rows.add_user(hooks.pool), await rows.add_user(hooks.pool, "ben@example.com")
    objects = ExecutedRendering.objects

    async def slow(
        self: ExecutedRendering, viewer: Viewer, subjects: Sequence[Subject]
    ) -> Sequence[Rendered]:
        if viewer.user_id == bad:
            await asyncio.sleep(30)
        return await objects(self, viewer, subjects)

    monkeypatch.setattr(ExecutedRendering, "objects", slow)
    async with receiving() as receiver:
        made, other = await hooks.add(bad, receiver.url), await hooks.add(good, receiver.url)
        await hooks.deliver(made.webhook, ("msg_bad", 1, AT))
        await hooks.deliver(other.webhook, ("msg_good", 1, AT))
        async with hooks.pump():
            await receiver.until(1, seconds=5)
    assert [each.id for each in receiver.requests] == ["msg_good"]


@pytest.mark.parametrize("change", ["status = 'suspended'", None])
async def test_a_webhook_whose_owner_may_not_read_is_disabled(hooks: Hooks, change: str | None) -> None:
    user = await rows.add_user(hooks.pool)
    async with receiving() as receiver:
        made = await hooks.add(user, receiver.url, everybody=change is None)
        await hooks.deliver(made.webhook, ("msg_1", 1, AT))
        if change:
            await hooks.pool.execute(f"UPDATE users SET {change}")
        async with hooks.pump(), asyncio.timeout(10):
            while await hooks.pool.fetchval("SELECT status FROM webhooks") != "disabled":
                await asyncio.sleep(0.02)
    assert receiver.requests == []
    assert await hooks.pool.fetchval("SELECT disabled_reason FROM webhooks") == "not_allowed"


async def test_the_fence_holds_at_the_delivery(hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    from services.webhooks.addresses import Fence  # noqa: PLC0415 - the fence of this test alone

    user = await rows.add_user(hooks.pool)
    async with receiving() as receiver:
        made = await hooks.add(user, receiver.url)
        await hooks.deliver(made.webhook, ("msg_1", 1, AT))
        async with hooks.pump() as pump:
            monkeypatch.setattr(pump._client, "_fence", Fence())
            async with asyncio.timeout(10):
                while not (error := await hooks.pool.fetchval("SELECT error FROM webhook_deliveries")):
                    await asyncio.sleep(0.02)
    assert error == "The fence refuses the URL. Must begin with `https://`."
    assert receiver.requests == []


async def test_changes_wake_a_pump_only_while_a_webhook_is_active(
    hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.webhooks.pump.POLL_SECONDS", 3600)
    looks, is_active = 0, False

    async def dispatch(_: Pool) -> bool | None:
        nonlocal looks
        looks += 1
        return False if is_active else None

    async def looked() -> int:
        """Return the number of looks once it does not grow any more."""
        before = -1
        while before != looks:
            before = looks
            await asyncio.sleep(0.3)
        return looks

    async with hooks.pump(dispatch):
        for is_active in (False, True, False, True):
            await hooks.pool.execute(f"NOTIFY {CHANNEL}")
            before = await looked()
            assert before > 0
            await hooks.pool.execute(f"NOTIFY {FEED_CHANNEL}")
            assert (await looked() > before) is is_active
