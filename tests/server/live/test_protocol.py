"""graphql-transport-ws: the handshake, the codes with which connections are closed, and hostile messages."""

import asyncio
import base64
import json
import os
import struct

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from server.live.limits import LiveLimits
from tests.support.listening import ListeningServer
from tests.support.live_client import socket
from tests.support.world import World


async def test_another_subprotocol_is_not_acceptable(world: World, origin: str) -> None:
    for names in (["graphql-ws"], []):
        async with socket(origin, init=False, subprotocols=names) as made:
            assert (await made.closed())[0] == 4406


async def test_a_connection_without_initialisation_is_closed(world: World, origin: str) -> None:
    async with socket(origin, init=False) as made:
        await made.send(type="ping")
        assert await made.next() == {"type": "pong"}
        assert await made.closed() == (4408, "Connection initialisation timeout")


async def test_an_operation_before_the_acknowledgement_is_unauthorized(world: World, origin: str) -> None:
    async with socket(origin, init=False) as made:
        await made.subscribe("1", "{ viewer { id } }")
        assert await made.closed() == (4401, "Unauthorized")


async def test_a_second_initialisation_closes_the_connection(world: World, origin: str) -> None:
    async with socket(origin, world.keys["ann"]) as made:
        await made.send(type="connection_init")
        assert await made.closed() == (4429, "Too many initialisation requests")


async def test_an_invalid_credential_and_none_are_forbidden(world: World, origin: str) -> None:
    for payload in ({}, None, {"Authorization": "Bearer nonsense"}, {"authorization": 5}):
        async with socket(origin, init=False) as made:
            await made.send(type="connection_init", payload=payload)
            assert (await made.closed())[0] == 4403


async def test_a_credential_may_stand_in_the_handshake_or_among_headers(world: World, origin: str) -> None:
    bearer = f"Bearer {world.keys['ann']}"
    async with socket(origin, None, headers={"authorization": bearer}) as made:
        await made.subscribe("1", "{ viewer { email } }")
        assert await made.data("1") == {"viewer": {"email": "ann@example.com"}}
    async with socket(origin, init=False) as made:
        await made.send(type="connection_init", payload={"headers": {"Authorization": bearer}})
        assert await made.next() == {"type": "connection_ack"}


async def test_an_id_names_one_operation_at_a_time(world: World, origin: str) -> None:
    async with socket(origin, world.keys["ann"]) as made:
        for _ in range(2):
            await made.subscribe("1", "subscription { mentionAdded { cursor } }")
        assert await made.closed() == (4409, "Subscriber for 1 already exists")


async def test_a_completed_operation_sends_nothing_and_frees_its_id(world: World, origin: str) -> None:
    (keyword,) = await world.rows("keywords", "ann")
    async with socket(origin, world.keys["ann"]) as made:
        await made.subscribe("1", "subscription { mentionAdded { cursor } }")
        await made.nothing()
        await made.send(type="complete", id="1")
        await world.add_mention(keyword["id"])
        await made.nothing()
        await made.subscribe("1", "subscription { mentionAdded { mentions { externalId } } }")
        await made.nothing()
        await world.add_mention(keyword["id"], external_id="last")
        assert await made.data("1") == {"mentionAdded": {"mentions": [{"externalId": "last"}]}}


async def test_pings_are_answered_with_their_payload(world: World, origin: str) -> None:
    async with socket(origin, world.keys["ann"]) as made:
        await made.send(type="ping", payload={"at": 1})
        assert await made.next() == {"type": "pong", "payload": {"at": 1}}
        await made.send(type="pong")
        await made.nothing(0.1)


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "[]",
        '"text"',
        "{}",
        '{"type":5}',
        '{"type":"start","id":"1"}',
        '{"type":"subscribe","id":5,"payload":{}}',
        '{"type":"subscribe","id":"","payload":{}}',
        '{"type":"subscribe","id":"1"}',
        '{"type":"subscribe","id":"1","payload":[]}',
        '{"type":"complete"}',
        "[" * 100_000,
        '{"type":"connection_ack"}',
    ],
)
async def test_an_invalid_message_closes_the_connection(world: World, origin: str, text: str) -> None:
    async with socket(origin, world.keys["ann"]) as made:
        await made.connection.send(text)
        assert (await made.closed())[0] == 4400


async def test_binary_and_long_first_messages_close_the_connection(world: World, origin: str) -> None:
    async with socket(origin, world.keys["ann"]) as made:
        await made.connection.send(b'{"type":"ping"}')
        assert (await made.closed())[0] == 4400
    async with socket(origin, init=False) as made:
        await made.connection.send(json.dumps({"type": "ping", "payload": "x" * 20_000}))
        assert (await made.closed())[0] == 4400


