"""Measure a failover of PostgreSQL under Patroni while clients read and write.

    python -m bench.failover                         the times of deploy/patroni.yml
    python -m bench.failover --ttl 10 --users 2      a shorter time until the primary counts as lost

Two PostgreSQL servers with `synchronous_mode`, etcd, and one Leadgraph server whose address names both. The primary and
its Patroni are killed with SIGKILL. Later it returns as the standby, and a planned switchover follows. Each writer retries
each mutation with its idempotency key until it is acknowledged. Afterwards, each must have made exactly one row.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx

from bench.command import exit_code, say, show
from bench.feed_soak.place import Process
from bench.servers import ROOT, ServerError
from bench.table import markdown
from db.engine import databases, migrations
from resolvers.framework.global_id import decode
from services.accounts import api_key
from services.accounts.api_keys import issue_key
from services.accounts.vault import new_key
from tests.support.patroni import MISSING, PATIENCE_SECONDS, Cluster, patroni_cluster
from tests.support.ports import free_port

DATABASE = "failover"
CREATE = (
    "mutation ($input: CreateKeywordInput!) { createKeyword(input: $input) "
    "{ keyword { id } replayed userErrors { code } } }"
)
READ = "{ viewer { keywordsCount } keywords(first: 1) { nodes { keyword } } }"
PAUSE_SECONDS = 0.1
CALM_SECONDS = 4.0
SETTLED = 10
"""Answered requests of each kind in a row that end an outage."""


@dataclass(slots=True)
class Seen:
    """The requests of a phase. The lists hold the times at which requests were answered."""

    written: list[float] = field(default_factory=list)
    read: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    longest: float = 0.0
    stale: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Load:
    """The writers and readers, who wait until each mutation is acknowledged. `acknowledged` has the number and the user of each keyword by its word."""

    origin: str
    keys: Sequence[tuple[int, str]]
    acknowledged: dict[str, tuple[int, int]] = field(default_factory=dict)
    replayed: int = 0
    seen: Seen = field(default_factory=Seen)
    is_over: bool = False

    async def write(self, http: httpx.AsyncClient, user_id: int, key: str, writer: int) -> None:
        number = 0
        while not self.is_over:
            word = f"word {writer} {number}"
            values = {"keyword": word, "idempotencyKey": f"{writer}-{number}"}
            made = await self._ask(http, key, CREATE, values)
            payload = None if made is None else made["createKeyword"]
            if payload is not None and not payload["userErrors"]:
                self.replayed += payload["replayed"]
                self.acknowledged[word] = decode(payload["keyword"]["id"])[1], user_id
                self.seen.written.append(time.monotonic())
                number += 1
            elif payload is not None and payload["userErrors"][0]["code"] != "IN_FLIGHT":
                raise ServerError(f"The mutation of {word} got {payload['userErrors']}.")
            await asyncio.sleep(PAUSE_SECONDS)  # a mutation without an acknowledgement is sent again

    async def read(self, http: httpx.AsyncClient, user_id: int, key: str) -> None:
        while not self.is_over:
            known = sum(user == user_id for _, user in self.acknowledged.values())
            found = await self._ask(http, key, READ)
            if found is not None:
                self.seen.read.append(time.monotonic())
                if found["viewer"]["keywordsCount"] < known:
                    self.seen.stale.append(f"{found['viewer']['keywordsCount']} of {known} keywords")
            await asyncio.sleep(PAUSE_SECONDS)

    async def _ask(self, http: httpx.AsyncClient, key: str, document: str, values: object = None) -> Any:
        """Return the data; None for a failure, which is counted."""
        body = {"query": document, "variables": None if values is None else {"input": values}}
        began, seen = time.monotonic(), self.seen
        try:
            response = await http.post(self.origin, json=body, headers={"authorization": f"Bearer {key}"})
        except httpx.TransportError as failure:
            seen.failures[type(failure).__name__] += 1
            return None
        finally:
            seen.longest = max(seen.longest, time.monotonic() - began)
        answer = response.json()
        if "errors" in answer:
            code = answer["errors"][0]["extensions"]["code"]
            seen.failures[f"{code} {response.status_code}"] += 1
            return None
        return answer["data"]


@dataclass(frozen=True, slots=True)
class Outage:
    """An event, seconds until writes and reads succeeded again, and the requests meanwhile."""

    name: str
    write_seconds: float
    read_seconds: float
    seen: Seen

    def row(self) -> list[str]:
        failures = ", ".join(f"{count} {kind}" for kind, count in sorted(self.seen.failures.items())) or "0"
        answered = f"{len(self.seen.written):,} / {len(self.seen.read):,}"
        return [
            self.name,
            f"{self.write_seconds:.1f}",
            f"{self.read_seconds:.1f}",
            failures,
            answered,
            f"{self.seen.longest:.1f}",
            str(len(self.seen.stale)),
        ]


@dataclass(slots=True)
class Report:
    outages: list[Outage]
    acknowledged: int
    replayed: int
    wrong: list[str]


def _gap(times: Sequence[float], began: float) -> float:
    """Return the longest time without an answer since the event."""
    points = [began, *(each for each in times if each > began)]
    return max((later - earlier for earlier, later in pairwise(points)), default=0.0)


async def _during(load: Load, name: str, event: Any) -> Outage:
    """Let the event happen. Return when requests have succeeded again for some seconds."""
    load.seen = seen = Seen()
    say(f"{name} …")
    began = time.monotonic()
    await asyncio.to_thread(event)
    done = time.monotonic()
    while not _is_settled(seen, done):
        await asyncio.sleep(PAUSE_SECONDS)
        if time.monotonic() - done > PATIENCE_SECONDS:
            raise ServerError(f"Requests failed for {PATIENCE_SECONDS} seconds: {seen.failures}.")
    await asyncio.sleep(CALM_SECONDS)
    return Outage(name, _gap(seen.written, began), _gap(seen.read, began), seen)


def _is_settled(seen: Seen, since: float) -> bool:
    return all(sum(at > since for at in times) > SETTLED for times in (seen.written, seen.read))


async def _users(url: str, number: int) -> list[tuple[int, str]]:
    """Create users, and return their IDs and keys of all scopes."""
    found = []
    async with databases.connected(url) as connection:
        for each in range(number):
            user_id: int = await connection.fetchval(
                "INSERT INTO users (email) VALUES ($1) RETURNING id", f"user{each}@failover.example"
            )
            found.append((user_id, await issue_key(connection, user_id, "bench", sorted(api_key.ALL_SCOPES))))
    return found


async def _judge(url: str, load: Load) -> list[str]:
    """Compare the rows with the acknowledged mutations."""
    async with databases.connected(url) as connection:
        rows = await connection.fetch("SELECT id, user_id, keyword FROM keywords ORDER BY id")
    times = Counter(row["keyword"] for row in rows)
    stored = {row["keyword"]: (row["id"], row["user_id"]) for row in rows}
    wrong = [f"{word} was acknowledged and lost" for word in load.acknowledged if word not in stored]
    wrong += [f"{word} has {count} rows" for word, count in times.items() if count != 1]
    wrong += [f"{word} was never acknowledged" for word in stored if word not in load.acknowledged]
    wrong += [
        f"{word} is {stored[word]}, not {known}"
        for word, known in load.acknowledged.items()
        if word in stored and stored[word] != known
    ]
    return wrong


def _verified(settings: dict[str, str]) -> list[str]:
    """Run the commands that verify a database, and return the output of those that fail."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LEADGRAPH_")}
    variables = kept | {f"LEADGRAPH_{name}": value for name, value in settings.items()}
    wrong = []
    for command in (["counters", "verify"], ["verify"]):
        done = subprocess.run(  # noqa: S603 - own command
            [sys.executable, "-m", "server.cli", *command],
            env=variables, cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            wrong.append(f"leadgraph {' '.join(command)}: {done.stdout}{done.stderr}")
    return wrong


async def _events(cluster: Cluster, load: Load, *, switchover: bool) -> list[Outage]:
    lost = cluster.leader
    outages = [await _during(load, "killed primary", lost.kill)]
    if switchover:
        lost.start()
        await asyncio.to_thread(cluster.wait_for_standby)
        now = cluster.other(lost)
        outages.append(await _during(load, "planned switchover", lambda: now.switch_to(lost)))
    return outages


async def _run(cluster: Cluster, load: Load, *, switchover: bool) -> list[Outage]:
    async with httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=None)) as http:
        tasks = [
            *(asyncio.create_task(load.write(http, *each, number)) for number, each in enumerate(load.keys)),
            *(asyncio.create_task(load.read(http, *each)) for each in load.keys),
        ]
        try:
            await asyncio.sleep(CALM_SECONDS)
            outages = await _events(cluster, load, switchover=switchover)
            load.is_over = True
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    return outages


