"""Connections of slow, silent, greedy and many clients. Time passes by checks with a later time."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from server.http.limits import ConnectionLimits
from tests.support.listening import ListeningServer, listening

LIMITS = ConnectionLimits(connections=3, spare_connections=2)
APP = "https://app.example.com"
LARGE = b"x" * 3_000_000
GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


@dataclass
class Site:
    """An application that answers the size of the body, and a file on `/large`. `/wait` waits for `go`."""

    server: ListeningServer = field(init=False)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[list[tuple[bytes, bytes]]] = field(default_factory=list)
    callers: list[tuple[str, str]] = field(default_factory=list)
    gone: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == "/wait":
            await self.go.wait()
        if scope["query_string"] == b"ahead":
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": LARGE, "more_body": True})
        body, more = b"", scope["path"] != "/early"
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.gone += 1
                return
            body, more = body + message.get("body", b""), message.get("more_body", False)
        self.bodies.append(body)
        self.headers.append(scope["headers"])
        self.callers.append((scope["scheme"], scope["client"][0]))
        answer = LARGE if scope["path"] == "/large" else b"%d" % len(body)
        headers = [(b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    def pass_time(self, seconds: float) -> None:
        self.server.connections.check(time.monotonic() + seconds)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site()
    async with listening(made, limits=LIMITS) as server:
        made.server = server
        yield made
        made.go.set()


@dataclass
class Client:
    """A client on a socket, and its connection on the side of the server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    connection: Any = None

    async def send(self, data: bytes) -> None:
        """Send the data, and return when the server has received it."""
        before = self.connection._received_at
        self.writer.write(data)
        await settle(lambda: self.connection._received_at != before)

    async def answer(self) -> tuple[int, bytes]:
        """Return the status and the body of the next answer."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        (length,) = (int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
        return int(head.split()[1]), await self.reader.readexactly(length)

    async def error(self) -> tuple[int, str, str]:
        """Return the status, code and message of a refusal, which ends the connection."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        assert b"connection: close" in head
        assert b"x-content-type-options: nosniff\r\n" in head
        assert b"cache-control: no-store\r\n" in head
        (error,) = json.loads(await self.reader.read())["errors"]
        return int(head.split()[1]), error["extensions"]["code"], error["message"]

    async def is_closed(self) -> bool:
        try:
            return await self.reader.read(1) == b""
        except ConnectionResetError:
            return True


@asynccontextmanager
async def connected(site: Site, data: bytes = b"", *, buffer: int | None = None) -> AsyncIterator[Client]:
    """Connect a client, send the data, and wait until the server knows the client."""
    before = set(site.server.connections._open)
    raw = socket.socket()
    if buffer is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", site.server.port))
    client = Client(*await asyncio.open_connection(sock=raw, limit=2**16 if buffer is None else 1024))
    await settle(lambda: site.server.connections._open - before)
    (client.connection,) = site.server.connections._open - before
    try:
        async with asyncio.timeout(20):
            if data:
                await client.send(data)
            yield client
    finally:
        client.writer.transport.abort()
        await settle(lambda: client.connection not in site.server.connections._open)


async def settle(is_true: Any) -> None:
    while not is_true():
        await asyncio.sleep(0.001)


async def test_headers_of_a_proxy_name_the_scheme_and_the_client(site: Site) -> None:
    lines = (b"", b"x-forwarded-for: 9.9.9.9\r\n", b"X-Forwarded-Proto: https\r\n", b"via: 1.1 x\r\n")
    async with connected(site) as client:
        for line in lines:
            await client.send(b"GET / HTTP/1.1\r\nhost: x\r\n" + line + b"\r\n")
            assert await client.answer() == (200, b"0")
    local = ("http", "127.0.0.1")
    assert site.callers == [local, ("http", "9.9.9.9"), ("https", "127.0.0.1"), local]


# Slow and silent clients


async def test_a_client_that_sends_nothing_is_disconnected(site: Site) -> None:
    async with connected(site) as client:
        site.pass_time(9.9)
        assert len(site.server.connections) == 1
        site.pass_time(10.1)
        assert await client.is_closed()


async def test_headers_that_trickle_get_408(site: Site) -> None:
    async with connected(site, b"GET / HTTP/1.1\r\nx: y\r\n") as client:
        site.pass_time(9.9)
        await client.send(b"z: z\r\n")
        site.pass_time(10.5)
        message = "The headers of the request did not arrive within 10 seconds."
        assert await client.error() == (408, "TIMEOUT", message)


