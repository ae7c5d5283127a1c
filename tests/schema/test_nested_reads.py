"""Nested reads of several entities: exact responses, exact statements, and only rows that the viewer may see."""

import asyncio

import httpx
import pytest

from db.engine.pool import open_pool
from resolvers.framework.global_id import encode
from schema.graph import Graph
from server.app import create_app
from tests.support.world import Ask, World

NESTED_QUERY = """
{
  viewer { email keywordsCount mentionsCount leadsCount qualifiedLeadsCount }
  keywords {
    totalCount
    nodes {
      keyword mentionsCount leadsCount
      mentions {
        totalCount
        nodes {
          content
          keyword { keyword }
          lead { status mention { content } keyword { keyword } }
          analysis { sentiment }
        }
      }
    }
  }
  integrations { totalCount nodes { provider logs { totalCount nodes { message } } } }
}
"""

STATEMENTS_OF_NESTED_QUERY = [
    "integration_logs page_of_each integration_id",
    "integrations page",
    "keywords by id",
    "keywords page",
    "mentions by id with analysis_results, keyword, leads, leads.keyword",
    "mentions page_of_each keyword_id with analysis_results, leads",
    "users by id",
]
MOST_ROUND_TRIPS = 5


def each_of(statements: list[str]) -> list[str]:
    """Return the statements, also those that were sent together, in alphabetical order."""
    assert len(statements) <= MOST_ROUND_TRIPS
    return sorted(" + ".join(statements).split(" + "))


async def test_the_viewer_shows_the_stored_counters(ask: Ask) -> None:
    answer = await ask(NESTED_QUERY)
    assert answer.data["viewer"] == {
        "email": "ann@example.com",
        "keywordsCount": 3,
        "mentionsCount": 12,
        "leadsCount": 6,
        "qualifiedLeadsCount": 6,
    }


async def test_mentions_of_keywords_are_returned_with_their_leads_and_analyses(ask: Ask) -> None:
    answer = await ask(NESTED_QUERY)
    keywords = answer.data["keywords"]
    assert keywords["totalCount"] == 3
    assert [node["keyword"] for node in keywords["nodes"]] == ["ann 3", "ann 2", "ann 1"]
    for keyword in keywords["nodes"]:
        assert keyword["mentionsCount"] == keyword["mentions"]["totalCount"] == 4
        assert [mention["content"] for mention in keyword["mentions"]["nodes"]] == [
            "post 4",
            "post 3",
            "post 2",
            "post 1",
        ]
        of_keyword = {"keyword": keyword["keyword"]}
        for number, mention in enumerate(reversed(keyword["mentions"]["nodes"]), start=1):
            assert mention["keyword"] == of_keyword
            if number % 2:
                assert (mention["lead"], mention["analysis"]) == (None, None)
            else:
                about = {"content": f"post {number}"}
                assert mention["lead"] == {"status": "QUALIFIED", "mention": about, "keyword": of_keyword}
                assert mention["analysis"] == {"sentiment": "POSITIVE"}


async def test_integrations_are_returned_with_their_latest_logs(ask: Ask) -> None:
    answer = await ask(
        "{ integrations { totalCount nodes { logs(first: 2) { totalCount nodes { message } } } } }"
    )
    logs = {"totalCount": 3, "nodes": [{"message": "run 3"}, {"message": "run 2"}]}
    assert answer.data["integrations"] == {"totalCount": 2, "nodes": [{"logs": logs}, {"logs": logs}]}


async def test_each_relation_takes_at_most_one_statement(ask: Ask) -> None:
    answer = await ask(NESTED_QUERY)
    assert each_of(answer.statements) == STATEMENTS_OF_NESTED_QUERY


