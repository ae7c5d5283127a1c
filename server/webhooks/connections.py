"""HTTP/1.1 connections of the webhooks' client, kept between messages.

A connection is made to an address that the fence has checked, and keeps the name for TLS and the header `Host`. A name
that changes its address in between therefore gains nothing.
"""

import asyncio
import socket
import ssl
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from urllib.parse import SplitResult

import certifi
import h11

from services.webhooks.addresses import Fence

CONNECT_SECONDS: Final = 5.0
IDLE_SECONDS: Final = 30.0
MOST_IDLE: Final = 100
"""The most kept connections that are idle."""
MOST_ADDRESSES: Final = 3
"""The most addresses of a host that one attempt tries."""
MOST_RESPONSE_BYTES: Final = 65_536
EXCERPT_BYTES: Final = 2_000
_CHUNK_BYTES: Final = 16_384
_USUAL_PORT: Final = {"https": 443, "http": 80}


class Origin(NamedTuple):
    """The scheme, host and port of a URL."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: SplitResult) -> "Origin":
        return cls(url.scheme, url.hostname or "", url.port or _USUAL_PORT[url.scheme])


class NoConnectionError(Exception):
    """The connection cannot be made. The message is the reason for users."""


class ClosedError(Exception):
    """The receiver has closed the connection. `is_stale` says that a kept connection ended before any response."""

    def __init__(self, *, is_stale: bool) -> None:
        super().__init__("The receiver closed the connection.")
        self.is_stale = is_stale


@dataclass(frozen=True, slots=True)
class Response:
    """A response, of which the beginning is read."""

    status: int
    headers: Mapping[bytes, bytes]
    excerpt: bytes


@dataclass(slots=True)
class Connection:
    """A connection to a receiver."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    http: h11.Connection = field(default_factory=lambda: h11.Connection(h11.CLIENT))
    idle_since: float = 0
    messages: int = 0
    received: int = 0
    """The bytes of the response so far."""

    @property
    def is_usable(self) -> bool:
        """Whether the connection is open and was used lately."""
        is_open = not self.reader.at_eof() and not self.writer.transport.is_closing()
        return is_open and time.monotonic() - self.idle_since < IDLE_SECONDS

    def close(self) -> None:
        """Close the connection without waiting for the receiver."""
        self.writer.transport.abort()

    async def exchange(self, request: h11.Request, body: bytes) -> Response:
        """Send a request and return its response. Raise `ClosedError`, or h11's error if the response is not HTTP."""
        events = (request, h11.Data(data=body), h11.EndOfMessage())
        self.messages += 1
        self.received = 0
        try:
            self.writer.write(b"".join(self.http.send(event) or b"" for event in events))
            head = await self._next()
            while isinstance(head, h11.InformationalResponse):
                head = await self._next()
            assert isinstance(head, h11.Response)  # noqa: S101 - h11 raises for all others
            return Response(head.status_code, dict(head.headers), await self._body())
        except (OSError, h11.RemoteProtocolError) as failure:
            if self.messages > 1 and not self.received:
                raise ClosedError(is_stale=True) from failure
            if isinstance(failure, OSError):
                raise ClosedError(is_stale=False) from failure
            raise

    async def _body(self) -> bytes:
        received = bytearray()
        while isinstance(event := await self._next(), h11.Data):
            received += event.data
            if len(received) > MOST_RESPONSE_BYTES:
                break
        return bytes(received[:EXCERPT_BYTES])

    async def _next(self) -> object:
        while (event := self.http.next_event()) is h11.NEED_DATA:
            data = await self.reader.read(_CHUNK_BYTES)
            self.received += len(data)
            self.http.receive_data(data)
        return event

    def again(self) -> bool:
        """Prepare the connection for another message. Return False if the last response does not allow it."""
        if self.http.our_state is not h11.DONE or self.http.their_state is not h11.DONE:
            return False
        self.http.start_next_cycle()
        self.idle_since = time.monotonic()
        return True


class Connections:
    """The connections of a client. Idle ones are kept for the next message to the same origin."""

    def __init__(self, fence: Fence) -> None:
        self._fence = fence
        self._idle: defaultdict[Origin, list[Connection]] = defaultdict(list)
        self._context: ssl.SSLContext | None = None

    def close(self) -> None:
        for kept in self._idle.values():
            for connection in kept:
                connection.close()
        self._idle.clear()

    async def post(self, url: SplitResult, headers: Mapping[str, str], body: bytes) -> Response:
        """Send a message and return the response. A kept connection that the receiver has closed is replaced."""
        origin = Origin.of(url)
        request = _request(url, headers, body)
        connection = self._kept(origin) or await self._connected(origin)
        try:
            return await self._exchange(origin, connection, request, body)
        except ClosedError as closed:
            if not closed.is_stale:
                raise
        return await self._exchange(origin, await self._connected(origin), request, body)

    async def _exchange(
        self, origin: Origin, connection: Connection, request: h11.Request, body: bytes
    ) -> Response:
        is_kept = False
        try:
            response = await connection.exchange(request, body)
            is_kept = connection.again() and sum(map(len, self._idle.values())) < MOST_IDLE
        finally:
            if is_kept:
                self._idle[origin].append(connection)
            else:
                connection.close()
        return response

    def _kept(self, origin: Origin) -> Connection | None:
        """Return an open idle connection to the origin, and close those that have ended."""
        kept = self._idle[origin]
        while kept:
            connection = kept.pop()
            if connection.is_usable:
                return connection
            connection.close()
        del self._idle[origin]
        return None

    async def _connected(self, origin: Origin) -> Connection:
        """Resolve the name once, check all its addresses, and connect to one of these."""
        addresses = await resolved(origin.host, origin.port)
        self._fence.check_addresses(addresses)
        problem = "The name has no address."
        for address in addresses[:MOST_ADDRESSES]:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    return Connection(*await self._opened(origin, address))
            except ssl.SSLCertVerificationError:
                problem = "The certificate of the host is not valid."
            except TimeoutError:
                problem = f"The connection was not made within {CONNECT_SECONDS:g} seconds."
            except OSError:
                problem = "The connection failed."
        raise NoConnectionError(problem)

    async def _opened(
        self, origin: Origin, address: str
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if origin.scheme == "http":
            return await asyncio.open_connection(address, origin.port)
        if self._context is None:
            self._context = ssl.create_default_context()
            self._context.load_verify_locations(certifi.where())
        return await asyncio.open_connection(
            address, origin.port, ssl=self._context, server_hostname=origin.host
        )


async def resolved(host: str, port: int) -> list[str]:
    """Return the addresses of the name, each once."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _request(url: SplitResult, headers: Mapping[str, str], body: bytes) -> h11.Request:
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    given = [(name.encode(), value.encode()) for name, value in headers.items()]
    own = [(b"host", url.netloc.encode()), (b"accept", b"*/*"), (b"content-length", b"%d" % len(body))]
    return h11.Request(method=b"POST", target=target.encode(), headers=[*own, *given])
