"""Random reads of own writes by two server processes with read replicas, whatever happens to the replicas.

    python -m bench.replicas [--reads 100000] [--replicas 2] [--clients 16] [--seconds 10] [--quiet]

Each client is a user who writes and reads, each time by one of two servers, and knows what a read must show. Meanwhile
the replay of the replicas is paused and resumed, and a replica is killed and started again. The report counts stale
reads and failed requests, which must be 0, and the share of reads that replicas answered. At the end, the same reads
without writes are measured with replicas and without them. With `--quiet`, nothing happens to the replicas.
"""

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from urllib.parse import urlsplit

from bench.command import exit_code, say, show
from bench.servers import ServerError
from db.embedded import EmbeddedPostgres
from db.engine import migrations
from db.engine.databases import ensure
from db.engine.pool import Pool, open_pool
from resolvers.framework.global_id import encode
from services.accounts.api_key import ALL_SCOPES
from tests.support.folders import data_folder
from tests.support.replicas import StreamingReplica, streaming_replica
from tests.support.rows import add_key, add_keyword, add_user
from tests.support.serving import served

READ = "{ viewer { name mentionsCount } mentions(first: 1) { totalCount nodes { externalId } } }"
RENAME = "mutation ($name: String!) { updateViewer(input: {name: $name}) { userErrors { message } } }"
INGEST = "mutation ($post: IngestMentionInput!) { ingestMentions(input: {items: [$post]}) { userErrors { message } } }"
WRITES = 0.2
INGESTS = 0.3
"""The share of writes that ingest a mention. The others rename the user."""
IDLE_SECONDS = 2.0
SETTINGS = {"fsync": "off", "wal_writer_delay": "10ms"}
"""Settings of the primary. Commits are flushed as usual, but no disk is waited for."""
KILLS = 0.25
"""The share of disturbances that kill a replica. The others pause its replay."""


@dataclass
class Tally:
    """The counts of all clients."""

    reads: int = 0
    writes: int = 0
    stale: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    disturbances: Counter[str] = field(default_factory=Counter)


class Connection:
    """One connection to a server. It is opened again before the server ends it because it is idle."""

    def __init__(self, origin: str, key: str) -> None:
        parts = urlsplit(origin)
        self._host, self._port = parts.hostname, parts.port
        self._head = f"POST /graphql HTTP/1.1\r\nhost: {parts.netloc}\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n"
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._used_at = 0.0

    async def ask(self, document: str, **variables: object) -> dict[str, object]:
        """Return the whole response."""
        body = json.dumps({"query": document, "variables": variables}).encode()
        if self._streams is None or time.monotonic() - self._used_at > IDLE_SECONDS:
            self.close()
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        writer.write(f"{self._head}content-length: {len(body)}\r\n\r\n".encode() + body)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        found: dict[str, object] = json.loads(await reader.readexactly(length))
        self._used_at = time.monotonic()
        return found

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()