async def test_ten_times_the_data_takes_the_same_statements(ask: Ask, world: World) -> None:
    await world.add_keywords("ann", keywords=27, mentions=40)
    await world.add_integrations("ann", integrations=18, logs=30)
    answer = await ask(NESTED_QUERY)
    assert answer.data["viewer"]["keywordsCount"] == 30
    assert len(answer.data["keywords"]["nodes"]) == 20
    assert sum(len(node["mentions"]["nodes"]) for node in answer.data["keywords"]["nodes"]) == 400
    assert each_of(answer.statements) == STATEMENTS_OF_NESTED_QUERY


@pytest.mark.direct
async def test_the_reported_statements_are_those_that_postgresql_received(
    world: World, graph: Graph, database_url: str
) -> None:
    received: list[str] = []
    pool = await open_pool(database_url, size=1)
    async with pool.acquire() as connection:
        connection.add_query_logger(lambda record: received.append(record.query))
    transport = httpx.ASGITransport(app=create_app(pool, graph=graph, explain=True))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        headers = {"authorization": f"Bearer {world.keys['ann']}"}
        answer = await client.post("/graphql", json={"query": NESTED_QUERY}, headers=headers)
    await pool.close()
    of_authentication = [query for query in received if "api_keys" in query or "SET last_seen_at" in query]
    assert [query.split()[0] for query in of_authentication] == ["SELECT", "UPDATE", "WITH"]
    others = [query.split()[0] for query in received if query not in of_authentication]
    reported = answer.json()["extensions"]["statements"]
    # SET goes before and after a combined statement that is planned once.
    verbs = [verb for verb in others if verb != "SET"]
    assert verbs == ["BEGIN", *["SELECT"] * len(reported), "ROLLBACK"]
    assert each_of(reported) == STATEMENTS_OF_NESTED_QUERY


async def test_aliases_of_one_field_share_a_statement(ask: Ask, world: World) -> None:
    ids = [
        row["id"]
        for row in await world.pool.fetch("SELECT id FROM keywords WHERE user_id = $1", world.users["ann"])
    ]
    asked = " ".join(f'k{id_}: keyword(id: "{encode("Keyword", id_)}") {{ mentionsCount }}' for id_ in ids)
    answer = await ask(f"{{ {asked} }}")
    assert answer.data == {f"k{id_}": {"mentionsCount": 4} for id_ in ids}
    assert answer.statements == ["keywords by id"]


async def test_aliases_with_other_filters_share_a_statement(ask: Ask, world: World) -> None:
    rows = await world.rows("keywords", "ann")
    filters = [f'{{keywordId: {{eq: "{encode("Keyword", row["id"])}"}}}}' for row in rows]
    fields = "nodes { lead { status } mention: id keyword { keyword } }"
    asked = " ".join(
        f"a{place}: mentions(first: 3, filter: {where}) {{ {fields} }}" for place, where in enumerate(filters)
    )
    answer = await ask(f"{{ {asked} }}")
    assert answer.statements == ["mentions page with keyword, leads"]
    alone: dict[str, object] = {}
    for place, where in enumerate(filters):
        one = await ask(f"{{ a{place}: mentions(first: 3, filter: {where}) {{ {fields} }} }}")
        alone |= one.data
    assert answer.data == alone
    assert [node["keyword"] for node in answer.data["a0"]["nodes"]] == [{"keyword": rows[0]["keyword"]}] * 3


async def test_a_response_shows_one_snapshot(ask: Ask, world: World) -> None:
    """A counter and its rows agree in each response, while another connection inserts rows."""
    document = "{ keywords { nodes { mentionsCount mentions(first: 100) { nodes { id } } } } }"
    stop = False

    async def write() -> int:
        written = 0
        while not stop:
            await world.pool.execute(
                "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content) "
                "SELECT user_id, id, 'web', 'more-' || $2::text, 'https://example.com', 'x' FROM keywords "
                "WHERE user_id = $1",
                world.users["ann"],
                str(written),
            )
            written += 1
        return written

    writer = asyncio.create_task(write())
    try:
        for _ in range(20):
            for node in (await ask(document)).data["keywords"]["nodes"]:
                assert node["mentionsCount"] == len(node["mentions"]["nodes"]) or node["mentionsCount"] > 100
    finally:
        stop = True
    assert await writer > 0