async def test_the_headers_of_a_later_request_have_a_limit_as_well(site: Site) -> None:
    async with connected(site, GET) as client:
        assert await client.answer() == (200, b"0")
        await client.send(b"GET / HT")
        site.pass_time(14.5)
        await client.send(b"TP/1.1\r\n\r\n")
        assert await client.answer() == (200, b"0")
        await client.send(b"GET / HT")
        site.pass_time(15.5)
        assert (await client.error())[0] == 408


async def test_an_idle_connection_ends_without_an_answer(site: Site) -> None:
    async with connected(site, GET) as client:
        assert await client.answer() == (200, b"0")
        site.pass_time(15.5)
        assert await client.is_closed()


async def test_a_body_that_trickles_gets_408(site: Site) -> None:
    async with connected(site, b"POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nx") as client:
        site.pass_time(29.5)
        await client.send(b"x")
        assert site.gone == 0
        site.pass_time(30.5)
        message = "The body of the request did not arrive within 30 seconds."
        assert await client.error() == (408, "TIMEOUT", message)
        assert (site.gone, site.bodies) == (1, [])


async def test_a_body_that_never_ends_after_its_answer_is_discarded_for_a_while(site: Site) -> None:
    async with connected(site, b"POST /early HTTP/1.1\r\ncontent-length: 1000000000\r\n\r\nx") as client:
        assert await client.answer() == (200, b"0")
        await client.send(b"x")
        site.pass_time(14.5)
        assert len(site.server.connections) == 1
        site.pass_time(15.5)
        site.pass_time(18)
        assert await client.is_closed()


async def test_a_stream_may_be_slow_but_not_silent(site: Site) -> None:
    head = b"POST /ingest/mentions HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"
    async with connected(site, head) as client:
        for _ in range(3):
            await client.send(b"1\r\nx\r\n")
            site.pass_time(59)
        site.pass_time(59)
        await client.send(b"1\r\nx\r\n0\r\n\r\n")
        assert await client.answer() == (200, b"4")
        await client.send(head)
        site.pass_time(61)
        assert (await client.error())[:2] == (408, "TIMEOUT")


async def test_a_request_that_takes_long_is_not_cut(site: Site) -> None:
    async with connected(site, b"GET /wait HTTP/1.1\r\n\r\n") as client:
        site.pass_time(1000)
        site.go.set()
        assert await client.answer() == (200, b"0")


# Clients that do not read


async def test_a_client_that_does_not_read_its_answer_is_disconnected(site: Site) -> None:
    async with connected(site, b"GET /large HTTP/1.1\r\n\r\n", buffer=4096) as client:
        await settle(lambda: site.bodies)
        site.pass_time(0)
        site.pass_time(59)
        assert len(site.server.connections) == 1
        site.pass_time(61)
        await settle(lambda: not len(site.server.connections))
        del client


async def test_a_client_that_reads_slowly_gets_its_whole_answer(site: Site) -> None:
    """The kernel takes new bytes of the server only after a third of its buffer is free."""
    async with connected(site, buffer=4096) as client:
        kernel = client.connection.transport.get_extra_info("socket")
        kernel.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 600_000)
        await client.send(b"GET /large HTTP/1.1\r\nconnection: close\r\n\r\n")
        await settle(lambda: site.bodies)
        site.pass_time(0)
        read, passed = 0, 0
        while piece := await client.reader.read(1024):
            read += len(piece)
            if read // 75_000 > passed:  # a little more than a client must read in 60 seconds
                passed += 1
                site.pass_time(59 * passed)
        assert read > len(LARGE)
        assert passed == 40


async def test_the_clients_that_have_not_read_for_longest_go_if_unread_answers_take_too_much_memory() -> None:
    site = Site()
    limits = ConnectionLimits(unread_bytes=5_000_000)
    async with listening(site, limits=limits) as server:
        site.server = server
        ask = b"GET /large HTTP/1.1\r\n\r\n"
        async with (
            connected(site, ask, buffer=4096) as first,
            connected(site, ask, buffer=4096) as second,
        ):
            await settle(lambda: len(site.bodies) == 2)
            for connection in server.connections._open:
                assert connection.unread_bytes > 2_500_000
            site.pass_time(0)
            await settle(lambda: len(server.connections) == 1)
            del first, second


