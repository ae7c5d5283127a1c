"""No answer tells of the inside: each kind of failure is provoked, and the whole answer is searched."""

import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest

from db.engine.pool import Pool
from db.engine.reader import Reader
from db.engine.writer import Writer
from schema.graph import Graph, build
from server.app import create_app
from server.http import protocol
from services.accounts import api_key
from tests.support.leaks import LEAKS, assert_no_leak, leak_in
from tests.support.rows import add_key, add_user

READ = "{ viewer { email } keywords { nodes { id } } }"
WRITE = 'mutation { createKeyword(input: { keyword: "crm" }) { keyword { id } userErrors { message } } }'
FAILURES: list[BaseException] = [
    ZeroDivisionError("division by zero in /usr/lib/python3.11/site-packages/x.py"),
    RecursionError("maximum recursion depth exceeded"),
    asyncpg.UndefinedTableError('relation "leads" does not exist'),
    asyncpg.UniqueViolationError('duplicate key value violates unique constraint "uq_keywords_user_id"'),
    asyncpg.QueryCanceledError("canceling statement due to statement timeout"),
    asyncpg.InsufficientPrivilegeError("permission denied for table users"),
    asyncpg.DiskFullError("could not extend file base/16384/1259: No space left on device"),
    asyncpg.TooManyConnectionsError("sorry, too many clients already"),
    ConnectionRefusedError("[Errno 111] Connect call failed ('10.0.0.7', 5432)"),
    OSError("No such file or directory: '/etc/leadgraph/key'"),
    MemoryError(),
]
REQUESTS: dict[str, dict[str, Any]] = {
    "no JSON": {"method": "POST", "url": "/graphql", "content": b"{"},
    "malformed UTF-8": {"method": "POST", "url": "/graphql", "content": b'{"query": "\xff\xfe"}'},
    "JSON of another type": {"method": "POST", "url": "/graphql", "content": b"[[[1]]]"},
    "deep JSON": {"method": "POST", "url": "/graphql", "content": b"[" * 15_000},
    "a huge number": {"method": "POST", "url": "/graphql", "content": b'{"query": "{a}", "variables": {"a": 1e999}}'},
    "a lone surrogate": {"method": "POST", "url": "/graphql", "content": b'{"query": "{ a \\ud800 }"}'},
    "a syntax error": {"method": "GET", "url": "/graphql?query={"},
    "an unknown field": {"method": "GET", "url": "/graphql?query={nothing}"},
    "an unknown path": {"method": "GET", "url": "/../../etc/passwd"},
    "an unknown file": {"method": "GET", "url": "/graphiql/assets/..%2f..%2fserver%2fapp.py"},
    "a wrong method": {"method": "DELETE", "url": "/graphql"},
    "a wrong type": {"method": "POST", "url": "/graphql", "headers": {"content-type": "text/plain"}, "content": b"{}"},
    "a wrong key": {"method": "GET", "url": "/graphql?query={viewer{id}}", "headers": {"authorization": "Bearer x"}},
    "an unknown export": {"method": "GET", "url": "/exports/x/download"},
    "a bad range": {"method": "GET", "url": "/exports/x/download", "headers": {"range": "bytes=9-1"}},
    "a bad stream": {"method": "POST", "url": "/ingest/mentions?onError=x", "content": b"{}"},
}  # fmt: skip


@pytest.fixture(scope="module")
def graph() -> Graph:
    return build()


@pytest.fixture
async def client(pool: Pool, graph: Graph) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(pool, graph=graph)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


@pytest.fixture
async def headers(pool: Pool) -> dict[str, str]:
    return {"authorization": f"Bearer {await add_key(pool, await add_user(pool))}"}


def everything(answer: httpx.Response) -> str:
    """Return the status line, the headers and the body of an answer, without the API's version."""
    lines = [f"{name}: {value}" for name, value in answer.headers.multi_items()]
    return "\n".join([*lines, answer.text])


def test_the_search_finds_each_kind_of_leak() -> None:
    for text in (
        'File "x", line 3, in f', "ZeroDivisionError", "SELECT id FROM leads", 'constraint "uq_x"', "/usr/lib/x",
        "PostgreSQL 15", "asyncpg", "1.2.3",
    ):  # fmt: skip
        assert leak_in(text)
    assert leak_in("Must be between 0 and 100.") is None
    assert len(LEAKS) == 5


@pytest.mark.parametrize("name", REQUESTS)
async def test_a_refused_request_tells_nothing_of_the_inside(
    client: httpx.AsyncClient, headers: dict[str, str], name: str
) -> None:
    for known in ({}, headers):
        request = REQUESTS[name]
        sent = {"content-type": "application/json"} | known | request.get("headers", {})
        answer = await client.request(**{**request, "headers": sent})
        assert 400 <= answer.status_code < 500 or "errors" in answer.json()
        assert_no_leak(everything(answer))
        assert "server" not in answer.headers
        assert "x-powered-by" not in answer.headers


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
@pytest.mark.parametrize("document", [READ, WRITE], ids=["read", "write"])
async def test_a_failed_operation_tells_nothing_of_the_inside(
    client: httpx.AsyncClient,
    headers: dict[str, str],
    failure: BaseException,
    document: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(Reader, "_send", fail)
    monkeypatch.setattr(Reader, "_send_alone", fail)
    monkeypatch.setattr(Writer, "_send", fail)
    answer = await client.post(
        "/graphql",
        content=json.dumps({"query": document}),
        headers=headers | {"content-type": "application/json"},
    )
    assert answer.json()["errors"]
    assert_no_leak(everything(answer))


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
async def test_a_failed_request_tells_nothing_of_the_inside(
    client: httpx.AsyncClient, failure: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(protocol, "parse", fail)
    answer = await client.post("/graphql", json={"query": READ})
    assert answer.status_code in {500, 503}
    assert_no_leak(everything(answer))


async def test_a_wrong_secret_is_refused_like_an_unknown_key(
    client: httpx.AsyncClient, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[bytes, bytes]] = []
    compare = hmac.compare_digest

    def noted(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", noted)
    key = api_key.parse(headers["authorization"].removeprefix("Bearer "))
    assert key is not None
    told = []
    for key_id in (key.key_id, key.key_id + 1):
        wrong = {"authorization": f"Bearer {api_key.written(key_id, api_key.new_secret())}"}
        answer = await client.post("/graphql", json={"query": READ}, headers=wrong)
        told.append((answer.status_code, answer.json()["errors"][0]["message"]))
    assert told == [(401, "This API key does not exist. Check it for missing characters.")] * 2
    assert [(len(one), len(other)) for one, other in compared] == [(32, 32)]
