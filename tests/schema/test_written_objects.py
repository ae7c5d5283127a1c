"""A key with the write scope alone sees what it writes, and no objects that other scopes show."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from resolvers.framework.global_id import encode
from tests.support.world import Ask, World

SCHEMA: GraphQLSchema = build_schema((Path(__file__).resolve().parents[2] / "schema.graphql").read_text())

Ids = dict[str, str]
Write = tuple[str, Callable[[Ids], dict[str, Any]], set[str]]

BY_ID: dict[str, Callable[[Ids], dict[str, Any]]] = {
    name: lambda ids, name=name: {"id": ids[name]}  # type: ignore[misc]
    for name in ("Keyword", "Mention", "Lead", "Integration")
}
ITEM = {"platform": "WEB", "externalId": "new", "url": "https://example.com", "content": "ann 1"}

KEYWORDS, MENTIONS, LEADS = "write:keywords", "write:mentions", "write:leads"
INTEGRATIONS, SETTINGS, KEYS = "write:integrations", "write:settings", "write:keys"
WEBHOOKS = "write:webhooks"

WRITES: dict[str, Write] = {
    "createKeyword": (KEYWORDS, lambda _: {"keyword": "crm"}, {"Keyword"}),
    "updateKeyword": (KEYWORDS, lambda ids: BY_ID["Keyword"](ids) | {"excludedTerms": ["new"]}, {"Keyword"}),
    "pauseKeyword": (KEYWORDS, BY_ID["Keyword"], {"Keyword"}),
    "resumeKeyword": (KEYWORDS, BY_ID["Keyword"], {"Keyword"}),
    "archiveKeyword": (KEYWORDS, BY_ID["Keyword"], {"Keyword"}),
    "deleteKeyword": (KEYWORDS, BY_ID["Keyword"], set()),
    "triageMention": (MENTIONS, lambda ids: BY_ID["Mention"](ids) | {"read": True}, {"Mention"}),
    "triageMentions": (MENTIONS, lambda ids: {"ids": [ids["Mention"]], "read": True}, {"Mention"}),
    "ingestMentions": (MENTIONS, lambda _: {"items": [ITEM]}, {"Mention"}),
    "recordAnalyses": (
        MENTIONS,
        lambda ids: {
            "analyzer": "own",
            "analyses": [{"mentionId": ids["Mention"], "status": "FAILED"}],
        },
        {"Mention", "Analysis"},
    ),
    "analyzeMentions": (MENTIONS, lambda ids: {"ids": [ids["Mention"]]}, {"Mention", "Analysis"}),
    "createLead": (LEADS, lambda ids: {"mentionId": ids["Mention"]}, {"Lead"}),
    "updateLead": (LEADS, lambda ids: BY_ID["Lead"](ids) | {"tags": ["new"]}, {"Lead"}),
    "changeLeadStatus": (LEADS, lambda ids: BY_ID["Lead"](ids) | {"status": "CONVERTED"}, {"Lead"}),
    "updateLeads": (
        LEADS,
        lambda ids: {"items": [BY_ID["Lead"](ids) | {"tags": ["new"]}]},
        {"Lead"},
    ),
    "changeLeadStatuses": (
        LEADS,
        lambda ids: {"items": [BY_ID["Lead"](ids) | {"status": "CONVERTED"}]},
        {"Lead"},
    ),
    "deleteLead": (LEADS, BY_ID["Lead"], set()),
    "connectIntegration": (
        INTEGRATIONS,
        lambda _: {"provider": "RSS", "externalAccountId": "new"},
        {"Integration"},
    ),
    "updateIntegration": (
        INTEGRATIONS,
        lambda ids: BY_ID["Integration"](ids) | {"name": "new"},
        {"Integration"},
    ),
    "pauseIntegration": (INTEGRATIONS, BY_ID["Integration"], {"Integration"}),
    "resumeIntegration": (INTEGRATIONS, BY_ID["Integration"], {"Integration"}),
    "disconnectIntegration": (INTEGRATIONS, BY_ID["Integration"], {"Integration"}),
    "deleteIntegration": (INTEGRATIONS, BY_ID["Integration"], set()),
    "recordIntegrationRun": (
        INTEGRATIONS,
        lambda ids: {"integrationId": ids["Integration"], "status": "SUCCEEDED"},
        {"Integration", "IntegrationLog"},
    ),
    "createExport": ("read:leads", lambda _: {"list": {"leads": {}}}, {"Export"}),
    "cancelExport": ("read:leads", lambda ids: {"id": ids["Export"]}, {"Export"}),
    "updateViewer": (SETTINGS, lambda _: {"name": "Ann"}, {"User"}),
    "createApiKey": (KEYS, lambda _: {"name": "new", "scopes": [KEYS]}, {"ApiKey"}),
    "rotateApiKey": (KEYS, lambda ids: {"id": ids["ApiKey"]}, {"ApiKey"}),
    "revokeApiKey": (KEYS, lambda ids: {"id": ids["ApiKey"]}, {"ApiKey"}),
    "createWebhook": (
        WEBHOOKS,
        lambda _: {"url": "https://example.com", "eventTypes": ["EXPORT_CREATED"]},
        {"Webhook"},
    ),
    "updateWebhook": (WEBHOOKS, lambda ids: {"id": ids["Webhook"], "description": "new"}, {"Webhook"}),
    "rotateWebhookSecret": (WEBHOOKS, lambda ids: {"id": ids["Webhook"]}, {"Webhook"}),
    "replayWebhook": (WEBHOOKS, lambda ids: {"id": ids["Webhook"]}, {"Webhook"}),
    "replayWebhookDelivery": (WEBHOOKS, lambda ids: {"id": ids["WebhookDelivery"]}, {"WebhookDelivery"}),
    "deleteWebhook": (WEBHOOKS, lambda ids: {"id": ids["Webhook"]}, set()),
    "testWebhook": (WEBHOOKS, lambda ids: {"id": ids["Webhook"], "objectId": ids["Export"]}, set()),
}
"""Each mutation: its scope, its input, and the types of the objects that it writes."""

OF_OPERATORS = {"createUser", "suspendUser", "resumeUser", "deleteUser"}
OF_SESSIONS = {"signIn", "signOut", "revokeSession", "changePassword", "createBrowserToken"}
"""Mutations that require no scope, and write no objects of one."""

FIGURES = {"efficiencyScore"}
"""Fields that look like values of the object, and are computed from mentions and leads."""

RELATIONS = {
    ("Keyword", "mentions { totalCount }"): "read:mentions",
    ("Mention", "keyword { id }"): "read:keywords",
    ("Mention", "lead { id }"): "read:leads",
    ("Mention", "integration { id }"): "read:integrations",
    ("Lead", "mention { id }"): "read:mentions",
    ("Lead", "keyword { id }"): "read:keywords",
    ("Integration", "mentions { totalCount }"): "read:mentions",
}
"""Relations of the written objects to objects of other scopes."""


@pytest.fixture
async def ids(world: World) -> Ids:
    """The global IDs of ann's objects: a mention without a lead, and one of each other type."""
    found = {
        name: encode(name, (await world.rows(f"{name.lower()}s", "ann"))[0]["id"])
        for name in ("Keyword", "Lead", "Integration")
    }
    (key,) = await world.rows("api_keys", "ann")
    (free,) = await world.fetch(
        "SELECT min(id) AS id FROM mentions WHERE user_id = $1 AND id NOT IN (SELECT mention_id FROM leads)",
        world.users["ann"],
    )
    values = {
        "user_id": world.users["ann"],
        "everybody": False,
        "entity": "leads",
        "format": "csv",
        "question": {},
    }
    (export,) = await world.add("exports", [values | {"columns": ["id"]}])
    hook = {"user_id": world.users["ann"], "everybody": False, "url": "https://example.com", "position": ""}
    more = {"event_types": ["export.created"], "change_id": 0, "questions": {}, "scopes": []}
    usual = {"description": "", "signature": "v1", "status": "active"}
    moments = dict.fromkeys(("created_at", "updated_at"), "2026-01-01T00:00:00Z")
    (webhook,) = await world.add("webhooks", [hook | more | usual | moments])
    delivery = await world.pool.fetchval(
        "INSERT INTO webhook_deliveries (user_id, webhook_id, message_id, event_type, entity, entity_id, occurred_at, "
        "status, finished_at) SELECT user_id, id, 'msg', 'export.created', 'Export', 1, now(), 'failed', now() FROM webhooks "
        "RETURNING id"
    )
    own = {"Mention": free["id"], "Export": export, "ApiKey": key["id"]}
    own |= {"Webhook": webhook, "WebhookDelivery": delivery}
    return found | {name: encode(name, row_id) for name, row_id in own.items()}


