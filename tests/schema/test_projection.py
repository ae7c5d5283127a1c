"""Operations read only the columns and rows that they show, and only rows that the viewer may see."""

import asyncio
import os
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

WRITES_OF_AUTHENTICATION = ("api_keys", "last_seen_at")


@pytest.fixture
async def sent(world: World, graph: Graph, database_url: str) -> Any:
    """A function that sends a document as ann, and returns the data and the SQL texts that PostgreSQL received."""
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
        async with pool.acquire():  # wait until the request has returned the only connection
            pass
        await asyncio.sleep(0)  # the driver calls its loggers in the next turn of the event loop
        # Authentication writes the last use of the key and of the user.
        return body["data"], [
            text for text in texts if not any(name in text for name in WRITES_OF_AUTHENTICATION)
        ]

    yield ask
    await client.aclose()
    await pool.close()


async def any_lead_id(sent: Any) -> str:
    data, _ = await sent("{ leads(first: 1) { nodes { id } } }")
    return str(data["leads"]["nodes"][0]["id"])


@pytest.mark.direct
@pytest.mark.usefixtures("no_row_security")
async def test_only_selected_columns_are_read(sent: Any) -> None:
    _, (text,) = await sent("{ leads(first: 2) { nodes { status score } } }")
    columns = text.partition("FROM")[0].replace("SELECT", "").split(",")
    assert [column.strip() for column in columns] == [
        "leads.id",
        "leads.status",
        "leads.score",
        "leads.created_at",  # the page is ordered by this column
    ]


@pytest.mark.direct
@pytest.mark.usefixtures("no_row_security")
async def test_a_single_statement_runs_without_a_transaction(sent: Any) -> None:
    id_ = await any_lead_id(sent)
    data, texts = await sent(LEAD, id=id_)
    assert data["lead"]["mention"]["keyword"]["user"] == {"email": "ann@example.com"}
    assert [text.split()[0] for text in texts] == ["SELECT"]


@pytest.mark.direct
async def test_two_statements_run_in_one_transaction(sent: Any) -> None:
    _, texts = await sent("{ keywords { nodes { keyword mentions { nodes { content } } } } }")
    assert [text.split()[0] for text in texts] == ["BEGIN", "SELECT", "SELECT", "ROLLBACK"]


@pytest.mark.direct
@pytest.mark.usefixtures("no_row_security")
@pytest.mark.parametrize(
    "document",
    [
        "{ viewer { email } keywords { nodes { keyword } } }",
        "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Lead { status } ... on Mention { title } } viewer { email } }",
    ],
)
async def test_short_reads_of_one_turn_run_as_one_statement_without_a_transaction(
    sent: Any, document: str
) -> None:
    data, _ = await sent("{ leads(first: 1) { nodes { id mention { id } } } }")
    (lead,) = data["leads"]["nodes"]
    variables = {"ids": [lead["id"], lead["mention"]["id"]]} if "$ids" in document else {}
    _, texts = await sent(document, **variables)
    assert [text.split()[0] for text in texts] == ["SELECT"]


@pytest.mark.skipif(
    os.environ.get("LEADGRAPH_EXECUTOR") == "reference", reason="graphql-core resolves each alias"
)
@pytest.mark.direct
@pytest.mark.usefixtures("no_row_security")
async def test_equal_aliases_are_one_statement_without_a_transaction(sent: Any) -> None:
    aliased = "{ a: leads(first: 2) { nodes { id } } b: leads(first: 2) { nodes { id } } %s }"
    for more in ("", "c: viewer { name }"):
        data, texts = await sent(aliased % more)
        assert data["a"] == data["b"]
        assert [text.split()[0] for text in texts] == ["SELECT"]


@pytest.mark.direct
@pytest.mark.usefixtures("no_row_security")
async def test_a_page_from_a_cursor_brings_the_existence_of_rows_on_both_sides(sent: Any) -> None:
    data, _ = await sent("{ leads(first: 3) { nodes { id } edges { cursor } } }")
    ids = [node["id"] for node in data["leads"]["nodes"]]
    cursors = [edge["cursor"] for edge in data["leads"]["edges"]]
    page = "{ nodes { id } pageInfo { hasNextPage ...P } } } fragment P on PageInfo { hasPreviousPage }"
    for arguments, cursor, expected in (
        ("last: 1, before: $cursor", cursors[2], ids[1:2]),
        ("first: 1, after: $cursor", cursors[0], ids[1:2]),
    ):
        document = f"query($cursor: String!) {{ leads({arguments}) {page}"
        data, texts = await sent(document, cursor=cursor)
        assert [node["id"] for node in data["leads"]["nodes"]] == expected
        assert data["leads"]["pageInfo"] == {"hasNextPage": True, "hasPreviousPage": True}
        assert [text.split()[0] for text in texts] == ["SELECT"]
    document = "query($cursor: String!) { leads(last: 1, before: $cursor) { nodes { id } pageInfo { startCursor } } }"
    _, texts = await sent(document, cursor=cursors[2])
    assert ["EXISTS" in text or "edge" in text for text in texts] == [False] * len(texts)