async def test_an_invalid_payload_is_an_error_of_its_operation(world: World, origin: str) -> None:
    async with socket(origin, world.keys["ann"]) as made:
        for payload in (
            {},
            {"query": 5},
            {"query": "{ a }", "variables": 5},
            {"query": "{ a }", "extensions": []},
        ):
            await made.send(type="subscribe", id="1", payload=payload)
            error = await made.next()
            assert error["type"] == "error"
            assert error["payload"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_a_connection_has_a_limit_of_operations(world: World, origin: str, limits: LiveLimits) -> None:
    async with socket(origin, world.keys["ann"]) as made:
        for number in range(limits.operations):
            await made.subscribe(f"{number}", "subscription { mentionAdded { cursor } }")
        await made.subscribe("more", "{ viewer { id } }")
        error = await made.next()
        assert (error["id"], error["payload"][0]["extensions"]["code"]) == ("more", "RATE_LIMITED")
        await made.send(type="complete", id="0")
        await made.subscribe("more", "{ viewer { email } }")
        assert await made.data("more") == {"viewer": {"email": "ann@example.com"}}


async def test_a_user_has_a_limit_of_connections(world: World, origin: str, limits: LiveLimits) -> None:
    async with asyncio.TaskGroup() as group:
        release = asyncio.Event()
        ready = [asyncio.Event() for _ in range(limits.user_connections)]

        async def hold(event: asyncio.Event) -> None:
            async with socket(origin, world.keys["ann"]):
                event.set()
                await release.wait()

        for event in ready:
            group.create_task(hold(event))
        for event in ready:
            await event.wait()
        async with socket(origin, init=False) as made:
            await made.send(type="connection_init", payload={"Authorization": f"Bearer {world.keys['ann']}"})
            assert (await made.closed())[0] == 1013
        async with socket(origin, world.keys["ben"]):
            release.set()


async def test_a_page_of_another_origin_must_not_use_the_session(world: World, origin: str) -> None:
    for page in ("https://evil.example", "null"):
        headers = {"origin": page, "cookie": f"leadgraph_session={'a' * 43}"}
        async with socket(origin, init=False, headers=headers) as made:
            await made.send(type="connection_init")
            code, reason = await made.closed()
            assert code == 4403
            assert "must not use the session" in reason


async def test_other_paths_and_plain_requests_are_no_websockets(world: World, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(origin.replace("http", "ws") + "/healthz", proxy=None):
            pass
    assert refused.value.response.status_code == 200
    async with httpx.AsyncClient() as client:
        address = f"{origin}/graphql?query=%7B__typename%7D"
        answer = await client.get(address, headers={"connection": "upgrade", "upgrade": "h2c"})
    assert answer.json() == {"data": {"__typename": "Query"}}


async def test_a_wrong_handshake_is_refused(world: World, server: ListeningServer) -> None:
    for key, version in (("short", "13"), (base64.b64encode(os.urandom(16)).decode(), "8")):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(
            f"GET /graphql HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: {version}\r\n\r\n".encode()
        )
        status = await reader.readline()
        assert status.split()[1] in {b"400", b"426"}
        writer.close()


async def _upgraded(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"GET /graphql HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Protocol: graphql-transport-ws\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)) + b"\r\n\r\n"
    )
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    assert b"permessage-deflate" not in head.lower()
    return reader, writer


def _frame(first: int, payload: bytes, *, masked: bool = True, length: int | None = None) -> bytes:
    size = len(payload) if length is None else length
    head = bytes([first, (0x80 if masked else 0) | 127]) + struct.pack("!Q", size)
    return head + (b"\0\0\0\0" if masked else b"") + payload


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (_frame(0x81, b"{}", masked=False), 1002),
        (_frame(0xF1, b"{}"), 1002),
        (_frame(0x83, b"{}"), 1002),
        (_frame(0x80, b"{}"), 1002),
        (_frame(0x81, b"\xff\xfe"), 1007),
        (_frame(0x81, b"", length=3_000_000), 1009),
        (_frame(0x81, b"", length=2**63 - 1), 1009),
        (_frame(0x01, b"") + _frame(0x00, b"") * 2_000, 1008),
        (_frame(0x89, b"x" * 126), 1002),
    ],
)
async def test_broken_frames_close_the_connection(
    world: World, server: ListeningServer, frames: bytes, code: int
) -> None:
    reader, writer = await _upgraded(server.port)
    writer.write(frames)
    async with asyncio.timeout(5):
        answer = await reader.read()
    assert answer[0] == 0x88, answer
    assert struct.unpack("!H", answer[2:4]) == (code,)
    writer.close()
    async with socket(server.origin, world.keys["ann"]):
        pass


async def _flood(writer: asyncio.StreamWriter, data: bytes) -> None:
    async with asyncio.timeout(30):
        while True:
            writer.write(data)
            await writer.drain()


async def test_a_client_who_floods_pings_and_reads_nothing_is_cut_off(
    world: World, server: ListeningServer
) -> None:
    reader, writer = await _upgraded(server.port)
    ping = bytes([0x89, 0x80 | 125]) + b"\0\0\0\0" + b"x" * 125
    with pytest.raises(ConnectionError):
        await _flood(writer, ping * 5_000)
    writer.close()
    del reader
    await asyncio.sleep(0.5)
    async with socket(server.origin, world.keys["ann"]):
        pass
