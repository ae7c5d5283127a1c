"""Mutations with an idempotency key: a call runs once, and a repeated call returns the same payload."""

import asyncio
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, get_named_type

from db.engine.writer import Writer
from db.statements import idempotency
from resolvers.framework.global_id import encode
from schema.graph import build
from tests.support.world import Ask, World

MUTATIONS: dict[str, Any] = build().schema.type_map["Mutation"].fields  # type: ignore[attr-defined]
CREATE = """
mutation($input: CreateKeywordInput!) {
  createKeyword(input: $input) { replayed keyword { id keyword } userErrors { code message path } }
}
"""
KEY_PATH = ["input", "idempotencyKey"]


async def create(ask: Ask, key: str | None, keyword: str = "crm", viewer: str = "ann", **more: object) -> Any:
    answer = await ask(CREATE, viewer=viewer, input={"keyword": keyword, "idempotencyKey": key, **more})
    return answer.data["createKeyword"]


async def count_keywords(world: World, keyword: str = "crm") -> int:
    found: int = await world.pool.fetchval("SELECT count(*) FROM keywords WHERE keyword = $1", keyword)
    return found


async def test_a_repeated_call_writes_nothing_and_returns_the_same_payload(ask: Ask, world: World) -> None:
    first = await create(ask, "k1")
    before = await world.contents()
    answer = await ask(CREATE, input={"idempotencyKey": "k1", "keyword": "crm"})
    assert (first["replayed"], answer.data["createKeyword"]["replayed"]) == (False, True)
    assert answer.data["createKeyword"]["keyword"] == first["keyword"]
    assert await world.contents() == before
    assert answer.statements == ["try_idempotency_lock", "find_idempotency_key", "keywords read id"]


async def test_the_first_call_with_an_idempotency_key_takes_three_more_statements(ask: Ask) -> None:
    answer = await ask(CREATE, input={"idempotencyKey": "k1", "keyword": "crm"})
    assert answer.statements == [
        *("try_idempotency_lock", "find_idempotency_key", "lock_user", "keywords insert"),
        "keep_idempotency_key",
    ]


async def test_a_repeated_call_returns_the_current_state_of_the_object(ask: Ask, world: World) -> None:
    await create(ask, "k1")
    await world.pool.execute("UPDATE keywords SET keyword = 'crm 2' WHERE keyword = 'crm'")
    assert (await create(ask, "k1"))["keyword"]["keyword"] == "crm 2"
    await world.pool.execute("DELETE FROM keywords WHERE keyword = 'crm 2'")
    assert await create(ask, "k1") == {"replayed": True, "keyword": None, "userErrors": []}
    assert await count_keywords(world) == 0


@pytest.mark.parametrize(
    ("keyword", "more"),
    [("sales", {}), ("crm ", {}), ("crm", {"matchType": "ANY_WORD"}), ("crm", {"platforms": []})],
)
async def test_an_idempotency_key_with_a_different_input_is_refused(
    ask: Ask, world: World, keyword: str, more: Any
) -> None:
    await create(ask, "k1")
    before = await world.contents()
    payload = await create(ask, "k1", keyword, **more)
    message = "This key was used with a different input. Use a new key for each operation."
    assert payload["userErrors"] == [{"code": "IDEMPOTENCY_KEY_REUSED", "message": message, "path": KEY_PATH}]
    assert (payload["keyword"], payload["replayed"]) == (None, False)
    assert await world.contents() == before


async def test_idempotency_keys_of_different_users_are_independent(ask: Ask, world: World) -> None:
    for viewer in ("ann", "ben", "olga"):
        assert (await create(ask, "k1", viewer=viewer))["replayed"] is False
    assert await count_keywords(world) == 3


async def test_a_call_with_user_errors_leaves_its_idempotency_key_unused(ask: Ask, world: World) -> None:
    assert (await create(ask, "k1", "ann 1"))["userErrors"][0]["code"] == "ALREADY_EXISTS"
    assert (await create(ask, "k1", ""))["userErrors"][0]["code"] == "REQUIRED"
    assert await world.rows("idempotency_keys") == []
    assert (await create(ask, "k1", "fine"))["userErrors"] == []


async def test_an_idempotency_key_of_a_running_call_is_refused(ask: Ask, world: World) -> None:
    async with world.pool.acquire() as connection, connection.transaction():
        assert await idempotency.try_lock(Writer(connection), world.users["ann"], "k1")
        payload = await create(ask, "k1")
        message = "A request with this key is still running. Retry later."
        assert payload["userErrors"] == [{"code": "IN_FLIGHT", "message": message, "path": KEY_PATH}]
        assert (await create(ask, "k2"))["userErrors"] == []
        assert (await create(ask, "k1", "sales", viewer="ben"))["userErrors"] == []
    assert (await create(ask, "k1", "sales"))["userErrors"] == []


