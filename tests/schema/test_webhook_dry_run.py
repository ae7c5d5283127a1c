"""`testWebhook`: the message about an object or a past change, the reasons against it, and a single attempt."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from resolvers.framework.global_id import encode
from resolvers.webhook import fed_entities
from schema.graph import Graph
from server.app import create_app
from services.accounts.vault import Vault
from services.changes.position import NOTHING, Position, Snapshot
from services.webhooks.dispatch import Dispatcher
from tests.schema.test_webhooks import READS, create
from tests.support.receivers import Receiver, receiving
from tests.support.rows import add_key
from tests.support.world import Answer, Ask, World

TEST = """mutation($input: TestWebhookInput!) { result: testWebhook(input: $input) {
    url headers { name value } body mismatches { path message }
    response { status excerpt error durationMs } userErrors { code message path }
} }"""
CHANGES = """query($after: String, $filter: ChangeFilter) { changes(first: 100, after: $after, filter: $filter) {
    edges { cursor node { kind nodeId fields at } } pageInfo { endCursor } } }"""
WRONG_CURSOR = "Must be the cursor of a change, from `changes { edges { cursor } }` of the same user."
LEADS = ["LEAD_CREATED", "LEAD_UPDATED", "LEAD_DELETED"]


async def dry_run(ask: Ask, viewer: str = "ann", **given: object) -> dict[str, Any]:
    answer = await ask(TEST, viewer=viewer, input=given)
    result: dict[str, Any] = answer.data["result"]
    return result


async def changes(ask: Ask, row: str, viewer: str = "ann") -> list[Any]:
    """Return the edges of the changes of a row, the oldest first."""
    return list((await ask(CHANGES, viewer=viewer, filter={"id": row})).data["changes"]["edges"])


async def a_lead(world: World, name: str = "ann", **values: object) -> tuple[int, str]:
    lead = (await world.rows("leads", name))[0]["id"]
    await world.change("leads", lead, **values or {"company": "Acme"})
    return lead, encode("Lead", lead)


async def test_a_past_change_gives_the_message_that_its_delivery_has(ask: Ask, world: World) -> None:
    made = await create(ask, eventTypes=LEADS)
    _, lead = await a_lead(world, company="Acme", score=7)
    edge = (await changes(ask, lead))[-1]
    before = await world.contents()
    result = await dry_run(ask, id=made["webhook"]["id"], change=edge["cursor"])
    assert await world.contents() == before
    assert (result["url"], result["mismatches"], result["response"], result["userErrors"]) == (
        made["webhook"]["url"],
        [],
        None,
        [],
    )
    body, headers = json.loads(result["body"]), {each["name"]: each["value"] for each in result["headers"]}
    assert Verifier(made["secret"]).verify(result["body"], headers) == body
    assert body["type"] == "lead.updated"
    assert datetime.fromisoformat(body["timestamp"]) == datetime.fromisoformat(edge["node"]["at"])
    data = body["data"]
    assert (data["id"], data["kind"], data["changedFields"]) == (lead, "UPDATED", edge["node"]["fields"])
    assert (data["object"]["company"], data["object"]["score"]) == ("Acme", 7)
    dispatch = Dispatcher(fed_entities())
    while await dispatch(world.pool):
        pass
    (delivery,) = await world.rows("webhook_deliveries")
    assert headers == {
        "content-type": "application/json",
        "user-agent": "Leadgraph-Webhooks",
        "webhook-id": delivery["message_id"],
        "webhook-timestamp": headers["webhook-timestamp"],
        "webhook-signature": headers["webhook-signature"],
    }


async def test_each_row_of_a_statement_has_a_message_of_its_own(ask: Ask, world: World) -> None:
    made = await create(ask, eventTypes=LEADS)
    await world.pool.execute("UPDATE leads SET company = 'Acme' WHERE user_id = $1", world.users["ann"])
    edges = (await ask(CHANGES, filter={"kinds": ["UPDATED"]})).data["changes"]["edges"]
    own = [edge for edge in edges if edge["node"]["fields"] == ["company", "updatedAt"]]
    assert len(own) == len(await world.rows("leads", "ann")) > 1
    for edge in own:
        body = json.loads((await dry_run(ask, id=made["webhook"]["id"], change=edge["cursor"]))["body"])
        assert body["data"]["id"] == edge["node"]["nodeId"]


async def test_mismatches_name_the_event_type_and_each_condition(ask: Ask, world: World) -> None:
    lead, global_id = await a_lead(world, company="Acme", score=7, status="contacted")
    (edge,) = (await changes(ask, global_id))[-1:]
    wanted = {
        "and": [{"score": {"gt": 3}}, {"score": {"gt": 8}}],
        "or": [{"company": {"eq": "Acme"}}],
        "not": {"company": {"eq": "Acme"}},
        "search": "nonsense",
        "status": {"in": ["QUALIFIED"]},
        "score": {"gte": 7, "lt": 7},
        "platform": {"notIn": ["NEWS"]},
        "company": {"eq": "Acme"},
        "intent": {"isNull": False},
    }
    made = await create(ask, eventTypes=["LEAD_CREATED", "LEAD_DELETED"], filter={"lead": wanted})
    webhook = made["webhook"]["id"]
    result = await dry_run(ask, id=webhook, change=edge["cursor"])
    names = ("and", "not", "search", "intent", "status", "score")
    assert result["mismatches"] == [
        {"path": ["eventTypes"], "message": "The webhook lacks the event type LEAD_UPDATED."},
        *(
            {
                "path": ["filter", "lead", name],
                "message": f"The object does not match `filter.lead.{name}`.",
            }
            for name in names
        ),
    ]
    assert json.loads(result["body"])["data"]["object"]["company"] == "Acme"
    of_object = await dry_run(ask, id=webhook, objectId=global_id)
    assert of_object["mismatches"] == result["mismatches"][1:]
    await world.pool.execute("DELETE FROM leads WHERE id = $1", lead)
    gone = await dry_run(ask, id=webhook, objectId=global_id)
    assert gone["mismatches"] == [
        {"path": ["filter", "lead"], "message": "The object does not exist, so it matches no filter."}
    ]
    deleted = (await changes(ask, global_id))[-1]
    result = await dry_run(ask, id=webhook, change=deleted["cursor"])
    assert (deleted["node"]["kind"], result["mismatches"]) == ("DELETED", [])
    assert json.loads(result["body"])["data"] == {
        "id": global_id, "kind": "DELETED", "changedFields": None, "object": None,
    }  # fmt: skip


async def test_a_filter_that_matches_has_no_mismatch(ask: Ask, world: World) -> None:
    _, lead = await a_lead(world, company="Acme", score=7)
    for wanted in ({}, {"company": {"eq": "Acme"}, "score": {"gte": 7}, "not": {"tags": {"hasAny": ["x"]}}}):
        made = await create(ask, eventTypes=LEADS, filter={"lead": wanted})
        assert (await dry_run(ask, id=made["webhook"]["id"], objectId=lead))["mismatches"] == []


async def test_null_counts_as_absent(ask: Ask, world: World) -> None:
    made = await create(ask, eventTypes=LEADS)
    _, lead = await a_lead(world)
    (edge, *_) = await changes(ask, lead)
    for given in ({"objectId": lead, "change": None}, {"objectId": None, "change": edge["cursor"]}):
        result = await dry_run(ask, id=made["webhook"]["id"], send=None, **given)
        assert (result["userErrors"], result["response"]) == ([], None)
        assert json.loads(result["body"])["data"]["id"] == lead


async def test_a_wrong_cursor_is_refused_with_the_fix(ask: Ask, world: World) -> None:
    webhook = (await create(ask, eventTypes=LEADS))["webhook"]["id"]
    _, lead = await a_lead(world)
    _, foreign = await a_lead(world, "ben")
    good = (await changes(ask, lead))[-1]["cursor"]
    of_ben = (await changes(ask, foreign, "ben"))[-1]["cursor"]
    of_olga = (await changes(ask, lead, "olga"))[-1]["cursor"]
    for cursor in ("nonsense", of_ben, of_olga):
        result = await dry_run(ask, id=webhook, change=cursor)
        assert (result["body"], result["headers"], result["mismatches"]) == (None, [], [])
        assert result["userErrors"] == [
            {"code": "INVALID", "message": WRONG_CURSOR, "path": ["input", "change"]}
        ]
    for given in ({}, {"change": good, "objectId": lead}):
        result = await dry_run(ask, id=webhook, **given)
        assert result["userErrors"] == [
            {
                "code": "INVALID",
                "message": "Requires exactly one of `objectId` and `change`.",
                "path": ["input", "objectId"],
            }
        ]
    await world.pool.execute("UPDATE change_feed SET expired_id = 10 ^ 9, expired_xid = '900000000'")
    result = await dry_run(ask, id=webhook, change=good)
    assert [error["message"] for error in result["userErrors"]] == [
        "The change feed no longer has this change."
    ]


async def test_a_change_of_an_unreadable_entity_is_refused(ask: Ask, world: World) -> None:
    scopes = ["write:webhooks", "read:webhooks", "read:leads"]
    world.keys["small"] = await add_key(world.pool, world.users["ann"], scopes)
    webhook = (await create(ask, viewer="small"))["webhook"]["id"]
    mention = (await world.rows("mentions", "ann"))[0]["id"]
    await world.change("mentions", mention, title="secret")
    cursor = (await changes(ask, encode("Mention", mention)))[-1]["cursor"]
    answer = await ask(TEST, viewer="small", input={"id": webhook, "change": cursor})
    assert answer.code == "FORBIDDEN"
    assert "`read:mentions`" in answer.error["message"]


async def test_an_operator_tests_changes_of_all_users_and_no_personal_ones_of_others(
    ask: Ask, world: World
) -> None:
    await create(ask)
    _, lead = await a_lead(world)
    webhook = (await create(ask, viewer="olga", eventTypes=LEADS))["webhook"]["id"]
    cursor = (await changes(ask, lead, "olga"))[-1]["cursor"]
    result = await dry_run(ask, "olga", id=webhook, change=cursor)
    assert (result["mismatches"], json.loads(result["body"])["data"]["object"]["company"]) == ([], "Acme")
    forged = await _cursor_of(world, "Webhook", "ann")
    result = await dry_run(ask, "olga", id=webhook, change=forged)
    assert [(error["path"], error["message"]) for error in result["userErrors"]] == [
        (["input", "change"], WRONG_CURSOR)
    ]
    of_lead = await dry_run(ask, "olga", id=webhook, change=await _cursor_of(world, "Lead", "ann"))
    assert (of_lead["body"] is None, of_lead["userErrors"]) == (False, [])
    # A webhook of an operator who was a member gets the operator's own rows alone.
    await world.pool.execute("UPDATE webhooks SET everybody = false WHERE user_id = $1", world.users["olga"])
    result = await dry_run(ask, "olga", id=webhook, change=cursor)
    assert [error["message"] for error in result["userErrors"]] == [
        "Must be the cursor of a change of the webhook's user. The webhook gets no others."
    ]


async def _cursor_of(world: World, entity: str, name: str) -> str:
    """Return an operator's cursor of the newest change of an entity, which the feed may hide from the operator."""
    change = await world.pool.fetchval(
        "SELECT max(id) FROM changes WHERE entity = $1 AND user_id = $2", entity, world.users[name]
    )
    feed = await world.pool.fetchval("SELECT feed_id FROM change_feed")
    seen = await world.pool.fetchval("SELECT pg_current_snapshot()::text")
    return str(Position(feed, None, NOTHING, change, 0, Snapshot.parse(f"{seen}:{change}")))