@pytest.mark.direct
@pytest.mark.parametrize(
    "document",
    [
        "{ viewer { email } keywords(first: 65) { nodes { keyword } } }",
        "{ viewer { email } leads(first: 2) { nodes { id events { nodes { id } } } } }",
        """{ a: leads(first: 2) { nodes { id } } b: leads(first: 2) { nodes { id } } ...F }
        fragment F on Query { b: leads(first: 2) { stats { count } } }""",
    ],
)
async def test_reads_that_are_not_one_statement_share_a_snapshot(sent: Any, document: str) -> None:
    _, texts = await sent(document)
    verbs = [text.split()[0] for text in texts]
    assert (verbs[0], verbs[-1]) == ("BEGIN", "ROLLBACK")
    assert verbs.count("SELECT") == 2


@pytest.mark.direct
async def test_operations_without_a_transaction_never_send_a_second_statement(sent: Any) -> None:
    """Statements without a transaction could show several states of the data."""
    of_page = "{ nodes { id } pageInfo { startCursor hasPreviousPage } totalCount }"
    page = "query($first: Int, $after: String) { leads(first: $first, after: $after) " + of_page + " }"
    data, _ = await sent(page, first=1)
    cursor = data["leads"]["pageInfo"]["startCursor"]
    ids = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    keywords, _ = await sent("{ keywords(first: 1) { nodes { id } } }")
    several = [data["leads"]["nodes"][0]["id"], keywords["keywords"]["nodes"][0]["id"]]
    sent_by: list[tuple[str, dict[str, Any]]] = [
        (page, {"first": 1, "after": cursor}),
        (ids, {"ids": several}),
        ("{ viewer { email } again: viewer { id } }", {}),
        ("{ leadStats { byStatus { count } convertedPerLead { value } } }", {}),
    ]
    for document, variables in sent_by:
        _, texts = await sent(document, **variables)
        verbs = [text.split()[0] for text in texts]
        assert verbs == ["SELECT"] or (verbs[0], verbs[-1]) == ("BEGIN", "ROLLBACK"), document


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
            "{ mentions(first: 2) { nodes { lead { mention { content } } } } }",  # a cycle
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
async def test_related_rows_are_joined_into_earlier_statements(
    ask: Ask, document: str, expected: list[str]
) -> None:
    answer = await ask(document)
    assert answer.data
    assert sorted(answer.statements) == sorted(expected)


async def test_joined_rows_that_do_not_exist_are_null(ask: Ask) -> None:
    answer = await ask(
        "{ mentions(first: 4) { nodes { lead { status } analysis { sentiment } integration { name } } } }"
    )
    nodes = answer.data["mentions"]["nodes"]
    leads = [node["lead"] for node in nodes]
    assert None in leads
    assert {"status": "QUALIFIED"} in leads
    assert [node["integration"] for node in nodes] == [None] * 4
    assert [(node["lead"] is None) == (node["analysis"] is None) for node in nodes] == [True] * 4


async def test_a_joined_row_of_another_user_is_null_for_members(ask: Ask, world: World) -> None:
    await world.pool.execute(
        "UPDATE leads SET assignee_user_id = $1 WHERE user_id = $2", world.users["ben"], world.users["ann"]
    )
    document = "{ leads(first: 2) { nodes { assignee { email } user { email } } } }"
    own = await ask(document)
    assert own.data["leads"]["nodes"] == [{"assignee": None, "user": {"email": "ann@example.com"}}] * 2
    seen_by_operator = await ask(document, viewer="olga")
    assert {
        node["assignee"] and node["assignee"]["email"] for node in seen_by_operator.data["leads"]["nodes"]
    } <= {
        None,
        "ben@example.com",
    }


async def test_joined_rows_require_the_scope_of_their_type(ask: Ask, world: World) -> None:
    key_id, _, secret = world.keys["ann"].removeprefix("lg_live_").partition("_")
    assert secret
    await world.pool.execute(
        "UPDATE api_keys SET scopes = $1 WHERE id = $2", [api_key.READ_LEADS], int(key_id)
    )
    answer = await ask("{ leads(first: 1) { nodes { status mention { content } } } }")
    assert answer.code == "FORBIDDEN"
    assert "read:mentions" in answer.error["message"]


async def test_columns_are_found_through_fragments_conditions_and_aliases(ask: Ask) -> None:
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


async def test_a_repeated_operation_returns_the_same_response(ask: Ask) -> None:
    document = "query($first: Int) { leads(first: $first) { nodes { id createdAt value tags } } }"
    first = await ask(document, first=2)
    assert (await ask(document, first=2)).body == first.body
    refused = [await ask(document, first=-1) for _ in range(2)]
    assert {answer.code for answer in refused} == {"BAD_USER_INPUT"}
