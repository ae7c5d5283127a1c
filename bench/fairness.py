"""Measure what one user notices while another one, or an anonymous client, floods the server.

    python -m bench.fairness                                     every flood
    python -m bench.fairness --scale 0.1 --seconds 5 searches    less data, one flood

A victim asks a cheap and a nested query on one connection, and `/healthz` on new ones, at first alone and then during
each flood, in the same run. The ratios of the 95th percentiles tell what the flood costs the victim. Floods come from
another process, end after some seconds and leave their requests unanswered.
"""

import argparse
import asyncio
import json
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from bench.command import exit_code, say, show
from bench.data import Data, new_key
from bench.run import database
from bench.servers import ROOT, Running, Server, ServerError, ours, start
from bench.table import markdown
from services.accounts.api_key import BULK_READ, WRITE_MENTIONS

PAUSE_SECONDS = 0.02
REST_SECONDS = 30.0
MOST_RATIO = 3.0
BUSY = (
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'leadgraph' AND state = 'active' "
    "AND datname = current_database()"
)
CHEAP = "{ viewer { email mentionsCount } }"
NESTED = (
    "{ keywords(first: 5) { nodes { keyword mentions(first: 5) { nodes { content lead { status } } } } } }"
)
PART = "types { name fields { name args { name type { name ofType { name } } } type { name } } }"


@dataclass(frozen=True, slots=True)
class Target:
    """The flooded server, and the key of the flooding user."""

    port: int
    key: str
    seconds: float


def _graphql(key: str | None, document: str) -> bytes:
    return _post("/graphql", key, json.dumps({"query": document}).encode(), "application/json")


def _post(path: str, key: str | None, body: bytes, media_type: str) -> bytes:
    credential = f"authorization: Bearer {key}\r\n" if key else ""
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\n{credential}content-type: {media_type}\r\ncontent-length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


async def _answered(reader: asyncio.StreamReader) -> int:
    """Read an answer with a length, and return its status."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = next(int(line[15:]) for line in head.split("\r\n") if line.startswith("content-length:"))
    await reader.readexactly(length)
    return int(head[9:12])


async def _repeated(target: Target, request: Callable[[int], bytes], at_once: int) -> None:
    """Send requests on some connections, each again as soon as it is answered, and leave in the end."""

    async def send(number: int) -> None:
        while True:
            with suppress(OSError, asyncio.IncompleteReadError):
                reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
                try:
                    writer.write(request(number))
                    await reader.read(100)
                    while await asyncio.wait_for(reader.read(65_536), 0.05):
                        pass
                except TimeoutError:
                    pass
                finally:
                    writer.transport.abort()
            number += at_once

    with suppress(TimeoutError):
        async with asyncio.timeout(target.seconds):
            await asyncio.gather(*(send(number) for number in range(at_once)))


WORDS = ("crm or sales or team", "budget or jobs or security", "a or the or invoices")


def _searches(key: str, number: int, searches: int) -> bytes:
    """Return a request of some searches, the words of which are variables."""
    names = [f"s{n}" for n in range(searches)]
    declared = ", ".join(f"${name}: String!" for name in names)
    parts = " ".join(
        f"{name}: mentions(first: 20, filter: {{ search: ${name} }}, orderBy: RELEVANCE) "
        "{ totalCount nodes { id content } }"
        for name in names
    )
    variables = {name: f"{WORDS[n % 3]} or w{number}x{n}" for n, name in enumerate(names)}
    body = json.dumps({"query": f"query({declared}) {{ {parts} }}", "variables": variables})
    return _post("/graphql", key, body.encode(), "application/json")


async def _long_request(target: Target) -> None:
    """One request of 60 searches."""
    await _repeated(target, lambda n: _searches(target.key, n, 60), 1)


async def _many_searches(target: Target) -> None:
    """Twelve requests at a time, of ten searches each."""
    await _repeated(target, lambda n: _searches(target.key, n, 10), 12)


KEYWORD = "sales automation 1"
"""A keyword of each user of `bench.filling`."""


def _rows(number: int) -> bytes:
    rows = (
        {
            "platform": "REDDIT",
            "externalId": f"{time.time_ns()}-{n}",
            "url": "https://example.com",
            "content": f"Is {KEYWORD} worth its price? {number} {n} " + "words " * 30,
        }
        for n in range(1000)
    )
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


async def _ingests(target: Target) -> None:
    """Forty streams at a time, of a thousand rows each."""
    path = "/ingest/mentions?results=FAILED"
    requests = [_post(path, target.key, _rows(number), "application/x-ndjson") for number in range(120)]
    await _repeated(target, lambda n: requests[n % len(requests)], 40)


async def _introspections(target: Target) -> None:
    """300 introspections without a key, which arrive at once, again and again."""
    await _repeated(target, lambda n: _graphql(None, f"query Q{n % 7} {{ __schema {{ {PART} }} }}"), 300)


FLOODS: dict[str, Callable[[Target], Coroutine[Any, Any, None]]] = {
    "long-request": _long_request,
    "searches": _many_searches,
    "ingests": _ingests,
    "introspections": _introspections,
}


def _run_flood(name: str, target: Target) -> None:
    asyncio.run(FLOODS[name](target))


@dataclass(slots=True)
class Seen:
    """Milliseconds of a victim's requests, by what it asked."""

    waits: dict[str, list[float]]

    def p95(self, name: str) -> float:
        return statistics.quantiles(self.waits[name], n=20)[-1]

    def median(self, name: str) -> float:
        return statistics.median(self.waits[name])


