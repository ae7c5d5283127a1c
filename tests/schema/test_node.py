"""Lookups by id, lists, filters and cursors: viewers reach their own rows, and rows of other users are absent."""

from typing import Any

import pytest

from resolvers.framework.global_id import encode
from tests.support.world import Asker, World

TABLES = {
    "User": "users",
    "Keyword": "keywords",
    "Mention": "mentions",
    "Lead": "leads",
    "LeadEvent": "lead_events",
    "Integration": "integrations",
    "IntegrationLog": "integration_logs",
}
BY_ID = {
    "User": "user",
    "Keyword": "keyword",
    "Mention": "mention",
    "Lead": "lead",
    "Integration": "integration",
}
PEOPLE = ["ann", "ben", "olga"]
FRAGMENT_OF_NODES = """
    fragment Whole on Node {
        __typename id
        ... on User { email }
        ... on Keyword { words: keyword user { id } }
        ... on Mention { content keyword { id } }
        ... on Lead { status mention { id } }
        ... on LeadEvent { type lead { id } }
        ... on Integration { provider user { id } }
        ... on IntegrationLog { kind integration { id } }
    }
"""
NODE = f"query($id: ID!) {{ node(id: $id) {{ ...Whole }} }} {FRAGMENT_OF_NODES}"
NODES = f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ...Whole }} }} {FRAGMENT_OF_NODES}"


@pytest.fixture(scope="module")
async def ids(crowd: World) -> dict[str, dict[str, list[str]]]:
    """Global ids by type and owner."""
    found: dict[str, dict[str, list[str]]] = {}
    for tag, table in TABLES.items():
        rows = {name: await crowd.rows(table, name) for name in PEOPLE}
        found[tag] = {name: sorted(encode(tag, row["id"]) for row in mine) for name, mine in rows.items()}
    return found


def visible_to(viewer: str, owner: str) -> bool:
    return viewer in {owner, "olga"}


@pytest.mark.parametrize("viewer", PEOPLE)
@pytest.mark.parametrize("tag", list(TABLES))
async def test_an_object_is_found_by_its_id_if_the_viewer_may_see_it(
    asker: Asker, ids: dict[str, dict[str, list[str]]], tag: str, viewer: str
) -> None:
    for owner in ("ann", "ben"):
        id_ = ids[tag][owner][-1]
        found = (await asker(NODE, viewer=viewer, id=id_)).data["node"]
        if not visible_to(viewer, owner):
            assert found is None
            continue
        assert (found["__typename"], found["id"]) == (tag, id_)
        assert len(found) > 2
        if tag in BY_ID:
            document = f"query($id: ID!) {{ {BY_ID[tag]}(id: $id) {{ __typename id }} }}"
            data = (await asker(document, viewer=viewer, id=id_)).data
            assert data == {BY_ID[tag]: {"__typename": tag, "id": id_}}


@pytest.mark.parametrize("tag", list(BY_ID))
async def test_an_object_of_another_user_is_null_like_a_missing_one(
    asker: Asker, ids: dict[str, dict[str, list[str]]], tag: str
) -> None:
    document = f"query($id: ID!) {{ {BY_ID[tag]}(id: $id) {{ id }} node(id: $id) {{ id }} nodes(ids: [$id]) {{ id }} }}"
    for id_ in (ids[tag]["ben"][0], encode(tag, 10**9), encode(tag, 0), encode(tag, 2**63 - 1)):
        answer = await asker(document, id=id_)
        assert answer.data == {BY_ID[tag]: None, "node": None, "nodes": [None]}