class Client:
    """A user, and what a read of the user must show."""

    def __init__(self, origins: Sequence[str], keys: Sequence[str], keyword: str, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - no secret
        self._connections = [Connection(origin, key) for origin in origins for key in keys]
        self._keyword = keyword
        self.name, self.mentions = "", 0

    def close(self) -> None:
        for connection in self._connections:
            connection.close()

    async def step(self, tally: Tally, *, writes: float = WRITES) -> None:
        """Write with a probability, and read."""
        try:
            if self._random.random() < writes:
                await self._write()
                tally.writes += 1
            found = await self._random.choice(self._connections).ask(READ)
        except (OSError, asyncio.IncompleteReadError, ValueError) as failure:
            tally.failed.append(repr(failure))
            return
        tally.reads += 1
        if "errors" in found:
            tally.failed.append(json.dumps(found))
        elif found["data"] != self._expected:
            tally.stale.append(f"{json.dumps(found)} instead of {json.dumps(self._expected)}")

    @property
    def _expected(self) -> object:
        last = [{"externalId": str(self.mentions)}] if self.mentions else []
        return {
            "viewer": {"name": self.name, "mentionsCount": self.mentions},
            "mentions": {"totalCount": self.mentions, "nodes": last},
        }

    async def _write(self) -> None:
        connection = self._random.choice(self._connections)
        if self._random.random() < INGESTS:
            post = {
                "keywordId": self._keyword,
                "platform": "WEB",
                "externalId": str(self.mentions + 1),
                "url": "https://example.com",
                "content": "words",
            }
            found = await connection.ask(INGEST, post=post)
            self.mentions += 1
        else:
            name = f"name {self._random.random()}"
            found = await connection.ask(RENAME, name=name)
            self.name = name
        if "errors" in found or "message" in json.dumps(found):
            raise ValueError(json.dumps(found))


async def disturb(replicas: Sequence[StreamingReplica], tally: Tally) -> None:
    """Pause and resume the replay of replicas, and kill and start them, one after the other."""
    chosen = Random(1)  # noqa: S311 - no secret
    while True:
        await asyncio.sleep(chosen.random() * 3)
        replica = chosen.choice(replicas)
        if chosen.random() < KILLS:
            tally.disturbances["kills"] += 1
            await asyncio.to_thread(replica.kill)
            await asyncio.sleep(chosen.random())
            await asyncio.to_thread(replica.start)
        else:
            tally.disturbances["pauses"] += 1
            await replica.pause()
            await asyncio.sleep(chosen.random() * 2)
            await replica.resume()


async def load(clients: Sequence[Client], tally: Tally, *, reads: int) -> float:
    """Let the clients work until so many reads are done. Return the seconds."""
    began, told = time.perf_counter(), 0

    async def work(client: Client) -> None:
        nonlocal told
        while tally.reads < reads:
            await client.step(tally)
            if tally.reads >= told + 10_000:
                told = tally.reads
                say(f"{told:,} reads, {len(tally.stale)} stale, {len(tally.failed)} failed")

    await asyncio.gather(*map(work, clients))
    return time.perf_counter() - began


async def reads_per_second(clients: Sequence[Client], tally: Tally, seconds: float) -> float:
    """Return the rate of reads without writes."""
    before, until = tally.reads, time.perf_counter() + seconds

    async def work(client: Client) -> None:
        while time.perf_counter() < until:
            await client.step(tally, writes=0)

    await asyncio.gather(*map(work, clients))
    return (tally.reads - before) / seconds


async def metric(origin: str, name: str) -> Counter[str]:
    """Return the values of a metric of a server by their labels."""
    parts = urlsplit(origin)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"GET /metrics HTTP/1.1\r\nhost: {parts.netloc}\r\nconnection: close\r\n\r\n".encode())
    text = (await reader.read()).decode()
    writer.close()
    found: Counter[str] = Counter()
    for line in text.splitlines():
        if line.startswith(f"{name}{{"):
            labels, _, value = line.removeprefix(name).rpartition(" ")
            found[labels] += int(float(value))
    return found


