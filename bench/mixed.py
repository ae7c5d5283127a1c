"""Dashboards while others write: `python -m bench.mixed [--store valkey] [--minutes 4]`.

Each of the bench's users looks at the dashboard again and again, on a copy of its data, while leads change and
mentions come in. Whoever has changed a lead looks at once, and has to see it. Told is where the figures came from,
how long dashboards took, and how old what they showed was.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
from prometheus_client.parser import text_string_to_metric_families

from bench import processes, servers
from bench.dashboard import DASHBOARD, DOCUMENT
from bench.data import Data, new_key, prepare
from bench.page import Answer, global_id
from bench.run import say, show, start, valkey
from bench.servers import ROOT, Running, ServerError
from bench.table import markdown, written
from db.embedded import EmbeddedError, EmbeddedPostgres
from server.serving import stop_on_sigterm
from services import api_key

COPY = "bench_mixed"
ITEMS = 10
AGED = DOCUMENT.replace("points {", "asOf points {").replace("uptime {", "asOf uptime {").replace(
    "performanceScore\n", "performanceScore asOf\n"
).replace("byStatus {", "asOf byStatus {").replace("    recentLeads {", "    asOf recentLeads {")  # fmt: skip
CHANGE = """
mutation change($id: ID!) {
  changeLeadStatus(input: {id: $id, status: CONTACTED}) { userErrors { code message } }
}"""
SEEN = """
query seen {
  viewer { contactedLeadsCount }
  dashboard { analytics { leads { byStatus { status count } } } }
}"""
INGEST = """
mutation ingest($items: [IngestMentionInput!]!) {
  ingestMentions(input: {items: $items}) { createdCount userErrors { code message } }
}"""


@dataclass(frozen=True, slots=True)
class User:
    """`leads` are those of them that are new, and can be changed."""

    key: str
    keyword_id: int
    leads: list[int]


@dataclass(slots=True)
class Seen:
    """What was measured; times and ages are in seconds."""

    dashboards: list[float] = field(default_factory=list)
    ages: list[float] = field(default_factory=list)
    after_a_write: list[float] = field(default_factory=list)
    changes: int = 0
    mentions: int = 0
    not_seen: int = 0


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.mixed", description="Dashboards while others write.")
    parser.add_argument("--scale", type=float, default=1, help="amount of data; 1 is 100 users")
    parser.add_argument("--store", choices=("memory", "valkey"), default="memory")
    parser.add_argument("--minutes", type=float, default=4)
    parser.add_argument(
        "--pause", type=float, default=2, help="seconds from one look to the next, on average"
    )
    parser.add_argument("--changes", type=float, default=0.5, help="changes of leads per second")
    parser.add_argument("--ingests", type=float, default=2, help=f"ingests of {ITEMS} mentions per second")
    parser.add_argument("--home", type=Path, default=ROOT / "build" / "bench", help="folder of the database")
    return parser.parse_args(arguments)


@contextmanager
def copied(server_url: str, data: Data) -> Iterator[Data]:
    """The data in a database that may be written."""
    name = urlsplit(data.url).path.removeprefix("/")
    asyncio.run(_execute(server_url, f"DROP DATABASE IF EXISTS {COPY} WITH (FORCE)"))
    asyncio.run(_execute(server_url, f"CREATE DATABASE {COPY} TEMPLATE {name} STRATEGY file_copy"))
    url = urlunsplit(urlsplit(data.url)._replace(path=f"/{COPY}"))
    try:
        yield Data(url, data.user_id, data.api_key, data.lead_ids, data.rows)
    finally:
        asyncio.run(_execute(server_url, f"DROP DATABASE {COPY} WITH (FORCE)"))


async def _execute(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def users_of(data: Data) -> list[User]:
    connection = await asyncpg.connect(data.url)
    try:
        found = await connection.fetch(
            "SELECT user_id, (SELECT min(id) FROM keywords WHERE keywords.user_id = leads.user_id) AS keyword_id, "
            "array_agg(id ORDER BY id DESC) AS ids FROM leads WHERE status = 'new' GROUP BY user_id ORDER BY 1"
        )
        scopes = sorted(api_key.ALL_SCOPES)
        return [
            User(await new_key(connection, row["user_id"], scopes), row["keyword_id"], row["ids"])
            for row in found
        ]
    finally:
        await connection.close()


class Load:
    """People who look, and who write, until the time is over. Raises `ServerError` for an answer with errors."""

    def __init__(self, client: httpx.AsyncClient, users: list[User], asked: argparse.Namespace) -> None:
        self._client = client
        self._users = users
        self._asked = asked
        self._chance = random.Random(1)  # noqa: S311 - repeatable, not secret
        self._numbers = count(1)
        self._ends_at = 0.0
        self.seen = Seen()

    async def run(self) -> Seen:
        self._ends_at = time.monotonic() + 60 * self._asked.minutes
        async with asyncio.TaskGroup() as group:
            for user in self._users:
                group.create_task(self._looks(user))
            group.create_task(self._every(1 / self._asked.changes, self._change))
            group.create_task(self._every(1 / self._asked.ingests, self._ingest))
        return self.seen

    async def _looks(self, user: User) -> None:
        await asyncio.sleep(self._chance.uniform(0, self._asked.pause))
        while time.monotonic() < self._ends_at:
            began = time.perf_counter()
            data = await self._ask(user, DASHBOARD.name, AGED)
            self.seen.dashboards.append(time.perf_counter() - began)
            now = datetime.now(UTC)
            ages = [(now - datetime.fromisoformat(moment)).total_seconds() for moment in _moments(data)]
            self.seen.ages.append(max(ages))
            await asyncio.sleep(self._chance.expovariate(1 / self._asked.pause))

    async def _every(self, seconds: float, work: Callable[[User], Awaitable[None]]) -> None:
        next_at = time.monotonic()
        while next_at < self._ends_at:
            await asyncio.sleep(next_at - time.monotonic())
            await work(self._chance.choice(self._users))
            next_at += seconds

    async def _change(self, user: User) -> None:
        """And a look: the one who has written has to see it."""
        if not user.leads:
            return
        variables = {"id": global_id("Lead", user.leads.pop())}
        changed = await self._ask(user, "change", CHANGE, variables)
        if problems := changed["changeLeadStatus"]["userErrors"]:
            raise ServerError(f"A lead could not be changed: {problems}.")
        began = time.perf_counter()
        data = await self._ask(user, "seen", SEEN)
        self.seen.after_a_write.append(time.perf_counter() - began)
        shown = data["dashboard"]["analytics"]["leads"]["byStatus"]
        counts = {each["status"]: each["count"] for each in shown}
        self.seen.not_seen += counts["CONTACTED"] != data["viewer"]["contactedLeadsCount"]
        self.seen.changes += 1

    async def _ingest(self, user: User) -> None:
        keyword = global_id("Keyword", user.keyword_id)
        items = [
            {
                "platform": "REDDIT",
                "externalId": f"mixed-{number}",
                "url": f"https://reddit.example/mixed/{number}",
                "content": f"Number {number} of those that came in.",
                "keywordId": keyword,
            }
            for number, _ in zip(self._numbers, range(ITEMS), strict=False)
        ]
        data = await self._ask(user, "ingest", INGEST, {"items": items})
        self.seen.mentions += data["ingestMentions"]["createdCount"]

    async def _ask(self, user: User, name: str, document: str, variables: Answer | None = None) -> Answer:
        body = {"operationName": name, "query": document, "variables": variables or {}}
        headers = {"authorization": f"Bearer {user.key}"}
        answer = await self._client.post("/graphql", json=body, headers=headers)
        content = answer.json()
        if "errors" in content:
            raise ServerError(f"{name} was answered with {json.dumps(content['errors'])[:500]}")
        data: Answer = content["data"]
        return data


def _moments(value: object) -> Iterator[str]:
    """Every `asOf` of an answer."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "asOf":
                yield inner
            else:
                yield from _moments(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _moments(inner)


async def cache_counts(client: httpx.AsyncClient) -> dict[str, int]:
    text = (await client.get("/metrics")).text
    return {
        next(iter(sample.labels.values())): int(sample.value)
        for family in text_string_to_metric_families(text)
        if family.name.startswith("leadgraph_cache")
        for sample in family.samples
    }


async def measured(
    running: Running, users: list[User], asked: argparse.Namespace
) -> tuple[Seen, dict[str, int]]:
    limits = httpx.Limits(max_connections=len(users) + 2, max_keepalive_connections=len(users) + 2)
    url = f"http://127.0.0.1:{running.port}"
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=60) as client:
        seen = await Load(client, users, asked).run()
        return seen, await cache_counts(client)


