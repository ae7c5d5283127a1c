"""Mutations of integrations: stored rows, credentials, effects of runs, refused calls, and statements."""

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from resolvers.framework.global_id import encode
from schema.graph import Graph
from server.app import create_app
from services.accounts.vault import Sealed, Secret, Vault
from services.integrations.credentials import owner_of
from tests.support.world import Ask, World

TOKEN = "xoxb-very-secret-token"

CONNECT = """
mutation($input: ConnectIntegrationInput!) {
  result: connectIntegration(input: $input) {
    replayed
    integration { id provider kind name externalAccountId status settings scopes hasCredentials syncIntervalMinutes }
    userErrors { code message path }
  }
}
"""
UPDATE = """
mutation($input: UpdateIntegrationInput!) {
  result: updateIntegration(input: $input) {
    integration { id name settings hasCredentials } userErrors { code message path }
  }
}
"""
DELETE = """
mutation($input: DeleteIntegrationInput!) {
  result: deleteIntegration(input: $input) { deletedIntegrationId user { id } userErrors { code message path } }
}
"""
RUN = """
mutation($input: RecordIntegrationRunInput!) {
  result: recordIntegrationRun(input: $input) {
    replayed log { id kind status durationMs }
    integration { status lastSyncedAt consecutiveFailures nextSyncAt } userErrors { code message path }
  }
}
"""


def status_mutation(action: str) -> str:
    return f"""
    mutation($input: {action.capitalize()}IntegrationInput!) {{
      result: {action}Integration(input: $input) {{
        integration {{ status hasCredentials nextSyncAt }} userErrors {{ code message path }}
      }}
    }}
    """


async def first_integration(world: World, owner: str = "ann") -> Any:
    return await world.pool.fetchrow(
        "SELECT * FROM integrations WHERE user_id = $1 ORDER BY id LIMIT 1", world.users[owner]
    )


async def stored_integration(world: World, id_: str) -> Any:
    rows = [row for row in await world.rows("integrations") if encode("Integration", row["id"]) == id_]
    return rows[0]


def errors(answer: Any) -> list[tuple[str, list[str]]]:
    return [(error["code"], error["path"][1:]) for error in answer.data["result"]["userErrors"]]


def open_credentials(world: World, row: Any) -> str:
    owner = owner_of(row["user_id"], row["provider"], row["external_account_id"])
    return (
        Vault([world.vault_key]).open(Sealed(row["credentials_key_id"], row["credentials"]), owner).reveal()
    )


# Connecting


async def test_connecting_an_account_stores_all_given_values(ask: Ask, world: World) -> None:
    given = {
        "provider": "SLACK",
        "externalAccountId": " T1 ",
        "name": "Sales",
        "credentials": TOKEN,
        "credentialsExpiresAt": "2030-01-01T00:00:00Z",
        "scopes": ["chat:write", "chat:write"],
        "settings": {"channel": "#leads", "limits": [1, 2.5, None, True, {"a": "ä \\u0000"}]},
        "syncIntervalMinutes": 60,
    }
    answer = await ask(CONNECT, input=given)
    shown = answer.data["result"]["integration"]
    row = await stored_integration(world, shown["id"])
    assert answer.data["result"] == {
        "replayed": False,
        "userErrors": [],
        "integration": {
            "id": encode("Integration", row["id"]),
            "provider": "SLACK",
            "kind": "NOTIFICATION",
            "name": "Sales",
            "externalAccountId": "T1",
            "status": "ACTIVE",
            "settings": given["settings"],
            "scopes": ["chat:write"],
            "hasCredentials": True,
            "syncIntervalMinutes": 60,
        },
    }
    assert answer.statements == ["lock_user", "connect_integration"]
    assert (row["user_id"], row["kind"], row["next_sync_at"]) == (world.users["ann"], "notification", None)
    assert row["sync_interval"] == timedelta(hours=1)
    assert row["credentials_expires_at"] == datetime(2030, 1, 1, tzinfo=UTC)
    assert TOKEN.encode() not in row["credentials"]
    assert open_credentials(world, row) == TOKEN


