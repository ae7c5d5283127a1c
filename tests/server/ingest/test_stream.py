"""Streams on the wire: results during the stream, backpressure, and interrupted streams."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from db.engine.pool import Pool, open_pool
from db.integrity.audit import drifts
from server.app import create_app
from server.ingest import ndjson_response
from server.ingest import stream as ingest_stream
from server.runtime.stopping import Stopping
from tests.support.sender import AddSender, Sender
from tests.support.serving import served


@pytest.fixture
async def ann(add_sender: AddSender) -> Sender:
    sender: Sender = await add_sender("crm")
    return sender


def rows(numbers: range, content: str = "crm") -> bytes:
    return b"".join(
        b'{"platform":"X","externalId":"%d","url":"https://example.com","content":"%b"}\n'
        % (number, content.encode())
        for number in numbers
    )


class Wire:
    """A request whose body is sent in chunks while its response is read."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._line = b""

    async def send(self, data: bytes) -> None:
        self.writer.write(b"%x\r\n%b\r\n" % (len(data), data))
        await self.writer.drain()

    async def end(self) -> None:
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    async def head(self) -> int:
        """Read the head of the response, and return its status."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        return int(head.split()[1])

    async def line(self) -> Any:
        """Return the next line of the response, or None at the end."""
        while b"\n" not in self._line:
            size = int(await self.reader.readline(), 16)
            chunk = await self.reader.readexactly(size + 2)
            if not size:
                assert not self._line
                return None
            self._line += chunk[:-2]
        line, _, self._line = self._line.partition(b"\n")
        return json.loads(line)

    async def lines(self, number: int) -> list[Any]:
        return [await self.line() for _ in range(number)]


@asynccontextmanager
async def wire(origin: str, sender: Sender, query: str = "", **headers: str) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(origin).port)
    given = {"host": "127.0.0.1", "transfer-encoding": "chunked", **sender.headers, **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    writer.write(f"POST /ingest/mentions{query} HTTP/1.1\r\n{head}\r\n".encode())
    try:
        async with asyncio.timeout(60):
            yield Wire(reader, writer)
    finally:
        writer.close()


async def count(pool: Pool) -> int:
    found: int = await pool.fetchval("SELECT count(*) FROM mentions")
    return found


async def test_results_arrive_while_the_stream_continues(origin: str, ann: Sender) -> None:
    async with wire(origin, ann) as stream:
        await stream.send(rows(range(2)))
        assert await stream.head() == 200
        assert [line["line"] for line in await stream.lines(2)] == [1, 2]
        for number in range(2, 5):
            text = rows(range(number, number + 1))
            await stream.send(text[:30])
            await stream.send(text[30:])
            assert (await stream.line())["line"] == number + 1
        await stream.send(b'{"left')
        await stream.send(b'": "over"}')
        await stream.end()
        assert (await stream.line())["errors"][0]["code"] == "UNKNOWN_FIELD"
        assert (await stream.line())["summary"]["rows"] == 6
        assert await stream.line() is None


async def test_another_request_can_follow_on_the_same_connection(origin: str, ann: Sender) -> None:
    async with wire(origin, ann) as stream:
        await stream.send(rows(range(1)))
        await stream.end()
        assert await stream.head() == 200
        assert len(await stream.lines(3)) == 3
        stream.writer.write(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
        assert await stream.head() == 200


async def test_expect_100_continue_is_answered(origin: str, ann: Sender) -> None:
    async with wire(origin, ann, expect="100-continue") as stream:
        assert await stream.head() == 100
        await stream.send(rows(range(1)))
        await stream.end()
        assert await stream.head() == 200


async def test_an_aborted_stream_leaves_whole_batches_and_can_be_sent_again(
    origin: str, ann: Sender, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_stream, "LINGER_SECONDS", 1000.0)
    async with wire(origin, ann) as stream:
        await stream.send(rows(range(2500)))
        assert await stream.head() == 200
        assert [line["line"] for line in await stream.lines(2000)] == list(range(1, 2001))
        stream.writer.transport.abort()
    async with httpx.AsyncClient(timeout=60) as client:
        answer = await client.post(
            f"{origin}/ingest/mentions", content=rows(range(2500)), headers=ann.headers
        )
    last = json.loads(answer.text.splitlines()[-1])
    assert last["summary"] == {
        "rows": 2500,
        "created": 500,
        "duplicate": 2000,
        "unmatched": 0,
        "failed": 0,
        "mentionsCreated": 500,
        "complete": True,
    }
    assert await drifts(pool) == []


SEND = """
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
def body():
    for number in range(10_000_000):
        yield b'{"platform":"X","externalId":"%d","url":"https://example.com","content":"crm"}\\n' % number