async def _watch(port: int, key: str, seconds: float) -> Seen:
    """Ask in turn until the time ends."""
    documents = {"cheap": _graphql(key, CHEAP), "nested": _graphql(key, NESTED)}
    waits: dict[str, list[float]] = {"cheap": [], "nested": [], "healthz": []}
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for name, request in documents.items():
            began = time.perf_counter()
            writer.write(request)
            status = await _answered(reader)
            if status != httpx.codes.OK:
                raise ServerError(f"The victim got the status {status}.")
            waits[name].append(1000 * (time.perf_counter() - began))
            await asyncio.sleep(PAUSE_SECONDS)
        began = time.perf_counter()
        health, asking = await asyncio.open_connection("127.0.0.1", port)
        asking.write(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        await _answered(health)
        asking.close()
        waits["healthz"].append(1000 * (time.perf_counter() - began))
        await asyncio.sleep(PAUSE_SECONDS)
    writer.close()
    return Seen(waits)


async def _rest(url: str) -> float:
    """Return the seconds until the server runs no statement any more, at most `REST_SECONDS`."""
    connection = await asyncpg.connect(url)
    began = time.monotonic()
    try:
        while await connection.fetchval(BUSY):
            passed = time.monotonic() - began
            if passed > REST_SECONDS:
                break
            await asyncio.sleep(PAUSE_SECONDS)
    finally:
        await connection.close()
    return time.monotonic() - began


def _measure(
    running: Running, data: Data, victim: str, attacker: str, names: list[str], seconds: float
) -> list[list[str]]:
    asyncio.run(_watch(running.port, victim, 2))  # warms up
    rows = []
    for name in names:
        say(f"{name} …")
        calm = asyncio.run(_watch(running.port, victim, seconds))
        target = Target(running.port, attacker, seconds + 1)
        flood = multiprocessing.Process(target=_run_flood, args=(name, target))
        flood.start()
        time.sleep(0.7)
        flooded = asyncio.run(_watch(running.port, victim, seconds - 0.5))
        flood.join()
        rest = asyncio.run(_rest(data.url))
        for asked in calm.waits:
            before, during = calm.p95(asked), flooded.p95(asked)
            rows.append(
                [
                    name,
                    asked,
                    f"{calm.median(asked):.1f} / {before:.1f}",
                    f"{flooded.median(asked):.1f} / {during:.1f}",
                    f"{max(flooded.waits[asked]):.0f}",
                    f"{during / before:.1f}",
                    f"{rest:.1f}",
                ]
            )
    return rows


async def _keys(data: Data) -> tuple[str, str]:
    """Return keys of a victim and of a flooding user."""
    connection = await asyncpg.connect(data.url)
    try:
        victim = await connection.fetchval(
            "SELECT id FROM users WHERE id <> $1 ORDER BY id LIMIT 1", data.user_id
        )
        return (
            await new_key(connection, victim),
            await new_key(
                connection,
                data.user_id,
                ["read:mentions", "read:keywords", "read:leads", WRITE_MENTIONS, BULK_READ],
            ),
        )
    finally:
        await connection.close()


def _server(data: Data) -> Server:
    return ours(data, "fairness", "Leadgraph")


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Measure what one user notices while another floods the server."
    )
    parser.add_argument("floods", nargs="*", metavar="FLOOD", help=f"of {', '.join(FLOODS)}; by default all")
    parser.add_argument("--scale", type=float, default=0.1)
    parser.add_argument("--seconds", type=float, default=8, help="duration of the calm, and of each flood")
    parser.add_argument("--home", type=Path, default=ROOT / "build" / "bench")
    given = parser.parse_args()
    unknown = set(given.floods) - set(FLOODS)
    if unknown:
        parser.error(f"unknown flood: {', '.join(sorted(unknown))}")

    def work() -> None:
        with database(given.home, given.scale) as data:
            victim, attacker = asyncio.run(_keys(data))
            running = start(_server(data), data, given.home)
            try:
                rows = _measure(running, data, victim, attacker, given.floods or list(FLOODS), given.seconds)
            finally:
                running.stop()
        headings = [
            "flood",
            "asked",
            "calm ms, median / p95",
            "flooded ms",
            "longest",
            "ratio of p95",
            "SQL ends after s",
        ]
        show(markdown(headings, rows))

    return exit_code("bench.fairness", work)


if __name__ == "__main__":
    sys.exit(main())