async def test_a_client_may_send_a_stream_before_it_reads_the_answer() -> None:
    site = Site()
    async with listening(site, limits=ConnectionLimits(unread_seconds=10, silence_seconds=60)) as server:
        site.server = server
        for path in (b"/ingest/mentions", b"/graphql"):
            head = b"POST %b?ahead HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n" % path
            async with connected(site, head, buffer=4096) as client:
                await client.send(b"1\r\nx\r\n")
                while not client.connection.cycle.response_started:  # it begins in its sender's turn
                    await asyncio.sleep(0.001)
                site.pass_time(0)
                site.pass_time(11)
                assert client.connection.transport.is_closing() == (path == b"/graphql")
                site.pass_time(61)
                assert client.connection.transport.is_closing()


# Large heads


async def test_a_long_url_gets_414(site: Site) -> None:
    for length in (16_385, 20_000_000):
        async with connected(site) as client:
            client.writer.write(b"GET /" + b"x" * (length - 1) + b" HTTP/1.1\r\n\r\n")
            message = "The URL must have at most 16,384 bytes. Send the operation by POST."
            assert await client.error() == (414, "TOO_LARGE", message)
    async with connected(site, b"GET /" + b"x" * 16_383 + b" HTTP/1.1\r\n\r\n") as client:
        assert (await client.answer())[0] == 200


TOO_LONG = (431, "TOO_LARGE", "The request must have at most 100 headers with 32,768 bytes.")


@pytest.mark.parametrize(
    "head",
    [
        b"x: " + b"y" * 32_768 + b"\r\n\r\n",
        b"x: " + b"y" * 20_000_000 + b"\r\n\r\n",
        b"x" * 20_000_000,
        b"x: y\r\n" * 101 + b"\r\n",
        b"x: y\r\n" * 1_000_000,
        (b"x: " + b"y" * 1000 + b"\r\n") * 33 + b"\r\n",
    ],
    ids=["large", "huge", "name", "101", "million", "sum"],
)
async def test_large_headers_get_431(site: Site, head: bytes) -> None:
    async with connected(site) as client:
        client.writer.write(b"GET / HTTP/1.1\r\n" + head)
        assert await client.error() == TOO_LONG
    assert site.bodies == []


async def test_a_hundred_headers_are_read(site: Site) -> None:
    async with connected(site, b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 100 + b"\r\n") as client:
        assert await client.answer() == (200, b"0")