async def test_one_of_twenty_concurrent_calls_with_the_same_idempotency_key_writes(
    ask: Ask, world: World
) -> None:
    payloads = await asyncio.gather(*(create(ask, "k1") for _ in range(20)))
    assert await count_keywords(world) == 1
    assert sum(not (payload["replayed"] or payload["userErrors"]) for payload in payloads) == 1
    assert {error["code"] for payload in payloads for error in payload["userErrors"]} <= {"IN_FLIGHT"}
    assert (await create(ask, "k1"))["replayed"] is True


async def test_an_idempotency_key_expires_after_a_day(ask: Ask, world: World) -> None:
    await create(ask, "k1")
    (kept,) = await world.rows("idempotency_keys")
    assert (kept["expires_at"] - kept["created_at"]).total_seconds() == 24 * 60 * 60
    await world.pool.execute("UPDATE idempotency_keys SET expires_at = now()")
    assert (await create(ask, "k1", "sales"))["replayed"] is False
    (again,) = await world.rows("idempotency_keys")
    assert again["expires_at"] > kept["expires_at"]
    assert (await create(ask, "k1", "sales"))["replayed"] is True


@pytest.mark.usefixtures("no_row_security")
async def test_each_new_idempotency_key_deletes_ten_expired_ones(ask: Ask, world: World) -> None:
    await world.pool.execute(
        "INSERT INTO idempotency_keys (user_id, key, request_hash, response, expires_at) "
        "SELECT $1, 'old' || n, 'x', '{}', now() - n * interval '1 minute' FROM generate_series(1, 25) AS n",
        world.users["ben"],
    )
    for number, left in enumerate((15, 5, 0, 0)):
        await create(ask, f"k{number}", f"crm {number}")
        found = [row["key"] for row in await world.rows("idempotency_keys", "ben")]
        assert len(found) == left
    assert len(await world.rows("idempotency_keys", "ann")) == 4


@pytest.mark.parametrize("key", ["", "x" * 256, "a\0b"])
async def test_an_invalid_idempotency_key_is_refused(ask: Ask, world: World, key: str) -> None:
    before = await world.contents()
    error = {"code": "INVALID", "message": "Must have 1 to 255 characters.", "path": KEY_PATH}
    assert (await create(ask, key))["userErrors"] == [error]
    assert await world.contents() == before


async def test_a_null_idempotency_key_is_ignored(ask: Ask, world: World) -> None:
    assert (await create(ask, None))["userErrors"] == []
    assert await world.rows("idempotency_keys") == []


async def test_a_replay_hides_rows_that_the_viewer_may_not_read(ask: Ask, world: World) -> None:
    """Replace the stored id by one of a foreign keyword, as after a demotion from operator to member."""
    await create(ask, "k1")
    (foreign, *_) = await world.rows("keywords", "ben")
    await world.pool.execute(
        "UPDATE idempotency_keys SET response = jsonb_set(response, '{keyword,id}', to_jsonb($1::bigint))",
        foreign["id"],
    )
    assert await create(ask, "k1") == {"replayed": True, "keyword": None, "userErrors": []}


# Every mutation, except for those whose result is a cookie

OF_SESSIONS = ["changePassword", "revokeSession", "signIn", "signOut"]


