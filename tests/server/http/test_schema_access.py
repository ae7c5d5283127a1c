"""LEADGRAPH_INTROSPECTION and LEADGRAPH_GRAPHIQL: who may read the schema, on every way to it."""

from typing import Any

import httpx
import pytest

from db.engine.pool import Pool
from schema.graph import Graph, build
from server.app import create_app
from tests.support.rows import add_key, add_user

INTROSPECTION = ["{ __schema { types { name } } }", '{ __type(name: "Lead") { name } }']
MISTAKES = [
    "{ viewr { id } }",
    "{ viewer { emial } }",
    "{ leads(firts: 1) { totalCount } }",
    "{ leads(orderBy: NEWST) { totalCount } }",
    "{ leads(filter: {stauts: {eq: NEW}}) { totalCount } }",
    "{ leads(filter: {status: NEW}) { totalCount } }",
    "{ node(id: 1) { ... on Laed { id } } }",
    "query($o: LeadOrdr) { leads(orderBy: $o) { totalCount } }",
]
ALLOWED = {  # the setting: whether a caller without and with a key may read the schema
    "public": (True, True),
    "authenticated": (False, True),
    "off": (False, False),
}


@pytest.fixture(scope="module")
def graph() -> Graph:
    return build()


def client_of(pool: Pool, graph: Graph, **options: Any) -> httpx.AsyncClient:
    app = create_app(pool, graph=graph, **options)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test")


async def post(client: httpx.AsyncClient, query: str, headers: dict[str, str], **variables: object) -> Any:
    return (
        await client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
    ).json()


@pytest.mark.parametrize("mode", ALLOWED)
@pytest.mark.parametrize("is_known", [False, True])
async def test_the_schema_is_shown_to_those_who_may_read_it(
    pool: Pool, graph: Graph, mode: Any, is_known: bool
) -> None:
    headers = {"authorization": f"Bearer {await add_key(pool, await add_user(pool))}"} if is_known else {}
    allowed = ALLOWED[mode][is_known]
    async with client_of(pool, graph, introspection=mode) as client:
        for document in INTROSPECTION:
            answer = await post(client, document, headers)
            assert ("data" in answer) == allowed
            if not allowed:
                (error,) = answer["errors"]
                assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
                assert error["message"].startswith("Introspection is not allowed here.")
        suggestions = 0
        for document in MISTAKES:
            (error,) = (await post(client, document, headers))["errors"]
            assert len(error["message"]) > 10
            suggestions += "Did you mean" in error["message"]
        answer = await post(
            client, "query($o: LeadOrder) { leads(orderBy: $o) { totalCount } }", headers, o="NEWST"
        )
        # Without a credential, the operation is refused before its variables are read.
        suggestions += "Did you mean" in answer["errors"][0]["message"] or (allowed and not is_known)
        assert suggestions == (len(MISTAKES) + 1 if allowed else 0)
        assert (await post(client, "{ __typename }", headers)) == {"data": {"__typename": "Query"}}
        file = await client.get("/schema.graphql", headers=headers)
        refused = {"public": 200, "authenticated": 401, "off": 404}[mode]
        assert file.status_code == (200 if allowed else refused)
        assert ("type Lead" in file.text) == allowed
        if mode == "authenticated":
            assert file.headers["cache-control"] == ("private, no-cache" if allowed else "no-store")


@pytest.mark.parametrize("graphiql", [True, False])
async def test_graphiql_can_be_turned_off(pool: Pool, graph: Graph, graphiql: bool) -> None:
    async with client_of(pool, graph, graphiql=graphiql) as client:
        answer = await client.get("/graphql", headers={"accept": "text/html"})
        assert answer.headers["content-type"].startswith("text/html") == graphiql
        assert (await client.get("/graphiql/assets/x.js")).status_code == 404