@pytest.fixture
async def private(world: World, graph: Graph) -> AsyncIterator[Ask]:
    """A function that queries an API whose webhooks reach loopback addresses."""
    vault = Vault([world.vault_key])
    app = create_app(world.pool, graph=graph, vault=vault, allow_private_webhooks=True)

    async def post(document: str, *, viewer: str | None = "ann", **variables: object) -> Answer:
        headers = {"authorization": f"Bearer {world.keys[viewer or '']}"}
        body = {"query": document, "variables": variables}
        response = await client.post("/graphql", json=body, headers=headers)
        return Answer(response.status_code, response.json())

    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        yield post


async def test_a_test_is_sent_once_and_shows_the_response_without_secrets(private: Ask, world: World) -> None:
    _, lead = await a_lead(world)
    cursor = (await changes(private, lead))[-1]["cursor"]
    async with receiving(Receiver(lambda _: 500)) as receiver:
        made = await create(private, url=receiver.url, eventTypes=["LEAD_CREATED"])
        receiver.body = f"no: {made['secret']}".encode()
        before = await world.contents()
        result = await dry_run(private, id=made["webhook"]["id"], change=cursor, send=True)
    assert await world.contents() == before
    (request,) = receiver.requests
    assert request.verify(made["secret"]) == json.loads(result["body"])
    assert request.body.decode() == result["body"]
    sent = {each["name"]: each["value"] for each in result["headers"]}
    assert {name: request.headers[name] for name in sent} == sent
    assert sent["webhook-id"].startswith("msg_test_")
    response = result["response"]
    assert (response["status"], response["excerpt"], response["error"]) == (500, "no: [hidden]", None)
    assert 0 <= response["durationMs"] < 5000
    assert [each["path"] for each in result["mismatches"]] == [["eventTypes"]]


