"""Webhooks in the API: create, change, rotate, test, replay and delete them, and the limits of keys and users."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from resolvers.framework.global_id import encode
from services.webhooks import endpoints
from tests.services.webhooks.test_addresses import PRIVATE_ADDRESSES, REFUSED_URLS
from tests.support.rows import add_key
from tests.support.world import Ask, World

FIELDS = """id url description eventTypes filter hasFilter document scopes signature publicKey status disabledReason disabledAt
    failingSince"""
ERRORS = "userErrors { code message path }"
CREATE = f"""mutation($input: CreateWebhookInput!) {{
    result: createWebhook(input: $input) {{ webhook {{ {FIELDS} }} secret replayed {ERRORS} }}
}}"""
UPDATE = f"""mutation($input: UpdateWebhookInput!) {{
    result: updateWebhook(input: $input) {{ webhook {{ {FIELDS} }} {ERRORS} }}
}}"""
ROTATE = f"""mutation($input: RotateWebhookSecretInput!) {{
    result: rotateWebhookSecret(input: $input) {{ webhook {{ {FIELDS} }} secret replayed {ERRORS} }}
}}"""
DELETE = f"""mutation($input: DeleteWebhookInput!) {{
    result: deleteWebhook(input: $input) {{ deletedWebhookId user {{ id }} {ERRORS} }}
}}"""
REPLAY = f"""mutation($input: ReplayWebhookInput!) {{
    result: replayWebhook(input: $input) {{ webhook {{ id }} {ERRORS} }}
}}"""
REPLAY_DELIVERY = f"""mutation($input: ReplayWebhookDeliveryInput!) {{
    result: replayWebhookDelivery(input: $input) {{ delivery {{ id status attempts messageId }} {ERRORS} }}
}}"""
TEST = f"""mutation($input: TestWebhookInput!) {{
    result: testWebhook(input: $input) {{ url headers {{ name value }} body {ERRORS} }}
}}"""
LIST = f"""query($filter: WebhookFilter) {{
    webhooks(filter: $filter) {{ totalCount nodes {{ {FIELDS} deliveries(first: 5) {{ totalCount nodes {{ messageId }} }} }} }}
}}"""
URL = "https://hooks.example.com/leadgraph"
NEW = {"url": URL, "eventTypes": ["LEAD_CREATED", "LEAD_UPDATED"]}
READS = ["read:integrations", "read:keys", "read:keywords", "read:leads", "read:mentions", "read:webhooks"]


async def create(ask: Ask, *, viewer: str = "ann", **given: Any) -> dict[str, Any]:
    answer = await ask(CREATE, viewer=viewer, input={**NEW, **given})
    result: dict[str, Any] = answer.data["result"]
    return result


async def add_delivery(world: World, webhook: str, number: int = 1, **values: object) -> str:
    """Add a delivery of ann's only webhook, and return its global ID."""
    del webhook
    ended = {"status": "delivered", "finished_at": datetime.now(UTC), "attempts": 3}
    row: dict[str, object] = {
        "user_id": world.users["ann"],
        "webhook_id": await world.pool.fetchval(
            "SELECT id FROM webhooks WHERE user_id = $1", world.users["ann"]
        ),
        "message_id": f"msg_{number}",
        "event_type": "lead.updated",
        "entity": "Lead",
        "entity_id": number,
        "occurred_at": datetime.now(UTC),
        **ended,
        **values,
    }
    columns, places = ", ".join(row), ", ".join(f"${n}" for n in range(1, len(row) + 1))
    id_ = await world.pool.fetchval(
        f"INSERT INTO webhook_deliveries ({columns}) VALUES ({places}) RETURNING id", *row.values()
    )
    return encode("WebhookDelivery", id_)