def payload_of(name: str) -> GraphQLObjectType:
    mutation = SCHEMA.mutation_type
    assert mutation is not None
    payload = get_named_type(mutation.fields[name].type)
    assert isinstance(payload, GraphQLObjectType)
    return payload


def selection(owner: GraphQLObjectType, written: set[str], extra: dict[str, str]) -> str:
    """Return a selection of all leaves, of the written objects, and of values that are no objects of a scope."""
    parts = [extra[owner.name]] if owner.name in extra else []
    for name, field in owner.fields.items():
        if any(map(is_required_argument, field.args.values())):
            continue
        inner = get_named_type(field.type)
        if is_leaf_type(inner) and name not in FIGURES:
            parts.append(name)
        elif isinstance(inner, GraphQLObjectType) and is_shown(inner, field, owner, written):
            parts.append(f"{name} {selection(inner, written - {inner.name}, extra)}")
    return f"{{ {' '.join(parts)} }}"


def is_shown(
    inner: GraphQLObjectType, field: GraphQLField, owner: GraphQLObjectType, written: set[str]
) -> bool:
    if inner.name in written:
        return True
    is_of_entity = is_entity(inner) or inner.name == "Analysis" or "Connection" in inner.name
    return not is_of_entity and not is_entity(owner) and not field.args


