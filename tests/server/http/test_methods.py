"""The methods OPTIONS and QUERY."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from db.engine.pool import Pool
from server.app import create_app

JSON = "application/json"


@pytest.fixture(params=["*", "test"])
async def client(pool: Pool, request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server that allows all hosts, which has a shorter way to the endpoint, or one."""
    transport = httpx.ASGITransport(app=create_app(pool, hosts=(request.param,)))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/graphql", {"GET", "HEAD", "POST", "QUERY", "OPTIONS"}),
        ("/graphql/", {"GET", "HEAD", "POST", "QUERY", "OPTIONS"}),
        ("/ingest/mentions", {"POST", "OPTIONS"}),
        ("/exports/x/download", {"GET", "HEAD", "OPTIONS"}),
        ("/schema.graphql", {"GET", "HEAD", "OPTIONS"}),
        ("/healthz", {"GET", "HEAD", "OPTIONS"}),
        ("/readyz", {"GET", "HEAD", "OPTIONS"}),
        ("/metrics", {"GET", "HEAD", "OPTIONS"}),
        ("/", {"GET", "HEAD", "OPTIONS"}),
        ("/graphiql/assets/x.js", {"GET", "HEAD", "OPTIONS"}),
        ("/inbox", {"GET", "HEAD", "OPTIONS"}),
        ("/page/assets/x.js", {"GET", "HEAD", "OPTIONS"}),
    ],
)
async def test_each_route_answers_options_with_its_methods(
    client: httpx.AsyncClient, path: str, allowed: set[str]
) -> None:
    answer = await client.options(path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert set(answer.headers["allow"].split(", ")) == allowed
    assert answer.headers.get("accept-query") == ('"application/json"' if "QUERY" in allowed else None)
    assert "content-length" not in answer.headers


async def test_an_unknown_path_has_no_options(client: httpx.AsyncClient) -> None:
    assert (await client.options("/nothing")).status_code == 404


async def query(client: httpx.AsyncClient, document: str, **headers: str) -> httpx.Response:
    content = json.dumps({"query": document})
    return await client.request(
        "QUERY", "/graphql", content=content, headers={"content-type": JSON} | headers
    )


async def test_query_runs_queries_and_refuses_mutations(client: httpx.AsyncClient) -> None:
    answer = await query(client, "{ __typename }")
    assert (answer.status_code, answer.json()) == (200, {"data": {"__typename": "Query"}})
    refused = await query(client, "mutation { __typename }")
    (error,) = refused.json()["errors"]
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert error["message"] == "QUERY allows queries only. Send this operation by POST."


async def test_query_takes_json_only_and_says_so(client: httpx.AsyncClient) -> None:
    refused = await query(client, "{ __typename }", **{"content-type": "application/graphql"})
    assert (refused.status_code, refused.headers["accept-query"]) == (415, '"application/json"')


async def test_query_passes_the_servers_own_connections(origin: str) -> None:
    async with httpx.AsyncClient(base_url=origin) as client:
        answer = await query(client, "{ __typename }")
        options = await client.options("/graphql")
    assert (answer.status_code, answer.json()) == (200, {"data": {"__typename": "Query"}})
    assert (options.status_code, options.headers["accept-query"]) == (204, '"application/json"')