async def test_the_fence_holds_for_a_test(ask: Ask, world: World) -> None:
    _, lead = await a_lead(world)
    async with receiving() as receiver:
        made = await create(ask)
        await world.pool.execute("UPDATE webhooks SET url = $1", receiver.url)
        result = await dry_run(ask, id=made["webhook"]["id"], objectId=lead, send=True)
    assert receiver.requests == []
    response = result["response"]
    assert (response["status"], response["excerpt"]) == (None, None)
    assert response["error"] == "The fence refuses the URL. Must begin with `https://`."


@pytest.mark.parametrize("viewer", ["ben", "olga"])
async def test_webhooks_of_others_are_not_tested(private: Ask, world: World, viewer: str) -> None:
    _, lead = await a_lead(world)
    async with receiving() as receiver:
        made = await create(private, url=receiver.url, eventTypes=LEADS)
        cursor = (await changes(private, lead))[-1]["cursor"]
        for given in ({"objectId": lead}, {"change": cursor}):
            result = await dry_run(private, viewer, id=made["webhook"]["id"], send=True, **given)
            assert result["userErrors"] == [
                {"code": "NOT_FOUND", "message": "The webhook does not exist.", "path": ["input", "id"]}
            ]
            assert (result["body"], result["response"]) == (None, None)
    assert receiver.requests == []


async def test_a_key_without_all_scopes_of_the_webhook_sends_nothing(private: Ask, world: World) -> None:
    _, lead = await a_lead(world)
    world.keys["small"] = await add_key(world.pool, world.users["ann"], ["write:webhooks", "read:leads"])
    world.keys["reader"] = await add_key(world.pool, world.users["ann"], READS)
    async with receiving() as receiver:
        made = await create(private, url=receiver.url)
        result = await dry_run(private, "small", id=made["webhook"]["id"], objectId=lead, send=True)
        assert "lacks scopes of the webhook" in result["userErrors"][0]["message"]
        given = {"id": made["webhook"]["id"], "objectId": lead, "send": True}
        assert (await private(TEST, viewer="reader", input=given)).code == "FORBIDDEN"
    assert receiver.requests == []
