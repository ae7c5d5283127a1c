"""Links of exports: they work without a key, for a short time, and never for more than their key allows."""

import gzip
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from db.engine.pool import Pool
from resolvers.framework.export_columns import export_table_of
from resolvers.framework.global_id import encode
from server.app import create_app
from services.export.download_link import DownloadLink, LinkSigner
from services.export.jobs import take_turn
from tests.support import rows
from tests.support.world import Clock

KEY, OTHER_KEY = "k" * 32, "o" * 32
QUESTION = {
    "where": {"all": []},
    "order": {"name": "oldest", "columns": ["id"], "descending": False, "search": None},
}
INVALID = (403, "FORBIDDEN", "The download link is invalid. Query `downloadUrl` again.")
EXPIRED = (410, "EXPIRED", "The download link has expired. Query `downloadUrl` again.")
ASK = "query($id: ID!, $s: Int, $gzip: Boolean) { export(id: $id) { url downloadUrl(expiresIn: $s, gzip: $gzip) } }"


@dataclass(frozen=True)
class Linked:
    """A finished export of ann's keywords, and a client without a key."""

    client: httpx.AsyncClient
    pool: Pool
    clock: Clock
    user_id: int
    key: str
    export_id: int
    signer: LinkSigner

    @property
    def id(self) -> str:
        return encode("Export", self.export_id)

    async def show(self, key: str | None = None, **variables: Any) -> Any:
        headers = {"authorization": f"Bearer {key or self.key}"}
        body = {"query": ASK, "variables": {"id": self.id, **variables}}
        return (await self.client.post("/graphql", json=body, headers=headers)).json()

    async def link(self, **variables: Any) -> str:
        found: str = (await self.show(**variables))["data"]["export"]["downloadUrl"]
        return found

    async def key_id(self) -> int:
        found: int = await self.pool.fetchval("SELECT id FROM api_keys WHERE user_id = $1", self.user_id)
        return found

    async def forged(self, signer: LinkSigner | None = None, **changes: int) -> str:
        """Return a link with changed fields, signed by the server's signer or another."""
        expires_at = int(datetime.now(UTC).timestamp()) + 60
        link = DownloadLink(self.export_id, self.user_id, await self.key_id(), expires_at)
        token = (signer or self.signer).token(link._replace(**changes))
        return f"/exports/{self.id}/download?token={token}"


async def add_export(pool: Pool, user_id: int, format_: str = "json_lines") -> int:
    return await rows.insert(
        pool, "exports", user_id=user_id, everybody=False, entity="keywords", format=format_,
        columns=["id", "keyword"], question=QUESTION, created_at=datetime(2026, 1, 31, 23, 59, tzinfo=UTC),
    )  # fmt: skip


async def write_all(pool: Pool) -> None:
    while await take_turn(pool, export_table_of, rows_per_turn=7):
        pass


def client_of(pool: Pool, links: LinkSigner | None, clock: Clock) -> httpx.AsyncClient:
    app = create_app(pool, links=links, clock=clock)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test")


@pytest.fixture
async def linked(pool: Pool) -> AsyncIterator[Linked]:
    user_id = await rows.add_user(pool, "ann@example.com")
    key = await rows.add_key(pool, user_id, ["read:keywords"])
    for number in range(20):
        await rows.add_keyword(pool, user_id, f"word {number}")
    export_id = await add_export(pool, user_id)
    await write_all(pool)
    signer, clock = LinkSigner([KEY]), Clock()
    async with client_of(pool, signer, clock) as client:
        yield Linked(client, pool, clock, user_id, key, export_id, signer)


def seen(answer: httpx.Response) -> tuple[int, Any, Any]:
    (error,) = answer.json()["errors"]
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    return answer.status_code, error["extensions"]["code"], error["message"]


async def test_a_link_downloads_the_file_without_a_key(linked: Linked) -> None:
    link = await linked.link()
    answer = await linked.client.get(link)
    assert answer.status_code == 200
    assert len(gzip.decompress(answer.content).splitlines()) == 20
    assert answer.headers["content-disposition"] == 'attachment; filename="keywords-2026-01-31.jsonl.gz"'
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    part = await linked.client.get(link, headers={"range": "bytes=3-9"})
    assert (part.status_code, part.content) == (206, answer.content[3:10])
    head = await linked.client.head(link)
    assert (head.status_code, head.headers["etag"]) == (200, answer.headers["etag"])
    assert link.startswith((await linked.show())["data"]["export"]["url"] + "?token=")


