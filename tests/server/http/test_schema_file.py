"""`/schema.graphql`: the committed schema, its codings and its entity tags."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from db.engine.pool import Pool
from server.app import create_app
from server.http.etags import matches, tags_in

PATH = "/schema.graphql"
COMMITTED = (Path(__file__).parents[3] / "schema.graphql").read_text()


@pytest.fixture
async def client(pool: Pool) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(pool))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


async def test_anyone_reads_the_committed_schema_in_each_coding(client: httpx.AsyncClient) -> None:
    seen = {}
    for coding in ("identity", "gzip", "br", "zstd"):
        answer = await client.get(PATH, headers={"accept-encoding": coding})
        assert (answer.status_code, answer.text) == (200, COMMITTED)
        assert answer.headers["content-type"] == "application/graphql; charset=utf-8"
        assert answer.headers["cache-control"] == "public, no-cache"
        assert answer.headers["vary"] == "accept-encoding"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers.get("content-encoding", "identity") == coding
        seen[coding] = answer.headers["etag"]
    assert len(set(seen.values())) == 4


async def test_a_known_schema_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get(PATH, headers={"accept-encoding": "br"})
    for known in (first.headers["etag"], f'"other", W/{first.headers["etag"]}', "*"):
        again = await client.get(PATH, headers={"accept-encoding": "br", "if-none-match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    other = await client.get(PATH, headers={"accept-encoding": "br", "if-none-match": '"other"'})
    assert other.status_code == 200
    plain = await client.get(PATH, headers={"accept-encoding": "", "if-none-match": first.headers["etag"]})
    assert plain.status_code == 200


async def test_head_has_the_headers_of_get(client: httpx.AsyncClient) -> None:
    headers = {"accept-encoding": "gzip", "x-request-id": "r-1"}
    got, head = await client.get(PATH, headers=headers), await client.head(PATH, headers=headers)
    assert (head.headers, head.content) == (got.headers, b"")


def test_if_none_match_compares_weakly() -> None:
    assert tags_in('W/"a", "b,c" , "d"') == {'"a"', '"b,c"', '"d"'}
    assert matches('"a"', 'W/"a"')
    assert matches('W/"a"', '"a"')
    assert not matches("a", '"a"')
    assert not matches("", '"a"')
