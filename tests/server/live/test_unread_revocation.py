"""Clients that read nothing lose their place soon after their credential has ended."""

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import httpx
import pytest

from db.models import ApiKey
from resolvers.framework.global_id import encoder_of
from server.live.limits import LiveLimits
from services.browsers.sign_in import end_sessions
from services.browsers.tokens import digest, new_token
from tests.server.live.conftest import LIMITS
from tests.support.world import World

TEXT = "subscription { mentionAdded { mentions { content } cursor } }"
PAGE = "https://page.example"
SECONDS = 6
"""A statement that looks up credentials, two seconds to read, and a second between two looks at connections."""

pytestmark = pytest.mark.parametrize("limits", [replace(LIMITS, check_seconds=3600, ping_seconds=60)])


@dataclass
class Deaf:
    """A client that reads its handshake, subscribes, and reads no more. Its buffer is small."""

    own: socket.socket

    async def read(self, until: bytes) -> None:
        loop, found = asyncio.get_running_loop(), b""
        async with asyncio.timeout(SECONDS):
            while until not in found:
                data = await loop.sock_recv(self.own, 65_536)
                assert data, found
                found = found[-1000:] + data

    async def send(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.own, data)

    async def rest(self) -> bytes:
        """Read all that still comes, until the connection ends."""
        loop, found = asyncio.get_running_loop(), b""
        async with asyncio.timeout(SECONDS):
            try:
                while data := await loop.sock_recv(self.own, 1_000_000):
                    found += data
            except ConnectionResetError:
                pass
        return found


@asynccontextmanager
async def deaf(origin: str) -> AsyncIterator[Deaf]:
    with socket.socket() as own:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        own.setblocking(False)
        port = int(origin.rpartition(":")[2])
        await asyncio.get_running_loop().sock_connect(own, ("127.0.0.1", port))
        yield Deaf(own)


def frame(**message: object) -> bytes:
    text = json.dumps(message).encode()
    return bytes([0x81, 0x80 | 126]) + len(text).to_bytes(2, "big") + bytes(4) + text


async def follow_by_websocket(client: Deaf, credential: dict[str, str]) -> None:
    headers = "".join(f"{name}: {value}\r\n" for name, value in credential.items())
    await client.send(
        b"GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n%b\r\n" % headers.encode()
    )
    await client.read(b"\r\n\r\n")
    await client.send(frame(type="connection_init"))
    await client.read(b"connection_ack")
    await client.send(frame(type="subscribe", id="1", payload={"query": TEXT}))


async def follow_by_event_stream(client: Deaf, credential: dict[str, str]) -> None:
    body = json.dumps({"query": TEXT}).encode()
    headers = "".join(f"{name}: {value}\r\n" for name, value in credential.items())
    await client.send(
        b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n%b"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
        % (headers.encode(), len(body), body)
    )
    await client.read(b"\r\n\r\n")


async def key_of_ann(world: World) -> dict[str, str]:
    return {"Authorization": f"Bearer {world.keys['ann']}"}


async def session_of_ann(world: World) -> dict[str, str]:
    token = new_token()
    await world.pool.execute(
        "INSERT INTO sessions (user_id, token_hash, expires_at, ends_at) "
        "VALUES ($1, $2, now() + interval '1 hour', now() + interval '1 hour')",
        world.users["ann"],
        digest(token),
    )
    return {"Origin": PAGE, "Cookie": f"leadgraph_session={token}"}


async def revoke(world: World, origin: str) -> None:
    """Revoke the key of Ann by the API."""
    key_id = await world.pool.fetchval("SELECT id FROM api_keys WHERE user_id = $1", world.users["ann"])
    text = "mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { userErrors { message } } }"
    async with httpx.AsyncClient(headers=await key_of_ann(world)) as client:
        body = {"query": text, "variables": {"id": encoder_of(ApiKey)(key_id)}}
        answer = (await client.post(f"{origin}/graphql", json=body)).json()
    assert answer == {"data": {"revokeApiKey": {"userErrors": []}}}


async def sign_out(world: World, _: str) -> None:
    assert await end_sessions(world.pool, world.users["ann"]) == 1


async def suspend(world: World, _: str) -> None:
    await world.change("users", world.users["ann"], status="suspended")


async def places(origin: str) -> int:
    """Return the number of WebSockets and event streams that the server counts."""
    async with httpx.AsyncClient() as client:
        metrics = (await client.get(f"{origin}/metrics")).text
    found = re.findall(r"^leadgraph_live_connections\{[^}]*\} (\d+)", metrics, re.MULTILINE)
    assert len(found) == 2
    return sum(map(int, found))


async def flood(world: World, keyword_id: int) -> None:
    """Tell events of four megabytes, more than the buffers of both sides take."""
    for number in range(4):
        await world.pool.execute(
            "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content) "
            "SELECT $1, $2, 'web', $3 || id, 'https://example.com', repeat('x', 20000) FROM generate_series(1, 50) AS id",
            world.users["ann"],
            keyword_id,
            f"{number} ",
        )


Follow = Callable[[Deaf, dict[str, str]], Awaitable[None]]
Credential = Callable[[World], Awaitable[dict[str, str]]]
End = Callable[[World, str], Awaitable[None]]


@pytest.mark.parametrize(
    ("follow", "credential", "end"),
    [
        (follow_by_websocket, key_of_ann, revoke),
        (follow_by_event_stream, key_of_ann, suspend),
        (follow_by_websocket, session_of_ann, sign_out),
        (follow_by_event_stream, session_of_ann, sign_out),
    ],
)
async def test_a_client_that_does_not_read_loses_its_place(
    world: World, origin: str, limits: LiveLimits, follow: Follow, credential: Credential, end: End
) -> None:
    (keyword,) = await world.rows("keywords", "ann")
    async with deaf(origin) as client:
        await follow(client, await credential(world))
        await asyncio.sleep(0.7)
        await flood(world, keyword["id"])
        await asyncio.sleep(0.5)
        assert await places(origin) == 1
        await end(world, origin)
        async with asyncio.timeout(SECONDS):
            while await places(origin):
                await asyncio.sleep(0.1)
        rest = await client.rest()
        assert len(rest) < 1_000_000, "the client still gets what it had not read"


@pytest.mark.parametrize("follow", [follow_by_websocket, follow_by_event_stream])
async def test_a_client_that_reads_late_learns_why_it_ended(
    world: World, origin: str, limits: LiveLimits, follow: Follow
) -> None:
    """It reads within the two seconds."""
    (keyword,) = await world.rows("keywords", "ann")
    async with deaf(origin) as client:
        await follow(client, await key_of_ann(world))
        await asyncio.sleep(0.7)
        await flood(world, keyword["id"])
        await revoke(world, origin)
        await asyncio.sleep(0.5)
        await client.read(b"credential of this connection was revoked")
