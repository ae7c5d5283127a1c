"""Downloads of export files: whole, in ranges, resumed, and refused."""

import asyncio
import gzip
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from db.engine.pool import Pool
from resolvers.framework.export_columns import export_table_of
from resolvers.framework.global_id import encode
from server.app import create_app
from server.runtime.stopping import Stopping
from services.accounts.rate_limit import RateLimits
from services.export.jobs import take_turn
from tests.support import rows

QUESTION = {
    "where": {"all": []},
    "order": {"name": "oldest", "columns": ["id"], "descending": False, "search": None},
}


async def add_user(pool: Pool, name: str, *scopes: str) -> tuple[int, str]:
    """Add a user, and return the user's ID and key."""
    user_id = await rows.add_user(pool, f"{name}@example.com")
    return user_id, await rows.add_key(pool, user_id, scopes or ["read:keywords"])


async def add_export(pool: Pool, user_id: int, format_: str = "json_lines") -> int:
    return await rows.insert(
        pool,
        "exports",
        user_id=user_id,
        everybody=False,
        entity="keywords",
        format=format_,
        columns=["id", "keyword"],
        question=QUESTION,
        created_at=datetime(2026, 1, 31, 23, 59, tzinfo=UTC),
    )


async def write_all(pool: Pool) -> None:
    while await take_turn(pool, export_table_of, rows_per_turn=40):
        pass


@dataclass(frozen=True)
class Served:
    """A served export of 500 keywords, stored in 13 parts."""

    client: httpx.AsyncClient
    pool: Pool
    user_id: int
    key: str
    export_id: int
    file: bytes

    @property
    def url(self) -> str:
        return f"/exports/{encode('Export', self.export_id)}/download"

    async def get(self, key: str | None = None, **headers: str) -> httpx.Response:
        credential = {"authorization": f"Bearer {key or self.key}"}
        return await self.client.get(self.url, headers=credential | headers)


@pytest.fixture
async def served(pool: Pool, origin: str) -> Any:
    user_id, key = await add_user(pool, "ann")
    await pool.execute(
        "INSERT INTO keywords (user_id, keyword) SELECT $1, md5(n::text) FROM generate_series(1, 500) AS n",
        user_id,
    )
    export_id = await add_export(pool, user_id)
    await write_all(pool)
    parts = await pool.fetch("SELECT data FROM export_parts ORDER BY starts_at")
    assert len(parts) == 13
    file = b"".join(part["data"] for part in parts)
    async with httpx.AsyncClient(base_url=origin) as client:
        yield Served(client, pool, user_id, key, export_id, file)


def code(answer: httpx.Response) -> str:
    found: str = answer.json()["errors"][0]["extensions"]["code"]
    return found


async def test_a_download_without_a_range_sends_the_whole_file(served: Served) -> None:
    answer = await served.get()
    assert answer.status_code == 200
    assert answer.content == served.file
    assert len(gzip.decompress(answer.content).splitlines()) == 500
    headers = answer.headers
    assert headers["content-type"] == "application/gzip"
    assert "content-encoding" not in headers
    assert headers["content-length"] == str(len(served.file))
    assert headers["content-disposition"] == 'attachment; filename="keywords-2026-01-31.jsonl.gz"'
    assert headers["accept-ranges"] == "bytes"
    assert headers["cache-control"] == "private, no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["etag"].startswith('"')
    assert headers["x-request-id"]


async def test_the_file_name_shows_the_format(served: Served) -> None:
    export_id = await add_export(served.pool, served.user_id, "csv")
    await write_all(served.pool)
    url = f"/exports/{encode('Export', export_id)}/download"
    answer = await served.client.get(url, headers={"authorization": f"Bearer {served.key}"})
    assert answer.headers["content-disposition"] == 'attachment; filename="keywords-2026-01-31.csv.gz"'
    assert gzip.decompress(answer.content).startswith(b"id,keyword\r\n")


