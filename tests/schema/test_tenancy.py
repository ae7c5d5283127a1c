"""Every door for every credential: each field, list, aggregate, id, cursor, mutation, export, download and stream.

The tests are generated from the schema, so a new field or mutation is walked at once. Each asserts the answer, and that
nothing happened: no row of any table changed.
"""

import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLNonNull, get_named_type, is_list_type

from resolvers.entities import ENTITIES as DECLARED
from resolvers.framework.global_id import decode, encode
from schema.graph import build
from services.accounts import api_key
from services.browsers.tokens import digest, new_token
from tests.schema.test_walk import (
    OBJECTS,
    ROOTS,
    ROOTS_BY_ID,
    TABLES,
    Walk,
    named_values,
    root_document,
    some_ids,
    type_of_root,
)
from tests.support.rows import add_key
from tests.support.world import Answer, Asker, World

SCHEMA = build().schema
SCOPES = sorted(api_key.SCOPES)
PERMISSIONS = {entity.typename: entity.permission for entity in DECLARED if entity.has_id}

Headers = dict[str, str]


@dataclass(frozen=True)
class Credential:
    """A way to identify a user: its headers, made when the test runs."""

    user: str | None
    headers: Callable[[World, str], Awaitable[Headers]]
    scopes: frozenset[str] = api_key.ALL_SCOPES | {api_key.BULK_READ}


async def none(world: World, user: str) -> Headers:
    del world, user
    return {}


async def full_key(world: World, user: str) -> Headers:
    return {"authorization": f"Bearer {await add_key(world.pool, world.users[user], SCOPES)}"}


def key_of(scope: str) -> Callable[[World, str], Awaitable[Headers]]:
    async def made(world: World, user: str) -> Headers:
        return {"authorization": f"Bearer {await add_key(world.pool, world.users[user], [scope])}"}

    return made


async def session(world: World, user: str) -> Headers:
    """Return the cookie of a new session, and the origin of the server's own page."""
    token = new_token()
    await world.pool.execute(
        "INSERT INTO sessions (user_id, token_hash, expires_at, ends_at) "
        "VALUES ($1, $2, now() + interval '1 day', now() + interval '1 day')",
        world.users[user],
        digest(token),
    )
    return {"cookie": f"__Host-leadgraph_session={token}", "origin": "http://test"}


CREDENTIALS: dict[str, Credential] = {
    "anonymous": Credential(None, none),
    "suspended by key": Credential("sam", full_key),
    "stranger by key": Credential("ben", full_key),
    "owner by key": Credential("ann", full_key),
    "operator by key": Credential("olga", full_key),
    "suspended by session": Credential("sam", session),
    "stranger by session": Credential("ben", session),
    "owner by session": Credential("ann", session),
    "operator by session": Credential("olga", session),
    **{
        f"owner by key with {scope} alone": Credential("ann", key_of(scope), api_key.granted([scope]))
        for scope in SCOPES
    },
}
"""All kinds of credentials, a line for each user."""
STRANGERS = [name for name, one in CREDENTIALS.items() if one.user in {None, "sam", "ben"}]
BEN = [name for name, one in CREDENTIALS.items() if one.user == "ben"]
OUTSIDE = [name for name, one in CREDENTIALS.items() if one.user in {None, "sam"}]
LIMITED = [name for name, one in CREDENTIALS.items() if one.user == "ann" and "alone" in name]


@dataclass(frozen=True)
class Door:
    """The API, and a function that sends a document with a credential."""

    asker: Asker
    world: World
    made: dict[str, Headers]

    async def headers(self, credential: str) -> Headers:
        if credential not in self.made:
            one = CREDENTIALS[credential]
            self.made[credential] = await one.headers(self.world, one.user or "")
        return self.made[credential]

    async def ask(self, credential: str, document: str, **variables: object) -> Answer:
        headers = await self.headers(credential) | {"content-type": "application/json"}
        content = json.dumps({"query": document, "variables": variables})
        response = await self.asker.client.post("/graphql", content=content, headers=headers)
        return Answer(response.status_code, response.json())


