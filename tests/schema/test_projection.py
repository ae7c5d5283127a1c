"""Operations read the columns and rows that they show, and nothing that is not the viewer's."""

from typing import Any

import httpx
import pytest

from db.engine.pool import open_pool
from schema.graph import Graph
from server.app import create_app
from services.accounts import api_key
from tests.support.world import Ask, World

LEAD = (
    "query($id: ID!) { lead(id: $id) { id status mention { content keyword { keyword user { email } } } } }"
)


NOTES = ("api_keys", "last_seen_at")


@pytest.fixture
async def sent(world: World, graph: Graph, database_url: str) -> Any:
    """Asks as ann and returns the answer's data with the texts that PostgreSQL was sent."""
    texts: list[str] = []
    pool = await open_pool(database_url, size=1)
    async with pool.acquire() as connection:
        connection.add_query_logger(lambda record: texts.append(record.query))
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app=create_app(pool, graph=graph, explain=True)),
        base_url="http://test",
    )

    async def ask(document: str, **variables: object) -> tuple[Any, list[str]]:
        texts.clear()
        headers = {"authorization": f"Bearer {world.keys['ann']}"}
        answer = await client.post(
            "/graphql", json={"query": document, "variables": variables}, headers=headers
        )
        body = answer.json()
        assert "errors" not in body, body
        async with pool.acquire():  # the only connection, as soon as it has been given back
            pass
        # That a key was used and a user was seen is noted beside the request.
        return body["data"], [text for text in texts if not any(name in text for name in NOTES)]

    yield ask
    await client.aclose()
    await pool.close()


async def some_lead(sent: Any) -> str:
    data, _ = await sent("{ leads(first: 1) { nodes { id } } }")
    return str(data["leads"]["nodes"][0]["id"])


async def test_only_columns_that_are_shown_are_read(sent: Any) -> None:
    _, (text,) = await sent("{ leads(first: 2) { nodes { status score } } }")
    columns = text.partition("FROM")[0].replace("SELECT", "").split(",")
    assert [column.strip() for column in columns] == [
        "leads.id",
        "leads.status",
        "leads.score",
        "leads.created_at",  # what the page is ordered by
    ]


async def test_a_single_statement_needs_no_transaction(sent: Any) -> None:
    id_ = await some_lead(sent)
    data, texts = await sent(LEAD, id=id_)
    assert data["lead"]["mention"]["keyword"]["user"] == {"email": "ann@example.com"}
    assert [text.split()[0] for text in texts] == ["SELECT"]


async def test_two_statements_are_one_snapshot(sent: Any) -> None:
    _, texts = await sent("{ viewer { email } keywords { nodes { keyword } } }")
    assert [text.split()[0] for text in texts] == ["BEGIN", "SELECT", "SELECT", "ROLLBACK"]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (
            "{ leads(first: 3) { nodes { mention { keyword { keyword } } } } }",
            ["leads page with mention, mention.keyword"],
        ),
        (
            "{ keywords { nodes { mentions { nodes { lead { status } user { name } } } } } }",
            ["keywords page", "mentions page_of_each keyword_id with leads", "users by id"],
        ),
        (
            "{ mentions(first: 2) { nodes { lead { mention { content } } } } }",  # round in a circle
            ["mentions page with leads", "mentions by id with leads"],
        ),
        (
            "{ leads(first: 2) { nodes { assignee { name } user { name } } } }",
            ["leads page with assignee_user, user"],
        ),
        (
            "{ mentions { stats { overTime(by: DAY) { count } } nodes { user { email } } } }",
            ["mentions page with user", "users by id", "mentions per_window"],
        ),
    ],
)
async def test_what_rides_along(ask: Ask, document: str, expected: list[str]) -> None:
    answer = await ask(document)
    assert answer.data
    assert sorted(answer.statements) == sorted(expected)


async def test_what_rides_along_is_absent_where_there_is_none(ask: Ask) -> None:
    answer = await ask(
        "{ mentions(first: 4) { nodes { lead { status } analysis { sentiment } integration { name } } } }"
    )
    nodes = answer.data["mentions"]["nodes"]
    leads = [node["lead"] for node in nodes]
    assert None in leads
    assert {"status": "QUALIFIED"} in leads
    assert [node["integration"] for node in nodes] == [None] * 4
    assert [(node["lead"] is None) == (node["analysis"] is None) for node in nodes] == [True] * 4


async def test_somebody_elses_row_does_not_ride_along(ask: Ask, world: World) -> None:
    await world.pool.execute(
        "UPDATE leads SET assignee_user_id = $1 WHERE user_id = $2", world.users["ben"], world.users["ann"]
    )
    document = "{ leads(first: 2) { nodes { assignee { email } user { email } } } }"
    own = await ask(document)
    assert own.data["leads"]["nodes"] == [{"assignee": None, "user": {"email": "ann@example.com"}}] * 2
    everybody = await ask(document, viewer="olga")
    assert {node["assignee"] and node["assignee"]["email"] for node in everybody.data["leads"]["nodes"]} <= {
        None,
        "ben@example.com",
    }


async def test_what_rides_along_needs_its_scope(ask: Ask, world: World) -> None:
    key_id, _, secret = world.keys["ann"].removeprefix("lg_live_").partition("_")
    assert secret
    await world.pool.execute(
        "UPDATE api_keys SET scopes = $1 WHERE id = $2", [api_key.READ_LEADS], int(key_id)
    )
    answer = await ask("{ leads(first: 1) { nodes { status mention { content } } } }")
    assert answer.code == "FORBIDDEN"
    assert "read:mentions" in answer.error["message"]


async def test_fragments_conditions_and_aliases_are_looked_through(ask: Ask) -> None:
    document = """
    query($no: Boolean = false) {
        one: leads(first: 1) { ...Page }
        two: leads(last: 1) { ...Page edges { node { ... on Node { ... on Lead { origin } } } } }
        viewer { email @include(if: $no) leads(first: 1) { ...Page } }
    }
    fragment Page on LeadConnection { nodes { ...Lead } }
    fragment Lead on Lead { state: status mention @skip(if: $no) { content } }
    """
    answer = await ask(document)
    assert answer.data["one"]["nodes"][0]["state"] == "QUALIFIED"
    assert answer.data["two"]["edges"][0]["node"] == {"origin": "MANUAL"}
    assert answer.data["viewer"]["leads"]["nodes"][0]["mention"]["content"].startswith("post")
    assert (await ask(document, no=True)).data["viewer"]["email"] == "ann@example.com"


async def test_the_second_time_is_answered_as_the_first(ask: Ask) -> None:
    document = "query($first: Int) { leads(first: $first) { nodes { id createdAt value tags } } }"
    first = await ask(document, first=2)
    assert (await ask(document, first=2)).body == first.body
    refused = [await ask(document, first=-1) for _ in range(2)]
    assert {answer.code for answer in refused} == {"BAD_USER_INPUT"}