def report(seen: Seen, counts: dict[str, int], cpu: float | None, asked: argparse.Namespace) -> str:
    figures = sum(counts[name] for name in ("hits", "stale", "waited", "misses"))
    parts = [
        [name, f"{counts[name]:,}", f"{100 * counts[name] / figures:.2f} %"]
        for name in ("hits", "stale", "waited", "misses")
    ]
    others = ", ".join(
        f"{counts[name]:,} {name.replace('_', ' ')}" for name in ("computed", "failed_refreshes", "errors")
    )
    looked = len(seen.dashboards)
    used = "" if cpu is None else f"; the server used {cpu:.1f} s of a processor"
    lines = [
        (
            f"{asked.minutes:g} minutes, store: {asked.store}. {looked:,} dashboards, {seen.changes:,} changes of leads, "
            f"{seen.mentions:,} mentions taken in{used}."
        ),
        markdown(["figures", "number", "share"], parts),
        f"Besides: {others}.",
        markdown(
            ["milliseconds", "p50", "p95", "p99", "longest"],
            [
                ["a dashboard", *_quantiles(seen.dashboards)],
                ["figures just after one's own write", *_quantiles(seen.after_a_write)],
            ],
        ),
        (
            f"Oldest figure of a dashboard: median {statistics.median(seen.ages):.0f} s, at most {max(seen.ages):.0f} s. "
            f"Own writes that were not seen at once: {seen.not_seen}."
        ),
    ]
    return "\n\n".join(lines)