@pytest.fixture(scope="module")
async def door(asker: Asker) -> Door:
    """The rows are ann's. ben has rows of his own, sam is suspended and has rows, and olga is an operator."""
    world = asker.world
    for name in ("ann", "ben", "sam"):
        await world.add_user(name)
        await world.add_keywords(name)
        await world.add_integrations(name)
        await world.pool.execute(
            "INSERT INTO lead_events (lead_id, type, data) SELECT id, 'updated', '{}' FROM leads WHERE user_id = $1",
            world.users[name],
        )
        await world.pool.execute(
            "INSERT INTO exports (user_id, everybody, entity, format, columns, question, status) "
            "VALUES ($1, false, 'leads', 'csv', '{id}', '{}', 'queued')",
            world.users[name],
        )
        await world.pool.execute(
            "WITH made AS (INSERT INTO webhooks (user_id, everybody, url, event_types, position, change_id) "
            "VALUES ($1, false, 'https://example.com', '{lead.created}', '', 0) RETURNING id, user_id) "
            "INSERT INTO webhook_deliveries (user_id, webhook_id, message_id, event_type, entity, entity_id, occurred_at) "
            "SELECT user_id, id, 'msg', 'lead.created', 'Lead', 1, now() FROM made",
            world.users[name],
        )
    await world.add_user("olga", role="operator")
    made = Door(asker, world, {})
    for credential in CREDENTIALS:
        await made.headers(credential)
    await world.pool.execute("UPDATE users SET status = 'suspended' WHERE id = $1", world.users["sam"])
    return made


@pytest.fixture
async def ids(door: Door) -> dict[str, str]:
    """Ids of ann's rows."""
    found = await some_ids(door.world, "ann")
    export = await door.world.pool.fetchval(
        "SELECT id FROM exports WHERE user_id = $1", door.world.users["ann"]
    )
    key = await door.world.pool.fetchval(
        "SELECT min(id) FROM api_keys WHERE user_id = $1", door.world.users["ann"]
    )
    opened = await door.world.pool.fetchval(
        "SELECT id FROM sessions WHERE user_id = $1", door.world.users["ann"]
    )
    webhook = await door.world.pool.fetchval(
        "SELECT id FROM webhooks WHERE user_id = $1", door.world.users["ann"]
    )
    delivery = await door.world.pool.fetchval(
        "SELECT id FROM webhook_deliveries WHERE user_id = $1", door.world.users["ann"]
    )
    return found | {
        "Webhook": encode("Webhook", webhook),
        "WebhookDelivery": encode("WebhookDelivery", delivery),
        "Object": found["Lead"],
        "Export": encode("Export", export),
        "ApiKey": encode("ApiKey", key),
        "Session": encode("Session", opened),
    }


@pytest.fixture
async def unchanged(door: Door) -> Any:
    """Fail the test if it changed a row."""
    before = await door.world.contents()
    yield
    after = await door.world.contents()
    assert after.keys() == before.keys()
    for table, rows in before.items():
        assert after[table] == rows, table


def codes(answer: Answer) -> set[str]:
    return {error["extensions"]["code"] for error in answer.body.get("errors", ())}


async def owners(world: World, data: Any) -> set[int]:
    """Return the users whose rows an answer shows."""
    seen = {
        value for key, value in named_values(data) if key.endswith(("_id", "id")) and isinstance(value, str)
    }
    found = set()
    for model, row_id in map(decode, seen):
        column = "id" if model.__tablename__ == "users" else "user_id"
        found.add(
            await world.pool.fetchval(f"SELECT {column} FROM {model.__tablename__} WHERE id = $1", row_id)
        )
    return found


WALKED_ROOTS = sorted(OBJECTS["Query"].fields)


