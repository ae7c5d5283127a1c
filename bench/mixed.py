"""Dashboards during writes.

    python -m bench.mixed [--store valkey] [--minutes 4]

All users request the dashboard again and again, on a copy of the data, while leads change and mentions arrive. A user
who changed a lead requests the dashboard at once, and must see the change. The report shows the cache outcomes, the
durations, and the age of the shown figures.
"""

import argparse
import asyncio
import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
from prometheus_client.parser import text_string_to_metric_families

from bench import processes, servers
from bench.command import exit_code, say, show
from bench.data import Data, new_key, prepare
from bench.people import ITEMS, Load, Seen, User
from bench.run import start, valkey
from bench.servers import ROOT, Running
from bench.table import markdown, written
from db.embedded import EmbeddedPostgres
from services.accounts import api_key

COPY = "bench_mixed"


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.mixed", description="Measure dashboards during writes.")
    parser.add_argument("--scale", type=float, default=1, help="amount of data; 1 is 100 users")
    parser.add_argument("--store", choices=("memory", "valkey"), default="memory")
    parser.add_argument("--minutes", type=float, default=4)
    parser.add_argument(
        "--pause", type=float, default=2, help="average seconds between two dashboards of a user"
    )
    parser.add_argument("--changes", type=float, default=0.5, help="lead changes per second")
    parser.add_argument("--ingests", type=float, default=2, help=f"ingests of {ITEMS} mentions per second")
    parser.add_argument("--home", type=Path, default=ROOT / "build" / "bench", help="folder for the database")
    return parser.parse_args(arguments)


@contextmanager
def copied(server_url: str, data: Data) -> Iterator[Data]:
    """Copy the data into a database that may be written."""
    name = urlsplit(data.url).path.removeprefix("/")
    asyncio.run(_execute(server_url, f"DROP DATABASE IF EXISTS {COPY} WITH (FORCE)"))
    asyncio.run(_execute(server_url, f"CREATE DATABASE {COPY} TEMPLATE {name} STRATEGY file_copy"))
    url = urlunsplit(urlsplit(data.url)._replace(path=f"/{COPY}"))
    try:
        yield replace(data, url=url)
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


async def cache_counts(client: httpx.AsyncClient) -> dict[str, int]:
    text = (await client.get("/metrics")).text
    return {
        next(iter(sample.labels.values())): int(sample.value)
        for family in text_string_to_metric_families(text)
        if family.name.startswith("leadgraph_cache")
        for sample in family.samples
    }


async def measured(
    running: Running, users: list[User], args: argparse.Namespace
) -> tuple[Seen, dict[str, int]]:
    limits = httpx.Limits(max_connections=len(users) + 2, max_keepalive_connections=len(users) + 2)
    url = f"http://127.0.0.1:{running.port}"
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=60) as client:
        seen = await Load(client, users, args).run()
        return seen, await cache_counts(client)


def report(seen: Seen, counts: dict[str, int], cpu: float | None, args: argparse.Namespace) -> str:
    figures = sum(counts[name] for name in ("hits", "stale", "waited", "misses"))
    parts = [
        [name, f"{counts[name]:,}", f"{100 * counts[name] / figures:.2f} %"]
        for name in ("hits", "stale", "waited", "misses")
    ]
    others = ", ".join(
        f"{counts[name]:,} {name.replace('_', ' ')}" for name in ("computed", "failed_refreshes", "errors")
    )
    looked = len(seen.dashboards)
    used = "" if cpu is None else f"; the server used {cpu:.1f} s of processor time"
    lines = [
        (
            f"{args.minutes:g} minutes, store: {args.store}. {looked:,} dashboards, {seen.changes:,} lead changes, "
            f"{seen.mentions:,} mentions ingested{used}."
        ),
        markdown(["figures", "number", "share"], parts),
        f"Other events of the cache: {others}.",
        markdown(
            ["milliseconds", "p50", "p95", "p99", "maximum"],
            [
                ["dashboard", *_quantiles(seen.dashboards)],
                ["figures after an own write", *_quantiles(seen.after_a_write)],
            ],
        ),
        (
            f"Oldest figure of a dashboard: median {statistics.median(seen.ages):.0f} s, at most {max(seen.ages):.0f} s. "
            f"Own writes not seen at once: {seen.not_seen}."
        ),
    ]
    return "\n\n".join(lines)


def _quantiles(seconds: Sequence[float]) -> list[str]:
    at = statistics.quantiles(seconds, n=100) if len(seconds) > 1 else [seconds[0]] * 99
    return [written(1000 * value) for value in (at[49], at[94], at[98], max(seconds))]


def bench(args: argparse.Namespace) -> None:
    home = args.home.absolute()
    home.mkdir(parents=True, exist_ok=True)
    with EmbeddedPostgres(home / "postgres").running() as embedded, ExitStack() as stack:
        url = embedded.url("postgres")
        data = stack.enter_context(copied(url, asyncio.run(prepare(url, args.scale, say))))
        users = asyncio.run(users_of(data))
        store = valkey(stack, home) if args.store == "valkey" else ""
        name = "valkey" if store else "warm"
        server = next(each for each in servers.of_dashboards(data, store) if each.name == name)
        running = start(stack, server, data, home)
        before = processes.cpu_seconds(running.process.pid) or 0
        seen, counts = asyncio.run(measured(running, users, args))
        after = processes.cpu_seconds(running.process.pid)
        show(report(seen, counts, None if after is None else after - before, args))


def main(arguments: Sequence[str]) -> int:
    args = options(arguments)
    return exit_code("bench.mixed", lambda: bench(args))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