def _quantiles(seconds: Sequence[float]) -> list[str]:
    at = statistics.quantiles(seconds, n=100) if len(seconds) > 1 else [seconds[0]] * 99
    return [written(1000 * value) for value in (at[49], at[94], at[98], max(seconds))]


def bench(asked: argparse.Namespace) -> None:
    home = asked.home.absolute()
    home.mkdir(parents=True, exist_ok=True)
    with EmbeddedPostgres(home / "postgres").running() as embedded, ExitStack() as stack:
        url = embedded.url("postgres")
        data = stack.enter_context(copied(url, asyncio.run(prepare(url, asked.scale, say))))
        users = asyncio.run(users_of(data))
        store = valkey(stack, home) if asked.store == "valkey" else ""
        name = "valkey" if store else "warm"
        server = next(each for each in servers.of_dashboards(data, store) if each.name == name)
        running = start(stack, server, data, home)
        before = processes.cpu_seconds(running.process.pid) or 0
        seen, counts = asyncio.run(measured(running, users, asked))
        after = processes.cpu_seconds(running.process.pid)
        show(report(seen, counts, None if after is None else after - before, asked))


def main(arguments: Sequence[str]) -> int:
    stop_on_sigterm()
    try:
        bench(options(arguments))
    except (ServerError, EmbeddedError) as problem:
        say(f"bench.mixed: {problem}")
        return 1
    except KeyboardInterrupt:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
