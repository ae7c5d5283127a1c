"""The time from a commit to its subscribers, and the memory of an idle subscriber.

    python -m bench.live --subscribers 1000 --commits 200

Two server processes share a database. The subscribers are WebSockets of one user, half of them at each process, who
have the same subscription. The commits insert one mention each, at a steady rate. Each subscriber notes when it gets the
event, by the clock that the writer has noted before its commit. The clients run in processes of their own.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import re
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

from db.embedded import EmbeddedPostgres
from db.engine import migrations
from db.engine.pool import Pool, open_pool
from services.accounts import api_key
from services.accounts.api_keys import issue_key

TEXT = "subscription { mentionAdded { mentions { externalId } cursor } }"
ROOT = Path(__file__).resolve().parents[1]
FIRST_PORT = 8950
PING, PONG = 0x89, 0x8A


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--subscribers", type=int, default=1000)
    options.add_argument("--commits", type=int, default=200)
    options.add_argument("--rate", type=float, default=4, help="commits per second")
    options.add_argument("--processes", type=int, default=2)
    given = options.parse_args()
    asyncio.run(_measure(given.subscribers, given.commits, given.rate, given.processes))


async def _measure(subscribers: int, commits: int, rate: float, processes: int) -> None:
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "pg").running() as postgres:
        url = postgres.url("postgres")
        await migrations.upgrade(url)
        pool = await open_pool(url, size=2)
        user_id: int = await pool.fetchval("INSERT INTO users (email) VALUES ('a@example.com') RETURNING id")
        keyword_id: int = await pool.fetchval(
            "INSERT INTO keywords (user_id, keyword) VALUES ($1, 'words') RETURNING id", user_id
        )
        async with pool.acquire() as connection:
            key = await issue_key(connection, user_id, "bench", api_key.ALL_SCOPES)
        async with AsyncExitStack() as stack:
            servers = [await _serve(stack, url, folder, number) for number in range(processes)]
            before = [_memory(process.pid) for process in servers]
            found = await _subscribed(
                pool, (user_id, keyword_id), key, subscribers, commits, rate, servers, before
            )
        await pool.close()
    _report(found, subscribers, commits, processes)


async def _serve(stack: AsyncExitStack, url: str, folder: str, number: int) -> asyncio.subprocess.Process:
    settings = {
        "DATABASE_URL": url,
        "HOME": f"{folder}/{number}",
        "PORT": str(FIRST_PORT + number),
        "WORKERS": "0",
        "DRAIN_SECONDS": "0",
        "LIVE_PING_SECONDS": "600",  # the clients read pings only between events
        "LIVE_USER_CONNECTIONS": "100000",
        "LIVE_CONNECTIONS": "2000",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server.cli", "serve"),
        cwd=ROOT,
        env={**os.environ, **{f"LEADGRAPH_{name}": value for name, value in settings.items()}},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None  # noqa: S101 - the pipe is asked for
    await process.stdout.readline()

    async def end() -> None:
        process.terminate()
        await process.wait()

    stack.push_async_callback(end)
    return process


async def _subscribed(
    pool: Pool,
    ids: tuple[int, int],
    key: str,
    subscribers: int,
    commits: int,
    rate: float,
    servers: Sequence[asyncio.subprocess.Process],
    before: Sequence[int],
) -> list[float]:
    """Return the seconds from each commit to each subscriber."""
    context = multiprocessing.get_context("spawn")
    ready: Queue[Any] = context.Queue()
    results: Queue[Any] = context.Queue()
    each = subscribers // len(servers)
    clients = [
        context.Process(target=_client, args=(FIRST_PORT + number, key, each, commits, ready, results))
        for number in range(len(servers))
    ]
    for client in clients:
        client.start()
    for _ in clients:
        await asyncio.to_thread(ready.get)
    await asyncio.sleep(2)
    for number, (process, start) in enumerate(zip(servers, before, strict=True)):
        kilobytes = (_memory(process.pid) - start) / each
        _say(f"process {number}: {kilobytes:.1f} KB per idle subscriber, {each} subscribers")
    worked = [_worked(process.pid) for process in servers]
    user_id, keyword_id = ids
    for number in range(commits):
        began = time.time()
        await pool.execute(
            "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content) "
            "VALUES ($1, $2, 'web', $3, 'https://example.com', 'text')",
            user_id,
            keyword_id,
            f"{number} {time.time()!r}",
        )
        await asyncio.sleep(max(0.0, 1 / rate - (time.time() - began)))
    found: list[float] = []
    for _ in clients:
        found += await asyncio.to_thread(results.get)
    for client in clients:
        client.join()
    for number, (process, began_at) in enumerate(zip(servers, worked, strict=True)):
        micros = (_worked(process.pid) - began_at) / (each * commits) * 1e6
        _say(f"process {number}: {micros:.0f} µs of processor time per event and subscriber")
    return found


def _client(
    port: int, key: str, subscribers: int, commits: int, ready: "Queue[Any]", results: "Queue[Any]"
) -> None:
    """Subscribe, and put the delays of all events into the queue."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 8192)), hard))
    asyncio.run(_subscribe_all(port, key, subscribers, commits, ready, results))


