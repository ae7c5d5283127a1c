"""The change feed in the API: what a viewer sees, cursors, and a copy that list and changes keep right."""

import asyncio
import random
from dataclasses import replace
from typing import Any

import pytest

from resolvers.framework.global_id import encode
from services.accounts import api_key
from services.changes.position import Position
from tests.support.world import Ask, World

CHANGES = """
query($first: Int, $after: String, $types: [ChangeType!], $filter: ChangeFilter) {
  changes(first: $first, after: $after, types: $types, filter: $filter) {
    nodes {
      type kind nodeId fields requestId apiKeyId actor { name }
      node { __typename id ... on Keyword { status } ... on Lead { notes } }
    }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor changesAfter }
  }
}
"""
NOW = "{ keywords(first: 0) { pageInfo { changesAfter } } }"
PAUSE = "mutation($id: ID!) { pauseKeyword(input: {id: $id}) { keyword { id } userErrors { code } } }"
DELETE = "mutation($id: ID!) { deleteKeyword(input: {id: $id}) { userErrors { code } } }"


async def now(ask: Ask, viewer: str = "ann") -> str:
    found: str = (await ask(NOW, viewer=viewer)).data["keywords"]["pageInfo"]["changesAfter"]
    return found


async def read(ask: Ask, after: str | None, viewer: str = "ann", **arguments: Any) -> Any:
    return (await ask(CHANGES, viewer=viewer, after=after, **arguments)).data["changes"]


def shown(page: Any) -> list[tuple[str, str, str]]:
    return [(node["type"], node["kind"], node["nodeId"]) for node in page["nodes"]]


async def first_keyword(world: World, name: str) -> int:
    row = await world.fetch("SELECT min(id) AS id FROM keywords WHERE user_id = $1", world.users[name])
    return int(row[0]["id"])


async def test_a_change_names_its_fields_author_and_object(ask: Ask, world: World) -> None:
    after = await now(ask)
    keyword = encode("Keyword", await first_keyword(world, "ann"))
    await ask(PAUSE, id=keyword)
    page = await read(ask, after)
    (change,) = page["nodes"]
    parsed = api_key.parse(world.keys["ann"])
    assert parsed is not None
    assert change | {"requestId": None} == {
        "type": "KEYWORD",
        "kind": "UPDATED",
        "nodeId": keyword,
        "fields": ["status", "updatedAt"],
        "requestId": None,
        "apiKeyId": encode("ApiKey", parsed.key_id),
        "actor": {"name": "ann"},
        "node": {"__typename": "Keyword", "id": keyword, "status": "PAUSED"},
    }
    assert len(change["requestId"]) > 10
    assert page["pageInfo"]["endCursor"] == page["pageInfo"]["changesAfter"]
    assert not page["pageInfo"]["hasNextPage"]
    assert shown(await read(ask, page["pageInfo"]["endCursor"])) == []


async def test_a_cascade_gives_tombstones_of_everything(ask: Ask, world: World) -> None:
    keyword = await first_keyword(world, "ann")
    rows = {
        "MENTION": await world.fetch("SELECT id FROM mentions WHERE keyword_id = $1", keyword),
        "LEAD": await world.fetch("SELECT id FROM leads WHERE keyword_id = $1", keyword),
    }
    after, foreign, all_ = await now(ask), await now(ask, "ben"), await now(ask, "olga")
    assert (await ask(DELETE, id=encode("Keyword", keyword))).data["deleteKeyword"]["userErrors"] == []
    expected = {("KEYWORD", "DELETED", encode("Keyword", keyword))} | {
        (type_, "DELETED", encode(type_.title(), row["id"])) for type_, found in rows.items() for row in found
    }
    for viewer, cursor in (("ann", after), ("olga", all_)):
        page = await read(ask, cursor, viewer)
        assert set(shown(page)) == expected
        assert len(page["nodes"]) == len(expected)
        assert [node["node"] for node in page["nodes"]] == [None] * len(expected)
    assert shown(await read(ask, foreign, "ben")) == []


