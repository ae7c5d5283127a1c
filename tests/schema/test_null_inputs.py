"""Nulls in the inputs of mutations: in creates they mean an omitted field, in updates what the schema says."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLNonNull, GraphQLObjectType, get_named_type

from resolvers.framework.global_id import encode
from schema.graph import build
from tests.support.world import Ask, World

TYPES = build().schema.type_map
MUTATION = TYPES["Mutation"]
assert isinstance(MUTATION, GraphQLObjectType)
INPUTS: dict[str, GraphQLInputObjectType] = {
    name: get_named_type(field.args["input"].type) for name, field in MUTATION.fields.items()
}
ONE_OF = "ExportListInput"
REFUSED = "Must not be null. Omit the field instead."

# A valid input of each mutation that creates or records, without optional fields.
CREATES: dict[str, dict[str, Any]] = {
    "createKeyword": {"keyword": "crm"},
    "ingestMentions": {
        "items": [
            {
                "platform": "WEB",
                "externalId": "1",
                "url": "https://example.com/1",
                "content": "crm",
                "keywordId": "<Keyword>",
            }
        ]
    },
    "analyzeMentions": {"ids": ["<Mention>"]},
    "recordAnalyses": {
        "analyzer": "mine",
        "analyses": [{"mentionId": "<Mention>", "sentiment": "POSITIVE", "relevance": "HIGH"}],
    },
    "createLead": {"mentionId": "<Mention>"},
    "connectIntegration": {"provider": "RSS"},
    "recordIntegrationRun": {"integrationId": "<Integration>", "status": "SUCCEEDED"},
    "createExport": {"list": {"leads": {}}},
    "createApiKey": {"name": "x", "scopes": ["read:leads"]},
    "rotateApiKey": {"id": "<ApiKey>"},
}
BY_OPERATORS = {"createUser"}
"""Creations that members cannot do. tests/schema/test_accounts.py sends null to them."""
OF_WEBHOOKS = {"createWebhook", "rotateWebhookSecret", "replayWebhook", "testWebhook"}
"""Writes whose rows are random or encrypted, and dry runs. Tests of webhooks send null to them."""
OF_CHANGES = {"at", "xid"}
"""The columns of the change feed that differ between two equal writes."""
IDENTITY = {
    "id",
    "email",
    "name",
    "key",
    "request_hash",
    "response",
    "content",
    "external_id",
    "keyword",
    "keyword_norm",
    "secret_hash",
}
TABLES = {"Keyword": "keywords", "Mention": "mentions", "Integration": "integrations", "ApiKey": "api_keys"}


async def filled(world: World, name: str, given: Any) -> Any:
    """Return the input with the ids of the user's first objects; of mentions, the first without a lead."""
    if isinstance(given, list):
        return [await filled(world, name, one) for one in given]
    if isinstance(given, dict):
        return {key: await filled(world, name, one) for key, one in given.items()}
    if not isinstance(given, str) or not given.startswith("<"):
        return given
    tag = given.strip("<>")
    without = " AND NOT EXISTS (SELECT 1 FROM leads WHERE mention_id = t.id)" if tag == "Mention" else ""
    (row,) = await world.fetch(
        f"SELECT min(id) AS id FROM {TABLES[tag]} AS t WHERE user_id = $1{without}", world.users[name]
    )
    return encode(tag, row["id"])


def with_nulls(given: Any, type_: Any) -> Any:
    """Return the input with null for each optional field, also of nested inputs."""
    named = get_named_type(type_)
    if isinstance(given, list):
        return [with_nulls(one, type_) for one in given]
    if not isinstance(named, GraphQLInputObjectType):
        return given
    if named.name == ONE_OF:
        return {name: with_nulls(one, named.fields[name].type) for name, one in given.items()}
    nulls = {name: None for name, field in named.fields.items() if name not in given and is_optional(field)}
    return {**nulls, **{name: with_nulls(one, named.fields[name].type) for name, one in given.items()}}


def is_optional(field: Any) -> bool:
    return not isinstance(field.type, GraphQLNonNull)