@pytest.mark.parametrize("owner", ["ben", "olga"])
async def test_a_keyword_of_another_user_is_null_like_a_missing_one(
    ask: Ask, world: World, owner: str
) -> None:
    if owner == "olga":
        await world.add_keywords("olga", keywords=1)
    foreign = await world.pool.fetchval("SELECT max(id) FROM keywords WHERE user_id = $1", world.users[owner])
    document = "query($id: ID!) { keyword(id: $id) { keyword mentions { nodes { content } } } }"
    assert (await ask(document, id=encode("Keyword", foreign))).data == {"keyword": None}
    assert (await ask(document, id=encode("Keyword", 999_999))).data == {"keyword": None}
    assert (await ask(document, viewer=owner, id=encode("Keyword", foreign))).data["keyword"] is not None


async def test_lists_hold_only_the_viewers_rows(ask: Ask) -> None:
    document = "{ keywords { totalCount nodes { keyword } } integrations { totalCount } }"
    ben = (await ask(document, viewer="ben")).data
    assert {node["keyword"].split()[0] for node in ben["keywords"]["nodes"]} == {"ben"}
    assert (ben["keywords"]["totalCount"], ben["integrations"]["totalCount"]) == (3, 2)


async def test_an_operator_sees_the_rows_of_all_users(ask: Ask) -> None:
    document = (
        "{ viewer { keywordsCount } keywords { totalCount nodes { keyword mentions { totalCount } } } }"
    )
    answer = (await ask(document, viewer="olga")).data
    assert answer["viewer"] == {"keywordsCount": 0}
    assert answer["keywords"]["totalCount"] == 6
    assert [node["mentions"]["totalCount"] for node in answer["keywords"]["nodes"]] == [4] * 6
    assert {node["keyword"].split()[0] for node in answer["keywords"]["nodes"]} == {"ann", "ben"}


@pytest.mark.parametrize(
    "field", ["viewer { id }", 'keyword(id: "S2V5d29yZDox") { id }', "keywords { totalCount }"]
)
async def test_a_request_without_a_key_is_refused(ask: Ask, field: str) -> None:
    answer = await ask(f"{{ {field} }}", viewer=None)
    assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")
    assert answer.body.keys() == {"errors"}  # nothing ran


@pytest.mark.parametrize(
    ("id_", "message"),
    [
        ("", "'' is not an ID of this API."),
        ("x", "'x' is not an ID of this API."),
        ("S2V5d29yZDox\n", "'S2V5d29yZDox\\n' is not an ID of this API."),
        ("S2V5d29yZDowMQ==", "'S2V5d29yZDowMQ==' is not an ID of this API."),
        (encode("Keyword", 2**63), f"'{encode('Keyword', 2**63)}' is not an ID of this API."),
        (encode("Nothing", 1), f"'{encode('Nothing', 1)}' is not an ID of this API."),
        (
            encode("Integration", 1),
            f"'{encode('Integration', 1)}' is the ID of an Integration, not of a Keyword.",
        ),
        (encode("Lead", 1), f"'{encode('Lead', 1)}' is the ID of a Lead, not of a Keyword."),
        (encode("User", 1), f"'{encode('User', 1)}' is the ID of a User, not of a Keyword."),
        ("\0", "'\\x00' is not an ID of this API."),
        ("ÿ", "'ÿ' is not an ID of this API."),
    ],
)
async def test_an_invalid_id_is_refused(ask: Ask, id_: str, message: str) -> None:
    answer = await ask("query($id: ID!) { keyword(id: $id) { id } }", id=id_)
    assert (answer.code, answer.error["message"]) == ("BAD_USER_INPUT", message)
    assert answer.body["data"] == {"keyword": None}