async def test_a_link_expires(linked: Linked) -> None:
    for seconds, expected in ((None, 300), (10, 10), (3600, 3600)):
        before = datetime.now(UTC).timestamp()
        token = (await linked.link(s=seconds)).partition("token=")[2]
        found = linked.signer.link(token)
        assert found is not None
        assert before + expected <= found.expires_at <= datetime.now(UTC).timestamp() + expected + 1
    linked.clock.at = datetime.now(UTC) - timedelta(seconds=12)
    late = await linked.link(s=10)
    assert seen(await linked.client.get(late)) == EXPIRED
    for wrong in (9, 3601, 0, -1):
        (error,) = (await linked.show(s=wrong))["errors"]
        assert error["message"] == f"`expiresIn` must be between 10 and 3600 seconds, not {wrong}."
        assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_changed_links_are_refused(linked: Linked) -> None:
    link = await linked.link()
    path, _, token = link.partition("?token=")
    decoded = bytearray(urlsafe_b64decode(token + "=="))
    changed = []
    for position in range(len(decoded)):
        damaged = bytearray(decoded)
        damaged[position] ^= 1
        changed.append(urlsafe_b64encode(damaged).decode().rstrip("="))
    others = ["", "x", "é", "%00", token[:-1], token[:-4], token + "AAAA", token * 2, "A" * 86, "A" * 10_000]
    for wrong in [*changed, *others]:
        assert seen(await linked.client.get(path, params={"token": wrong})) == INVALID
    assert (await linked.client.get(link)).status_code == 200


async def test_links_of_other_exports_users_and_keys_are_refused(linked: Linked) -> None:
    ben = await rows.add_user(linked.pool, "ben@example.com")
    await rows.add_key(linked.pool, ben, ["read:keywords"])
    bens_key = await linked.pool.fetchval("SELECT id FROM api_keys WHERE user_id = $1", ben)
    other = await add_export(linked.pool, linked.user_id)
    assert (await linked.client.get(await linked.forged())).status_code == 200
    for changes in ({"export_id": other}, {"user_id": ben}, {"key_id": bens_key}, {"export_id": 0}):
        assert seen(await linked.client.get(await linked.forged(**changes))) == INVALID
    bens = await linked.forged(user_id=ben, key_id=bens_key)
    assert seen(await linked.client.get(bens)) == (404, "NOT_FOUND", "The export does not exist.")
    path = f"/exports/{encode('Export', other)}/download"
    moved = await linked.client.get(path, params={"token": (await linked.link()).partition("token=")[2]})
    assert seen(moved) == INVALID
    foreign = await linked.forged(LinkSigner([OTHER_KEY]))
    assert seen(await linked.client.get(foreign)) == INVALID


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("UPDATE api_keys SET revoked_at = now()", (403, "FORBIDDEN")),
        ("UPDATE api_keys SET expires_at = now() - interval '1 second'", (403, "FORBIDDEN")),
        ("UPDATE users SET status = 'suspended'", (403, "FORBIDDEN")),
        ("DELETE FROM api_keys", (403, "FORBIDDEN")),
        ("UPDATE api_keys SET scopes = '{read:mentions}'", (403, "FORBIDDEN")),
        ("UPDATE exports SET expires_at = now()", (410, "EXPIRED")),
        ("DELETE FROM exports", (404, "NOT_FOUND")),
        ("DELETE FROM users", (403, "FORBIDDEN")),
        ("UPDATE exports SET everybody = true", (404, "NOT_FOUND")),
    ],
)
async def test_a_link_stops_working_with_its_key_user_or_export(
    linked: Linked, change: str, expected: tuple[int, str]
) -> None:
    link = await linked.link(s=3600)
    assert (await linked.client.get(link)).status_code == 200
    await linked.pool.execute(change)
    for answer in (await linked.client.get(link), await linked.client.get(f"{link}&gzip=false")):
        assert seen(answer)[:2] == expected