headers = {"Authorization": sys.argv[2], "Content-Type": "application/jsonl"}
connection.request("POST", "/ingest/mentions", body(), headers, encode_chunked=True)
"""


async def test_a_killed_client_leaves_whole_batches(
    origin: str, ann: Sender, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_stream, "LINGER_SECONDS", 1000.0)
    arguments = (sys.executable, "-c", SEND, str(urlsplit(origin).port), ann.headers["authorization"])
    process = await asyncio.create_subprocess_exec(*arguments)
    while await count(pool) < 3000:
        await asyncio.sleep(0.01)
    process.kill()
    await process.wait()
    left, before = await count(pool), -1
    while left != before:  # the last batch may still be committed
        await asyncio.sleep(0.5)
        left, before = await count(pool), left
    assert left % 1000 == 0
    assert await drifts(pool) == []


async def test_a_silent_stream_ends_with_timeout_and_a_summary(
    origin: str, ann: Sender, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_stream, "SILENCE_SECONDS", 0.5)
    async with wire(origin, ann) as stream:
        await stream.send(rows(range(3)) + b'{"platform":')
        assert await stream.head() == 200
        await stream.lines(3)
        for _ in range(4):  # blank lines are signs of life
            await asyncio.sleep(0.2)
            await stream.send(b"\n")
        for _ in range(10):  # parts of a line are not
            await stream.send(b" ")
            await asyncio.sleep(0.1)
        assert (await stream.line())["errors"][0]["code"] == "BAD_LINE"
        last = await stream.line()
    assert last["error"]["code"] == "TIMEOUT"
    assert (last["summary"]["rows"], last["summary"]["complete"]) == (4, False)
    assert await count(pool) == 3


@pytest.mark.parametrize("piece", [b"\n", b" "], ids=["blank lines", "parts of a line"])
async def test_a_row_waits_no_longer_because_the_client_keeps_sending(
    origin: str, ann: Sender, monkeypatch: pytest.MonkeyPatch, piece: bytes
) -> None:
    monkeypatch.setattr(ingest_stream, "LONGEST_WAIT_SECONDS", 0.3)
    async with wire(origin, ann) as stream:

        async def trickle() -> None:
            await stream.send(rows(range(1)))
            while True:
                await asyncio.sleep(0.05)  # shorter than the pause that ends a batch
                await stream.send(piece)

        sending = asyncio.create_task(trickle())
        async with asyncio.timeout(10):
            assert await stream.head() == 200
            assert (await stream.line())["line"] == 1
        assert not sending.done()
        sending.cancel()


STOPS = {
    "code": "UNAVAILABLE",
    "message": "The server stops. Answered rows are stored. Send the other rows again.",
}


async def test_the_stop_of_the_server_ends_a_stream_with_a_summary(
    origin: str, ann: Sender, pool: Pool, stopping: Stopping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_stream, "LINGER_SECONDS", 1000.0)
    monkeypatch.setattr(ingest_stream, "LONGEST_WAIT_SECONDS", 1000.0)
    async with wire(origin, ann) as stream:
        await stream.send(rows(range(1003)) + b'{"platform":')
        assert await stream.head() == 200
        await stream.lines(1000)
        stopping.begin()
        assert [line["line"] for line in await stream.lines(3)] == [1001, 1002, 1003]
        last = await stream.line()
        assert await stream.line() is None
    assert last["error"] == STOPS
    assert (last["summary"]["rows"], last["summary"]["created"]) == (1003, 1003)
    assert last["summary"]["complete"] is False
    assert await count(pool) == 1003


async def test_the_stop_of_the_server_does_not_wait_for_a_locked_database(
    origin: str, ann: Sender, pool: Pool, stopping: Stopping
) -> None:
    stopping.seconds = 0
    async with wire(origin, ann) as stream, pool.acquire() as other:
        await stream.send(rows(range(1)))
        assert await stream.head() == 200
        await stream.line()
        transaction = other.transaction()
        await transaction.start()
        await other.execute("SELECT 1 FROM users FOR NO KEY UPDATE")
        await stream.send(rows(range(1, 2)))
        await waits_for_a_lock(pool)
        stopping.begin()
        last = await stream.line()
        assert await stream.line() is None
        await transaction.rollback()
    assert last["error"] == STOPS
    assert (last["summary"]["rows"], last["summary"]["complete"]) == (1, False)
    assert await count(pool) == 1


async def test_the_stop_of_the_server_refuses_a_stream_that_has_no_answer_yet(
    origin: str, ann: Sender, pool: Pool, stopping: Stopping
) -> None:
    async with wire(origin, ann, "?onError=REJECT_ALL") as stream, wire(origin, ann) as silent:
        await stream.send(rows(range(2)))
        stopping.begin()
        assert [await stream.head(), await silent.head()] == [503, 503]
    assert await count(pool) == 0


async def test_a_stream_goes_on_and_is_finished_while_the_server_stops(
    database_url: str, ann: Sender, pool: Pool, tmp_path: Path
) -> None:
    async with served(database_url, tmp_path) as (origin, pid), wire(origin, ann) as stream:
        await stream.send(rows(range(1)))
        assert await stream.head() == 200
        await stream.lines(1)
        os.kill(pid, signal.SIGTERM)
        await asyncio.sleep(1)
        await stream.send(rows(range(1, 3)))
        assert [line["line"] for line in await stream.lines(2)] == [2, 3]
        await stream.end()
        assert (await stream.line())["summary"]["complete"] is True
    assert await count(pool) == 3


async def test_sigterm_lets_a_client_that_keeps_sending_read_its_summary(
    database_url: str, ann: Sender, pool: Pool, tmp_path: Path
) -> None:
    settings = {"SHUTDOWN_SECONDS": "2"}
    async with served(database_url, tmp_path, settings) as (origin, pid), wire(origin, ann) as stream:
        await stream.send(rows(range(1)))
        assert await stream.head() == 200
        found = await stream.lines(1)
        os.kill(pid, signal.SIGTERM)
        for number in range(1, 80):  # the last of them arrive after the summary
            await stream.send(rows(range(number, number + 1)))
            await asyncio.sleep(0.02)
        while (line := await stream.line()) is not None:
            found.append(line)
    last = found.pop()
    assert last["error"] == STOPS
    assert last["summary"]["complete"] is False
    assert 1 <= last["summary"]["created"] == len(found) == await count(pool)


async def test_a_stream_without_any_line_gets_408(
    origin: str, ann: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_stream, "SILENCE_SECONDS", 0.3)
    for query in ("", "?onError=REJECT_ALL"):
        async with wire(origin, ann, query) as stream:
            assert await stream.head() == 408


async def test_a_revoked_key_ends_its_open_streams(origin: str, ann: Sender, pool: Pool) -> None:
    async with wire(origin, ann) as stream:
        await stream.send(rows(range(1)))
        assert await stream.head() == 200
        await stream.line()
        await pool.execute("UPDATE api_keys SET revoked_at = now()")
        await stream.send(rows(range(1, 2)))
        last = await stream.line()
    assert last["error"] == {
        "code": "UNAUTHENTICATED",
        "message": "This API key was revoked. Create a new key.",
    }
    assert last["summary"]["complete"] is False
    assert await count(pool) == 1


async def test_a_user_suspended_during_a_stream_gets_403(origin: str, ann: Sender, pool: Pool) -> None:
    async with wire(origin, ann) as stream, pool.acquire() as other:
        transaction = other.transaction()
        await transaction.start()
        await other.execute("UPDATE users SET status = 'suspended'")
        await stream.send(rows(range(1)))
        await waits_for_a_lock(pool)
        await transaction.commit()
        assert await stream.head() == 403
    assert await count(pool) == 0


async def waits_for_a_lock(pool: Pool) -> None:
    blocked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(20):
        while not await pool.fetchval(blocked):
            await asyncio.sleep(0.01)


class Sending:
    """An ASGI server whose client sends a piece on each call of `receive`."""

    def __init__(self, sender: Sender, pieces: list[bytes]) -> None:
        self.received = 0
        self.answer = b""
        self.pieces = pieces
        self.scope = {
            "type": "http",
            "method": "POST",
            "path": "/ingest/mentions",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in sender.headers.items()],
        }

    async def receive(self) -> dict[str, object]:
        self.received += 1
        more = self.received < len(self.pieces)
        return {"type": "http.request", "body": self.pieces[self.received - 1], "more_body": more}

    async def send(self, message: dict[str, Any]) -> None:
        self.answer += message.get("body", b"")


async def test_the_server_reads_no_faster_than_it_writes(pool: Pool, ann: Sender) -> None:
    """While a batch waits for the database, the server reads two more batches, and then none."""
    pieces = [rows(range(number, number + 100)) for number in range(0, 20_000, 100)]
    client, app = Sending(ann, pieces), create_app(pool)
    async with pool.acquire() as other:
        transaction = other.transaction()
        await transaction.start()
        await other.execute("SELECT 1 FROM users FOR NO KEY UPDATE")
        running = asyncio.create_task(app(client.scope, client.receive, client.send))  # type: ignore[arg-type]
        await waits_for_a_lock(pool)
        received = -1
        while received != client.received:  # until the server pauses
            received = client.received
            for _ in range(100):
                await asyncio.sleep(0)
        assert client.received == 30
        await transaction.rollback()
    await running
    assert client.received == 200
    assert json.loads(client.answer.splitlines()[-1])["summary"]["created"] == 20_000


async def test_waiting_streams_of_one_user_hold_no_connections(
    database_url: str, ann: Sender, pool: Pool
) -> None:
    """Streams of one user take turns outside of the database."""
    small = await open_pool(database_url, size=2)
    app = create_app(small)
    clients = [Sending(ann, [rows(range(number, number + 10))]) for number in range(6)]
    async with pool.acquire() as other:
        transaction = other.transaction()
        await transaction.start()
        await other.execute("SELECT 1 FROM users FOR NO KEY UPDATE")
        running = [
            asyncio.create_task(app(client.scope, client.receive, client.send))  # type: ignore[arg-type]
            for client in clients
        ]
        await waits_for_a_lock(pool)
        assert await asyncio.wait_for(small.fetchval("SELECT 1"), 20) == 1
        await transaction.rollback()
    await asyncio.gather(*running)
    assert await count(pool) == 15
    await small.close()


async def test_a_client_may_read_the_response_after_sending_the_whole_request(
    origin: str, ann: Sender
) -> None:
    """The response has 30 MB, more than the sockets buffer."""
    bad = b'{"keyword": 1}\n' * 50_000
    async with wire(origin, ann) as stream:
        stream.writer.transport.set_write_buffer_limits(0)
        for _ in range(2):
            await stream.send(bad)
        await stream.end()
        assert await stream.head() == 200
        for number in range(1, 100_001):
            assert (await stream.line())["line"] == number
        assert (await stream.line())["summary"]["failed"] == 100_000


async def test_a_client_that_never_reads_is_disconnected_when_the_buffer_is_full(
    pool: Pool, ann: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ndjson_response, "MOST_BYTES", 1_000_000)
    monkeypatch.setattr(ndjson_response, "PATIENCE_SECONDS", 0.3)
    client, app = Sending(ann, [b'{"keyword": 1}\n' * 1000] * 1000), create_app(pool)

    async def send(_: object) -> None:
        await asyncio.Event().wait()

    await app(client.scope, client.receive, send)
    assert client.received < 10


async def test_a_client_that_never_reads_the_summary_is_disconnected(
    pool: Pool, ann: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ndjson_response, "PATIENCE_SECONDS", 0.3)
    client, app = Sending(ann, [rows(range(10))]), create_app(pool)

    async def send(_: object) -> None:
        await asyncio.Event().wait()

    await app(client.scope, client.receive, send)
    assert await count(pool) == 10


def peak_bytes(pid: int) -> int:
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmHWM" in line]
    return int(line.split()[1]) * 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux for a process's memory")
async def test_memory_does_not_grow_with_the_length_of_a_stream(
    database_url: str, ann: Sender, pool: Pool, tmp_path: Path
) -> None:
    """The stream has 200,000 rows of 1 kB. Every hundredth row is a mention."""
    filler = "nothing " * 110
    piece = b"".join(
        rows(range(number, number + 1), filler + ("crm" if number % 100 == 0 else ""))
        for number in range(1000)
    )
    async with served(database_url, tmp_path) as (origin, pid), wire(origin, ann) as stream:

        async def send() -> None:
            for number in range(200):
                await stream.send(piece.replace(b'"externalId":"', b'"externalId":"%d-' % number))
            await stream.end()

        sending = asyncio.create_task(send())
        assert await stream.head() == 200
        await stream.lines(20_000)
        begun = peak_bytes(pid)
        await stream.lines(180_000)
        last = await stream.line()
        await sending
        grown = peak_bytes(pid) - begun
    assert last["summary"]["rows"] == 200_000
    assert last["summary"]["created"] == 2000 == await count(pool)
    assert len(piece) * 200 > 180_000_000
    assert grown < 10_000_000