async def test_null_in_creations_and_rotations_means_an_omitted_field(ask: Ask) -> None:
    optional = ("description", "filter", "document", "scopes", "signature", "idempotencyKey")
    null_fields: dict[str, Any] = dict.fromkeys(optional)
    omitted, nulls = await create(ask), await create(ask, **null_fields)
    id_ = nulls["webhook"].pop("id")
    omitted["webhook"].pop("id")
    assert nulls["webhook"] == omitted["webhook"]
    for document, names in (
        (ROTATE, ("overlapSeconds", "signature", "idempotencyKey")),
        (REPLAY, ("after", "idempotencyKey")),
    ):
        answer = await ask(document, input={"id": id_, **dict.fromkeys(names)})
        assert answer.data["result"]["userErrors"] == []
        assert answer.data["result"]["webhook"]["id"] == id_


async def test_a_webhook_is_created_with_a_secret_that_is_shown_once(ask: Ask, world: World) -> None:
    result = await create(ask, description=" my CRM ", idempotencyKey="one")
    assert result["userErrors"] == []
    assert result["secret"].startswith("whsec_")
    webhook = result["webhook"]
    assert webhook == {
        "id": webhook["id"],
        "url": URL,
        "description": "my CRM",
        "eventTypes": ["LEAD_CREATED", "LEAD_UPDATED"],
        "filter": None,
        "hasFilter": False,
        "document": None,
        "scopes": READS,
        "signature": "V1",
        "publicKey": None,
        "status": "ACTIVE",
        "disabledReason": None,
        "disabledAt": None,
        "failingSince": None,
    }
    listed = (await ask(LIST)).data["webhooks"]
    assert listed == {
        "totalCount": 1,
        "nodes": [{**webhook, "deliveries": {"totalCount": 0, "nodes": []}}],
    }
    again = await create(ask, description=" my CRM ", idempotencyKey="one")
    assert (again["replayed"], again["secret"], again["webhook"]) == (True, None, webhook)
    for table in ("webhooks", "webhook_secrets", "idempotency_keys"):
        stored = await world.pool.fetchval(f"SELECT string_agg(t::text, '') FROM {table} AS t")
        assert result["secret"].removeprefix("whsec_")[:20] not in stored


async def test_an_asymmetric_webhook_shows_its_public_key_alone(ask: Ask) -> None:
    result = await create(ask, signature="V1A")
    assert result["secret"] is None
    assert result["webhook"]["publicKey"].startswith("whpk_")


@pytest.mark.parametrize(("url", "reason"), REFUSED_URLS.items())
async def test_the_fence_refuses_urls_with_the_reason(asker: Any, url: str, reason: str) -> None:
    await ensure_ann(asker.world)
    result = await create(asker, url=url)
    (error,) = result["userErrors"]
    assert (error["code"], error["path"], result["webhook"]) == ("INVALID", ["input", "url"], None)
    assert error["message"].startswith(reason)


@pytest.mark.parametrize("address", [each for each in PRIVATE_ADDRESSES if "%" not in each])
async def test_the_fence_refuses_private_addresses(asker: Any, address: str) -> None:
    await ensure_ann(asker.world)
    host = f"[{address}]" if ":" in address else address
    result = await create(asker, url=f"https://{host}/hooks")
    assert [(error["code"], error["path"]) for error in result["userErrors"]] == [
        ("INVALID", ["input", "url"])
    ]
    assert result["userErrors"][0]["message"].endswith("is not an address of the public internet.")


async def ensure_ann(world: World) -> None:
    if "ann" not in world.users:
        await world.add_user("ann")