async def test_without_a_key_a_server_gives_and_accepts_no_links(linked: Linked) -> None:
    link = await linked.link()
    for links in (None, LinkSigner()):
        async with client_of(linked.pool, links, linked.clock) as client:
            assert seen(await client.get(link)) == INVALID
            assert seen(await client.get(link.replace("token=", "token=&x="))) == INVALID
            headers = {"authorization": f"Bearer {linked.key}"}
            body = {"query": ASK, "variables": {"id": linked.id}}
            shown = (await client.post("/graphql", json=body, headers=headers)).json()
            assert shown["data"]["export"]["downloadUrl"] is None
    async with client_of(linked.pool, LinkSigner([OTHER_KEY, KEY]), linked.clock) as client:
        assert (await client.get(link)).status_code == 200  # the key was replaced, and is still accepted


async def test_unfinished_exports_have_no_link(linked: Linked) -> None:
    await linked.pool.execute("UPDATE exports SET status = 'running', finished_at = NULL, expires_at = NULL")
    assert await linked.link() is None
    assert seen(await linked.client.get(await linked.forged()))[:2] == (409, "NOT_READY")


async def test_other_users_see_no_link(linked: Linked) -> None:
    ben = await rows.add_user(linked.pool, "ben@example.com", role="operator")
    key = await rows.add_key(linked.pool, ben, ["read:keywords"])
    assert await linked.show(key) == {"data": {"export": None}}


async def test_links_stay_out_of_logs(linked: Linked, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="leadgraph")
    token = (await linked.link()).partition("token=")[2]
    for link in (
        await linked.link(),
        await linked.forged(LinkSigner([OTHER_KEY])),
        await linked.forged(user_id=9),
    ):
        await linked.client.get(link)
    assert [
        record
        for record in caplog.records
        if record.name == "leadgraph" and token[:20] in record.getMessage()
    ] == []


@pytest.mark.parametrize("format_", ["json_lines", "csv"])
async def test_the_plain_file_is_the_content_of_the_compressed_one(linked: Linked, format_: str) -> None:
    export_id = await add_export(linked.pool, linked.user_id, format_)
    await write_all(linked.pool)
    path, headers = (
        f"/exports/{encode('Export', export_id)}/download",
        {"authorization": f"Bearer {linked.key}"},
    )
    packed = await linked.client.get(path, headers=headers)
    content, name = gzip.decompress(packed.content), {"csv": "csv", "json_lines": "jsonl"}[format_]
    etags = {packed.headers["etag"]}
    for accepted, encoding, length in (
        ("identity", None, len(content)),
        ("gzip;q=0, *", None, len(content)),
        ("gzip, br", "gzip", len(packed.content)),
        ("*", "gzip", len(packed.content)),
    ):
        for more in ({}, {"range": "bytes=3-9"}):
            answer = await linked.client.get(
                path, params={"gzip": "false"}, headers=headers | {"accept-encoding": accepted} | more
            )
            assert (answer.status_code, answer.content) == (200, content)
            assert answer.headers.get("content-encoding") == encoding
            assert answer.headers["content-length"] == str(length)
            assert answer.headers["vary"] == "accept-encoding"
            assert answer.headers["accept-ranges"] == "none"
            assert (
                answer.headers["content-disposition"] == f'attachment; filename="keywords-2026-01-31.{name}"'
            )
        etags.add(answer.headers["etag"])
    assert len(etags) == 3
    kinds = {"csv": "text/csv; charset=utf-8", "json_lines": "application/x-ndjson"}
    head = await linked.client.head(
        path, params={"gzip": "false"}, headers=headers | {"accept-encoding": "x"}
    )
    assert (head.headers["content-type"], head.headers["content-length"]) == (
        kinds[format_],
        str(len(content)),
    )


async def test_a_link_of_the_plain_file(linked: Linked) -> None:
    link = await linked.link(gzip=False)
    assert link.endswith("&gzip=false")
    answer = await linked.client.get(link)
    assert (answer.status_code, len(answer.content.splitlines())) == (200, 20)
    assert (await linked.link(gzip=True)).count("gzip") == 0
    wrong = await linked.client.get(link.replace("false", "no"))
    assert seen(wrong) == (400, "BAD_REQUEST", "The parameter gzip must be true or false.")