async def _subscribe_all(
    port: int, key: str, subscribers: int, commits: int, ready: "Queue[Any]", results: "Queue[Any]"
) -> None:
    loop = asyncio.get_running_loop()
    done = asyncio.Semaphore(0)
    made = [_Subscriber(key, commits, done) for _ in range(subscribers)]
    for each in made:
        await loop.create_connection(lambda one=each: one, "127.0.0.1", port)  # type: ignore[misc]
        await each.subscribed.wait()
    ready.put(port)
    for _ in made:
        await done.acquire()
    results.put([delay for each in made for delay in each.delays()])


class _Subscriber(asyncio.Protocol):
    """A client that takes next to no time: it keeps the bytes with their times, and reads them at the end."""

    def __init__(self, key: str, commits: int, done: asyncio.Semaphore) -> None:
        self._key, self._commits, self._done = key, commits, done
        self._received: list[tuple[float, bytes]] = []
        self._mentions = 0
        self.subscribed = asyncio.Event()
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transport.write(
            b"GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
        )

    def data_received(self, data: bytes) -> None:
        if b"101 Switching" in data:
            self._send(type="connection_init", payload={"Authorization": f"Bearer {self._key}"})
        elif b"connection_ack" in data:
            self._send(type="subscribe", id="1", payload={"query": TEXT})
            self.subscribed.set()
        elif data[0] == PING:
            self._transport.write(bytes([PONG, 0x80 | (len(data) - 2)]) + bytes(4) + data[2:])
        else:
            self._received.append((time.time(), data))
            self._mentions += data.count(b'"externalId"')  # an event may have the rows of several commits
            if self._mentions == self._commits:
                self._done.release()

    def _send(self, **message: object) -> None:
        text = json.dumps(message).encode()
        self._transport.write(bytes([0x81, 0x80 | 126]) + len(text).to_bytes(2, "big") + bytes(4) + text)

    def delays(self) -> list[float]:
        """Return the seconds from each commit to its event."""
        return [
            at - float(began) for at, data in self._received for began in re.findall(rb'"\d+ ([\d.]+)"', data)
        ]


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _memory(pid: int) -> int:
    """Return the memory of a process in kilobytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise ValueError(pid)


def _worked(pid: int) -> float:
    """Return the seconds of processor time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _report(found: list[float], subscribers: int, commits: int, processes: int) -> None:
    ordered = sorted(found)
    _say(f"{subscribers} subscribers on {processes} processes, {commits} commits, {len(found):,} events told")
    for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0)):
        _say(f"{name}: {ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000:.1f} ms")
    _say(f"mean: {statistics.fmean(ordered) * 1000:.1f} ms")


if __name__ == "__main__":
    main()