@pytest.mark.parametrize(
    ("given", "code", "path", "message"),
    [
        ({"eventTypes": []}, "REQUIRED", ["eventTypes"], "Must name at least one event type."),
        ({"description": "x" * 501}, "TOO_LONG", ["description"], "Must have at most 500 characters, but has 501."),
        (
            {"scopes": ["read:leads", "write:leads"]},
            "INVALID",
            ["scopes", "1"],
            "Must be a scope to read, not 'write:leads'. These are read:keywords",
        ),
        (
            {"scopes": ["read:mentions"]},
            "INVALID",
            ["eventTypes", "0"],
            "Requires the scope `read:leads` among the scopes of the webhook.",
        ),
        (
            {"filter": {"mention": {"author": {"eq": "x"}}}},
            "INVALID",
            ["filter", "mention"],
            "Must not filter Mention rows, because no event type is about them.",
        ),
        ({"document": "{ viewer { email } }"}, "INVALID", ["document"], "Must declare no other variable"),
        ({"document": "query($id: ID!) { node(id: $id) { nope } }"}, "INVALID", ["document"], "Cannot query field"),
        ({"document": "mutation($id: ID!) { deleteLead(input: {id: $id}) { deletedLeadId } }"}, "INVALID", ["document"], "Must be a query."),
        ({"document": "query a($id: ID!) { node(id: $id) { id } } query b { viewer { id } }"}, "INVALID", ["document"], "Must have exactly one operation."),
        ({"document": "query($id: ID!"}, "INVALID", ["document"], "Syntax Error"),
        ({"document": "query($id: ID!, $n: Int) { node(id: $id) { id } mentions(first: $n) { totalCount } }"}, "INVALID", ["document"], "Must declare no other variable"),
        ({"document": "query($id: ID!) { node(id: $id) { id } leads(first: 100) { nodes { mention { keyword { mentions(first: 100) { nodes { id lead { mention { id keyword { mentions(first: 100) { nodes { id } } } } } } } } } } } }"}, "INVALID", ["document"], "The operation"),
        (
            {"scopes": ["read:leads"], "document": "query($id: ID!) { node(id: $id) { ... on Lead { mention { id } } } }"},
            "INVALID",
            ["document"],
            "This API key lacks the scope `read:mentions`",
        ),
    ],
)  # fmt: skip
async def test_wrong_input_is_refused_with_the_fix(
    ask: Ask, world: World, given: dict[str, Any], code: str, path: list[str], message: str
) -> None:
    result = await create(ask, **given)
    (error,) = result["userErrors"]
    assert (error["code"], error["path"], result["webhook"]) == (code, ["input", *path], None)
    assert error["message"].removeprefix("The document cannot be stored. ").startswith(message)
    assert await world.rows("webhooks") == []


async def test_a_wrong_filter_is_refused_with_its_place(ask: Ask) -> None:
    given = {**NEW, "filter": {"lead": {"keywordId": {"eq": "nonsense"}}}}
    answer = await ask(CREATE, input=given)
    assert answer.code == "BAD_USER_INPUT"
    assert "`input.filter.lead.keywordId.eq`" in answer.error["message"]


async def test_a_webhook_has_no_scope_that_its_creator_lacks(ask: Ask, world: World) -> None:
    await world.set_scopes("ann", "write:webhooks", "read:leads")
    assert (await create(ask))["webhook"]["scopes"] == ["read:leads"]
    refused = await create(ask, scopes=["read:leads", "read:mentions"])
    assert refused["userErrors"] == [
        {
            "code": "INVALID",
            "path": ["input", "scopes"],
            "message": "This API key lacks scopes of the webhook: `read:mentions`. Use a key that has them.",
        }
    ]


async def test_a_key_with_fewer_scopes_cannot_redirect_a_webhook(ask: Ask, world: World) -> None:
    webhook = (await create(ask))["webhook"]["id"]
    lead = encode("Lead", (await world.rows("leads", "ann"))[0]["id"])
    delivery = await add_delivery(world, webhook)
    scopes = ("write:webhooks", "read:webhooks", "read:leads")
    world.keys["small"] = await add_key(world.pool, world.users["ann"], scopes)
    before = [dict(row) for row in await world.rows("webhooks")]
    for document, given in (
        (UPDATE, {"id": webhook, "url": "https://evil.example.com/"}),
        (UPDATE, {"id": webhook, "scopes": ["read:leads"]}),
        (ROTATE, {"id": webhook}),
        (REPLAY, {"id": webhook}),
        (REPLAY_DELIVERY, {"id": delivery}),
        (TEST, {"id": webhook, "objectId": lead}),
    ):
        result = (await ask(document, viewer="small", input=given)).data["result"]
        assert [error["code"] for error in result["userErrors"]] == ["INVALID"]
        assert "lacks scopes of the webhook" in result["userErrors"][0]["message"]
        assert result.get("secret") is None
    assert [dict(row) for row in await world.rows("webhooks")] == before