async def test_a_newly_connected_source_is_due_immediately(ask: Ask, world: World) -> None:
    answer = await ask(CONNECT, input={"provider": "REDDIT"})
    row = await stored_integration(world, answer.data["result"]["integration"]["id"])
    assert (row["kind"], row["credentials"], row["credentials_key_id"]) == ("source", None, None)
    assert abs(row["next_sync_at"] - datetime.now(UTC)) < timedelta(minutes=1)
    slack = await ask(CONNECT, input={"provider": "SLACK", "kind": "SOURCE"})
    assert (await stored_integration(world, slack.data["result"]["integration"]["id"]))[
        "next_sync_at"
    ] is not None


async def test_a_connected_account_cannot_be_connected_again_until_disconnected(
    ask: Ask, world: World
) -> None:
    given = {"provider": "HUBSPOT", "externalAccountId": "7", "credentials": TOKEN, "name": "CRM"}
    id_ = (await ask(CONNECT, input=given)).data["result"]["integration"]["id"]
    before = await world.contents()
    again = await ask(CONNECT, input={**given, "name": "Other"})
    message = "This account is already connected. Update that integration, or disconnect it first."
    error = {"code": "ALREADY_EXISTS", "message": message, "path": ["input", "externalAccountId"]}
    assert again.data["result"]["userErrors"] == [error]
    assert await world.contents() == before
    assert errors(await ask(CONNECT, viewer="ben", input=given)) == []

    await ask(status_mutation("disconnect"), input={"id": id_})
    assert (await stored_integration(world, id_))["credentials"] is None
    revived = (await ask(CONNECT, input={**given, "credentials": "new"})).data["result"]["integration"]
    assert (revived["id"], revived["status"], revived["hasCredentials"]) == (id_, "ACTIVE", True)
    assert open_credentials(world, await stored_integration(world, id_)) == "new"


BAD: list[tuple[dict[str, object], list[tuple[str, list[str]]]]] = [
    ({"name": "x" * 201}, [("TOO_LONG", ["name"])]),
    ({"name": "\0"}, [("INVALID", ["name"])]),
    ({"scopes": ["x", ""]}, [("REQUIRED", ["scopes", "1"])]),
    ({"settings": [1]}, [("INVALID", ["settings"])]),
    ({"settings": "x"}, [("INVALID", ["settings"])]),
    ({"settings": {"a": "\0"}}, [("INVALID", ["settings"])]),
    ({"settings": {"a": "x" * 8192}}, [("TOO_LONG", ["settings"])]),
    ({"syncIntervalMinutes": 0}, [("INVALID", ["syncIntervalMinutes"])]),
    ({"syncIntervalMinutes": 10_081}, [("INVALID", ["syncIntervalMinutes"])]),
    ({"settings": {"a": "\\\0"}}, [("INVALID", ["settings"])]),
    ({"credentialsExpiresAt": "0001-01-01T00:00:00Z"}, [("INVALID", ["credentialsExpiresAt"])]),
    ({"credentialsExpiresAt": "1969-12-31T23:59:59Z"}, [("INVALID", ["credentialsExpiresAt"])]),
    ({"credentials": ""}, [("INVALID", ["credentials"])]),
    ({"credentials": "x" * 16_385}, [("INVALID", ["credentials"])]),
]


@pytest.mark.parametrize("action", ["connect", "update"])
@pytest.mark.parametrize(("given", "expected"), BAD, ids=[str(given)[:40] for given, _ in BAD])
async def test_invalid_values_of_an_integration_are_refused(
    ask: Ask, world: World, action: str, given: dict[str, object], expected: list[Any]
) -> None:
    before = await world.contents()
    which = (
        {"provider": "X"}
        if action == "connect"
        else {"id": encode("Integration", (await first_integration(world))["id"])}
    )
    answer = await ask(CONNECT if action == "connect" else UPDATE, input={**which, **given})
    assert errors(answer) == expected
    assert answer.data["result"]["integration"] is None
    assert await world.contents() == before


