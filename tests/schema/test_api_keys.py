"""API keys in the API: create, list, rotate and revoke them, and what a key can grant."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from db.engine.writer import Writer
from db.language.shape import columns
from db.models import ApiKey
from db.statements import api_key as stored
from resolvers.framework.global_id import encode
from services import own_api_keys
from services.accounts import api_key
from tests.support.world import Ask, World

CREATE = """
mutation($input: CreateApiKeyInput!) {
  result: createApiKey(input: $input) {
    apiKey { id name prefix scopes state expiresAt revokedAt lastUsedAt } secret replayed userErrors { code message path }
  }
}
"""
ROTATE = """
mutation($input: RotateApiKeyInput!) {
  result: rotateApiKey(input: $input) {
    apiKey { id name scopes state expiresAt } secret replayed userErrors { code message path }
  }
}
"""
REVOKE = """
mutation($input: RevokeApiKeyInput!) {
  result: revokeApiKey(input: $input) { apiKey { id state } replayed userErrors { code message path } }
}
"""
LIST = "{ apiKeys { totalCount nodes { id name prefix scopes state expiresAt lastUsedAt } } }"
KEYS = "SELECT id, user_id, name, scopes, expires_at, revoked_at FROM api_keys ORDER BY id"
"""Without `last_used_at`: the request itself may set it."""


def id_of(world: World, name: str) -> int:
    parsed = api_key.parse(world.keys[name])
    assert parsed is not None
    return parsed.key_id


def global_id(world: World, name: str) -> str:
    return encode("ApiKey", id_of(world, name))


async def end_at(world: World, name: str, ends: datetime) -> None:
    await world.pool.execute("UPDATE api_keys SET expires_at = $2 WHERE id = $1", id_of(world, name), ends)


def soon(**time: float) -> datetime:
    return (datetime.now(UTC) + timedelta(**time)).replace(microsecond=0)


async def test_a_created_key_is_shown_once_and_works(ask: Ask, world: World) -> None:
    ends = soon(days=90)
    given = {
        "name": " crawler ",
        "scopes": ["write:mentions", "read:keywords"],
        "expiresAt": ends.isoformat(),
    }
    answer = await ask(CREATE, input=given)
    result = answer.data["result"]
    assert result["userErrors"] == []
    assert answer.statements == ["hold_user", "lock_keys", "count_working_keys", "create"]
    world.keys["new"] = result["secret"]
    assert result["apiKey"] == {
        "id": global_id(world, "new"),
        "name": "crawler",
        "prefix": world.keys["new"][: world.keys["new"].rindex("_") + 1],
        "scopes": ["read:keywords", "write:mentions"],
        "state": "ACTIVE",
        "expiresAt": ends.isoformat(),
        "revokedAt": None,
        "lastUsedAt": None,
    }
    assert (await ask("{ keywords(first: 1) { nodes { id } } }", viewer="new")).data
    assert (await ask("{ leads(first: 1) { nodes { id } } }", viewer="new")).code == "FORBIDDEN"
    while not all(
        row["last_used_at"] for row in await world.rows("api_keys", "ann") if row["name"] == "test"
    ):
        await asyncio.sleep(0.01)  # the use is noted after the response
    listed = await ask(LIST)
    assert [key["name"] for key in listed.data["apiKeys"]["nodes"]] == ["crawler", "test"]
    assert listed.data["apiKeys"]["totalCount"] == 2
    assert listed.statements == ["api_keys page"]
    assert all(key["lastUsedAt"] for key in listed.data["apiKeys"]["nodes"][1:])


async def test_keys_are_seen_and_changed_by_their_own_user_only(ask: Ask, world: World) -> None:
    foreign, before = global_id(world, "ann"), await world.fetch(KEYS)
    for viewer in ("ben", "olga"):
        own = global_id(world, viewer)
        assert [key["id"] for key in (await ask(LIST, viewer=viewer)).data["apiKeys"]["nodes"]] == [own]
        node = "query($id: ID!) { node(id: $id) { id } apiKey(id: $id) { id } }"
        assert (await ask(node, viewer=viewer, id=foreign)).data == {"node": None, "apiKey": None}
        for document in (ROTATE, REVOKE):
            missing = await ask(document, viewer=viewer, input={"id": encode("ApiKey", 999)})
            refused = await ask(document, viewer=viewer, input={"id": foreign})
            assert refused.data == missing.data
            assert refused.data["result"]["userErrors"] == [
                {"code": "NOT_FOUND", "message": "The API key does not exist.", "path": ["input", "id"]}
            ]
    assert await world.fetch(KEYS) == before


@pytest.mark.parametrize("scope", ["read:keys", "write:keys"])
async def test_keys_require_their_own_scopes(ask: Ask, world: World, scope: str) -> None:
    await world.set_scopes("ann", *(api_key.ALL_SCOPES - {scope}))
    before = await world.fetch(KEYS)
    documents: list[tuple[str, dict[str, Any]]] = [
        (LIST, {}),
        ("query($id: ID!) { node(id: $id) { id } }", {}),
    ]
    if scope == "write:keys":
        documents = [(CREATE, {"name": "x", "scopes": ["read:leads"]}), (ROTATE, {}), (REVOKE, {})]
    for document, given in documents:
        own = global_id(world, "ann")
        answer = await ask(document, id=own, input=given or {"id": own})
        assert answer.code == "FORBIDDEN"
        assert answer.error["message"].startswith(f"This API key lacks the scope `{scope}`")
    assert await world.fetch(KEYS) == before


@pytest.mark.parametrize("scopes", [[], ["bulk:read"], ["read:leads", "write:leads"]])
async def test_a_key_without_the_named_scopes_has_no_access_to_keys(
    ask: Ask, world: World, scopes: list[str]
) -> None:
    await world.set_scopes("ann", *scopes)
    assert (await ask(LIST)).code == "FORBIDDEN"
    assert (await ask(CREATE, input={"name": "x", "scopes": ["read:leads"]})).code == "FORBIDDEN"


LACKS = "This API key lacks the scope `{}`, so it cannot grant the scope to another key."


@pytest.mark.parametrize(
    ("given", "code", "path", "message"),
    [
        ({"name": " "}, "REQUIRED", ["input", "name"], "Must not be empty."),
        (
            {"name": "x" * 201},
            "TOO_LONG",
            ["input", "name"],
            "Must have at most 200 characters, but has 201.",
        ),
        ({"scopes": []}, "REQUIRED", ["input", "scopes"], "Must name at least one scope."),
        (
            {"scopes": ["read:leads"] * 20},
            "TOO_MANY",
            ["input", "scopes"],
            "Must have at most 15 elements, but has 20.",
        ),
        (
            {"scopes": ["read:leads", "write:all"]},
            "INVALID",
            ["input", "scopes", "1"],
            f"Unknown scope 'write:all'. The scopes are {', '.join(api_key.SCOPES)}.",
        ),
        (
            {"scopes": ["read:leads", "write:leads"]},
            "INVALID",
            ["input", "scopes", "1"],
            LACKS.format("write:leads"),
        ),
        # It would read integrations, too.
        ({"scopes": ["bulk:read"]}, "INVALID", ["input", "scopes"], LACKS.format("read:integrations")),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "INVALID", ["input", "expiresAt"], "Must be in the future."),
        (
            {"expiresAt": "9999-01-01T00:00:00Z"},
            "INVALID",
            ["input", "expiresAt"],
            "Must be between the years 1970 and 2999.",
        ),
        (
            {"expiresAt": "2100-01-01T00:00:01Z"},
            "INVALID",
            ["input", "expiresAt"],
            "Must not be after 2100-01-01T00:00:00+00:00, when the calling API key expires.",
        ),
    ],
)
async def test_a_key_cannot_grant_more_than_it_has(
    ask: Ask, world: World, given: dict[str, object], code: str, path: list[str], message: str
) -> None:
    await world.set_scopes("ann", "write:keys", "read:leads", "bulk:read", "read:mentions", "read:keywords")
    await end_at(world, "ann", datetime(2100, 1, 1, tzinfo=UTC))
    before = await world.fetch(KEYS)
    answer = await ask(CREATE, input={"name": "new", "scopes": ["read:leads"], **given})
    result = answer.data["result"]
    assert (result["apiKey"], result["secret"]) == (None, None)
    assert result["userErrors"] == [{"code": code, "message": message, "path": path}]
    assert await world.fetch(KEYS) == before


async def test_a_new_key_ends_with_the_calling_key(ask: Ask, world: World) -> None:
    await end_at(world, "ann", datetime(2100, 1, 1, tzinfo=UTC))
    made = (await ask(CREATE, input={"name": "new", "scopes": ["read:leads"]})).data["result"]["apiKey"]
    assert made["expiresAt"] == "2100-01-01T00:00:00+00:00"


async def test_a_key_that_has_ended_grants_nothing_even_while_a_server_trusts_it(
    ask: Ask, world: World
) -> None:
    assert (await ask("{ viewer { id } }")).data
    await world.pool.execute("UPDATE api_keys SET revoked_at = now() WHERE id = $1", id_of(world, "ann"))
    before = await world.fetch(KEYS)
    for document, given in (
        (CREATE, {"name": "x", "scopes": ["read:leads"]}),
        (ROTATE, {"id": global_id(world, "ann")}),
    ):
        answer = await ask(document, input=given)
        assert answer.code == "FORBIDDEN"
        assert answer.error["message"] == "This API key no longer works. Use another key."
    assert await world.fetch(KEYS) == before


async def test_a_user_has_a_bounded_number_of_working_keys(
    ask: Ask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_api_keys, "MOST_WORKING", 2)
    given = {"name": "x", "scopes": ["read:leads"]}
    first = (await ask(CREATE, input=given)).data["result"]["apiKey"]
    refused = (await ask(CREATE, input=given)).data["result"]
    assert [error["code"] for error in refused["userErrors"]] == ["TOO_MANY"]
    await ask(REVOKE, input={"id": first["id"]})
    assert (await ask(CREATE, input=given)).data["result"]["secret"]


async def test_a_repeated_creation_writes_once_and_keeps_no_secret(ask: Ask, world: World) -> None:
    given = {"name": "x", "scopes": ["read:leads"], "idempotencyKey": "one"}
    first = (await ask(CREATE, input=given)).data["result"]
    again = (await ask(CREATE, input=given)).data["result"]
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert again["apiKey"]["id"] == first["apiKey"]["id"]
    assert again["secret"] is None
    secret = first["secret"].rsplit("_", 1)[1]
    for table in ("idempotency_keys", "api_keys"):
        stored = await world.pool.fetchval(f"SELECT string_agg(t::text, '') FROM {table} AS t")
        assert secret[:32] not in stored
    assert len(await world.rows("api_keys", "ann")) == 2


async def test_a_rotated_key_works_until_the_end_of_the_overlap(ask: Ask, world: World) -> None:
    answer = await ask(ROTATE, input={"id": global_id(world, "ann"), "overlapSeconds": 3600})
    result = answer.data["result"]
    assert answer.statements == ["hold_user", "lock_keys", "count_working_keys", "end_key", "create"]
    assert (result["userErrors"], result["apiKey"]["name"]) == ([], "test")
    assert result["apiKey"]["scopes"] == sorted(api_key.ALL_SCOPES)
    world.keys["new"] = result["secret"]
    for viewer in ("ann", "new"):
        assert (await ask("{ viewer { name } }", viewer=viewer)).data == {"viewer": {"name": "ann"}}
    old, new = (
        await world.row("api_keys", id=id_of(world, "ann")),
        await world.row("api_keys", id=id_of(world, "new")),
    )
    assert abs(old["expires_at"] - soon(hours=1)) < timedelta(minutes=1)
    assert new["expires_at"] is None


async def test_a_rotated_key_keeps_its_end_and_never_outlives_the_calling_key(ask: Ask, world: World) -> None:
    made = (
        await ask(
            CREATE, input={"name": "x", "scopes": ["read:leads"], "expiresAt": soon(days=9).isoformat()}
        )
    ).data
    which = {"id": made["result"]["apiKey"]["id"]}
    first = (await ask(ROTATE, input=which)).data["result"]["apiKey"]
    assert first["expiresAt"] == made["result"]["apiKey"]["expiresAt"]
    ends = soon(days=3)
    await end_at(world, "ann", ends)
    second = (await ask(ROTATE, input={"id": first["id"]})).data["result"]["apiKey"]
    assert second["expiresAt"] == ends.isoformat()
    late = await ask(ROTATE, input={"id": second["id"], "expiresAt": soon(days=4).isoformat()})
    assert late.data["result"]["userErrors"][0]["path"] == ["input", "expiresAt"]


async def test_a_key_cannot_rotate_a_stronger_key(ask: Ask, world: World) -> None:
    made = (await ask(CREATE, input={"name": "weak", "scopes": ["write:keys", "read:leads"]})).data["result"]
    world.keys["weak"] = made["secret"]
    before = await world.fetch(KEYS)
    answer = await ask(ROTATE, viewer="weak", input={"id": global_id(world, "ann")})
    (error,) = answer.data["result"]["userErrors"]
    assert (error["code"], error["path"]) == ("INVALID", ["input", "id"])
    assert error["message"] == LACKS.format("read:integrations")
    assert await world.fetch(KEYS) == before


@pytest.mark.parametrize("seconds", [-1, 7_776_001])
async def test_a_wrong_overlap_is_refused(ask: Ask, world: World, seconds: int) -> None:
    answer = await ask(ROTATE, input={"id": global_id(world, "ann"), "overlapSeconds": seconds})
    (error,) = answer.data["result"]["userErrors"]
    assert error == {
        "code": "INVALID",
        "message": "Must be between 0 and 7,776,000.",
        "path": ["input", "overlapSeconds"],
    }


async def test_a_revoked_key_stays_revoked_and_cannot_be_rotated(ask: Ask, world: World) -> None:
    made = (await ask(CREATE, input={"name": "x", "scopes": ["read:leads"]})).data["result"]["apiKey"]
    revoked = await ask(REVOKE, input={"id": made["id"]})
    assert revoked.statements == ["hold_user", "end_key"]
    assert revoked.data["result"] == {
        "apiKey": {"id": made["id"], "state": "REVOKED"},
        "replayed": False,
        "userErrors": [],
    }
    (at,) = [row["revoked_at"] for row in await world.fetch(KEYS) if row["revoked_at"]]
    await ask(REVOKE, input={"id": made["id"]})
    assert [row["revoked_at"] for row in await world.fetch(KEYS) if row["revoked_at"]] == [at]
    refused = (await ask(ROTATE, input={"id": made["id"]})).data["result"]
    assert refused["apiKey"]["state"] == "REVOKED"
    assert refused["userErrors"][0]["code"] == "INVALID_TRANSITION"
    assert refused["userErrors"][0]["message"] == "The API key is revoked. Create a new key."


async def test_no_read_returns_the_hash_of_a_secret(world: World) -> None:
    async with world.pool.acquire() as connection:
        (key,) = await stored.of_user(Writer(connection), world.users["ann"])
    assert key.id == id_of(world, "ann")
    assert [column.name for column in columns(ApiKey)] == [
        *("id", "user_id", "name", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at"),
        "updated_at",
    ]