def is_entity(kind: GraphQLObjectType) -> bool:
    return any(isinstance(each, GraphQLInterfaceType) and each.name == "Node" for each in kind.interfaces)


def values_of(answer: Any, kind: str) -> list[Any]:
    """Return the objects of the type in an answer with `__typename`s."""
    if isinstance(answer, list):
        return [found for each in answer for found in values_of(each, kind)]
    if not isinstance(answer, dict):
        return []
    own = [answer] if answer.get("__typename") == kind else []
    return own + [found for each in answer.values() for found in values_of(each, kind)]


def test_every_mutation_is_tested() -> None:
    mutation = SCHEMA.mutation_type
    assert mutation is not None
    assert set(WRITES) | OF_OPERATORS | OF_SESSIONS == set(mutation.fields)


@pytest.mark.parametrize("name", WRITES)
async def test_the_write_scope_alone_shows_the_written_objects(
    ask: Ask, world: World, ids: Ids, name: str
) -> None:
    scope, given, written = WRITES[name]
    await world.set_scopes("ann", scope)
    payload = payload_of(name)
    wanted = selection(payload, written, dict.fromkeys(written, "__typename"))
    document = f"mutation($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {wanted} }}"
    answer = (await ask(document, input=given(ids))).data[name]
    assert answer["userErrors"] == []
    for kind in written:
        objects = values_of(answer, kind)
        assert objects, kind
        assert all(len(each) > 3 for each in objects)


@pytest.mark.parametrize(("kind", "relation"), RELATIONS)
async def test_the_write_scope_alone_shows_no_object_of_another_scope(
    ask: Ask, world: World, ids: Ids, kind: str, relation: str
) -> None:
    name = next(name for name, (_, _, written) in WRITES.items() if kind in written)
    scope, given, written = WRITES[name]
    await world.set_scopes("ann", scope)
    wanted = selection(payload_of(name), written & {kind}, {kind: relation})
    document = f"mutation($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {wanted} }}"
    errors = (await ask(document, input=given(ids))).body["errors"]
    assert {error["extensions"]["code"] for error in errors} == {"FORBIDDEN"}
    field = f"{kind}.{relation.split(maxsplit=1)[0]}"
    assert {error["message"] for error in errors} == {
        f"This API key lacks the scope `{RELATIONS[kind, relation]}` (required by `{field}`)."
    }


async def test_ingest_shows_the_keyword_of_a_mention_with_its_scope(ask: Ask, world: World) -> None:
    document = (
        "mutation($input: IngestMentionsInput!) "
        "{ ingestMentions(input: $input) { results { mentions { keyword { id } } } } }"
    )
    await world.set_scopes("ann", "write:mentions", "read:keywords")
    (result,) = (await ask(document, input={"items": [ITEM]})).data["ingestMentions"]["results"]
    keyword = await world.row("keywords", keyword="ann 1")
    assert result["mentions"] == [{"keyword": {"id": encode("Keyword", keyword["id"])}}]


@pytest.mark.parametrize(
    "document",
    [
        "query($id: ID!) { node(id: $id) { id } }",
        "query($id: ID!) { mention(id: $id) { id } }",
        "{ mentions { nodes { id } } }",
        "mutation($id: ID!) { triageMention(input: {id: $id, read: true}) { mention { user { mentions { nodes { id } } } } } }",
        "mutation($id: ID!) { triageMention(input: {id: $id, read: true}) { mention { keyword { id } } } }",
    ],
)
async def test_the_write_scope_alone_reads_no_mention_outside_of_payloads(
    ask: Ask, world: World, ids: Ids, document: str
) -> None:
    await world.set_scopes("ann", "write:mentions")
    assert (await ask(document, id=ids["Mention"])).code == "FORBIDDEN"