async def metric_of_all(origins: Sequence[str], name: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for origin in origins:
        found += await metric(origin, name)
    return found


@asynccontextmanager
async def two_servers(url: str, **settings: str) -> AsyncIterator[list[str]]:
    """Serve the database in two server processes, and yield their origins."""
    async with AsyncExitStack() as stack:
        origins = []
        for _ in range(2):
            folder = stack.enter_context(data_folder())
            more = {"RATE_POINTS": "0", "AUDIT_EVERY_SECONDS": "0", "GUARD": "off", **settings}
            origin, _pid = await stack.enter_async_context(served(url, folder, more))
            origins.append(origin)
        yield origins


async def users_of(pool: Pool, number: int) -> list[tuple[list[str], str]]:
    """Add users with two keys each. Return the keys, and the ID of a keyword."""
    found = []
    for each in range(number):
        user = await add_user(pool, f"{each}@example.com")
        keyword = encode("Keyword", await add_keyword(pool, user))
        keys = [await add_key(pool, user, tuple(ALL_SCOPES)) for _ in range(2)]
        found.append((keys, keyword))
    return found


async def measured(
    args: argparse.Namespace, url: str, replicas: Sequence[StreamingReplica]
) -> tuple[str, bool]:
    """Return the report, and whether no read was stale and no request failed."""
    tally = Tally()
    async with await open_pool(url, size=2) as pool:
        users = await users_of(pool, args.clients)
    addresses = ",".join(replica.url(url) for replica in replicas)
    async with two_servers(url, REPLICA_URLS=addresses) as origins:
        clients = [Client(origins, keys, keyword, seed) for seed, (keys, keyword) in enumerate(users)]
        disturbing = asyncio.create_task(asyncio.sleep(0) if args.quiet else disturb(replicas, tally))
        seconds = await load(clients, tally, reads=args.reads)
        reads, writes = tally.reads, tally.writes
        disturbing.cancel()
        with suppress(asyncio.CancelledError):
            await disturbing
        answers = (await metric_of_all(origins, "leadgraph_replica_reads_total")).total()
        reruns = await metric_of_all(origins, "leadgraph_replica_reruns_total")
        primary = await metric_of_all(origins, "leadgraph_primary_reads_total")
        for replica in replicas:
            if replica.process is None or replica.process.poll() is not None:
                await asyncio.to_thread(replica.start)
            await replica.resume()
            await replica.catch_up(url)
        with_replicas = await reads_per_second(clients, tally, args.seconds)
    for client in clients:
        client.close()
    async with two_servers(url) as origins:
        alone = [Client(origins, keys, keyword, seed) for seed, (keys, keyword) in enumerate(users)]
        for client, before in zip(alone, clients, strict=True):
            client.name, client.mentions = before.name, before.mentions
        without = await reads_per_second(alone, tally, args.seconds)
        for client in alone:
            client.close()
    rates = f"{with_replicas:,.0f} with replicas, {without:,.0f} without, ratio {with_replicas / without:.2f}"
    load_ = f"{reads:,} reads and {writes:,} writes of {args.clients} clients in {seconds:.0f} s"
    lines = [
        f"{load_}, by two server processes and {len(replicas)} replicas; {dict(tally.disturbances)}",
        f"stale reads: {len(tally.stale)}; failed requests: {len(tally.failed)}",
        f"answered by replicas: {answers:,} ({100 * answers / max(reads, 1):.1f} %)",
        f"begun on a replica and run again: {dict(reruns)}",
        f"answered by the primary: {dict(primary)}",
        f"reads per second without writes: {rates}",
        *tally.stale[:5],
        *tally.failed[:5],
    ]
    return "\n".join(lines), not (tally.stale or tally.failed)


def run(args: argparse.Namespace) -> None:
    """Run a primary with replicas, and show the report. Exit with 1 after a stale read or a failed request."""
    with ExitStack() as stack:
        home = stack.enter_context(data_folder()) / "postgres"
        primary = stack.enter_context(EmbeddedPostgres(home, settings=SETTINGS).running())
        url = primary.url("leadgraph")
        asyncio.run(_migrated(primary.url("postgres"), url))
        replicas = [stack.enter_context(streaming_replica(url)) for _ in range(args.replicas)]
        report, is_right = asyncio.run(measured(args, url, replicas))
        show(report)
    if not is_right:
        raise ServerError("A read was stale, or a request failed.")


async def _migrated(server: str, url: str) -> None:
    await ensure(server, "leadgraph")
    await migrations.upgrade(url)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench.replicas", description="Read own writes from replicas.")
    parser.add_argument("--reads", type=int, default=100_000)
    parser.add_argument("--replicas", type=int, default=2, choices=(1, 2))
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--quiet", action="store_true")
    given = parser.parse_args(arguments)
    return exit_code("bench.replicas", lambda: run(given))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
