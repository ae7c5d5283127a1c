"""A server as a process, flooded by one sender: what others notice, and what is left when the sender leaves."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from db.engine.pool import Pool
from tests.support.locks import locked
from tests.support.rows import add_key, add_user
from tests.support.serving import served

SOON = 5.0
PART = "types { name fields { name args { name type { name ofType { name } } } type { name } } }"
HEALTH = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"


@pytest.fixture
async def port(database_url: str, server_folder: Path) -> AsyncIterator[int]:
    async with served(database_url, server_folder, {"WORKERS": "0", "AUDIT_EVERY_SECONDS": "0"}) as (
        origin,
        _,
    ):
        yield int(origin.rpartition(":")[2])


def request(document: str, key: str | None = None) -> bytes:
    body = json.dumps({"query": document}).encode()
    credential = f"authorization: Bearer {key}\r\n" if key else ""
    head = f"POST /graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n{credential}"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


async def exchange(port: int, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        return await reader.read()
    finally:
        writer.close()


async def waiting_statements(pool: Pool) -> int:
    found: int = await pool.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return found


async def test_slow_operations_of_one_user_leave_slots_to_others_and_end_with_their_client(
    port: int, pool: Pool, database_url: str
) -> None:
    ann = await add_key(pool, await add_user(pool, "ann@example.com"))
    bob = await add_key(pool, await add_user(pool, "bob@example.com"))
    async with locked(database_url, "keywords"):
        slow = [
            asyncio.create_task(exchange(port, request("{ keywords { nodes { id } } }", ann)))
            for _ in range(20)
        ]
        give_up_at = time.monotonic() + SOON
        while await waiting_statements(pool) < 3:
            assert time.monotonic() < give_up_at
            await asyncio.sleep(0.02)
        async with asyncio.timeout(SOON):
            for _ in range(5):
                answer = await exchange(port, request("{ viewer { email } }", bob))
                assert b'{"viewer":{"email":"bob@example.com"}}' in answer
        assert await waiting_statements(pool) == 3
        for each in slow:
            each.cancel()
        give_up_at = time.monotonic() + SOON
        while await waiting_statements(pool):  # none of those that waited takes the slots either
            assert time.monotonic() < give_up_at
            await asyncio.sleep(0.02)
    with suppress(asyncio.CancelledError):
        await asyncio.gather(*slow)


async def test_health_checks_do_not_wait_for_requests_that_arrived_together(port: int) -> None:
    document = request(f"{{ __schema {{ {PART} }} }}")
    await exchange(port, document)  # prepares the document
    answered: list[bytes] = []

    async def introspect() -> None:
        answered.append(await exchange(port, document))

    flood = [asyncio.create_task(introspect()) for _ in range(40)]
    while not answered:
        await asyncio.sleep(0.005)
    before = len(answered)
    assert b"alive" in await exchange(port, HEALTH)
    assert len(answered) - before < 15
    await asyncio.gather(*flood)
    assert all(b" 200 " in answer[:20] for answer in answered)
