"""Requests that the process refuses before it works on them."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from db.engine.pool import Pool
from schema.graph import Graph, build
from schema.prepared.limits import Limits
from server.app import create_app
from server.http import bounded_json, endpoint
from server.http.endpoint import LARGEST_BODY_BYTES
from server.http.request_limits import ANONYMOUS_BYTES_KEPT
from tests.support.rows import add_key, add_keyword, add_mention, add_user

JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def graph() -> Graph:
    return build()


@pytest.fixture
async def key(pool: Pool) -> str:
    user_id = await add_user(pool)
    for number in range(3):
        await add_keyword(pool, user_id, f"word{number}")
    return await add_key(pool, user_id)


@pytest.fixture
async def client(pool: Pool, graph: Graph) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(pool, graph=graph))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


async def ask(
    client: httpx.AsyncClient, query: str, key: str | None = None, **variables: object
) -> tuple[int, Any]:
    headers = JSON | ({"authorization": f"Bearer {key}"} if key else {})
    body = json.dumps({"query": query, "variables": variables})
    answer = await client.post("/graphql", content=body, headers=headers)
    return answer.status_code, answer.json()


def code(body: Any) -> str:
    (error,) = body["errors"]
    return str(error["extensions"]["code"])


async def test_a_key_allows_a_larger_body(client: httpx.AsyncClient, key: str) -> None:
    content = json.dumps({"query": "{ __typename }"}).ljust(LARGEST_BODY_BYTES)
    headers = JSON | {"authorization": f"Bearer {key}"}
    answer = await client.post("/graphql", content=content, headers=headers)
    assert answer.json() == {"data": {"__typename": "Query"}}
    answer = await client.post("/graphql", content=content + " ", headers=headers)
    assert (answer.status_code, code(answer.json())) == (413, "TOO_LARGE")


async def test_long_documents_require_a_key(client: httpx.AsyncClient, key: str) -> None:
    fields = " ".join(f"a{number}: __typename" for number in range(400))
    document = f"{{ __schema {{ {fields} }} }}"
    status, refused = await ask(client, document)
    assert (status, code(refused)) == (200, "COST_LIMIT_EXCEEDED")
    assert refused["errors"][0]["message"].startswith(
        "The document has at least 1,001 tokens; the limit is 1,000."
    )
    params = {"query": f"{{ __typename }} # {'x' * 16_000}"}
    answer = await client.get("/graphql", params=params)
    assert (answer.status_code, code(answer.json())) == (401, "UNAUTHENTICATED")
    assert len((await ask(client, document, key))[1]["data"]["__schema"]) == 400


async def test_documents_without_a_key_are_kept_apart_and_bounded(pool: Pool, graph: Graph) -> None:
    """They neither displace the documents of users nor take more than their own allowance."""
    app = create_app(pool, graph=graph)
    held = graph.prepared.bytes_held
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:
        for number in range(60):
            fields = " ".join(f"a{number}_{field}: __typename" for field in range(100))
            assert (await ask(client, f"{{ __schema {{ {fields} }} }}"))[0] == 200
    assert graph.prepared.bytes_held == held
    endpoint: Any = app.endpoint  # type: ignore[attr-defined]
    assert 0 < endpoint._anonymous_operations.bytes_held <= ANONYMOUS_BYTES_KEPT


async def test_a_bad_key_is_refused_before_the_body_is_read(client: httpx.AsyncClient) -> None:
    headers = JSON | {"authorization": "Bearer lg_live_nonsense"}
    answer = await client.post("/graphql", content=b"no JSON", headers=headers)
    assert (answer.status_code, code(answer.json())) == (401, "UNAUTHENTICATED")


async def test_a_long_credential_is_refused_and_not_kept(client: httpx.AsyncClient, key: str) -> None:
    headers = JSON | {"authorization": f"Bearer {' ' * 1_000_000}{key}"}
    answer = await client.post("/graphql", content=b'{"query": "{ __typename }"}', headers=headers)
    assert (answer.status_code, code(answer.json())) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    "filters",
    [
        {"and": [{} for _ in range(6_000)]},
        {"not": {"or": [{"not": {}} for _ in range(3_000)]}},
        {"mentionsCount": {"in": list(range(70_000))}},
    ],
)
async def test_variables_that_take_long_to_coerce_are_refused(
    client: httpx.AsyncClient, key: str, filters: object
) -> None:
    query = "query($f: KeywordFilter) { keywords(filter: $f) { totalCount } }"
    status, refused = await ask(client, query, key, f=filters)
    assert (status, code(refused)) == (400, "BAD_REQUEST")
    assert refused["errors"][0]["message"] == (
        "`variables` must have at most 5,000 objects and 60,000 values. Send several requests."
    )


async def test_a_response_over_the_limit_is_refused_while_it_is_built(
    client: httpx.AsyncClient, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = " ".join(f"a{number}: keyword" for number in range(210))
    query = f"{{ keywords(first: 100) {{ nodes {{ {fields} }} }} }}"
    status, whole = await ask(client, query, key)
    assert [len(node) for node in whole["data"]["keywords"]["nodes"]] == [210] * 3
    monkeypatch.setattr(bounded_json, "MOST_BYTES", 5_000)
    status, refused = await ask(client, query, key)
    assert (status, code(refused)) == (200, "COST_LIMIT_EXCEEDED")
    assert refused["errors"][0]["message"] == (
        "The response would have more than 5,000 bytes. Request smaller pages (`first`) or fewer texts."
    )


async def test_other_requests_are_answered_while_a_long_document_is_prepared(pool: Pool, key: str) -> None:
    fields = " ".join(f"a{number}: email" for number in range(3_000))
    app = create_app(pool, graph=build(limits=Limits(aliases=3_000)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:
        long = asyncio.create_task(ask(client, f"{{ viewer {{ {fields} }} }}", key))
        await asyncio.sleep(0.05)
        assert (await client.get("/healthz")).json() == {"status": "alive"}
        assert not long.done()
        assert len((await long)[1]["data"]["viewer"]) == 3_000


async def test_a_response_with_short_texts_is_encoded_at_once(
    client: httpx.AsyncClient, key: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_pieces: list[object] = []

    def encoded(_content: object, lists: object) -> bytes:
        in_pieces.append(lists)
        return b"{}"

    monkeypatch.setattr(bounded_json, "encoded", encoded)
    keyword_id = await pool.fetchval("SELECT id FROM keywords LIMIT 1")
    await add_mention(pool, keyword_id, content="x" * 100)
    query = (
        f"{{ mentions(first: 100) {{ nodes {{ {' '.join(f'{name}: content' for name in 'abcdefg')} }} }} }}"
    )
    nodes = [dict.fromkeys("abcdefg", "x" * 100)]
    assert await ask(client, query, key) == (200, {"data": {"mentions": {"nodes": nodes}}})
    assert in_pieces == []
    monkeypatch.setattr(
        endpoint, "CHARACTERS_AT_ONCE", 69_999
    )  # 700 texts of 100 characters, and a few other values
    await ask(client, query, key)
    assert in_pieces == [{"data": {"mentions": {"nodes": {}}}, "errors": {}}]