@pytest.mark.parametrize("rest", [b"1;" + b"x" * 1_000_000, b"0\r\n" + b"x: y\r\n" * 100_000])
async def test_long_extensions_and_trailers_of_chunks_get_431(site: Site, rest: bytes) -> None:
    async with connected(site, b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n") as client:
        client.writer.write(rest)
        assert await client.error() == TOO_LONG
    assert site.gone == 1


async def test_trailers_do_not_become_headers(site: Site) -> None:
    async with connected(site, b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n") as client:
        await client.send(b"0\r\nauthorization: Bearer x\r\n\r\n")
        assert await client.answer() == (200, b"0")
    assert site.headers == [[(b"transfer-encoding", b"chunked")]]


async def test_invalid_http_gets_400_and_no_line_in_the_log(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    for data in (b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nx\x00y: z\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"):
        async with connected(site, data) as client:
            message = "The request is not valid HTTP/1.1."
            assert await client.error() == (400, "BAD_REQUEST", message)
    assert caplog.messages == []


async def test_a_request_to_upgrade_is_answered_like_any_other(site: Site) -> None:
    upgrade = b"GET / HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
    async with connected(site, upgrade) as client:
        assert await client.answer() == (200, b"0")


# Many clients


async def test_a_new_connection_replaces_the_one_that_waits_longest(site: Site) -> None:
    async with connected(site) as first, connected(site) as second, connected(site, GET) as third:
        await third.answer()
        async with connected(site, GET) as fourth:
            assert await fourth.answer() == (200, b"0")
            assert await first.is_closed()
            await second.send(GET)
            assert await second.answer() == (200, b"0")
            async with connected(site, GET) as fifth:
                assert await fifth.answer() == (200, b"0")
                assert await third.is_closed()


async def test_beyond_the_limit_requests_get_503_and_health_checks_are_answered(site: Site) -> None:
    wait = b"POST / HTTP/1.1\r\ncontent-length: 1\r\n\r\n"
    async with connected(site, wait) as first, connected(site, wait), connected(site, wait):
        await settle(lambda: not site.server.connections._waiting)
        async with connected(site, GET) as refused, connected(site) as health:
            message = "The server has too many connections. Retry later."
            assert await refused.error() == (503, "UNAVAILABLE", message)
            await health.send(b"GET /healthz HTTP/1.1\r\n\r\n")
            assert await health.answer() == (200, b"0")
        await first.send(b"x")
        assert await first.answer() == (200, b"1")


# Pages of other origins


@pytest.fixture
async def open_site() -> AsyncIterator[Site]:
    """A site whose answers pages of `APP` may read."""
    made = Site()
    async with listening(made, limits=LIMITS, origins=[APP]) as server:
        made.server = server
        yield made
        made.go.set()


async def permissions(client: Client) -> tuple[int, dict[bytes, bytes]]:
    """Return the status of a refusal, and its headers of CORS."""
    head = await client.reader.readuntil(b"\r\n\r\n")
    found = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
    names = (b"access-control-allow-origin", b"access-control-allow-credentials", b"vary")
    return int(head.split()[1]), {name: found[name] for name in names if name in found}


ALLOWED = {
    b"access-control-allow-origin": APP.encode(),
    b"access-control-allow-credentials": b"true",
    b"vary": b"Origin",
}


@pytest.mark.parametrize(
    ("status", "path", "value"), [(431, b"/", b"y" * 33_000), (414, b"/" * 17_000, b"y")]
)
async def test_pages_of_listed_origins_can_read_refusals_of_requests(
    open_site: Site, status: int, path: bytes, value: bytes
) -> None:
    for origin, expected in ((APP.encode(), ALLOWED), (b"https://evil.com", {b"vary": b"Origin"})):
        head = b"GET " + path + b" HTTP/1.1\r\norigin: " + origin + b"\r\nx: " + value + b"\r\n\r\n"
        async with connected(open_site, head) as client:
            assert await permissions(client) == (status, expected)


async def test_pages_of_listed_origins_can_read_that_a_body_is_late(open_site: Site) -> None:
    head = f"POST / HTTP/1.1\r\norigin: {APP}\r\ncontent-length: 5\r\n\r\n".encode()
    async with connected(open_site, head) as client:
        open_site.pass_time(31)
        assert await permissions(client) == (408, ALLOWED)


async def test_pages_of_listed_origins_can_read_that_there_are_too_many_connections(open_site: Site) -> None:
    wait = b"GET /wait HTTP/1.1\r\n\r\n"
    preflight = b"OPTIONS / HTTP/1.1\r\naccess-control-request-method: POST\r\n\r\n"
    async with connected(open_site, wait), connected(open_site, wait), connected(open_site, wait):
        await settle(lambda: not open_site.server.connections._waiting)
        async with connected(open_site, preflight) as client:
            assert await client.answer() == (200, b"0")
            await client.send(f"GET / HTTP/1.1\r\norigin: {APP}\r\n\r\n".encode())
            assert await permissions(client) == (503, ALLOWED)


async def test_no_more_connections_are_held_than_the_spare_ones(site: Site) -> None:
    wait = b"GET /wait HTTP/1.1\r\n\r\n"
    health = b"POST /healthz HTTP/1.1\r\ncontent-length: 1\r\n\r\n"
    async with connected(site, wait), connected(site, wait), connected(site, wait):
        await settle(lambda: not site.server.connections._waiting)
        async with connected(site, health), connected(site, health):
            await settle(lambda: len(site.server.connections) == 5 and not site.server.connections._waiting)
            async with connected(site) as refused:
                assert (await refused.error())[:2] == (503, "UNAVAILABLE")
        site.go.set()


async def test_a_client_sends_few_requests_ahead(site: Site) -> None:
    async with connected(site, b"GET /wait HTTP/1.1\r\n\r\n" + GET * 16) as client:
        site.go.set()
        for _ in range(17):
            assert await client.answer() == (200, b"0")
    site.go.clear()
    async with connected(site, b"GET /wait HTTP/1.1\r\n\r\n" + GET * 17) as client:
        assert await client.is_closed()
        site.go.set()
