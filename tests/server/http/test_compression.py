"""Compressed answers: the coding by `Accept-Encoding`, and the answers that are never compressed."""

import gzip
from collections.abc import AsyncIterator, Callable, Mapping

import brotli
import httpx
import pytest
import zstandard
from graphql import OperationType
from starlette.requests import Request

from db.engine.pool import Pool
from server.app import create_app
from server.http import compression
from server.http.compression import coding_of

LONG = "{ __schema { types { name description fields { name description } } } }"
SHORT = "{ __typename }"
UNPACK: Mapping[str, Callable[[bytes], bytes]] = {
    "zstd": lambda packed: zstandard.ZstdDecompressor().decompress(packed),
    "br": brotli.decompress,
    "gzip": gzip.decompress,
}


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("*", "zstd"),
        ("*;q=0.5, br", "br"),
        ("br;q=0.5, gzip;q=0.8", "gzip"),
        ("zstd;q=0, *", "br"),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("gzip;q=0", None),
        ("*;q=0", None),
        ("deflate", None),
        ("identity", None),
        ("", None),
    ],
)
def test_the_coding_with_the_highest_weight_is_chosen(accepted: str, coding: str | None) -> None:
    assert coding_of(accepted) == coding


@pytest.fixture
async def client(pool: Pool) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(pool))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


async def raw(client: httpx.AsyncClient, document: str, **headers: str) -> tuple[httpx.Response, bytes]:
    """Return the answer, and its body as it travels."""
    request = client.build_request("POST", "/graphql", json={"query": document}, headers=headers)
    answer = await client.send(request, stream=True)
    return answer, b"".join([piece async for piece in answer.aiter_raw()])


@pytest.mark.parametrize("coding", ["zstd", "br", "gzip"])
@pytest.mark.parametrize("at_once", [1, 10_000_000])
async def test_a_long_answer_travels_in_the_accepted_coding(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, coding: str, at_once: int
) -> None:
    monkeypatch.setattr(compression, "MOST_BYTES_AT_ONCE", at_once)
    _, plain = await raw(client, LONG, **{"accept-encoding": "identity"})
    answer, packed = await raw(client, LONG, **{"accept-encoding": coding})
    assert (answer.headers["content-encoding"], answer.headers["vary"]) == (coding, "accept-encoding")
    assert answer.headers["content-length"] == str(len(packed))
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert UNPACK[coding](packed) == plain
    assert len(packed) < len(plain) / 3


async def test_an_answer_varies_also_without_a_coding(client: httpx.AsyncClient) -> None:
    answer, _ = await raw(client, LONG, **{"accept-encoding": "identity"})
    assert "content-encoding" not in answer.headers
    assert answer.headers["vary"] == "accept-encoding"


async def test_short_answers_and_errors_are_not_compressed(client: httpx.AsyncClient) -> None:
    wrong = f"{{ {'x' * 900} {'y' * 900} }}"
    for document in (SHORT, wrong):
        answer, _ = await raw(client, document, **{"accept-encoding": "gzip"})
        assert "content-encoding" not in answer.headers


QUERY, MUTATION = OperationType.QUERY, OperationType.MUTATION


@pytest.mark.parametrize(
    ("operation", "content", "method", "headers", "expected"),
    [
        (QUERY, {"data": {}}, "GET", {}, True),
        (MUTATION, {"data": {}}, "POST", {}, False),
        (None, {}, "POST", {}, False),
        (QUERY, {"data": {}, "errors": []}, "POST", {}, False),
        (QUERY, {"data": {}}, "GET", {"cookie": "a=b"}, False),
        (QUERY, {"data": {}}, "GET", {"cookie": "a=b", "sec-fetch-site": "cross-site"}, False),
        (QUERY, {"data": {}}, "GET", {"cookie": "a=b", "sec-fetch-site": "same-site"}, False),
        (QUERY, {"data": {}}, "GET", {"cookie": "a=b", "origin": "https://app.example"}, False),
        (QUERY, {"data": {}}, "GET", {"cookie": "a=b", "sec-fetch-site": "same-origin"}, True),
        (QUERY, {"data": {}}, "POST", {"cookie": "a=b", "sec-fetch-site": "cross-site"}, True),
        (QUERY, {"data": {}}, "QUERY", {"cookie": "a=b"}, True),
    ],
)
def test_answers_with_secrets_or_to_foreign_pages_are_not_compressed(
    operation: OperationType | None,
    content: dict[str, object],
    method: str,
    headers: dict[str, str],
    expected: bool,
) -> None:
    raw_headers = [(name.encode(), value.encode()) for name, value in headers.items()]
    request = Request({"type": "http", "method": method, "headers": raw_headers})
    assert compression.is_safe(request, operation, content) is expected