def comparable(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that do not depend on the row's identity, its user or the time."""
    return {
        name: value
        for name, value in row.items()
        if name not in IDENTITY | OF_CHANGES and not name.endswith(("_id", "_at", "_ids"))
    }


async def written(ask: Ask, world: World, name: str, mutation: str, given: dict[str, Any]) -> Any:
    """Run a mutation as the user. Return the new and the changed rows of each table."""
    before = await world.contents()
    document = f"mutation($i: {INPUTS[mutation].name}!) {{ r: {mutation}(input: $i) {{ userErrors {{ message path }} }} }}"
    assert (await ask(document, viewer=name, i=given)).data == {"r": {"userErrors": []}}
    after = await world.contents()
    return {
        table: [comparable(row) for row in rows if row not in before[table]]
        for table, rows in after.items()
        if rows != before[table]
    }


@pytest.mark.parametrize("mutation", CREATES)
async def test_null_writes_the_same_rows_as_an_omitted_field(ask: Ask, world: World, mutation: str) -> None:
    """ann and ben have equal rows. ann sends no optional field, ben sends null for each."""
    absent = await filled(world, "ann", CREATES[mutation])
    nulls = with_nulls(await filled(world, "ben", CREATES[mutation]), INPUTS[mutation])
    assert nulls != await filled(world, "ben", CREATES[mutation])
    expected = await written(ask, world, "ann", mutation, absent)
    assert expected
    assert await written(ask, world, "ben", mutation, nulls) == expected


@pytest.mark.parametrize("mutation", [name for name in CREATES if "idempotencyKey" in INPUTS[name].fields])
async def test_a_key_treats_null_and_an_omitted_field_alike(ask: Ask, world: World, mutation: str) -> None:
    absent = {**await filled(world, "ann", CREATES[mutation]), "idempotencyKey": "k"}
    document = f"mutation($i: {INPUTS[mutation].name}!) {{ r: {mutation}(input: $i) {{ replayed userErrors {{ message }} }} }}"
    first = await ask(document, i=absent)
    again = await ask(document, i=with_nulls(absent, INPUTS[mutation]))
    assert first.data == {"r": {"replayed": False, "userErrors": []}}
    assert again.data == {"r": {"replayed": True, "userErrors": []}}


def updates() -> Iterator[str]:
    """Yield the mutations that change existing objects: all others."""
    yield from (name for name in INPUTS if name not in {*CREATES, *BY_OPERATORS, *OF_WEBHOOKS})


def nullable_fields() -> set[str]:
    """Return the input fields whose description, or the description of their input, mentions null."""
    return {
        f"{mutation}.{name}"
        for mutation in updates()
        for name, field in INPUTS[mutation].fields.items()
        if is_optional(field) and "Null" in f"{field.description} {INPUTS[mutation].description}"
    }


def test_in_creates_no_description_gives_null_a_meaning_of_its_own() -> None:
    for mutation in CREATES:
        for type_ in inputs_of(INPUTS[mutation]):
            for name, field in type_.fields.items():
                assert "Null is not allowed" not in (field.description or ""), (type_.name, name)


def inputs_of(type_: GraphQLInputObjectType) -> Iterator[GraphQLInputObjectType]:
    yield type_
    for field in type_.fields.values():
        named = get_named_type(field.type)
        if isinstance(named, GraphQLInputObjectType) and not named.name.endswith("Filter"):
            yield from inputs_of(named)


def test_updates_state_what_null_does() -> None:
    """A field that is optional in an update clears or refuses null, and says so, or treats null as omitted."""
    absent = {
        f"{mutation}.{name}"
        for mutation in updates()
        for name, field in INPUTS[mutation].fields.items()
        if is_optional(field)
    } - nullable_fields()
    assert {
        field for field in absent if field.split(".")[1] not in {"expectedVersion", "idempotencyKey"}
    } == {"changeLeadStatus.disqualifyReason", "createBrowserToken.expiresIn", "signOut.everywhere"}


@pytest.mark.parametrize(
    ("mutation", "given", "refused"),
    [
        ("updateKeyword", {"keyword": None, "matchType": None, "requiredTerms": None, "excludedTerms": None, "platforms": None}, ["keyword", "matchType", "requiredTerms", "excludedTerms", "platforms"]),
        ("updateLead", {"notes": None, "tags": None, "value": None, "currency": None, "contactName": None, "expectedVersion": None}, ["notes", "tags"]),
        ("updateIntegration", {"name": None, "settings": None, "scopes": None, "syncIntervalMinutes": None, "credentials": None}, ["name", "settings", "scopes", "syncIntervalMinutes"]),
        ("triageMention", {"read": None, "starred": None, "dismissed": None, "engaged": None}, ["read", "starred", "dismissed", "engaged"]),
    ],
)  # fmt: skip
async def test_updates_refuse_null_where_a_value_is_required(
    ask: Ask, world: World, mutation: str, given: dict[str, Any], refused: list[str]
) -> None:
    tag = mutation.removeprefix("update").removeprefix("triage")
    table = f"{tag.lower()}s"
    id_ = encode(tag, min(row["id"] for row in await world.rows(table, "ann")))
    before = await world.contents()
    document = f"mutation($i: {INPUTS[mutation].name}!) {{ r: {mutation}(input: $i) {{ userErrors {{ code message path }} }} }}"
    answer = await ask(document, i={"id": id_, **given})
    errors = {(error["code"], error["message"], *error["path"]) for error in answer.data["r"]["userErrors"]}
    assert errors == {("REQUIRED", REFUSED, "input", name) for name in refused}
    assert await world.contents() == before
