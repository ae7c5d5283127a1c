"""Connections: pages in both directions, pages while rows change, and validation of the arguments."""

from typing import Any

import pytest

from tests.support.world import Ask, World

PAGE = """
query($first: Int, $after: String, $last: Int, $before: String) {
  keywords(first: 1) { nodes {
    mentions(first: $first, after: $after, last: $last, before: $before) {
      nodes { content } edges { cursor node { content } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      totalCount
    }
  } }
}
"""


async def page(ask: Ask, **arguments: Any) -> dict[str, Any]:
    (keyword,) = (await ask(PAGE, **arguments)).data["keywords"]["nodes"]
    found: dict[str, Any] = keyword["mentions"]
    return found


def contents(found: dict[str, Any]) -> list[int]:
    assert [edge["node"] for edge in found["edges"]] == found["nodes"]
    return [int(node["content"].split()[1]) for node in found["nodes"]]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
async def test_paging_forwards_returns_every_row_once(ask: Ask, size: int) -> None:
    seen, after, pages = [], None, 0
    while True:
        found = await page(ask, first=size, after=after)
        seen += contents(found)
        pages += 1
        assert found["pageInfo"]["hasPreviousPage"] is (pages > 1)
        assert found["totalCount"] == 4
        if not found["pageInfo"]["hasNextPage"]:
            break
        after = found["pageInfo"]["endCursor"]
    assert seen == [4, 3, 2, 1]
    assert pages == -(-4 // size)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
async def test_paging_backwards_returns_every_row_once_in_list_order(ask: Ask, size: int) -> None:
    seen: list[int] = []
    before, pages = None, 0
    while True:
        found = await page(ask, last=size, before=before)
        seen = contents(found) + seen
        pages += 1
        assert found["pageInfo"]["hasNextPage"] is (pages > 1)
        if not found["pageInfo"]["hasPreviousPage"]:
            break
        before = found["pageInfo"]["startCursor"]
    assert seen == [4, 3, 2, 1]
    assert pages == -(-4 // size)


async def test_after_and_before_together_select_the_rows_between_them(ask: Ask) -> None:
    cursors = [edge["cursor"] for edge in (await page(ask))["edges"]]
    found = await page(ask, after=cursors[0], before=cursors[3])
    assert contents(found) == [3, 2]
    assert found["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": True,
        "startCursor": cursors[1],
        "endCursor": cursors[2],
    }


async def test_an_empty_page_has_no_cursors(ask: Ask) -> None:
    found = await page(ask, first=0)
    assert found["nodes"] == found["edges"] == []
    assert found["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": False,
        "startCursor": None,
        "endCursor": None,
    }


async def test_inserted_and_deleted_rows_do_not_shift_the_next_page(ask: Ask, world: World) -> None:
    first = await page(ask, first=2)
    newest = await world.pool.fetchval("SELECT max(id) FROM keywords WHERE user_id = $1", world.users["ann"])
    # Insert a row before the page and delete the last row of the page. The cursor keeps its position.
    await world.pool.execute(
        "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content) "
        "VALUES ($1, $2, 'web', 'late', 'https://example.com', 'post 99')",
        world.users["ann"],
        newest,
    )
    await world.pool.execute("DELETE FROM mentions WHERE keyword_id = $1 AND content = 'post 3'", newest)
    second = await page(ask, first=2, after=first["pageInfo"]["endCursor"])
    assert contents(second) == [2, 1]
    assert second["pageInfo"]["hasPreviousPage"] is True


async def test_rows_with_equal_timestamps_have_a_stable_order(ask: Ask, world: World) -> None:
    moment = "timestamptz '2026-01-01 00:00+00'"
    await world.pool.execute(f"UPDATE mentions SET created_at = {moment}")
    seen, after = [], None
    for _ in range(4):
        found = await page(ask, first=1, after=after)
        seen += contents(found)
        after = found["pageInfo"]["endCursor"]
    assert seen == [4, 3, 2, 1]


async def test_first_limits_the_page_of_each_parent_separately(ask: Ask) -> None:
    answer = await ask(
        "{ keywords { nodes { mentions(first: 3) { nodes { id } pageInfo { hasNextPage } } } } }"
    )
    for keyword in answer.data["keywords"]["nodes"]:
        assert len(keyword["mentions"]["nodes"]) == 3
        assert keyword["mentions"]["pageInfo"] == {"hasNextPage": True}
    assert answer.statements == ["keywords page", "mentions page_of_each keyword_id"]


async def test_has_previous_page_takes_one_statement_for_all_parents(ask: Ask) -> None:
    """The cursor is that of the first keyword's newest mention. The mentions of the other keywords come after it."""
    cursor = (await page(ask, first=1))["pageInfo"]["endCursor"]
    document = """query($after: String) { keywords { nodes { mentions(after: $after) {
        nodes { content } pageInfo { hasPreviousPage } } } } }"""
    answer = await ask(document, after=cursor)
    assert [node["mentions"]["pageInfo"]["hasPreviousPage"] for node in answer.data["keywords"]["nodes"]] == [
        True,
        False,
        False,
    ]
    assert answer.statements == [
        "keywords page",
        "mentions page_of_each keyword_id",
        "mentions has_beyond keyword_id",
    ]


async def test_root_lists_page_in_both_directions(ask: Ask) -> None:
    document = """query($first: Int, $after: String, $last: Int, $before: String) {
      keywords(first: $first, after: $after, last: $last, before: $before) {
        nodes { keyword } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
    first = (await ask(document, first=1)).data["keywords"]
    second = (await ask(document, first=1, after=first["pageInfo"]["endCursor"])).data["keywords"]
    assert [node["keyword"] for node in first["nodes"] + second["nodes"]] == ["ann 3", "ann 2"]
    assert (second["pageInfo"]["hasNextPage"], second["pageInfo"]["hasPreviousPage"]) == (True, True)
    back = (await ask(document, last=1, before=second["pageInfo"]["startCursor"])).data["keywords"]
    assert [node["keyword"] for node in back["nodes"]] == ["ann 3"]
    assert (back["pageInfo"]["hasNextPage"], back["pageInfo"]["hasPreviousPage"]) == (True, False)


async def test_a_fragment_shared_by_two_lists_shows_the_values_of_each(ask: Ask) -> None:
    document = """
      { keywords(first: 1) { ...Page } integrations(first: 2) { ...Others } }
      fragment Page on KeywordConnection { totalCount pageInfo { ...Info } }
      fragment Others on IntegrationConnection { totalCount pageInfo { ...Info } }
      fragment Info on PageInfo { hasNextPage hasPreviousPage }
    """
    assert (await ask(document)).data == {
        "keywords": {"totalCount": 3, "pageInfo": {"hasNextPage": True, "hasPreviousPage": False}},
        "integrations": {"totalCount": 2, "pageInfo": {"hasNextPage": False, "hasPreviousPage": False}},
    }


STATEMENTS_BY_SELECTION = {
    "keywords { totalCount }": ["keywords_count sum_of_counter"],
    'keywords(filter: { keyword: { contains: "ann" } }) { totalCount }': ["keywords count"],
    "leads { stats { count } }": ["leads_count sum_of_counter"],
    "viewer { mentions { totalCount } leads { totalCount } keywords { totalCount } }": ["users by id"],
    "keywords { nodes { mentions { totalCount } leads { stats { count } } } }": ["keywords page"],
    "keywords { ... @include(if: false) { nodes { id } } ...C } } fragment C on KeywordConnection { totalCount": [
        "keywords_count sum_of_counter"
    ],
    "keywords { ...C } } fragment C on KeywordConnection { totalCount ... { edges @skip(if: false) { cursor } }": [
        "keywords page",
    ],
    'keywords(filter: { keyword: { contains: "ann" } }) { totalCount nodes { id } }': ["keywords page"],
    "keywords { nodes { leads(filter: { score: { gte: 0 } }) { totalCount nodes { id } } } }": [
        "keywords page",
        "leads page_of_each keyword_id",
    ],
    "a: keywords { totalCount } keywords { pageInfo { endCursor } }": [
        "keywords page",
        "keywords_count sum_of_counter",
    ],
}


@pytest.mark.parametrize("asked", STATEMENTS_BY_SELECTION)
async def test_a_page_is_read_only_if_its_rows_are_selected(ask: Ask, asked: str) -> None:
    answer = await ask(f"{{ {asked} }}")
    assert sorted(answer.statements) == STATEMENTS_BY_SELECTION[asked]


async def test_arguments_are_validated_even_if_the_page_is_not_read(ask: Ask) -> None:
    (error,) = (await ask("{ keywords(first: -1) { totalCount } }")).body["errors"]
    assert error["message"] == "`first` must be between 0 and 100, not -1."


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ({"first": -1}, "BAD_USER_INPUT", "`first` must be between 0 and 100, not -1."),
        ({"first": 101}, "BAD_USER_INPUT", "`first` must be between 0 and 100, not 101."),
        ({"last": 2**31 - 1}, "BAD_USER_INPUT", "`last` must be between 0 and 100, not 2147483647."),
        (
            {"first": 1, "last": 1},
            "BAD_USER_INPUT",
            "Give `first` or `last`, not both.",
        ),
        *(
            (
                {side: cursor},
                "BAD_CURSOR",
                f"`{side}` must be a cursor that this list returned with the same order and filter.",
            )
            for side in ("after", "before")
            for cursor in (
                "",
                "x",
                "ÿ",
                "\0",
                "WyJrZXl3b3JkczppZCIsMTZd",
                "bnVsbA",
                "WyJtZW50aW9uczpjcmVhdGVkX2F0Il0",
            )
        ),
    ],
)
async def test_invalid_page_arguments_are_refused(
    ask: Ask, arguments: dict[str, Any], code: str, message: str
) -> None:
    answer = await ask(PAGE, **arguments)
    assert (answer.code, answer.error["message"]) == (code, message)
    assert answer.error["path"] == ["keywords", "nodes", 0, "mentions"]


async def test_a_page_size_beyond_32_bits_is_refused(ask: Ask) -> None:
    assert (await ask(PAGE, first=2**63)).code == "BAD_USER_INPUT"


async def test_a_key_with_the_bulk_scope_gets_large_pages_of_root_lists_only(ask: Ask, world: World) -> None:
    await world.pool.execute(
        "UPDATE api_keys SET scopes = '{bulk:read}' WHERE user_id = $1", world.users["ann"]
    )
    await world.add_keywords("ann", keywords=1, mentions=300)
    answer = await ask("{ mentions(first: 1000) { nodes { id } } }")
    assert len(answer.data["mentions"]["nodes"]) == 312
    assert (await ask("{ mentions(first: 1001) { nodes { id } } }")).code == "BAD_USER_INPUT"
    nested = await ask("{ keywords(first: 1) { nodes { mentions(first: 101) { nodes { id } } } } }")
    assert nested.error["message"] == "`first` must be between 0 and 100, not 101."
    assert (await ask("{ mentions(first: 101) { nodes { id } } }", viewer="ben")).code == "BAD_USER_INPUT"