@pytest.mark.parametrize("scopes", [[], ["read:leads", "write:leads", "read:keys", "write:keys"]])
async def test_keys_without_the_named_scopes_have_no_access(
    ask: Ask, world: World, scopes: list[str]
) -> None:
    webhook = (await create(ask))["webhook"]["id"]
    delivery = await add_delivery(world, webhook)
    world.keys["small"] = await add_key(world.pool, world.users["ann"], scopes)
    for document, given in (
        (CREATE, NEW),
        (UPDATE, {"id": webhook}),
        (ROTATE, {"id": webhook}),
        (DELETE, {"id": webhook}),
        (REPLAY, {"id": webhook}),
        (REPLAY_DELIVERY, {"id": delivery}),
        (TEST, {"id": webhook, "objectId": encode("Lead", 1)}),
    ):
        answer = await ask(document, viewer="small", input=given)
        assert answer.code == "FORBIDDEN"
        assert "`write:webhooks`" in answer.error["message"]
    for query in (LIST, "query($id: ID!) { webhook(id: $id) { id } }"):
        variables = {"id": webhook} if "$id" in query else {}
        answer = await ask(query, viewer="small", **variables)
        assert answer.code == "FORBIDDEN"
        assert "`read:webhooks`" in answer.error["message"]
    node = "query($id: ID!) { node(id: $id) { id } }"
    assert (await ask(node, viewer="small", id=delivery)).code == "FORBIDDEN"


@pytest.mark.parametrize("viewer", ["ben", "olga"])
async def test_webhooks_of_other_users_are_absent(ask: Ask, world: World, viewer: str) -> None:
    webhook = (await create(ask))["webhook"]["id"]
    delivery = await add_delivery(world, webhook)
    assert (await ask(LIST, viewer=viewer)).data["webhooks"] == {"totalCount": 0, "nodes": []}
    for id_ in (webhook, delivery):
        assert (await ask("query($id: ID!) { node(id: $id) { id } }", viewer=viewer, id=id_)).data == {
            "node": None
        }
    query = "query($id: ID!) { webhook(id: $id) { id } }"
    assert (await ask(query, viewer=viewer, id=webhook)).data == {"webhook": None}
    before = await world.contents()
    for document, given in (
        (UPDATE, {"id": webhook, "url": "https://evil.example.com/"}),
        (ROTATE, {"id": webhook}),
        (DELETE, {"id": webhook}),
        (REPLAY, {"id": webhook}),
        (REPLAY_DELIVERY, {"id": delivery}),
        (TEST, {"id": webhook, "objectId": encode("Lead", 1)}),
    ):
        result = (await ask(document, viewer=viewer, input=given)).data["result"]
        thing = "delivery" if document == REPLAY_DELIVERY else "webhook"
        assert result["userErrors"] == [
            {"code": "NOT_FOUND", "message": f"The {thing} does not exist.", "path": ["input", "id"]}
        ]
    assert await world.contents() == before