def document_of(name: str, ids: dict[str, str]) -> str:
    """Return a document of the root with all that is below it."""
    if name in ROOTS:
        return root_document(name, Walk(), {tag: id_ for tag, id_ in ids.items() if tag in TABLES})
    plain = {
        "doctor": "{ doctor { findings { check } } }",
        "apiKey": f'{{ apiKey(id: "{ids["ApiKey"]}") {{ id name }} }}',
        "apiKeys": "{ apiKeys { nodes { id name } } }",
        "sessions": "{ sessions { sessionId } }",
        "webhook": f'{{ webhook(id: "{ids["Webhook"]}") {{ id url deliveries {{ nodes {{ id messageId }} }} }} }}',
        "webhooks": "{ webhooks { nodes { id url deliveries { nodes { id messageId } } } } }",
    }
    if name in plain:
        return plain[name]
    selected = "id status rowsCount url"
    return (
        f'{{ export(id: "{ids["Export"]}") {{ {selected} }} }}'
        if name == "export"
        else f"{{ exports {{ totalCount nodes {{ {selected} }} }} }}"
    )


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("credential", OUTSIDE)
@pytest.mark.parametrize("name", WALKED_ROOTS)
async def test_nothing_is_shown_without_a_working_credential(
    door: Door, ids: dict[str, str], name: str, credential: str
) -> None:
    one = OBJECTS["Query"].fields[name]
    given = {"id": ids.get(type_of_root(name), ids["Lead"]), "ids": [ids["Lead"]]}
    arguments = ", ".join(f"{name}: {json.dumps(given[name])}" for name in one.args if name in given)
    asked = f"{{ {name}{f'({arguments})' if arguments else ''} {{ __typename }} }}"
    answer = await door.ask(credential, asked)  # the root fails, and with it all that is below
    assert codes(answer) == {"UNAUTHENTICATED"}
    assert not any((answer.body.get("data") or {}).values())


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("name", WALKED_ROOTS)
@pytest.mark.parametrize("credential", BEN)
async def test_a_stranger_sees_nothing_of_the_owner(
    door: Door, ids: dict[str, str], name: str, credential: str
) -> None:
    answer = await door.ask(credential, document_of(name, ids))
    assert codes(answer) <= ({"FORBIDDEN"} if name == "doctor" else set()), answer.body
    assert await owners(door.world, answer.body["data"]) <= {door.world.users["ben"]}
    if name in {*ROOTS_BY_ID, "export", "apiKey", "webhook"}:
        values = answer.data["nodes"] if name == "nodes" else list(answer.data.values())
        assert set(values) == {None}


@pytest.mark.parametrize(
    "credential", ["owner by key", "owner by session", "operator by key", "operator by session"]
)
@pytest.mark.parametrize("name", ROOTS_BY_ID)
async def test_the_owner_and_operators_see_the_rows(
    door: Door, ids: dict[str, str], name: str, credential: str
) -> None:
    answer = await door.ask(credential, document_of(name, ids))
    assert door.world.users["ann"] in await owners(door.world, answer.data)


async def test_not_even_an_operator_sees_an_export_of_another(door: Door, ids: dict[str, str]) -> None:
    assert (await door.ask("operator by key", document_of("export", ids))).data == {"export": None}
    assert (await door.ask("operator by key", document_of("exports", ids))).data["exports"]["totalCount"] == 0
    assert (await door.ask("owner by key", document_of("export", ids))).data["export"] is not None


def types_of(name: str) -> set[str]:
    """Return the entities of which a root shows rows or figures."""
    known = {"leadStats": {"Lead"}, "mentionStats": {"Mention"}}
    return known.get(name, {type_of_root(name).removesuffix("Connection")} & PERMISSIONS.keys())


PLAIN_ROOTS = [name for name in ROOTS if types_of(name)]


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("credential", LIMITED)
@pytest.mark.parametrize("name", PLAIN_ROOTS)
async def test_a_single_scope_shows_its_own_entity_alone(
    door: Door, ids: dict[str, str], name: str, credential: str
) -> None:
    (tag,) = types_of(name)
    asked = f'(id: "{ids[tag]}")' if "id" in OBJECTS["Query"].fields[name].args else ""
    selected = (
        "nodes { id }" if type_of_root(name).endswith("Connection") else "count" if "Stats" in name else "id"
    )
    answer = await door.ask(credential, f"{{ {name}{asked} {{ {selected} }} }}")
    needed = PERMISSIONS[tag]
    if needed is None or needed in CREDENTIALS[credential].scopes:
        assert answer.data[name]
    else:
        assert codes(answer) == {"FORBIDDEN"}
        assert f"`{needed}`" in answer.error["message"]
        assert not any((answer.body.get("data") or {}).values())


