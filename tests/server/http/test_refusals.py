"""Refusals of the server outside of GraphQL: each is JSON with a code, in the words of the API."""

import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from db.engine.pool import Pool
from server.app import LOOPBACK, create_app
from server.http import protocol
from server.http.request_limits import ANONYMOUS_BYTES

JSON = "application/json"
TOO_LARGE = "The request's body exceeds 16,000 bytes, the limit without an API key."
NO_PATH = "This path does not exist. The API is at /graphql."
INTERNAL = "Internal error. The log describes it under the request ID r-1."
LONG = "9" * 4301


def client_of(pool: Pool, *, hosts: tuple[str, ...] = ("*",)) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=create_app(pool, hosts=hosts), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000")


@pytest.fixture(params=["all hosts", "loopback"])
async def client(pool: Pool, request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a public server, and of a demo, whose requests take another way through the server."""
    async with client_of(pool, hosts=("*",) if request.param == "all hosts" else LOOPBACK) as made:
        yield made


def seen(answer: httpx.Response) -> tuple[int, Any, Any]:
    """Return the status, and the code and the message of the only error."""
    (error,) = answer.json()["errors"]
    assert answer.headers["content-type"] == f"{JSON}; charset=utf-8"
    assert answer.headers["x-request-id"] == error["extensions"]["requestId"]
    return answer.status_code, error["extensions"]["code"], error["message"]


@pytest.mark.parametrize("length", [None, str(ANONYMOUS_BYTES + 1), LONG])
async def test_a_too_large_body_is_refused_with_the_limit(
    client: httpx.AsyncClient, length: str | None
) -> None:
    headers = {"content-type": JSON} | ({} if length is None else {"content-length": length})
    content = b"x" * (ANONYMOUS_BYTES + 1) if length is None else b"{}"
    answer = await client.post("/graphql", content=content, headers=headers)
    assert seen(answer) == (413, "TOO_LARGE", TOO_LARGE)


async def test_a_body_of_the_limit_is_read(client: httpx.AsyncClient) -> None:
    content = json.dumps({"query": "{ __typename }"}).ljust(ANONYMOUS_BYTES)
    answer = await client.post("/graphql", content=content, headers={"content-type": JSON})
    assert answer.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("path", ["/nothing", "/graphql/x", "/exports", "/graphiql/assets/x.js"])
async def test_an_unknown_path_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = await client.request(method, path)
        if answer.status_code != 405:
            assert seen(answer) == (404, "NOT_FOUND", NO_PATH)
    assert (await client.head(path)).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/graphql", {"GET", "HEAD", "POST", "QUERY"}),
        ("POST", "/healthz", {"GET", "HEAD"}),
        ("GET", "/ingest/mentions", {"POST"}),
        ("DELETE", "/exports/x/download", {"GET", "HEAD"}),
    ],
)
async def test_a_wrong_method_is_refused_with_the_allowed_ones(
    client: httpx.AsyncClient, method: str, path: str, allowed: set[str]
) -> None:
    answer = await client.request(method, path)
    status, code, message = seen(answer)
    assert (status, code) == (405, "BAD_REQUEST")
    assert set(answer.headers["allow"].split(", ")) == allowed
    assert message == f"This path accepts {answer.headers['allow']}, not {method}."


@pytest.mark.parametrize(
    ("path", "accept", "status"),
    [
        ("/graphql?query={__typename}", JSON, 200),
        ("/graphql?query={nothing}", protocol.GRAPHQL_JSON, 400),
        ("/graphql?query=mutation{__typename}", JSON, 405),
        ("/graphql", "text/html", None),
        ("/", "*/*", 307),
        ("/healthz", "*/*", 200),
        ("/readyz", "*/*", 200),
        ("/metrics", "*/*", 200),
        ("/exports/x/download", "*/*", 401),
    ],
)
async def test_head_has_the_status_and_the_headers_of_get(
    client: httpx.AsyncClient, path: str, accept: str, status: int | None
) -> None:
    headers = {"accept": accept, "x-request-id": "r-1"}
    got, head = await client.get(path, headers=headers), await client.head(path, headers=headers)
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert status in {None, got.status_code}
    lengths = [answer.headers.pop("content-length") for answer in (got, head)]
    assert head.headers == got.headers
    assert lengths[0] == lengths[1] or path == "/metrics" or "mutation" in path


async def test_a_request_for_another_host_is_refused(pool: Pool) -> None:
    message = "The Host header must be one of 127.0.0.1, [::1], localhost."
    async with client_of(pool, hosts=LOOPBACK) as client:
        for host in ("evil.example", "127.0.0.1.evil.example", "127.0.0.1:x", "", "localhost:80:80"):
            for path in ("/graphql", "/healthz", "/nothing"):
                assert seen(await client.get(path, headers={"host": host})) == (400, "BAD_REQUEST", message)
        for host in ("127.0.0.1", "LOCALHOST:8000", "[::1]:1", "[::1]"):
            assert (await client.get("/healthz", headers={"host": host})).status_code == 200


@pytest.mark.parametrize("path", ["/graphql", "/readyz"])
async def test_a_failure_of_the_server_is_json_and_in_the_log(
    client: httpx.AsyncClient, path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret")

    failing = "server.http.endpoint.protocol.parse" if path == "/graphql" else "server.app.Probe.is_read_only"
    monkeypatch.setattr(failing, fail)
    params, headers = {"query": "{ __typename }"}, {"x-request-id": "r-1"}
    answer = await client.get(path, params=params, headers=headers)
    assert seen(answer) == (500, "INTERNAL", INTERNAL)
    record = next(record for record in caplog.records if record.name == "leadgraph")
    assert (record.levelno, "r-1" in record.getMessage()) == (logging.ERROR, True)


SAFE = {"x-content-type-options": "nosniff", "cache-control": "no-store"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 307),
        ("GET", "/graphql?query={__typename}", 200),
        ("GET", "/graphql?query={", 200),
        ("POST", "/graphql", 415),
        ("POST", "/graphql/", 307),
        ("PUT", "/graphql", 405),
        ("GET", "/healthz", 200),
        ("HEAD", "/readyz", 200),
        ("GET", "/metrics", 200),
        ("GET", "/nothing", 404),
        ("GET", "/graphiql/assets/x.js", 404),
        ("POST", "/ingest/mentions", 401),
    ],
)
async def test_browsers_neither_guess_the_type_of_an_answer_nor_store_it(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == status
    found = [(name, value) for name, value in answer.headers.multi_items() if name in SAFE]
    assert sorted(found) == sorted(SAFE.items())


async def test_private_answers_keep_their_own_header(client: httpx.AsyncClient) -> None:
    answer = await client.get("/exports/x/download")
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/graphql/",
        "/healthz/",
        "/ingest/mentions/",
        "/exports/x/download/",
        "/graphiql/assets",
        "//evil/",
    ],
)
async def test_no_answer_leads_to_the_host_that_a_request_names(pool: Pool, path: str) -> None:
    async with client_of(pool) as client:
        for method in ("GET", "POST"):
            url = httpx.URL("http://127.0.0.1:8000", raw_path=path.encode() + b"?query=a")
            answer = await client.request(method, url, headers={"host": "evil.example"})
            if path in {"/", "/graphql/"} and answer.status_code != 405:
                assert (answer.status_code, answer.headers["location"]) == (307, "/graphql?query=a")
            else:
                assert answer.status_code in {404, 405}
                assert "location" not in answer.headers