def measure(home: Path, *, users: int = 4, switchover: bool = True, **timing: int) -> Report:
    """Run the clusters, the server and the load, and return what was found."""
    with ExitStack() as stack:
        cluster = stack.enter_context(patroni_cluster(home, **timing))
        asyncio.run(databases.ensure(cluster.url("postgres"), DATABASE))
        url = cluster.url(DATABASE)
        asyncio.run(migrations.upgrade(url))
        settings = {
            "DATABASE_URL": url, "HOME": str(home / "server"), "CREDENTIALS_KEY": new_key(), "DRAIN_SECONDS": "0",
        }  # fmt: skip
        server = Process("serve", settings, home / "server.log", free_port())
        stack.callback(server.stop)
        server.start()
        load = Load(f"{server.origin}/graphql", asyncio.run(_users(url, users)))
        outages = asyncio.run(_run(cluster, load, switchover=switchover))
        server.stop()
        wrong = [*asyncio.run(_judge(url, load)), *_verified(settings)]
    wrong += [stale for outage in outages for stale in outage.seen.stale]
    return Report(outages, len(load.acknowledged), load.replayed, wrong)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure a failover of PostgreSQL under Patroni.")
    parser.add_argument("--users", type=int, default=4, help="users, each with a writer and a reader")
    parser.add_argument("--ttl", type=int, default=30, help="seconds after which a primary counts as lost")
    parser.add_argument("--log", type=Path, help="file for the log of the server")
    parser.add_argument("--loop-wait", type=int, default=None, help="by default a third of the ttl")
    given = parser.parse_args()
    if MISSING:
        parser.error(f"these programs are missing: {', '.join(MISSING)}")
    wait = given.loop_wait or max(1, given.ttl // 3)
    timing = {"ttl": given.ttl, "loop_wait": wait, "retry_timeout": max(3, (given.ttl - wait) // 2)}

    def work() -> None:
        with tempfile.TemporaryDirectory(prefix="leadgraph-failover-") as folder:
            report = measure(Path(folder), users=given.users, **timing)
            if given.log is not None:
                given.log.write_bytes((Path(folder) / "server.log").read_bytes())
        headings = [
            "event", "s without writes", "s without reads", "failed requests", "written / read", "longest s", "stale",
        ]  # fmt: skip
        show(markdown(headings, [outage.row() for outage in report.outages]))
        show(f"{report.acknowledged:,} mutations acknowledged, {report.replayed} of them by a replay.")
        for line in report.wrong:
            say(line)
        if report.wrong:
            raise ServerError("Some writes were lost, doubled or wrong.")

    return exit_code("bench.failover", work)


if __name__ == "__main__":
    sys.exit(main())