LISTS = [name for name in ROOTS if type_of_root(name).endswith("Connection")]


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("credential", BEN)
async def test_a_cursor_of_the_owner_opens_nothing_to_a_stranger(
    door: Door, name: str, credential: str
) -> None:
    id_ = "nodeId" if name == "changes" else "id"
    page = f"query($after: String) {{ {name}(first: 1, after: $after) {{ nodes {{ {id_} }} pageInfo {{ endCursor }} }} }}"
    cursor = (await door.ask("owner by key", page)).data[name]["pageInfo"]["endCursor"]
    answer = await door.ask(credential, page, after=cursor)
    assert codes(answer) <= {"BAD_CURSOR"}
    assert await owners(door.world, answer.body.get("data")) <= {door.world.users["ben"]}


def filters_by_id() -> Iterator[tuple[str, str, str]]:
    """Yield each root list, its filter fields that compare ids, and the type of these ids."""
    for name in LISTS:
        fields = get_named_type(OBJECTS["Query"].fields[name].args["filter"].type).fields
        for field, one in fields.items():
            type_ = get_named_type(one.type)
            if isinstance(type_, GraphQLInputObjectType) and field.endswith("Id") and field != "externalId":
                tag = "User" if field == "assigneeId" else field[0].upper() + field[1:-2]
                yield name, field, tag


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(("name", "field", "tag"), list(filters_by_id()))
@pytest.mark.parametrize("credential", BEN)
async def test_a_filter_by_ids_of_the_owner_matches_nothing_of_a_stranger(
    door: Door, ids: dict[str, str], name: str, field: str, tag: str, credential: str
) -> None:
    document = f'{{ {name}(filter: {{ {field}: {{ eq: "{ids[tag]}" }} }}) {{ totalCount nodes {{ id }} }} }}'
    assert (await door.ask(credential, document)).data[name] == {"totalCount": 0, "nodes": []}


MUTATIONS = sorted(OBJECTS["Mutation"].fields)
SAMPLES: dict[str, object] = {
    "String": "words", "Int": 1, "Float": 0.5, "Boolean": True, "Decimal": "1", "DateTime": "2026-01-31T12:00:00Z",
    "JSON": {}, "Secret": "secret", "URL": "https://example.com",
}  # fmt: skip
BY_NAME = {"url": "https://example.com/post"}
OPTIONAL = {"keywordId", "integrationId", "read", "name", "content", "sentiment", "intent", "relevance"}
"""Optional fields that the walk gives: those that name rows, and those without which a mutation does nothing."""


def entity_of(mutation: str, field: str) -> str:
    """Return the type of the row that an id of a mutation's input names."""
    if field not in {"id", "ids"}:
        return field[0].upper() + field[1:-2]
    if mutation == "analyzeMentions":
        return "Mention"
    return max((tag for tag in PERMISSIONS if tag in mutation), key=len)


def sample(mutation: str, field: str, type_: Any, ids: dict[str, str]) -> Any:
    inner = get_named_type(type_)
    bare = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    if isinstance(inner, GraphQLInputObjectType):
        value: Any = (
            {"leads": {"fields": ["ID"]}}
            if inner.name == "ExportListInput"
            else {
                name: sample(mutation, name, one.type, ids)
                for name, one in inner.fields.items()
                if isinstance(one.type, GraphQLNonNull) or name in OPTIONAL
            }
        )
    elif inner.name == "ID":
        value = ids[entity_of(mutation, field)]
    else:
        value = next(iter(inner.values)) if isinstance(inner, GraphQLEnumType) else SAMPLES[inner.name]
        value = BY_NAME.get(field, value)
    return [value] if is_list_type(bare) else value


def call(mutation: str, ids: dict[str, str]) -> tuple[str, Any]:
    """Return a document of the mutation, and an input that names the owner's rows."""
    one = OBJECTS["Mutation"].fields[mutation]
    payload = get_named_type(one.type)
    given = get_named_type(one.args["input"].type)
    results = "results { errors { code } }" if payload.name == "IngestMentionsPayload" else ""
    return (
        f"mutation($input: {given.name}!) {{ {mutation}(input: $input) {{ userErrors {{ code }} {results} }} }}",
        sample(mutation, "input", given, ids),
    )


ON_OWN_ACCOUNT = {
    "createKeyword", "connectIntegration", "createExport", "updateViewer", "createApiKey", "createBrowserToken", "createWebhook",
    "changePassword", "signIn", "signOut",
}  # fmt: skip
OF_OPERATORS = {"createUser", "suspendUser", "resumeUser", "deleteUser"}
WITHOUT_CREDENTIAL = {"signIn", "signOut"}
"""Mutations that name no row of others: they act for the viewer alone."""


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("credential", OUTSIDE)
@pytest.mark.parametrize("mutation", [name for name in MUTATIONS if name not in WITHOUT_CREDENTIAL])
async def test_nothing_is_written_without_a_working_credential(
    door: Door, ids: dict[str, str], mutation: str, credential: str
) -> None:
    document, given = call(mutation, ids)
    answer = await door.ask(credential, document, input=given)
    assert codes(answer) == {"UNAUTHENTICATED"}
    assert not any((answer.body.get("data") or {}).values())


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("mutation", [name for name in MUTATIONS if name not in ON_OWN_ACCOUNT])
@pytest.mark.parametrize("credential", BEN)
async def test_a_stranger_writes_no_row_of_the_owner(
    door: Door, ids: dict[str, str], mutation: str, credential: str
) -> None:
    document, given = call(mutation, ids)
    answer = await door.ask(credential, document, input=given)
    needs_a_session = (mutation, credential) == ("revokeSession", "stranger by key")
    if mutation in OF_OPERATORS or needs_a_session:
        assert codes(answer) == {"FORBIDDEN"}
        return
    found = {value for key, value in named_values(answer.data) if key == "code"}
    assert found == {"NOT_FOUND"}, answer.body


def scope_of(mutation: str) -> str | None:
    """Return the scope that the mutation's description names."""
    text = OBJECTS["Mutation"].fields[mutation].description or ""
    found = text.partition("Requires the scope `")[2].partition("`")[0]
    return found or None


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("credential", LIMITED)
@pytest.mark.parametrize("mutation", [name for name in MUTATIONS if scope_of(name)])
async def test_a_mutation_requires_its_scope(
    door: Door, ids: dict[str, str], mutation: str, credential: str
) -> None:
    needed = scope_of(mutation)
    if needed in CREDENTIALS[credential].scopes:
        return  # it would act; the tests of the mutation show how
    document, given = call(mutation, ids)
    answer = await door.ask(credential, document, input=given)
    assert codes(answer) == {"FORBIDDEN"}
    assert f"`{needed}`" in answer.error["message"]
    assert not any((answer.body.get("data") or {}).values())


def test_mutations_without_a_stated_scope_are_few() -> None:
    personal = {"changePassword", "createBrowserToken", "revokeSession", "signIn", "signOut"}
    assert {name for name in MUTATIONS if not scope_of(name)} == {"cancelExport", "createExport"} | personal


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("credential", STRANGERS)
async def test_the_file_of_an_export_is_closed_to_others(
    door: Door, ids: dict[str, str], credential: str
) -> None:
    response = await door.asker.client.get(
        f"/exports/{ids['Export']}/download", headers=await door.headers(credential)
    )
    assert response.status_code == (404 if credential.startswith("stranger") else 401)
    assert response.json()["errors"][0]["extensions"]["code"] in {"NOT_FOUND", "UNAUTHENTICATED"}


async def stream(door: Door, credential: str, keyword_id: str) -> httpx.Response:
    line = {
        "platform": "REDDIT",
        "externalId": "x1",
        "url": "https://example.com",
        "content": "words",
        "keywordId": keyword_id,
    }
    headers = await door.headers(credential) | {"content-type": "application/x-ndjson"}
    return await door.asker.client.post("/ingest/mentions", content=json.dumps(line) + "\n", headers=headers)


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("credential", [*OUTSIDE, *LIMITED])
async def test_a_stream_requires_its_scope(door: Door, ids: dict[str, str], credential: str) -> None:
    if api_key.WRITE_MENTIONS in CREDENTIALS[credential].scopes and credential in LIMITED:
        return
    response = await stream(door, credential, ids["Keyword"])
    assert response.status_code == (401 if credential in OUTSIDE else 403)


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("credential", BEN)
async def test_a_stream_writes_no_mention_of_a_strangers_keyword(
    door: Door, ids: dict[str, str], credential: str
) -> None:
    response = await stream(door, credential, ids["Keyword"])
    assert response.status_code == 200
    assert "NOT_FOUND" in response.text