async def test_nodes_of_mixed_types_are_in_the_order_of_the_requested_ids(
    asker: Asker, ids: dict[str, dict[str, list[str]]]
) -> None:
    mixed = [id_ for tag in TABLES for owner in ("ann", "ben") for id_ in ids[tag][owner][:3]]
    mixed += [encode("Lead", 10**9), mixed[0], mixed[0]]
    hers = {id_ for tag in TABLES for id_ in ids[tag]["ann"]}
    answer = await asker("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=mixed[::-1])
    assert answer.data["nodes"] == [{"id": id_} if id_ in hers else None for id_ in mixed[::-1]]
    assert answer.statements == [" + ".join(sorted(f"{table} by id" for table in TABLES.values()))]
    assert (await asker(NODES, ids=[])).data == {"nodes": []}


async def test_a_hundred_nodes_take_at_most_two_statements_for_each_type(
    asker: Asker, ids: dict[str, dict[str, list[str]]]
) -> None:
    few = [ids[tag]["ann"][0] for tag in TABLES]
    many = [id_ for tag in TABLES for id_ in ids[tag]["ann"][:16]]
    one, hundred = await asker(NODES, ids=few), await asker(NODES, ids=many)
    assert 90 < len(hundred.data["nodes"]) <= 100
    assert all(hundred.data["nodes"])
    # A parent may be among the nodes. One further statement for each type reads all the other parents.
    assert len(hundred.statements) <= len(one.statements) + len(TABLES)
    assert len(hundred.statements) <= 2 * len(TABLES)


async def test_the_error_names_the_invalid_id_among_several(
    asker: Asker, ids: dict[str, dict[str, list[str]]]
) -> None:
    answer = await asker(NODES, ids=[ids["Lead"]["ann"][0], "x"])
    assert (answer.code, answer.error["message"]) == ("BAD_USER_INPUT", "'x' is not an ID of this API.")


async def test_root_fields_with_the_same_id_share_a_statement(
    asker: Asker, ids: dict[str, dict[str, list[str]]]
) -> None:
    document = "query($id: ID!) { a: node(id: $id) { id } b: keyword(id: $id) { mentionsCount } c: nodes(ids: [$id, $id]) { id } }"
    assert (await asker(document, id=ids["Keyword"]["ann"][0])).statements == ["keywords by id"]


OWN = """{
    viewer { id }
    users { totalCount nodes { id } }
    keywords(first: 100) { totalCount nodes { id user { id } } }
    mentions(first: 100) { totalCount nodes { id user { id } } stats { count byKeyword(first: 100) { keyword { id } count } } }
    leads(first: 100) { totalCount nodes { id user { id } } stats { count byKeyword(first: 100) { keyword { id } count } } }
    integrations(first: 100) { totalCount nodes { id user { id } logs(first: 100) { nodes { id } } } }
}"""


@pytest.mark.parametrize("viewer", ["ann", "ben"])
async def test_members_see_all_their_own_rows_and_no_others(
    asker: Asker, ids: dict[str, dict[str, list[str]]], viewer: str
) -> None:
    data = (await asker(OWN, viewer=viewer)).data
    me = {"id": ids["User"][viewer][0]}
    assert data["viewer"] == me
    for tag in ("User", "Keyword", "Mention", "Lead", "Integration"):
        found = data[TABLES[tag]]
        assert sorted(node["id"] for node in found["nodes"]) == ids[tag][viewer]
        assert found["totalCount"] == len(ids[tag][viewer])
        assert all(node.get("user", me) == me for node in found["nodes"])
    logs = [log["id"] for node in data["integrations"]["nodes"] for log in node["logs"]["nodes"]]
    assert sorted(logs) == ids["IntegrationLog"][viewer]
    for list_ in ("mentions", "leads"):
        stats = data[list_]["stats"]
        assert (
            stats["count"] == sum(group["count"] for group in stats["byKeyword"]) == len(data[list_]["nodes"])
        )
        assert {group["keyword"]["id"] for group in stats["byKeyword"]} <= set(ids["Keyword"][viewer])


async def test_operators_see_the_rows_of_all_users(
    asker: Asker, ids: dict[str, dict[str, list[str]]]
) -> None:
    data = (await asker(OWN, viewer="olga")).data
    assert data["viewer"] == {"id": ids["User"]["olga"][0]}
    for tag in ("User", "Keyword", "Mention", "Lead", "Integration"):
        assert data[TABLES[tag]]["totalCount"] == sum(map(len, ids[tag].values()))


@pytest.mark.parametrize(("list_", "kind"), [("mentions", "MentionFilter"), ("leads", "LeadFilter")])
async def test_filters_by_ids_of_another_users_rows_match_nothing(
    asker: Asker, ids: dict[str, dict[str, list[str]]], list_: str, kind: str
) -> None:
    document = f"""query($f: {kind}) {{ {list_}(filter: $f) {{ nodes {{ id }} totalCount pageInfo {{ hasNextPage }}
        stats {{ count byPlatform {{ count }} }} }} viewer {{ {list_}(filter: $f) {{ totalCount }} }} }}"""
    wanted: list[dict[str, Any]] = [
        {"keywordId": {"in": ids["Keyword"]["ben"]}},
        {"keywordId": {"eq": ids["Keyword"]["ben"][0]}},
    ]
    if list_ == "mentions":
        wanted.append({"integrationId": {"in": ids["Integration"]["ben"]}})
    for one in wanted:
        data = (await asker(document, f=one)).data
        assert data[list_] == {
            "nodes": [], "totalCount": 0, "pageInfo": {"hasNextPage": False}, "stats": {"count": 0, "byPlatform": []},
        }  # fmt: skip
        assert data["viewer"][list_] == {"totalCount": 0}


@pytest.fixture(scope="module")
async def shared_rows(crowd: World, ids: dict[str, dict[str, list[str]]]) -> dict[str, str]:
    """Rows that refer to rows of another member: ben is the assignee of ann's lead, and the mention of that lead
    refers to ben's integration.
    """
    (mention,) = await crowd.pool.fetch(
        "UPDATE mentions SET integration_id = (SELECT max(id) FROM integrations WHERE user_id = $2) "
        "WHERE id = (SELECT mention_id FROM leads WHERE user_id = $1 ORDER BY id LIMIT 1) RETURNING id, integration_id",
        crowd.users["ann"],
        crowd.users["ben"],
    )
    lead = await crowd.pool.fetchval(
        "UPDATE leads SET assignee_user_id = $1 WHERE mention_id = $2 RETURNING id",
        crowd.users["ben"],
        mention["id"],
    )
    return {
        "mention": encode("Mention", mention["id"]),
        "integration": encode("Integration", mention["integration_id"]),
        "lead": encode("Lead", lead),
    }


SHARED = """query($mention: ID!, $lead: ID!, $integration: ID!, $f: MentionFilter) {
    mention(id: $mention) { id integration { id } lead { id assignee { id email } } }
    lead(id: $lead) { id assignee { id } mention { integration { name } } }
    integration(id: $integration) { mentions(first: 100) { nodes { id user { id } } totalCount stats { count byKeyword { keyword { id } } } } }
    found: mentions(filter: $f) { nodes { id integration { id } } }
}"""


async def test_references_between_rows_of_two_members_show_nothing_of_the_other_member(
    asker: Asker, ids: dict[str, dict[str, list[str]]], shared_rows: dict[str, str]
) -> None:
    by_integration = {"integrationId": {"eq": shared_rows["integration"]}}
    hers = (await asker(SHARED, viewer="ann", f=by_integration, **shared_rows)).data
    assert hers["mention"] == {
        "id": shared_rows["mention"],
        "integration": None,
        "lead": {"id": shared_rows["lead"], "assignee": None},
    }
    assert hers["lead"] == {"id": shared_rows["lead"], "assignee": None, "mention": {"integration": None}}
    assert hers["integration"] is None
    assert hers["found"] == {"nodes": [{"id": shared_rows["mention"], "integration": None}]}
    his = (await asker(SHARED, viewer="ben", f=by_integration, **shared_rows)).data
    assert (his["mention"], his["lead"]) == (None, None)
    brought_in = his["integration"]["mentions"]
    assert {node["user"]["id"] for node in brought_in["nodes"]} <= {ids["User"]["ben"][0]}
    assert shared_rows["mention"] not in {node["id"] for node in brought_in["nodes"] + his["found"]["nodes"]}
    assert brought_in["totalCount"] == brought_in["stats"]["count"] == len(brought_in["nodes"])
    assert {group["keyword"]["id"] for group in brought_in["stats"]["byKeyword"]} <= set(
        ids["Keyword"]["ben"]
    )
    operators = (await asker(SHARED, viewer="olga", f=by_integration, **shared_rows)).data
    assert operators["mention"]["integration"] == {"id": shared_rows["integration"]}
    assert operators["lead"]["assignee"] == {"id": ids["User"]["ben"][0]}
    assert operators["integration"]["mentions"]["totalCount"] == brought_in["totalCount"] + 1


async def test_a_cursor_of_another_users_list_shows_only_the_viewers_rows(asker: Asker) -> None:
    """A cursor encodes a position and grants no access."""
    document = "query($after: String) { mentions(first: 100, after: $after) { nodes { user { email } } edges { cursor } pageInfo { hasPreviousPage } } }"
    his = (await asker(document, viewer="ben")).data["mentions"]["edges"]
    for edge in his[::10]:
        found = (await asker(document, viewer="ann", after=edge["cursor"])).data["mentions"]
        assert {node["user"]["email"] for node in found["nodes"]} <= {"ann@example.com"}