async def test_a_range_request_sends_that_part_of_the_file(served: Served) -> None:
    size = len(served.file)
    edges = sorted({0, 1, size // 3, size // 2, size - 1})
    for first in edges:
        for last in (edge for edge in edges if edge >= first):
            answer = await served.get(range=f"bytes={first}-{last}")
            assert answer.status_code == 206
            assert answer.content == served.file[first : last + 1]
            assert answer.headers["content-range"] == f"bytes {first}-{last}/{size}"
            assert answer.headers["content-length"] == str(last + 1 - first)
    assert (await served.get(range="bytes=-7")).content == served.file[-7:]
    assert (await served.get(range=f"bytes=5-{size + 999}")).content == served.file[5:]


async def test_an_interrupted_download_can_be_resumed(served: Served) -> None:
    """A client requests the rest with If-Range. Another ETag sends the whole file."""
    had = served.file[:1000]
    etag = (await served.get()).headers["etag"]
    rest = await served.get(**{"range": f"bytes={len(had)}-", "if-range": etag})
    assert (rest.status_code, had + rest.content) == (206, served.file)
    other = await served.get(**{"range": f"bytes={len(had)}-", "if-range": '"other"'})
    assert (other.status_code, other.content) == (200, served.file)


async def test_a_range_beyond_the_end_is_refused(served: Served) -> None:
    answer = await served.get(range=f"bytes={len(served.file)}-")
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(served.file)}"
    assert code(answer) == "BAD_REQUEST"


@pytest.mark.parametrize("range_", ["bytes=0-1,5-6", "items=0-1", "bytes=9-3", "nonsense"])
async def test_unsupported_ranges_send_the_whole_file(served: Served, range_: str) -> None:
    answer = await served.get(range=range_)
    assert (answer.status_code, answer.content) == (200, served.file)


async def test_head_sends_the_headers_without_the_file(served: Served) -> None:
    headers = {"authorization": f"Bearer {served.key}"}
    whole = await served.client.head(served.url, headers=headers)
    assert (whole.status_code, whole.content) == (200, b"")
    assert whole.headers["content-length"] == str(len(served.file))
    assert whole.headers["etag"] == (await served.get()).headers["etag"]
    part = await served.client.head(served.url, headers=headers | {"range": "bytes=0-9"})
    assert (part.status_code, part.headers["content-length"]) == (206, "10")


async def test_other_methods_than_get_and_head_are_refused(served: Served) -> None:
    for method in ("POST", "PUT", "DELETE"):
        headers = {"authorization": f"Bearer {served.key}"}
        assert (await served.client.request(method, served.url, headers=headers)).status_code == 405


async def test_a_download_requires_a_valid_key(served: Served) -> None:
    anonymous = await served.client.get(served.url)
    assert (anonymous.status_code, code(anonymous)) == (401, "UNAUTHENTICATED")
    assert anonymous.headers["www-authenticate"] == "Bearer"
    assert (await served.get("lg_live_nonsense")).status_code == 401
    await served.pool.execute("UPDATE api_keys SET revoked_at = now()")
    assert (await served.get()).status_code == 401


@pytest.mark.parametrize(
    "id_", ["x", "RXhwb3J0OjA=", "RXhwb3J0OjE", "TGVhZDox", "%00", "RXhwb3J0Oi0x", "1", "é", "a" * 5000]
)
async def test_an_id_that_is_no_export_of_the_user_is_not_found(served: Served, id_: str) -> None:
    headers = {"authorization": f"Bearer {served.key}"}
    answer = await served.client.get(f"/exports/{id_}/download", headers=headers)
    assert (answer.status_code, code(answer)) == (404, "NOT_FOUND")
    assert answer.json()["errors"][0]["message"] == "The export does not exist."


async def test_exports_of_another_user_are_not_found(served: Served) -> None:
    _, ben = await add_user(served.pool, "ben")
    operator_id, olga = await add_user(served.pool, "olga")
    await served.pool.execute("UPDATE users SET role = 'operator' WHERE id = $1", operator_id)
    waiting = await add_export(served.pool, served.user_id)
    for key in (ben, olga):
        for export_id in (served.export_id, waiting, 10**9):
            url = f"/exports/{encode('Export', export_id)}/download"
            answer = await served.client.get(
                url, headers={"authorization": f"Bearer {key}", "x-request-id": "r"}
            )
            assert (answer.status_code, code(answer)) == (404, "NOT_FOUND")


async def test_an_unfinished_export_is_not_ready(served: Served) -> None:
    export_id = await add_export(served.pool, served.user_id)
    url = f"/exports/{encode('Export', export_id)}/download"
    headers = {"authorization": f"Bearer {served.key}"}
    waiting = await served.client.get(url, headers=headers)
    assert (waiting.status_code, code(waiting)) == (409, "NOT_READY")
    assert await take_turn(served.pool, export_table_of, rows_per_turn=40)
    assert (await served.client.get(url, headers=headers)).status_code == 409


async def test_slow_clients_hold_no_database_connections(served: Served) -> None:
    """More clients than the pool has connections pause, and another request still succeeds."""
    await served.pool.execute(
        "UPDATE export_parts SET data = data || decode(repeat('00', 2000000), 'hex') "
        "WHERE starts_at = (SELECT max(starts_at) FROM export_parts)"
    )
    await served.pool.execute("UPDATE exports SET size_bytes = size_bytes + 2000000")
    headers = {"authorization": f"Bearer {served.key}"}
    limits = httpx.Limits(max_connections=40)
    async with httpx.AsyncClient(base_url=str(served.client.base_url), limits=limits) as client:
        streams = [client.stream("GET", served.url, headers=headers) for _ in range(20)]
        answers = await asyncio.gather(*(stream.__aenter__() for stream in streams))
        assert {answer.status_code for answer in answers} == {200}
        assert (await asyncio.wait_for(served.get(range="bytes=0-9"), 30)).content == served.file[:10]
        for stream in streams:
            await stream.__aexit__(None, None, None)


async def test_a_range_costs_the_points_of_its_bytes(served: Served) -> None:
    await served.pool.execute("UPDATE exports SET size_bytes = size_bytes + 50000000")
    app = create_app(served.pool, rate_limits=RateLimits(100))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:
        headers = {"authorization": f"Bearer {served.key}"}
        left = []
        for more in ({"range": "bytes=0-9"}, {"range": "bytes=0-19999999"}, {}):
            answer = await client.head(served.url, headers=headers | more)
            assert answer.status_code == (206 if more else 200)
            left.append(int(answer.headers["ratelimit"].split("r=")[1].split(";")[0]))
    # Points come back while the requests run, less than two a second.
    assert left[0] - left[1] in range(21 - 15, 22)
    assert left[1] - left[2] in range(51 - 15, 52)
    assert left[0] >= 98


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM export_parts", "UPDATE api_keys SET revoked_at = now()"],
    ids=["deleted file", "revoked key"],
)
async def test_a_deleted_file_or_a_revoked_key_ends_the_download(served: Served, statement: str) -> None:
    """The client detects the early end by the Content-Length."""
    await served.pool.execute(
        "UPDATE export_parts SET data = data || decode(repeat('00', 8000000), 'hex') WHERE starts_at = 0"
    )
    await served.pool.execute("UPDATE export_parts SET starts_at = starts_at + 8000000 WHERE starts_at > 0")
    await served.pool.execute("UPDATE exports SET size_bytes = size_bytes + 8000000")
    headers = {"authorization": f"Bearer {served.key}"}
    async with served.client.stream("GET", served.url, headers=headers) as answer:
        pieces = answer.aiter_raw()
        await anext(pieces)
        await served.pool.execute(statement)
        with pytest.raises(httpx.RemoteProtocolError):
            async for _ in pieces:
                pass


async def test_the_stop_of_the_server_interrupts_a_download(
    served: Served, stopping: Stopping, caplog: pytest.LogCaptureFixture
) -> None:
    """The client detects the early end by the Content-Length, and resumes at another server."""
    stopping.seconds = 0
    zeros = "decode(repeat('00', 8000000), 'hex')"
    await served.pool.execute(f"UPDATE export_parts SET data = data || {zeros} WHERE starts_at = 0")
    await served.pool.execute("UPDATE export_parts SET starts_at = starts_at + 8000000 WHERE starts_at > 0")
    await served.pool.execute("UPDATE exports SET size_bytes = size_bytes + 8000000")
    headers = {"authorization": f"Bearer {served.key}", "x-request-id": "r-1"}
    async with served.client.stream("GET", served.url, headers=headers) as answer:
        pieces = answer.aiter_raw()
        await anext(pieces)
        stopping.begin()
        with pytest.raises(httpx.RemoteProtocolError):
            async for _ in pieces:
                pass
    assert "request r-1: the download was interrupted, since the server stops" in caplog.messages