async def test_an_update_changes_the_named_fields_alone(ask: Ask) -> None:
    made = (await create(ask, document="query($id: ID!) { node(id: $id) { id } }"))["webhook"]
    given = {"id": made["id"], "url": URL + "/2", "filter": {"lead": {"status": {"eq": "NEW"}}}}
    changed = (await ask(UPDATE, input=given)).data["result"]["webhook"]
    assert changed == {**made, "url": URL + "/2", "filter": given["filter"], "hasFilter": True}
    given = {"id": made["id"], "document": None, "filter": None, "status": "PAUSED"}
    changed = (await ask(UPDATE, input=given)).data["result"]["webhook"]
    assert changed == {**made, "url": URL + "/2", "document": None, "status": "PAUSED"}
    refused = (await ask(UPDATE, input={"id": made["id"], "status": "DISABLED"})).data["result"]
    assert (
        refused["userErrors"][0]["message"] == "Must be ACTIVE or PAUSED. Only the server disables webhooks."
    )
    for name in ("url", "eventTypes", "scopes", "status", "description"):
        refused = (await ask(UPDATE, input={"id": made["id"], name: None})).data["result"]
        assert [error["path"] for error in refused["userErrors"]] == [["input", name]]


async def test_a_filter_is_returned_as_it_was_given(ask: Ask, world: World) -> None:
    """Each value has the form that the input takes: a client shows, edits and sends the filter."""
    user = encode("User", world.users["ann"])
    keyword = encode("Keyword", (await world.rows("keywords", "ann"))[0]["id"])
    foreign = encode("Keyword", (await world.rows("keywords", "ben"))[0]["id"])
    given = {
        "lead": {
            "and": [{"not": {"status": {"in": ["DISQUALIFIED", "NEW"]}}}],
            "or": [
                {"value": {"gte": "12.50", "isNull": False}},
                {"createdAt": {"lt": "2026-11-30T12:00:00+00:00"}},
            ],
            "search": 'budget "this year"',
            "keywordId": {"in": [keyword, foreign]},
            "platform": {"notIn": ["HACKERNEWS"]},
            "score": {"gt": 3},
            "tags": {"hasAny": ["a", "b"]},
            "assigneeId": {"eq": user},
        },
        "mention": {"read": True, "author": {"contains": "ann"}, "relevance": {"eq": "HIGH"}},
    }
    made = await create(ask, eventTypes=["LEAD_UPDATED", "MENTION_CREATED"], filter=given)
    webhook, query = made["webhook"]["id"], "query($id: ID!) { webhook(id: $id) { filter hasFilter } }"
    (stored,) = await world.rows("webhooks")
    found = (await ask(query, id=webhook)).data["webhook"]
    assert found == {"filter": given, "hasFilter": True}
    sent = {"id": webhook, "filter": found["filter"]}
    assert (await ask(UPDATE, input=sent)).data["result"]["userErrors"] == []
    assert (await world.rows("webhooks"))[0]["questions"] == stored["questions"]
    empty = {"id": webhook, "filter": {"lead": {"score": None}}}
    assert (await ask(UPDATE, input=empty)).data["result"]["userErrors"] == []
    assert (await ask(query, id=webhook)).data["webhook"] == {"filter": {"lead": {}}, "hasFilter": True}
    assert (await ask(UPDATE, input={"id": webhook, "filter": None})).data["result"]["userErrors"] == []
    assert (await ask(query, id=webhook)).data["webhook"] == {"filter": None, "hasFilter": False}


async def test_a_disabled_webhook_tells_why_and_can_be_enabled(ask: Ask, world: World) -> None:
    made = (await create(ask))["webhook"]
    await world.pool.execute(
        "UPDATE webhooks SET status = 'disabled', disabled_reason = 'gone', disabled_at = now(), failing_since = now()"
    )
    (found,) = (await ask(LIST)).data["webhooks"]["nodes"]
    assert (found["status"], found["disabledReason"], found["disabledAt"] is None) == (
        "DISABLED",
        "GONE",
        False,
    )
    changed = (await ask(UPDATE, input={"id": made["id"], "status": "ACTIVE"})).data["result"]["webhook"]
    assert changed == made