async def test_settings_with_too_large_an_integer_are_refused(ask: Ask, world: World) -> None:
    document = """
    mutation { result: connectIntegration(input: { provider: X, settings: { a: 99999999999999999999999 } }) {
      integration { id } userErrors { code path } } }
    """
    assert errors(await ask(document)) == [("INVALID", ["settings"])]


@pytest.mark.parametrize("name", ["externalAccountId"])
async def test_a_too_long_external_account_id_is_refused(ask: Ask, name: str) -> None:
    answer = await ask(CONNECT, input={"provider": "X", name: "x" * 201})
    assert errors(answer) == [("TOO_LONG", [name])]


# Credentials


async def test_credentials_never_appear_in_responses_or_logs(
    ask: Ask, world: World, caplog: pytest.LogCaptureFixture, client: httpx.AsyncClient
) -> None:
    caplog.set_level(logging.DEBUG)
    given = {"provider": "SLACK", "externalAccountId": "1", "credentials": TOKEN}
    id_ = (await ask(CONNECT, input=given)).data["result"]["integration"]["id"]
    fields = "{ id credentials }"
    refused = await ask(f"query($id: ID!) {{ integration(id: $id) {fields} }}", id=id_)
    assert refused.code == "GRAPHQL_VALIDATION_FAILED"
    for answer in (
        await ask(CONNECT, input={**given, "idempotencyKey": "k"}),
        await ask(UPDATE, input={"id": id_, "credentials": TOKEN, "name": "x" * 201}),
        await ask(UPDATE, input={"id": id_, "credentials": TOKEN, "unknown": 1}),
        await ask(UPDATE, input={"id": id_, "credentials": TOKEN, "nam": "x"}),
        await ask(UPDATE, input={"credentials": TOKEN}),
        await ask(UPDATE, input=TOKEN),
        await ask(UPDATE, input={"id": id_, "credentials": [TOKEN]}),
        await ask(CONNECT, input={"provider": TOKEN[:3], "credentials": {"a": TOKEN}}),
        *[
            await ask(f"mutation {{ updateIntegration(input: {literal}) {{ userErrors {{ code }} }} }}")
            for literal in (
                f'{{ credentials: "{TOKEN}" }}',
                f'{{ id: "{id_}", credentials: "{TOKEN}", nam: "x" }}',
                f'{{ id: "{id_}", credentials: {{ a: "{TOKEN}" }} }}',
            )
        ],
        await ask(
            f'mutation {{ updateIntegration(input: {{ id: "{id_}", credentials: 5 }}) {{ userErrors {{ code }} }} }}'
        ),
    ):
        assert "data" in answer.body or answer.body["errors"]
        assert TOKEN not in json.dumps(answer.body)
    await world.pool.execute(
        "ALTER TABLE integrations RENAME TO elsewhere"
    )  # causes an internal error with a traceback
    try:
        failed = await ask(UPDATE, input={"id": id_, "credentials": TOKEN})
        assert failed.code == "INTERNAL"
    finally:
        await world.pool.execute("ALTER TABLE elsewhere RENAME TO integrations")
    assert "Traceback" in caplog.text
    assert TOKEN not in caplog.text
    assert TOKEN not in json.dumps(failed.body)
    assert TOKEN not in json.dumps(await world.contents())


async def test_updates_replace_keep_and_remove_credentials(ask: Ask, world: World) -> None:
    id_ = encode("Integration", (await first_integration(world))["id"])

    async def update(**given: object) -> Any:
        assert errors(await ask(UPDATE, input={"id": id_, **given})) == []
        row = await stored_integration(world, id_)
        return row["credentials"] and open_credentials(world, row), row["credentials_expires_at"]

    expires = datetime(2030, 1, 1, tzinfo=UTC)
    assert await update(credentials="one", credentialsExpiresAt=expires.isoformat()) == ("one", expires)
    assert await update(name="x") == ("one", expires)
    assert await update(credentials="two") == ("two", expires)
    assert await update(credentialsExpiresAt=None) == ("two", None)
    assert await update(credentials=None) == (None, None)