async def test_pages_of_any_size_give_each_change_once(ask: Ask, world: World) -> None:
    await world.add_keywords("ann", keywords=2, mentions=5)
    for viewer in ("ann", "ben", "olga"):
        whole = shown(await read(ask, None, viewer, first=100))
        for first in (1, 3, 7):
            found: list[Any] = []
            cursor, more = None, True
            while more:
                page = await read(ask, cursor, viewer, first=first)
                assert page["pageInfo"]["hasPreviousPage"] is (cursor is not None)
                found += shown(page)
                cursor, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
            assert found == whole
        assert whole


async def test_a_member_sees_no_change_of_others(ask: Ask, world: World) -> None:
    own = {row["id"] for row in await world.rows("mentions", "ann")}
    page = await read(ask, None, types=["MENTION"], first=100)
    assert {node["nodeId"] for node in page["nodes"]} == {encode("Mention", id_) for id_ in own}
    foreign = encode("Keyword", await first_keyword(world, "ben"))
    assert shown(await read(ask, None, filter={"id": foreign})) == []


async def test_an_operator_sees_exports_of_no_other_user(ask: Ask, world: World) -> None:
    document = (
        "mutation { createExport(input: {list: {keywords: {}}}) { export { id } userErrors { code } } }"
    )
    exports = {
        name: (await ask(document, viewer=name)).data["createExport"]["export"]["id"]
        for name in ("ann", "olga")
    }
    for name, id_ in exports.items():
        assert shown(await read(ask, None, name, types=["EXPORT"])) == [("EXPORT", "CREATED", id_)]


async def test_one_object_has_a_history(ask: Ask, world: World) -> None:
    keyword = encode("Keyword", await first_keyword(world, "ann"))
    await ask(PAUSE, id=keyword)
    assert [kind for _, kind, _ in shown(await read(ask, None, filter={"id": keyword}))] == [
        "CREATED",
        "UPDATED",
    ]
    assert shown(await read(ask, None, filter={"id": keyword, "kinds": ["DELETED"]})) == []
    document = """{ keywords { nodes { id changes(first: 1) { kind fields node { id } } leads { nodes { changes { kind } } } } }
        integrations { nodes { changes { kind nodeId } } } mentions { nodes { id changes { kind nodeId fields } } } }"""
    answer = await ask(document)
    for node in answer.data["keywords"]["nodes"]:
        expected = "UPDATED" if node["id"] == keyword else "CREATED"
        assert [change["kind"] for change in node["changes"]] == [expected]
        assert [change["node"]["id"] for change in node["changes"]] == [node["id"]]
    for node in answer.data["mentions"]["nodes"]:
        kinds = [change["kind"] for change in node["changes"]]
        assert kinds[-1] == "CREATED"
        assert {change["nodeId"] for change in node["changes"]} == {node["id"]}
        assert [change["fields"] for change in node["changes"]] == [["analysis"]] * (len(kinds) - 1) + [[]]
    of_rows = [name for name in answer.statements if "newest_changes_of_each" in name]
    assert len(of_rows) == 4


async def test_scopes_limit_the_types(ask: Ask, world: World) -> None:
    await world.set_scopes("ann", "read:keywords", "read:mentions")
    page = await read(ask, None, first=100)
    assert {node["type"] for node in page["nodes"]} == {"USER", "KEYWORD", "MENTION"}
    refused = await ask(CHANGES, types=["LEAD", "KEYWORD"])
    assert (refused.code, refused.error["extensions"]["missingScopes"]) == ("FORBIDDEN", ["read:leads"])
    lead = encode("Lead", (await world.rows("leads", "ann"))[0]["id"])
    assert (await ask(CHANGES, filter={"id": lead})).code == "FORBIDDEN"
    assert (await ask("{ integrations { nodes { changes { kind } } } }")).code == "FORBIDDEN"


