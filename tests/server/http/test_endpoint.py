"""GraphQL over HTTP: statuses, media types, codes and messages of answers, before anything of them is read."""

import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from db.engine.pool import Pool
from schema.prepared import operation as operations
from server.app import create_app
from server.http.request_limits import ANONYMOUS_BYTES
from tests.support.rows import add_key, add_user

JSON, GRAPHQL = "application/json", "application/graphql-response+json"
QUERY = "{ __typename }"
TWO = "query A { __typename } mutation B { __typename }"


@pytest.fixture
async def client(pool: Pool) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(pool))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


def seen(answer: httpx.Response) -> tuple[int, Any, Any]:
    """Return the status, and the code and the message of the only error."""
    (error,) = answer.json()["errors"]
    return answer.status_code, error["extensions"]["code"], error["message"]


@pytest.mark.parametrize("media_type", [JSON, GRAPHQL])
async def test_an_answer_has_the_media_type_of_accept(client: httpx.AsyncClient, media_type: str) -> None:
    for answer in (
        await client.post("/graphql", json={"query": QUERY}, headers={"accept": media_type}),
        await client.get("/graphql", params={"query": QUERY}, headers={"accept": media_type}),
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"
        assert answer.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("{", "GRAPHQL_PARSE_FAILED", "Syntax Error: Expected Name, found <EOF>."),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED", "Cannot query field 'nothing' on type 'Query'."),
        (
            TWO,
            "GRAPHQL_VALIDATION_FAILED",
            "The document has several operations. Choose one with `operationName`.",
        ),
        (
            "query($name: String!) { __type(name: $name) { name } }",
            "BAD_USER_INPUT",
            "Variable '$name' has invalid value: Expected a value of non-null type 'String!' to be provided.",
        ),
    ],
)
async def test_what_does_not_run_has_no_data(
    client: httpx.AsyncClient, query: str, code: str, message: str
) -> None:
    for _ in range(2):  # the second time, the document is known
        for media_type, status in ((JSON, 200), (GRAPHQL, 400)):
            answer = await client.post("/graphql", json={"query": query}, headers={"accept": media_type})
            assert seen(answer) == (status, code, message)
            assert "data" not in answer.json()


async def test_a_field_that_fails_leaves_data(client: httpx.AsyncClient, pool: Pool) -> None:
    key = await add_key(pool, await add_user(pool))
    headers = {"accept": GRAPHQL, "authorization": f"Bearer {key}"}
    answer = await client.post("/graphql", json={"query": '{ keyword(id: "x") { id } }'}, headers=headers)
    assert (answer.status_code, answer.json()["data"]) == (200, {"keyword": None})
    assert seen(answer)[1] == "BAD_USER_INPUT"


@pytest.mark.parametrize("media_type", [JSON, GRAPHQL])
async def test_a_query_of_data_without_a_credential_is_unauthorized(
    client: httpx.AsyncClient, media_type: str
) -> None:
    body = {"query": "query($on: Boolean = false) { __typename viewer @include(if: $on) { id } }"}
    headers = {"accept": media_type}
    answer = await client.post("/graphql", json=body, headers=headers)
    assert answer.json() == {"data": {"__typename": "Query"}}
    answer = await client.post("/graphql", json=body | {"variables": {"on": True}}, headers=headers)
    assert seen(answer) == (
        401,
        "UNAUTHENTICATED",
        "Authentication is required. Send the header `Authorization: Bearer <API key>`.",
    )
    assert "data" not in answer.json()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "The request's body is not JSON: "),
        ("{", "The request's body is not JSON: "),
        ("[]", "The request's body must be a JSON object."),
        ("1", "The request's body must be a JSON object."),
        ("{}", "`query` must be a GraphQL document."),
        ('{"query": " "}', "`query` must be a GraphQL document."),
        ('{"query": 1}', "`query` must be a GraphQL document."),
        ('{"query": "{ a }", "variables": []}', "`variables` must be a JSON object."),
        ('{"query": "{ a }", "operationName": 1}', "`operationName` must be a string."),
        ('{"query": "{ a }", "extensions": 1}', "`extensions` must be a JSON object."),
    ],
)
@pytest.mark.parametrize("media_type", [JSON, GRAPHQL])
async def test_a_body_that_is_no_request_is_refused(
    client: httpx.AsyncClient, body: str, message: str, media_type: str
) -> None:
    headers = {"content-type": JSON, "accept": media_type, "x-request-id": "r-1"}
    answer = await client.post("/graphql", content=body, headers=headers)
    status, code, said = seen(answer)
    assert (status, code) == (400, "BAD_REQUEST")
    assert said.startswith(message)
    assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"
    assert answer.headers["x-request-id"] == answer.json()["errors"][0]["extensions"]["requestId"] == "r-1"


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"content-type": "text/plain"}, "The request's Content-Type must be application/json."),
        (
            {"content-type": "text/plain, application/json"},
            "The request's Content-Type must be application/json.",
        ),
        (
            {"content-type": f"{JSON}; charset=utf-16"},
            "The request's body must be UTF-8 without a Content-Encoding.",
        ),
        (
            {"content-type": JSON, "content-encoding": "gzip"},
            "The request's body must be UTF-8 without a Content-Encoding.",
        ),
    ],
)
async def test_a_body_of_another_kind_is_refused(
    client: httpx.AsyncClient, headers: dict[str, str], message: str
) -> None:
    content = json.dumps({"query": QUERY})
    answer = await client.post("/graphql", content=content, headers=headers)
    assert seen(answer) == (415, "BAD_REQUEST", message)