async def test_encrypted_credentials_cannot_be_opened_for_another_integration(ask: Ask, world: World) -> None:
    for account in ("1", "2"):
        given = {"provider": "SLACK", "externalAccountId": account, "credentials": f"token {account}"}
        await ask(CONNECT, input=given)
    one, other = (row for row in await world.rows("integrations") if row["credentials"])
    with pytest.raises(Exception, match="belong to another integration"):
        open_credentials(world, {**dict(one), "credentials": other["credentials"]})


async def test_a_server_without_an_encryption_key_refuses_credentials(world: World, graph: Graph) -> None:
    transport = httpx.ASGITransport(app=create_app(world.pool, graph=graph))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        body = {"query": CONNECT, "variables": {"input": {"provider": "X", "credentials": TOKEN}}}
        headers = {"authorization": f"Bearer {world.keys['ann']}"}
        answer = (await client.post("/graphql", json=body, headers=headers)).json()
    message = "This server cannot store credentials, because it has no encryption key."
    assert answer["data"]["result"]["userErrors"] == [
        {"code": "INVALID", "message": message, "path": ["input", "credentials"]}
    ]
    assert await world.pool.fetchval("SELECT count(*) FROM integrations WHERE provider = 'x'") == 0


async def test_an_idempotency_key_with_different_credentials_is_refused(ask: Ask, world: World) -> None:
    given = {"provider": "SLACK", "credentials": TOKEN, "idempotencyKey": "k"}
    assert (await ask(CONNECT, input=given)).data["result"]["replayed"] is False
    assert (await ask(CONNECT, input=given)).data["result"]["replayed"] is True
    other = await ask(CONNECT, input={**given, "credentials": "other"})
    assert errors(other) == [("IDEMPOTENCY_KEY_REUSED", ["idempotencyKey"])]


# Updates, status changes and deletion


STATUSES = ["pending", "active", "paused", "error", "disconnected"]
POSSIBLE = {
    "pause": ({"pending", "active", "error"}, "paused"),
    "resume": ({"pending", "paused", "error"}, "active"),
    "disconnect": ({"pending", "active", "paused", "error"}, "disconnected"),
}


@pytest.mark.parametrize("old", STATUSES)
@pytest.mark.parametrize("action", list(POSSIBLE))
async def test_integrations_change_their_status_only_by_allowed_transitions(
    ask: Ask, world: World, action: str, old: str
) -> None:
    row = await first_integration(world)
    id_ = encode("Integration", row["id"])
    await ask(UPDATE, input={"id": id_, "credentials": TOKEN})
    await world.pool.execute(
        "UPDATE integrations SET status = $2, consecutive_failures = 3, next_sync_at = '2026-01-01Z', "
        "sync_cursor = 'c' WHERE id = $1",
        row["id"],
        old,
    )
    before, contents = await stored_integration(world, id_), await world.contents()
    answer = await ask(status_mutation(action), input={"id": id_})
    after = await stored_integration(world, id_)
    possible, new = POSSIBLE[action]
    if old == new:
        assert errors(answer) == []
        assert after == before
    elif old not in possible:
        message = "The integration is disconnected. Connect it again first."
        error = {"code": "INVALID_TRANSITION", "message": message, "path": ["input", "id"]}
        assert answer.data["result"]["userErrors"] == [error]
        assert answer.data["result"]["integration"]["status"] == old.upper()
        assert await world.contents() == contents
    else:
        assert answer.statements == [
            *("lock_user", "integrations read id", "integrations update"),
            *("integrations_conditions", "integrations_set_health"),
        ]
        assert answer.data["result"]["integration"]["status"] == after["status"].upper() == new.upper()
        assert (after["next_sync_at"] is not None) == (new == "active")
        assert after["consecutive_failures"] == (0 if new == "active" else 3)
        kept = new != "disconnected"
        assert (after["credentials"] is not None, after["sync_cursor"]) == (kept, "c" if kept else None)


async def test_a_disconnected_integration_refuses_credentials(ask: Ask, world: World) -> None:
    id_ = encode("Integration", (await first_integration(world))["id"])
    await ask(status_mutation("disconnect"), input={"id": id_})
    refused = await ask(UPDATE, input={"id": id_, "credentials": TOKEN})
    assert errors(refused) == [("INVALID_TRANSITION", ["credentials"])]
    assert refused.data["result"]["integration"]["id"] == id_
    assert errors(await ask(UPDATE, input={"id": id_, "name": "kept"})) == []


async def test_deleting_an_integration_deletes_its_logs_and_keeps_its_mentions(
    ask: Ask, world: World
) -> None:
    row = await first_integration(world)
    await world.pool.execute(
        "UPDATE mentions SET integration_id = $1 WHERE user_id = $2", row["id"], world.users["ann"]
    )
    answer = await ask(DELETE, input={"id": encode("Integration", row["id"])})
    assert answer.data["result"]["deletedIntegrationId"] == encode("Integration", row["id"])
    assert answer.data["result"]["user"] == {"id": encode("User", world.users["ann"])}
    assert answer.statements == ["lock_user", "integrations delete", "users by id"]
    assert {log["integration_id"] for log in await world.rows("integration_logs", "ann")} != {row["id"]}
    mentions = await world.rows("mentions", "ann")
    assert (len(mentions), {mention["integration_id"] for mention in mentions}) == (12, {None})


# Runs


async def test_recording_a_run_adds_a_log_and_updates_the_integration(ask: Ask, world: World) -> None:
    row = await first_integration(world)
    await world.pool.execute(
        "UPDATE integrations SET status = 'pending', consecutive_failures = 2, last_error_code = 'OLD' WHERE id = $1",
        row["id"],
    )
    id_ = encode("Integration", row["id"])
    given = {
        "integrationId": id_,
        "status": "SUCCEEDED",
        "startedAt": "2026-01-01T10:00:00Z",
        "finishedAt": "2026-01-01T10:00:01.5Z",
        "itemsFound": 5,
        "itemsCreated": 3,
        "itemsDuplicate": 1,
        "itemsFailed": 1,
        "httpStatus": 200,
        "message": " all well ",
        "syncCursor": "page 7",
    }
    answer = await ask(RUN, input=given)
    assert answer.statements == [
        *("lock_user", "integrations read id", "integration_logs insert", "integrations update"),
        *("integration_days_count", "integrations_conditions", "integrations_set_health"),
    ]
    log = max(await world.rows("integration_logs"), key=lambda one: one["id"])
    ended = datetime(2026, 1, 1, 10, 0, 1, 500_000, tzinfo=UTC)
    assert dict(log) == {
        "id": log["id"],
        "user_id": world.users["ann"],
        "integration_id": row["id"],
        "kind": "sync",
        "status": "succeeded",
        "started_at": datetime(2026, 1, 1, 10, tzinfo=UTC),
        "finished_at": ended,
        "duration_ms": 1500,
        "items_found": 5,
        "items_created": 3,
        "items_duplicate": 1,
        "items_failed": 1,
        "http_status": 200,
        "error_code": None,
        "message": "all well",
        "created_at": log["created_at"],
    }
    after = await stored_integration(world, id_)
    changed = {
        "status": "active",
        "last_searched_at": ended,
        "last_success_at": ended,
        "consecutive_failures": 0,
        "sync_cursor": "page 7",
        "next_sync_at": ended + timedelta(minutes=15),
        "updated_at": after["updated_at"],
        # The only run ended long ago, so that no run of the last 24 hours gives a score.
        "health_score": None,
        "health_version": "1",
        "health_problems": ["overdue"],
        "health_computed_at": after["health_computed_at"],
    }
    before = {**dict(row), "status": "pending", "consecutive_failures": 2, "last_error_code": "OLD"}
    assert dict(after) == before | changed
    assert answer.data["result"] == {
        "replayed": False,
        "userErrors": [],
        "log": {
            "id": encode("IntegrationLog", log["id"]),
            "kind": "SYNC",
            "status": "SUCCEEDED",
            "durationMs": 1500,
        },
        "integration": {
            "status": "ACTIVE",
            "lastSyncedAt": "2026-01-01T10:00:01.500000+00:00",
            "consecutiveFailures": 0,
            "nextSyncAt": "2026-01-01T10:15:01.500000+00:00",
        },
    }