async def test_a_rotation_gives_a_new_secret_and_keeps_the_old_one_for_the_overlap(
    ask: Ask, world: World
) -> None:
    made = await create(ask)
    lead = encode("Lead", (await world.rows("leads", "ann"))[0]["id"])
    webhook = made["webhook"]["id"]
    rotated = (await ask(ROTATE, input={"id": webhook, "overlapSeconds": 3600})).data["result"]
    assert rotated["userErrors"] == []
    assert rotated["secret"] not in {None, made["secret"]}

    async def verified(secret: str) -> Any:
        tested = (await ask(TEST, input={"id": webhook, "objectId": lead})).data["result"]
        headers = {header["name"]: header["value"] for header in tested["headers"]}
        return Verifier(secret).verify(tested["body"], headers)

    for secret in (made["secret"], rotated["secret"]):
        assert (await verified(secret))["type"] == "lead.created"
    await world.pool.execute("UPDATE webhook_secrets SET expires_at = now() WHERE expires_at IS NOT NULL")
    assert await verified(rotated["secret"])
    with pytest.raises(Exception, match="No matching signature"):
        await verified(made["secret"])
    wrong = (await ask(ROTATE, input={"id": webhook, "overlapSeconds": -1})).data["result"]
    assert wrong["userErrors"] == [
        {
            "code": "INVALID",
            "message": "Must be between 0 and 2,592,000.",
            "path": ["input", "overlapSeconds"],
        }
    ]
    asymmetric = (await ask(ROTATE, input={"id": webhook, "signature": "V1A"})).data["result"]
    assert asymmetric["webhook"]["publicKey"].startswith("whpk_")
    tested = (await ask(TEST, input={"id": webhook, "objectId": lead})).data["result"]
    (signature,) = [each["value"] for each in tested["headers"] if each["name"] == "webhook-signature"]
    assert [each.split(",")[0] for each in signature.split(" ")] == ["v1a", "v1"]


async def test_a_test_renders_a_signed_message_and_stores_nothing(ask: Ask, world: World) -> None:
    document = "query($id: ID!) { node(id: $id) { ... on Lead { status mention { keyword { keyword } } } } }"
    usual, custom = await create(ask), await create(ask, document=document)
    row = (await world.rows("leads", "ann"))[0]
    lead = encode("Lead", row["id"])
    before = await world.contents()
    tested = (await ask(TEST, input={"id": usual["webhook"]["id"], "objectId": lead})).data["result"]
    assert (tested["url"], tested["userErrors"]) == (URL, [])
    assert [header["name"] for header in tested["headers"]] == [
        "content-type",
        "user-agent",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
    ]
    body = json.loads(tested["body"])
    assert (body["type"], body["data"]["kind"], body["data"]["id"]) == ("lead.created", "CREATED", lead)
    assert body["data"]["object"]["status"] == "QUALIFIED"
    tested = (await ask(TEST, input={"id": custom["webhook"]["id"], "objectId": lead})).data["result"]
    result = json.loads(tested["body"])["data"]["result"]
    assert result["node"]["status"] == "QUALIFIED"
    assert result["node"]["mention"]["keyword"]["keyword"].startswith("ann")
    assert await world.contents() == before
    keyword = encode("Keyword", (await world.rows("keywords", "ann"))[0]["id"])
    refused = (await ask(TEST, input={"id": usual["webhook"]["id"], "objectId": keyword})).data["result"]
    assert refused["userErrors"][0]["path"] == ["input", "objectId"]


async def test_a_foreign_object_is_absent_from_a_test(ask: Ask, world: World) -> None:
    made = await create(ask)
    foreign = encode("Lead", (await world.rows("leads", "ben"))[0]["id"])
    tested = (await ask(TEST, input={"id": made["webhook"]["id"], "objectId": foreign})).data["result"]
    assert json.loads(tested["body"])["data"]["object"] is None


