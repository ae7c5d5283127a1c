"""Clients that leave and deadlines that pass: the statement on PostgreSQL ends, and its connection stays usable."""

import asyncio
import json
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from db.engine.pool import Pool, open_pool
from server.app import create_app
from server.http.interruption import preferred_seconds
from tests.support.listening import listening
from tests.support.locks import locked
from tests.support.rows import add_key, add_user

ONE = "{ keywords { nodes { keyword } } }"
SEVERAL = "{ viewer { email } keywords { nodes { keyword mentions { nodes { content lead { status } } } } } }"
WRITE = 'mutation { createKeyword(input: {keyword: "words"}) { keyword { id } userErrors { code } } }'
TIMED_OUT = (
    "The request exceeded its time limit of 1 seconds and was cancelled. A write may or may not have happened. Retry "
    "it with the same idempotency key. Request less data."
)
SOON = 5.0


@pytest.fixture
async def key(pool: Pool) -> str:
    return await add_key(pool, await add_user(pool))


@pytest.fixture
async def origin(database_url: str) -> AsyncIterator[str]:
    """Serve the application, with one connection to the database."""
    server_pool = await open_pool(database_url, size=1, name="leadgraph-interrupted")
    async with listening(create_app(server_pool, request_seconds=3)) as server:
        yield server.origin
    await server_pool.close()


async def running(pool: Pool) -> int:
    """Return the number of the server's statements that wait for a lock."""
    found: int = await pool.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'leadgraph-interrupted' "
        "AND state = 'active' AND wait_event_type = 'Lock' AND datname = current_database()"
    )
    return found


async def wait_for(pool: Pool, number: int) -> None:
    give_up_at = time.monotonic() + SOON
    while await running(pool) != number:
        assert time.monotonic() < give_up_at
        await asyncio.sleep(0.01)


async def send(origin: str, key: str, document: str) -> asyncio.StreamWriter:
    """Send a document on a new connection, and return its writer."""
    body = json.dumps({"query": document}).encode()
    port = int(origin.rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: Bearer {key}\r\n"
    writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
    return writer


async def ask(origin: str, key: str, document: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=30) as client:
        sent = {"authorization": f"Bearer {key}", **headers}
        return await client.post(f"{origin}/graphql", json={"query": document}, headers=sent)


@pytest.mark.parametrize(
    ("document", "table"), [(ONE, "keywords"), (SEVERAL, "keywords"), (WRITE, "keywords")]
)
async def test_a_statement_ends_with_its_client(
    origin: str, key: str, pool: Pool, database_url: str, document: str, table: str
) -> None:
    assert (await ask(origin, key, "{ viewer { email } }")).status_code == 200
    async with locked(database_url, table):
        writer = await send(origin, key, document)
        await wait_for(pool, 1)
        writer.close()
        await wait_for(pool, 0)
    answer = await ask(origin, key, WRITE)  # on the only connection
    assert answer.json()["data"]["createKeyword"]["userErrors"] == []
    assert await pool.fetchval("SELECT count(*) FROM keywords") == 1


@pytest.mark.parametrize("document", [ONE, SEVERAL, WRITE])
async def test_a_statement_ends_at_the_callers_deadline(
    origin: str, key: str, pool: Pool, database_url: str, document: str
) -> None:
    async with locked(database_url, "keywords"):
        began = time.monotonic()
        answer = await ask(origin, key, document, prefer="respond-async, wait=1")
        assert 1 <= time.monotonic() - began < SOON
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["extensions"]["code"], error["message"]) == (
            504,
            "TIMEOUT",
            TIMED_OUT,
        )
        await wait_for(pool, 0)
    assert (await ask(origin, key, ONE)).json() == {"data": {"keywords": {"nodes": []}}}


async def test_no_caller_gets_more_time_than_the_setting(origin: str, key: str, database_url: str) -> None:
    async with locked(database_url, "keywords"):
        answer = await ask(origin, key, ONE, prefer="wait=100")
    assert answer.status_code == 504
    assert "time limit of 3 seconds" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        (None, None),
        ("", None),
        ("wait=10", 10),
        ('respond-async; x, Wait = "5"', 5),
        ("wait=0", None),
        ("wait=-1", None),
        ("wait=1.5", None),
        ("await=3", None),
        ("wait=9999999", None),
    ],
)
def test_preferences_of_waiting(prefer: str | None, seconds: int | None) -> None:
    assert preferred_seconds(prefer) == seconds


async def test_a_write_is_whole_whenever_its_client_leaves(origin: str, key: str, pool: Pool) -> None:
    """Clients leave at each millisecond of a write. Each keyword that exists is counted, and no transaction stays."""
    for number in range(40):
        document = WRITE.replace("words", f"word {number}")
        writer = await send(origin, key, document)
        await asyncio.sleep(number / 2000)
        writer.close()
    answer = await ask(origin, key, WRITE)
    assert answer.json()["data"]["createKeyword"]["userErrors"] == []
    counted = await pool.fetchval("SELECT keywords_count FROM users")
    found = await pool.fetchval("SELECT count(*) FROM keywords")
    assert counted == found >= 1
    open_transactions = await pool.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'leadgraph-interrupted' "
        "AND datname = current_database() AND state LIKE 'idle in transaction%'"
    )
    assert open_transactions == 0