async def test_failed_runs_delay_the_next_sync_until_the_tenth_stops_the_integration(
    ask: Ask, world: World
) -> None:
    id_ = encode("Integration", (await first_integration(world))["id"])
    await ask(status_mutation("resume"), input={"id": id_})
    ended = datetime.now(UTC)
    waits = []
    for _ in range(10):
        given = {
            "integrationId": id_,
            "status": "FAILED",
            "finishedAt": ended.isoformat(),
            "errorCode": "HTTP_503",
        }
        assert errors(await ask(RUN, input=given)) == []
        row = await stored_integration(world, id_)
        waits.append(row["next_sync_at"] and (row["next_sync_at"] - ended) // timedelta(minutes=1))
    assert waits == [30, 60, 120, 240, 480, 960, 1440, 1440, 1440, None]
    assert (row["status"], row["consecutive_failures"], row["last_error_code"]) == ("error", 10, "HTTP_503")
    assert (row["last_error_at"], row["last_success_at"]) == (ended, None)
    await ask(RUN, input={"integrationId": id_, "status": "SUCCEEDED"})
    assert (await stored_integration(world, id_))["status"] == "active"


async def test_recording_a_started_run_only_adds_a_log(ask: Ask, world: World) -> None:
    row = await first_integration(world)
    id_ = encode("Integration", row["id"])
    answer = await ask(
        RUN, input={"integrationId": id_, "status": "STARTED", "startedAt": "2026-01-01T10:00:00Z"}
    )
    assert answer.statements == ["lock_user", "integrations read id", "integration_logs insert"]
    assert answer.data["result"]["log"]["durationMs"] is None
    assert await stored_integration(world, id_) == row


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"itemsFound": -1}, ["itemsFound"]),
        ({"httpStatus": 99}, ["httpStatus"]),
        ({"httpStatus": 600}, ["httpStatus"]),
        ({"startedAt": "2026-01-01T10:00:00Z", "finishedAt": "2026-01-01T09:59:59Z"}, ["finishedAt"]),
        ({"message": "x" * 2001}, ["message"]),
        ({"errorCode": "x" * 101}, ["errorCode"]),
        ({"syncCursor": "x" * 2001}, ["syncCursor"]),
        # timestamps that PostgreSQL takes for minus infinity, and timestamps that would overflow
        ({"finishedAt": "0001-01-01T00:00:00Z"}, ["finishedAt"]),
        ({"finishedAt": "9999-12-31T23:59:59.999999Z"}, ["finishedAt"]),
        ({"startedAt": "0001-01-01T00:00:00Z"}, ["startedAt"]),
        ({"nextSyncAt": "3000-01-01T00:00:00Z"}, ["nextSyncAt"]),
    ],
)
async def test_invalid_values_of_a_run_are_refused(
    ask: Ask, world: World, given: dict[str, object], path: list[str]
) -> None:
    before = await world.contents()
    id_ = encode("Integration", (await first_integration(world))["id"])
    answer = await ask(RUN, input={"integrationId": id_, "status": "SUCCEEDED", **given})
    assert [where for _, where in errors(answer)] == [path]
    assert await world.contents() == before


async def test_a_run_with_an_idempotency_key_is_recorded_once(ask: Ask, world: World) -> None:
    id_ = encode("Integration", (await first_integration(world))["id"])
    given = {"integrationId": id_, "status": "FAILED", "idempotencyKey": "k"}
    one = (await ask(RUN, input=given)).data["result"]
    again = (await ask(RUN, input=given)).data["result"]
    assert again == {**one, "replayed": True}
    assert len(await world.rows("integration_logs", "ann")) == 7
    assert (await stored_integration(world, id_))["consecutive_failures"] == 1