async def test_deliveries_are_listed_filtered_and_replayed(ask: Ask, world: World) -> None:
    webhook = (await create(ask))["webhook"]["id"]
    first = await add_delivery(world, webhook, 1, response_status=204, payload="{}")
    failed = await add_delivery(
        world,
        webhook,
        2,
        status="failed",
        response_status=500,
        response_excerpt="oops",
        event_type="lead.created",
    )
    await add_delivery(world, webhook, 3, status="pending", finished_at=None, attempts=1)
    query = """query($id: ID!, $filter: WebhookDeliveryFilter) { webhook(id: $id) { deliveries(filter: $filter) {
        totalCount nodes { id messageId eventType objectId status attempts responseStatus responseExcerpt error } } } }"""

    async def found(**where: object) -> list[str]:
        nodes = (await ask(query, id=webhook, filter=where)).data["webhook"]["deliveries"]["nodes"]
        return [node["messageId"] for node in nodes]

    assert await found() == ["msg_3", "msg_2", "msg_1"]
    assert await found(status={"eq": "FAILED"}) == ["msg_2"]
    assert await found(eventType={"in": ["LEAD_CREATED"]}) == ["msg_2"]
    assert await found(responseStatus={"gte": 500}) == ["msg_2"]
    assert await found(attempts={"gt": 1}) == ["msg_2", "msg_1"]
    assert await found(messageId={"eq": "msg_1"}) == ["msg_1"]
    nodes = (await ask(query, id=webhook)).data["webhook"]["deliveries"]["nodes"]
    assert nodes[1] == {
        "id": failed, "messageId": "msg_2", "eventType": "LEAD_CREATED", "objectId": encode("Lead", 2),
        "status": "FAILED", "attempts": 3, "responseStatus": 500, "responseExcerpt": "oops", "error": None,
    }  # fmt: skip
    for delivery, message in ((first, "msg_1"), (failed, "msg_2")):
        result = (await ask(REPLAY_DELIVERY, input={"id": delivery})).data["result"]
        expected = {"id": delivery, "status": "PENDING", "attempts": 0, "messageId": message}
        assert (result["delivery"], result["userErrors"]) == (expected, [])
    again = (await ask(REPLAY_DELIVERY, input={"id": first})).data["result"]
    assert [error["code"] for error in again["userErrors"]] == ["INVALID_TRANSITION"]
    assert again["delivery"]["status"] == "PENDING"


async def test_a_user_has_a_bounded_number_of_webhooks(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "MOST_WEBHOOKS", 1)
    await create(ask)
    refused = await create(ask)
    assert [error["code"] for error in refused["userErrors"]] == ["TOO_MANY"]
    assert (await create(ask, viewer="ben"))["webhook"]


async def test_a_deleted_webhook_takes_its_deliveries_along(
    ask: Ask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "MOST_AT_ONCE", 2)
    webhook = (await create(ask))["webhook"]["id"]
    for number in range(5):
        await add_delivery(world, webhook, number)
    result = (await ask(DELETE, input={"id": webhook})).data["result"]
    assert result == {
        "deletedWebhookId": webhook, "user": {"id": encode("User", world.users["ann"])}, "userErrors": [],
    }  # fmt: skip
    for table in ("webhooks", "webhook_deliveries", "webhook_secrets"):
        assert await world.rows(table) == []


async def test_retention_keeps_pending_and_recent_deliveries(ask: Ask, world: World) -> None:
    from services.webhooks import deliveries  # noqa: PLC0415 - one test alone needs the module

    webhook = (await create(ask))["webhook"]["id"]
    old = datetime.now(UTC) - timedelta(days=31)
    await add_delivery(world, webhook, 1, finished_at=old)
    await add_delivery(world, webhook, 2)
    await add_delivery(world, webhook, 3, status="pending", finished_at=None, created_at=old)
    assert await deliveries.purge(world.pool) is False
    assert sorted(row["message_id"] for row in await world.rows("webhook_deliveries")) == ["msg_2", "msg_3"]


async def test_the_documents_of_the_guide_run(ask: Ask) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "webhooks.md").read_text()
    documents = re.findall(r"^```graphql\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    assert len(documents) == 3
    for document in documents:
        data = (await ask(document)).data
        if "createWebhook" in data:
            assert data["createWebhook"]["userErrors"] == []
            assert data["createWebhook"]["webhook"]
    assert data["webhooks"] == {"nodes": []}