@pytest.mark.parametrize("viewer", ["ann", "olga"])
async def test_a_page_of_no_changes_keeps_its_place(ask: Ask, viewer: str) -> None:
    keyword = (await ask("{ keywords(first: 1) { nodes { id } } }")).data["keywords"]["nodes"][0]["id"]
    after = await now(ask, viewer)
    await ask(PAUSE, id=keyword)
    nothing = await read(ask, after, viewer, first=0)
    assert nothing["nodes"] == []
    assert nothing["pageInfo"]["hasNextPage"]
    rest = await read(ask, nothing["pageInfo"]["changesAfter"], viewer)
    assert shown(rest)[0] == ("KEYWORD", "UPDATED", keyword)
    assert (await read(ask, None, viewer, first=0))["pageInfo"]["hasNextPage"]


async def test_wrong_cursors_and_filters_are_explained(ask: Ask, world: World) -> None:
    mine, theirs, all_ = [await now(ask, name) for name in ("ann", "ben", "olga")]
    row = (await ask("{ keywords { pageInfo { endCursor } } }")).data["keywords"]["pageInfo"]["endCursor"]
    for cursor, viewer in (
        ("x", "ann"),
        (theirs, "ann"),
        (all_, "ann"),
        (mine, "olga"),
        (row, "ann"),
        (mine[:-3], "ann"),
    ):
        refused = await ask(CHANGES, viewer=viewer, after=cursor)
        assert (refused.code, "`after` must be a cursor" in refused.error["message"]) == ("BAD_CURSOR", True)
    for filter_, code in (({"id": "x"}, "BAD_USER_INPUT"), ({"id": encode("ApiKey", 1)}, "BAD_USER_INPUT")):
        assert (await ask(CHANGES, filter=filter_)).code == code
    assert (await ask(CHANGES, first=101)).code == "BAD_USER_INPUT"
    assert (await ask(CHANGES, viewer=None)).code == "UNAUTHENTICATED"
    await world.pool.execute("TRUNCATE analysis_results")
    for cursor, viewer in ((mine, "ann"), (all_, "olga")):
        refused = await ask(CHANGES, viewer=viewer, after=cursor)
        assert refused.code == "EXPIRED_CURSOR"
        assert refused.error["message"] == (
            "Changes after this cursor are no longer kept. Read the lists again with `pageInfo { changesAfter }`, and "
            "continue from that cursor."
        )
    await read(ask, None)


async def test_changes_after_costs_a_statement_only_if_selected(ask: Ask) -> None:
    plain = await ask("{ keywords { nodes { id } pageInfo { endCursor } } mentions { nodes { id } } }")
    assert not [name for name in plain.statements if "feed" in name]
    with_cursor = await ask(
        "{ keywords { nodes { id } pageInfo { changesAfter } } mentions { nodes { id } pageInfo { changesAfter } } }"
    )
    assert [name for name in with_cursor.statements if "feed" in name] == ["state_of_feed"]
    cursors = {with_cursor.data[name]["pageInfo"]["changesAfter"] for name in ("keywords", "mentions")}
    assert len(cursors) == 1