# Access


ALL: list[tuple[str, dict[str, object]]] = [
    (UPDATE, {"name": "mine", "credentials": TOKEN}),
    (UPDATE, {}),
    (status_mutation("pause"), {}),
    (status_mutation("resume"), {}),
    (status_mutation("disconnect"), {}),
    (DELETE, {}),
    (RUN, {"status": "SUCCEEDED"}),
    (RUN, {"status": "STARTED"}),
]


def id_argument(document: str, id_: int) -> dict[str, str]:
    return {"integrationId" if document == RUN else "id": encode("Integration", id_)}


@pytest.mark.parametrize(("document", "given"), ALL)
async def test_changes_of_another_users_integration_are_refused_as_not_found(
    ask: Ask, world: World, document: str, given: dict[str, object]
) -> None:
    before = await world.contents()
    for id_ in ((await first_integration(world, "ben"))["id"], 999_999):
        answer = await ask(document, input={**id_argument(document, id_), **given})
        (error,) = answer.data["result"]["userErrors"]
        place = "integrationId" if document == RUN else "id"
        message = "The integration does not exist."
        assert error == {"code": "NOT_FOUND", "message": message, "path": ["input", place]}
    assert await world.contents() == before


@pytest.mark.parametrize(("document", "given"), ALL)
async def test_an_operator_may_change_the_integrations_of_all_users(
    ask: Ask, world: World, document: str, given: dict[str, object]
) -> None:
    answer = await ask(
        document,
        viewer="olga",
        input={**id_argument(document, (await first_integration(world, "ben"))["id"]), **given},
    )
    assert errors(answer) == []
    assert answer.statements[0] == "integrations lock_owners"
    versions = {row["name"]: row["data_version"] for row in await world.rows("users")}
    assert versions == {"ann": 0, "ben": 1, "olga": 0}


async def test_only_operators_connect_integrations_for_other_users(ask: Ask, world: World) -> None:
    given = {"provider": "X", "userId": encode("User", world.users["ben"])}
    assert errors(await ask(CONNECT, input=given)) == [("NOT_FOUND", ["userId"])]
    assert errors(await ask(CONNECT, viewer="olga", input=given)) == []
    owners = {row["user_id"] for row in await world.rows("integrations") if row["provider"] == "x"}
    assert owners == {world.users["ben"]}


@pytest.mark.parametrize(("document", "given"), [(CONNECT, {"provider": "X"}), *ALL])
async def test_changes_of_integrations_require_the_scope_to_write_integrations(
    ask: Ask, world: World, document: str, given: dict[str, object]
) -> None:
    await world.set_scopes("ann", "read:integrations", "write:leads")
    asked = {**({} if document == CONNECT else id_argument(document, 1)), **given}
    answer = await ask(document, input=asked)
    assert (answer.code, answer.statements) == ("FORBIDDEN", [])
    assert "`write:integrations`" in answer.error["message"]
    assert (await ask(document, viewer=None, input=asked)).code == "UNAUTHENTICATED"


async def test_the_payload_and_later_operations_see_a_new_integration(ask: Ask) -> None:
    document = """
    mutation {
      a: connectIntegration(input: { provider: X }) { integration { user { integrations { totalCount } } } }
      b: connectIntegration(input: { provider: RSS }) { integration { logs { totalCount } user { integrations { totalCount } } } }
    }
    """
    counts = [4, 3]
    assert (await ask(document)).data == {
        "a": {"integration": {"user": {"integrations": {"totalCount": counts[1]}}}},
        "b": {
            "integration": {"logs": {"totalCount": 0}, "user": {"integrations": {"totalCount": counts[0]}}}
        },
    }
    assert (await ask("{ integrations { totalCount } }")).data == {"integrations": {"totalCount": 4}}


def test_the_text_of_a_secret_hides_its_value() -> None:
    assert TOKEN not in f"{Secret(TOKEN)} {Secret(TOKEN)!r} {[Secret(TOKEN)]}"