@pytest.mark.parametrize("media_type", ["application/json", 'Application/JSON; Charset="UTF-8"'])
async def test_content_types_are_read_as_http_has_them(client: httpx.AsyncClient, media_type: str) -> None:
    content = json.dumps({"query": QUERY})
    answer = await client.post("/graphql", content=content, headers={"content-type": media_type})
    assert answer.json() == {"data": {"__typename": "Query"}}


async def test_a_body_that_is_too_large_is_refused(client: httpx.AsyncClient) -> None:
    content = json.dumps({"query": QUERY}).ljust(ANONYMOUS_BYTES + 1)
    answer = await client.post("/graphql", content=content, headers={"content-type": JSON})
    assert seen(answer) == (
        413,
        "TOO_LARGE",
        "The request's body exceeds 16,000 bytes, the limit without an API key.",
    )


async def test_get_asks_queries_only(client: httpx.AsyncClient) -> None:
    """Invalid mutations, too: their type is known before they are validated."""
    for query in ("mutation { __typename }", "mutation { nothing }", "mutation { __typename }"):
        answer = await client.get("/graphql", params={"query": query})
        assert seen(answer) == (405, "BAD_REQUEST", "GET allows queries only. Send this operation by POST.")
        assert answer.headers["allow"] == "POST"
    answer = await client.get("/graphql", params={"query": TWO, "operationName": "A", "variables": "{}"})
    assert answer.json() == {"data": {"__typename": "Query"}}
    refused = await client.get("/graphql", params={"query": TWO, "operationName": "B"})
    assert refused.status_code == 405
    wrong = await client.get("/graphql", params={"query": QUERY, "variables": "[]"})
    assert seen(wrong) == (400, "BAD_REQUEST", "`variables` must be a JSON object.")


async def test_subscriptions_need_a_stream(client: httpx.AsyncClient) -> None:
    message = (
        "A subscription and a query with @live need a WebSocket (`graphql-transport-ws`), or "
        "`Accept: text/event-stream`."
    )
    for query in ("subscription { a }", "subscription S { viewer { id } }"):
        for answer in (
            await client.post("/graphql", json={"query": query}),
            await client.get("/graphql", params={"query": query}),
        ):
            assert seen(answer) == (400, "BAD_REQUEST", message)


@pytest.mark.parametrize(
    ("query", "name", "message"),
    [
        (TWO, "C", "The document lacks the operation 'C'."),
        ("fragment F on User { id }", None, "The document has no operation."),
    ],
)
async def test_an_operation_that_the_document_lacks_is_refused(
    client: httpx.AsyncClient, query: str, name: str | None, message: str
) -> None:
    answer = await client.post("/graphql", json={"query": query, "operationName": name})
    assert seen(answer) == (400, "BAD_REQUEST", message)


async def test_a_failure_of_ours_is_an_answer_and_in_the_log(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(operations, "execute_plan", fail)
    headers = {"x-request-id": "r-1", "accept": GRAPHQL}
    answer = await client.post("/graphql", json={"query": QUERY}, headers=headers)
    message = "Internal error. The log describes it under the request ID r-1."
    assert seen(answer) == (400, "INTERNAL", message)
    (record,) = [record for record in caplog.records if record.name == "leadgraph"]
    assert record.levelno == logging.ERROR
    assert "r-1" in record.getMessage()
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError
