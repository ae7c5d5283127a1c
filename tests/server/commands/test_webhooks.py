"""`leadgraph webhooks enable`, and what the doctor says of webhooks."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from db.engine.pool import Pool
from services.doctor import webhooks as doctor
from tests.support.command import Command, refusal
from tests.support.rows import add_keyword, add_user, insert

AddWebhook = Callable[..., Awaitable[int]]
NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(hours=2)
DISABLED = {"status": "disabled", "disabled_at": LONG_AGO, "failing_since": LONG_AGO, "failures": 12}


@pytest.fixture
def add_webhook(pool: Pool) -> AddWebhook:
    async def add(user_id: int, **values: object) -> int:
        usual: dict[str, object] = {
            "user_id": user_id,
            "everybody": False,
            "url": "https://example.com/hidden-path",
            "event_types": ["keyword.created"],
            "position": "none",
            "change_id": 10**12,
        }
        return await insert(pool, "webhooks", **usual | values)

    return add


async def findings(command: Command) -> list[dict[str, str]]:
    result = await command("doctor", "--json", "--idle-seconds", "0")
    found: dict[str, Any] = json.loads(result.stdout)
    assert "hidden-path" not in result.stdout
    return [one for one in found["findings"] if one["check"] == "webhooks"]


async def test_the_doctor_names_webhooks_in_trouble_and_its_commands_mend_them(
    pool: Pool, command: Command, add_webhook: AddWebhook
) -> None:
    ann, ben = await add_user(pool), await add_user(pool, "ben@example.com")
    failing = await add_webhook(ann, failing_since=LONG_AGO, failures=14)
    gone = await add_webhook(ben, disabled_reason="gone", **DISABLED)
    expired = await add_webhook(ann, disabled_reason="position_expired", **DISABLED)
    await add_webhook(ann, failing_since=NOW, failures=14)
    await add_webhook(ann, failing_since=LONG_AGO, status="paused")
    await add_webhook(ann, disabled_reason="not_allowed", **DISABLED)
    await add_webhook(ann, disabled_reason="gone", **DISABLED | {"disabled_at": NOW - timedelta(days=31)})
    at = LONG_AGO.isoformat(timespec="seconds")
    found = await findings(command)
    assert [(one["subject"], one["problem"], one["command"]) for one in found] == [
        (
            f"webhook {failing}",
            (
                f"The receiver of ann@example.com has failed since {at}, 14 times in a row. The log of deliveries in the API "
                "has the reason. Three days of failure disable the webhook."
            ),
            f"leadgraph webhooks enable {failing}",
        ),
        (
            f"webhook {gone}",
            f"The server disabled the webhook of ben@example.com at {at}, because the receiver answered 410 (Gone).",
            f"leadgraph webhooks enable {gone}",
        ),
        (
            f"webhook {expired}",
            (
                f"The server disabled the webhook of ann@example.com at {at}, because the change feed no longer has its "
                "next events."
            ),
            f"leadgraph webhooks enable {expired} --from-now",
        ),
    ]
    for one in found:
        assert (await command(*one["command"].split()[1:])).exit_code == 0
    assert await findings(command) == []
    rows = await pool.fetch("SELECT * FROM webhooks WHERE id = ANY($1)", [failing, gone, expired])
    assert {(row["status"], row["disabled_at"], row["failing_since"], row["failures"]) for row in rows} == {
        ("active", None, None, 0)
    }
    positions = {row["id"]: (row["position"] == "none", row["change_id"] == 10**12) for row in rows}
    assert positions == {failing: (True, True), gone: (True, True), expired: (False, False)}


async def test_the_doctor_names_the_longest_troubled_webhooks_and_counts_the_others(
    pool: Pool, command: Command, add_webhook: AddWebhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "MOST_NAMED", 2)
    user = await add_user(pool)
    ids = [
        await add_webhook(user, failing_since=LONG_AGO - timedelta(hours=hours), failures=10)
        for hours in (1, 3, 2, 0)
    ]
    found = await findings(command)
    assert [one["subject"] for one in found] == [f"webhook {ids[1]}", f"webhook {ids[2]}", "webhooks"]
    assert found[2]["problem"] == "2 further webhooks fail or were disabled. The next report names them."


async def test_the_doctor_finds_events_without_a_worker(
    pool: Pool, command: Command, add_webhook: AddWebhook
) -> None:
    user = await add_user(pool)
    await add_webhook(user, change_id=0)
    await add_keyword(pool, user)
    await pool.execute("UPDATE changes SET at = at - interval '9 minutes'")
    assert await findings(command) == []
    await pool.execute("UPDATE changes SET at = at - interval '2 minutes'")
    since = await pool.fetchval("SELECT min(at) FROM changes")
    assert await findings(command) == [
        {
            "check": "webhooks",
            "subject": "events",
            "problem": "Events of 1 webhooks wait for a worker, the first one since "
            f"{since.isoformat(timespec='seconds')}.",
            "command": "leadgraph worker",
        }
    ]


@pytest.mark.parametrize(
    ("values", "user", "options", "message"),
    [
        ({"status": "paused"}, "", (), "The user has paused the webhook. The user alone can let it go on."),
        (
            {"disabled_reason": "position_expired", **DISABLED},
            "",
            (),
            "The change feed no longer has the next events. Use --from-now to skip them.",
        ),
        (
            {"disabled_reason": "not_allowed", **DISABLED},
            "status = 'suspended'",
            ("--from-now",),
            "The user of the webhook is not active, or may no longer read the rows.",
        ),
        (
            {"everybody": True},
            "",
            (),
            "The user of the webhook is not active, or may no longer read the rows.",
        ),
    ],
)
async def test_a_webhook_that_would_send_nothing_is_not_enabled(
    pool: Pool,
    command: Command,
    add_webhook: AddWebhook,
    values: dict[str, object],
    user: str,
    options: tuple[str, ...],
    message: str,
) -> None:
    webhook = await add_webhook(await add_user(pool), **values)
    if user:
        await pool.execute(f"UPDATE users SET {user}")
    before = await pool.fetchrow("SELECT * FROM webhooks")
    assert refusal(await command("webhooks", "enable", str(webhook), *options)) == message
    assert await pool.fetchrow("SELECT * FROM webhooks") == before


async def test_an_unknown_webhook_is_refused_by_its_id(command: Command, pool: Pool) -> None:
    del pool
    assert refusal(await command("webhooks", "enable", "77")) == "The webhook 77 does not exist."


async def test_stored_documents_are_checked(pool: Pool, command: Command, add_webhook: AddWebhook) -> None:
    user = await add_user(pool)
    await add_webhook(user, document="query($id: ID!) { node(id: $id) { id } }")
    result = await command("webhooks", "check")
    assert (result.exit_code, result.stdout) == (0, "All stored documents can be executed.\n")
    wrong = await add_webhook(user, document="query($id: ID!) { node(id: $id) { nothing } }")
    result = await command("webhooks", "check")
    assert result.exit_code == 1
    assert result.stdout.startswith(
        f"The document of the webhook {wrong} of the user {user}: Cannot query field"
    )
