"""Links with a query: a browser gets GraphiQL and nothing runs, and API clients get the answer."""

from collections.abc import AsyncIterator
from urllib.parse import urlencode

import httpx
import pytest

from db.engine.pool import Pool
from server.app import create_app
from server.graphiql.page import POLICY
from server.runtime.observation import Observation
from tests.support.rows import add_key, add_user

CHROMIUM = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7"
)
FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
GRAPHQL = "application/graphql-response+json"
VIEWER = "query Me { viewer { email } }"
EMAIL = "ann@example.com"
HOSTILE = "</script><script>alert(1)</script>"


@pytest.fixture
def seen() -> list[Observation]:
    """The requests that the endpoint has answered, in order."""
    return []


@pytest.fixture(params=["*", "test"])
async def client(
    pool: Pool, seen: list[Observation], request: pytest.FixtureRequest
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server that allows all hosts, which has a shorter way to the endpoint, or one."""
    app = create_app(pool, hosts=(request.param,), observers=[seen.append])
    key = await add_key(pool, await add_user(pool))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test", headers={"authorization": f"Bearer {key}"}
    ) as made:
        yield made


def link(**parameters: str) -> str:
    return f"/graphql?{urlencode(parameters)}"


BROWSERS = [CHROMIUM, FIREFOX, "text/html", "application/json;q=0.5, text/html"]


@pytest.mark.parametrize(
    "path",
    [
        link(query=VIEWER),
        link(query=VIEWER, variables="{}", operationName="Me"),
        link(query="mutation { deleteLead(input: {id: 1}) { deletedId } }"),
        link(query="", variables="{"),
        link(query="{ nonsense", variables="nonsense", operationName="Nonsense"),
        link(query=HOSTILE, variables=HOSTILE, operationName=HOSTILE),
        f"{link(query=VIEWER)}&query=again",
        "/graphql?query",
        link(query="{ a }" * 3_000),
    ],
    ids=lambda path: path[:40],
)
async def test_a_browser_gets_the_page_and_nothing_runs(
    client: httpx.AsyncClient, seen: list[Observation], path: str
) -> None:
    for accept in BROWSERS:
        headers = {"accept": accept}
        without = await client.get("/graphql", headers=headers)
        answer, head = await client.get(path, headers=headers), await client.head(path, headers=headers)

        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert (answer.status_code, answer.text) == (without.status_code, without.text)
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert (head.status_code, head.headers) == (answer.status_code, answer.headers)
    assert seen == []


CLIENTS = [
    None,
    "",
    "*/*",
    "application/json",
    GRAPHQL,
    f"{GRAPHQL}, application/json;q=0.9",
    "application/json, text/html",
    "text/html;q=0.5, application/json",
    "text/html;q=0, */*",
    "text/plain",
]


async def test_an_api_client_gets_the_answer(client: httpx.AsyncClient, seen: list[Observation]) -> None:
    del client.headers["accept"]
    for accept in CLIENTS:
        headers = {} if accept is None else {"accept": accept}
        path = link(query=VIEWER, operationName="Me", variables="{}")
        answer = await client.get(path, headers=headers)

        assert (answer.status_code, answer.json()) == (200, {"data": {"viewer": {"email": EMAIL}}})
        assert answer.headers["vary"] == "accept, accept-encoding, authorization, cookie"
    assert [one.operation for one in seen] == ["Me"] * len(CLIENTS)


async def test_an_api_client_sends_no_mutation_by_a_link(client: httpx.AsyncClient) -> None:
    answer = await client.get(link(query="mutation { __typename }"))

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (link(documentId="unknown"), 200, "PERSISTED_QUERY_NOT_FOUND"),
        (link(variables="{}"), 400, "BAD_REQUEST"),
        ("/graphql?nothing", 400, "BAD_REQUEST"),
    ],
)
async def test_a_url_without_a_query_is_a_request_of_a_browser_too(
    client: httpx.AsyncClient, path: str, status: int, code: str
) -> None:
    answer = await client.get(path, headers={"accept": CHROMIUM})

    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (status, code)


async def test_a_body_of_a_browser_is_a_request(client: httpx.AsyncClient) -> None:
    answer = await client.post(link(query="{ a }"), json={"query": VIEWER}, headers={"accept": CHROMIUM})

    assert answer.json() == {"data": {"viewer": {"email": EMAIL}}}


@pytest.mark.parametrize("host", ["*", "test"])
async def test_without_graphiql_a_browser_gets_the_answer(pool: Pool, host: str) -> None:
    app = create_app(pool, hosts=(host,), graphiql=False)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answer = await client.get(link(query="{ __typename }"), headers={"accept": CHROMIUM})

    assert answer.json() == {"data": {"__typename": "Query"}}
