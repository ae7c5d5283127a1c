"""Scopes of API keys: a key reads only the entities that its scopes name, on every path."""

import pytest

from resolvers.framework.global_id import encode
from tests.support.world import Ask, World

REQUIRED_SCOPES = {
    "{ keywords { nodes { id } } }": {"read:keywords"},
    "{ keywords { nodes { user { id } } } }": {"read:keywords"},
    "{ mentions { nodes { id } } }": {"read:mentions"},
    "{ mentions { nodes { keyword { id } } } }": {"read:mentions", "read:keywords"},
    "{ mentions { nodes { lead { id } } } }": {"read:mentions", "read:leads"},
    "{ mentions { nodes { analysis { status } } } }": {"read:mentions"},
    "{ mentions { nodes { integration { id } } } }": {"read:mentions", "read:integrations"},
    "{ mentions { stats { count likes } } }": {"read:mentions"},
    "{ mentions { stats { byKeyword { keyword { id } } } } }": {"read:mentions", "read:keywords"},
    "{ leads { nodes { id } } }": {"read:leads"},
    "{ leads { nodes { mention { id } } } }": {"read:leads", "read:mentions"},
    "{ leads { nodes { keyword { id } events { totalCount } } } }": {"read:leads", "read:keywords"},
    "{ leads { stats { byStatus { count } } } }": {"read:leads"},
    "{ leadStats { count byStatus { count } } }": {"read:leads"},
    "{ mentionStats { count byIntent { count } } }": {"read:mentions"},
    '{ leads(filter: {search: "crm"}) { totalCount } }': {"read:leads", "read:mentions"},
    "{ leadStats(filter: {not: {intent: {eq: BUYING}}}) { count } }": {"read:leads", "read:mentions"},
    "{ integrations { nodes { id } } }": {"read:integrations"},
    "{ integrations { nodes { logs { nodes { id } } } } }": {"read:integrations"},
    "{ integrations { nodes { mentions { nodes { id } } } } }": {"read:integrations", "read:mentions"},
    "{ viewer { leadsCount leads { nodes { id } } } }": {"read:leads"},
    "{ viewer { email mentionsCount } users { nodes { id } } }": set(),
}
READ_SCOPES = ["read:keywords", "read:mentions", "read:leads", "read:integrations"]


@pytest.mark.parametrize(("document", "needed"), REQUIRED_SCOPES.items(), ids=list(REQUIRED_SCOPES))
async def test_a_key_with_the_required_scopes_reads_the_document(
    ask: Ask, world: World, document: str, needed: set[str]
) -> None:
    await world.pool.execute("UPDATE mentions SET integration_id = (SELECT min(id) FROM integrations)")
    await world.set_scopes("ann", *needed, "write:keywords")
    assert (await ask(document)).data


@pytest.mark.parametrize(
    ("document", "missing"),
    [(document, scope) for document, needed in REQUIRED_SCOPES.items() for scope in sorted(needed)],
)
async def test_the_error_of_a_refused_read_names_the_missing_scope(
    ask: Ask, world: World, document: str, missing: str
) -> None:
    await world.pool.execute("UPDATE mentions SET integration_id = (SELECT min(id) FROM integrations)")
    await world.set_scopes("ann", *(scope for scope in READ_SCOPES if scope != missing))
    answer = await ask(document)
    assert {error["extensions"]["code"] for error in answer.body["errors"]} == {"FORBIDDEN"}
    assert all(f"`{missing}`" in error["message"] for error in answer.body["errors"])


@pytest.mark.parametrize("tag", ["Keyword", "Mention", "Lead", "Integration", "IntegrationLog"])
async def test_node_refuses_an_id_without_the_scope_of_its_type(ask: Ask, world: World, tag: str) -> None:
    table = {"IntegrationLog": "integration_logs"}.get(tag, f"{tag.lower()}s")
    (row, *_) = await world.rows(table, "ann")
    await world.set_scopes("ann", "bulk:read", "write:leads")
    document = "query($id: ID!) { node(id: $id) { id } }"
    assert (await ask(document, id=encode(tag, row["id"]))).code == "FORBIDDEN"


@pytest.mark.parametrize("scopes", [[], ["bulk:read"]])
async def test_a_key_whose_scopes_name_no_entity_reads_everything_and_writes_nothing(
    ask: Ask, world: World, scopes: list[str]
) -> None:
    await world.set_scopes("ann", *scopes)
    for document in REQUIRED_SCOPES:
        assert (await ask(document)).data
    answer = await ask('mutation { createKeyword(input: { keyword: "crm" }) { keyword { id } } }')
    assert answer.code == "FORBIDDEN"