@pytest.mark.parametrize("viewer", ["ann", "olga"])
async def test_list_and_changes_keep_a_copy_right_while_others_write(
    ask: Ask, world: World, viewer: str
) -> None:
    """Writers hold their transactions open, roll back and delete. A poller of the list alone loses rows meanwhile."""
    rng = random.Random(17)  # noqa: S311 - no secret
    names = ("ann", "ben")
    known = (
        "{ keywords(first: 100) { nodes { id status autoLeadScore } pageInfo { changesAfter hasNextPage } } }"
    )
    page = (await ask(known, viewer=viewer)).data["keywords"]
    assert not page["pageInfo"]["hasNextPage"]
    copy = {node["id"]: node for node in page["nodes"]}
    cursor = page["pageInfo"]["changesAfter"]
    done = asyncio.Event()

    async def write(name: str) -> None:
        for turn in range(12):
            async with world.pool.acquire() as connection:
                transaction = connection.transaction()
                await transaction.start()
                user = world.users[name]
                await connection.execute(
                    "INSERT INTO keywords (user_id, keyword) SELECT $1, $2 || n FROM generate_series(1, 2) AS n",
                    user, f"{name} {turn} {rng.random()} ",
                )  # fmt: skip
                await asyncio.sleep(rng.random() / 50)
                ids = [
                    row["id"]
                    for row in await connection.fetch("SELECT id FROM keywords WHERE user_id = $1", user)
                ]
                if rng.random() < 0.5:
                    await connection.execute("DELETE FROM keywords WHERE id = $1", rng.choice(ids))
                await connection.execute(
                    "UPDATE keywords SET auto_lead_score = $2 WHERE id = ANY ($1)",
                    rng.sample(ids, 2), rng.randrange(100),
                )  # fmt: skip
                await asyncio.sleep(rng.random() / 50)
                await (transaction.rollback() if rng.random() < 0.25 else transaction.commit())

    follow = """query($after: String, $first: Int) { changes(after: $after, first: $first, types: [KEYWORD]) {
        nodes { nodeId node { ... on Keyword { id status autoLeadScore } } } pageInfo { endCursor hasNextPage } } }"""

    async def keep() -> None:
        nonlocal cursor
        while True:
            was_done = done.is_set()
            found = (await ask(follow, viewer=viewer, after=cursor, first=rng.randrange(1, 6))).data[
                "changes"
            ]
            for change in found["nodes"]:
                copy.pop(change["nodeId"], None)
                if change["node"]:
                    copy[change["nodeId"]] = change["node"]
            cursor = found["pageInfo"]["endCursor"]
            if was_done and not found["pageInfo"]["hasNextPage"]:
                return

    keeping = asyncio.create_task(keep())
    await asyncio.gather(*(write(name) for name in names for _ in range(2)))
    done.set()
    await keeping
    rows = await world.rows("keywords", None if viewer == "olga" else viewer)
    assert copy == {
        encode("Keyword", row["id"]): {
            "id": encode("Keyword", row["id"]),
            "status": row["status"].upper(),
            "autoLeadScore": row["auto_lead_score"],
        }
        for row in rows
    }


async def test_a_cursor_at_the_end_of_the_numbers_is_explained(ask: Ask) -> None:
    for viewer in ("ann", "olga"):
        position = Position.parse(await now(ask, viewer))
        for skip in (0, 1):
            cursor = str(replace(position, last=2**63 - 1, skip=skip))
            assert (await ask(CHANGES, viewer=viewer, after=cursor)).code == "BAD_CURSOR"
        last = str(replace(position, last=2**63 - 2))
        assert shown(await read(ask, last, viewer)) == []


async def test_the_key_of_an_operator_is_hidden_from_members(ask: Ask, world: World) -> None:
    after = {name: await now(ask, name) for name in ("ann", "olga")}
    keyword = encode("Keyword", await first_keyword(world, "ann"))
    await ask(PAUSE, viewer="olga", id=keyword)
    parsed = api_key.parse(world.keys["olga"])
    assert parsed is not None
    key = encode("ApiKey", parsed.key_id)
    for viewer, actor, shown_key in (("ann", None, None), ("olga", {"name": "olga"}, key)):
        (change,) = (await read(ask, after[viewer], viewer, types=["KEYWORD"]))["nodes"]
        assert (change["actor"], change["apiKeyId"]) == (actor, shown_key)
        document = "query($id: ID!) { keyword(id: $id) { changes(first: 1) { apiKeyId } } }"
        answer = await ask(document, viewer=viewer, id=keyword)
        assert answer.data["keyword"]["changes"] == [{"apiKeyId": shown_key}]