async def inputs(world: World) -> dict[str, dict[str, Any]]:
    """Return an input with an effect for each mutation, in an order in which each of them succeeds."""
    first, second, third = sorted(row["id"] for row in await world.rows("keywords", "ann"))
    one, two = sorted(row["id"] for row in await world.rows("integrations", "ann"))
    leads = await world.rows("leads", "ann")
    lead, other = [encode("Lead", row["id"]) for row in leads if row["keyword_id"] == third]
    taken = {row["mention_id"] for row in leads}
    mentions = {row["id"] for row in await world.rows("mentions", "ann") if row["keyword_id"] == third}
    mention, *_ = sorted(mentions - taken)
    keyword = {"id": encode("Keyword", second)}
    integration = {"id": encode("Integration", two)}
    post = {"platform": "WEB", "externalId": "new", "url": "https://example.com", "content": "text"}
    analysis = {"mentionId": encode("Mention", mention), "sentiment": "NEUTRAL", "relevance": "LOW"}
    await world.pool.execute(
        "INSERT INTO exports (user_id, everybody, entity, format, columns, question) "
        "VALUES ($1, false, 'leads', 'csv', '{id}', '{}')",
        world.users["ann"],
    )
    (running,) = await world.rows("exports")
    (key,) = await world.rows("api_keys", "ann")
    ben = {"id": encode("User", world.users["ben"])}
    return {
        "updateViewer": {"name": "Ann"},
        "createKeyword": {"keyword": "new"},
        "updateKeyword": {**keyword, "platforms": ["REDDIT"]},
        "pauseKeyword": keyword,
        "resumeKeyword": keyword,
        "archiveKeyword": keyword,
        "deleteKeyword": {"id": encode("Keyword", first)},
        "triageMention": {"id": encode("Mention", mention), "read": True},
        "triageMentions": {"ids": [encode("Mention", mention)], "starred": True},
        "ingestMentions": {"items": [{**post, "keywordId": encode("Keyword", third)}]},
        "recordAnalyses": {"analyzer": "mine", "analyses": [analysis]},
        "analyzeMentions": {"ids": [encode("Mention", mention)]},
        "createLead": {"mentionId": encode("Mention", mention)},
        "updateLead": {"id": lead, "company": "Acme"},
        "updateLeads": {"items": [{"id": lead, "company": "Acme Ltd"}, {"id": other, "company": "Acme"}]},
        "changeLeadStatus": {"id": lead, "status": "CONVERTED"},
        "changeLeadStatuses": {
            "items": [{"id": lead, "status": "QUALIFIED"}, {"id": other, "status": "CONTACTED"}]
        },
        "deleteLead": {"id": lead},
        "connectIntegration": {"provider": "GITHUB"},
        "updateIntegration": {**integration, "name": "new"},
        "pauseIntegration": integration,
        "resumeIntegration": integration,
        "recordIntegrationRun": {"integrationId": integration["id"], "status": "SUCCEEDED"},
        "disconnectIntegration": integration,
        "deleteIntegration": {"id": encode("Integration", one)},
        "createBrowserToken": {"scopes": ["read:leads"]},
        "createExport": {"list": {"leads": {}}},
        "cancelExport": {"id": encode("Export", running["id"])},
        "createUser": {"email": "cal@example.com"},
        "suspendUser": ben,
        "resumeUser": ben,
        "deleteUser": ben,
        "createApiKey": {"name": "new", "scopes": ["read:leads"]},
        "rotateApiKey": {"id": encode("ApiKey", key["id"])},
        "revokeApiKey": {"id": encode("ApiKey", key["id"])},
    }


SHOWN_ONCE = {"secret", "token", "expiresAt"}
BY_OPERATORS = {"createUser", "suspendUser", "resumeUser", "deleteUser"}


def test_every_mutation_takes_an_idempotency_key() -> None:
    without = []
    for name, field in MUTATIONS.items():
        given = get_named_type(field.args["input"].type)
        assert isinstance(given, GraphQLInputObjectType)
        if "idempotencyKey" not in given.fields or "replayed" not in get_named_type(field.type).fields:
            without.append(name)
    assert sorted(without) == sorted([*OF_SESSIONS, "testWebhook"])  # the last writes nothing


def selection(name: str) -> str:
    """Return a selection of the whole payload: its values, and the ids of its objects."""
    selected = []
    for field_name, field in get_named_type(MUTATIONS[name].type).fields.items():
        fields = getattr(get_named_type(field.type), "fields", {})
        selected.append(
            f"{field_name} {{ {'id' if 'id' in fields else '__typename'} }}" if fields else field_name
        )
    return " ".join(selected)


async def test_every_mutation_repeats_its_payload_for_the_same_key_and_writes_once(
    ask: Ask, world: World
) -> None:
    given = await inputs(world)
    of_webhooks = {name for name in MUTATIONS if "Webhook" in name}  # tests/schema/test_webhooks.py
    assert set(given) == set(MUTATIONS) - set(OF_SESSIONS) - of_webhooks
    for name, values in given.items():
        type_ = get_named_type(MUTATIONS[name].args["input"].type).name
        document = f"mutation($input: {type_}!) {{ result: {name}(input: $input) {{ {selection(name)} }} }}"
        before = await world.contents()
        viewer, sent = "olga" if name in BY_OPERATORS else "ann", {**values, "idempotencyKey": name}
        first = (await ask(document, viewer=viewer, input=sent)).data["result"]
        assert (first["replayed"], first["userErrors"]) == (False, []), name
        after = await world.contents()
        assert after != before
        again = (await ask(document, viewer=viewer, input=sent)).data["result"]
        assert again == {**first, "replayed": True, **dict.fromkeys(SHOWN_ONCE & set(first))}, name
        assert await world.contents() == after, name
