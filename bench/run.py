"""`make bench`: Leadgraph beside other servers on the same data. docs/performance.md says what each of them is.

python -m bench.run [--scale 0.1] [--rounds 5] [--only nested breadth floor] [--json FILE]
"""

import argparse
import asyncio
import json
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import asyncpg

from bench import measure, npm, processes, servers, table
from bench.command import exit_code, say, show
from bench.dashboard import DASHBOARD, OPERATIONS
from bench.data import Data, prepare
from bench.measure import Limits, Memory
from bench.operations import Operation
from bench.servers import ROOT, Running, Server
from db.embedded import EmbeddedPostgres
from tests.support.valkey import Valkey

SERVERS = (
    "floor", "breadth", "reference", "stock", "mercurius", "postgraphile", "warm", "valkey", "cold", "naive", "static",
)  # fmt: skip
NODE_SERVERS = {"mercurius", "postgraphile"}
PACKAGES = ("strawberry-graphql", "graphql-core", "sqlalchemy", "asyncpg", "uvicorn", "uvloop", "orjson")


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench", description="Leadgraph beside other servers, on the same data."
    )
    parser.add_argument(
        "--scale", type=float, default=1, help="amount of data; 1 is 100 users, 408,000 mentions"
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often all is measured; medians are shown")
    parser.add_argument(
        "--requests",
        type=int,
        default=50,
        help="requests of the heaviest operations per case; 4 times that of all clients together",
    )
    parser.add_argument("--clients", type=int, default=16, help="clients at a time, after one alone")
    parser.add_argument("--seconds", type=float, default=3, help="the longest that a case may take")
    names = [*SERVERS, *(operation.name for operation in OPERATIONS)]
    parser.add_argument("--only", nargs="+", choices=names, default=[], help="servers and operations to run")
    parser.add_argument("--json", type=Path, help="a file for the results")
    parser.add_argument("--home", type=Path, default=ROOT / "build" / "bench", help="folder of the database")
    return parser.parse_args(arguments)


@contextmanager
def database(home: Path, scale: float) -> Iterator[Data]:
    """The PostgreSQL of the bench with its data, for as long as somebody is inside."""
    home.mkdir(parents=True, exist_ok=True)
    with EmbeddedPostgres(home / "postgres").running() as embedded:
        yield asyncio.run(prepare(embedded.url("postgres"), scale, say))


def wanted(data: Data, home: Path, chosen: set[str], redis_url: str) -> list[Server]:
    """The servers to start. Those that need Node are left out, with a line that says why, where it is not had."""
    pages = servers.of_dashboards(data, redis_url)
    found = [server for server in servers.of_python(data) + pages if server.name in chosen]
    if chosen & NODE_SERVERS:
        say("Preparing Node and its packages …")
        try:
            node = npm.prepare(home / "node")
        except npm.NoNodeError as reason:
            say(f"Mercurius and PostGraphile are left out, because {reason}.")
        else:
            found += [each for each in servers.of_node(data, node, home / "node") if each.name in chosen]
    return found


def valkey(stack: ExitStack, home: Path) -> str:
    """The URL of a Valkey that runs as long as the stack."""
    folder = home / "valkey"
    folder.mkdir(exist_ok=True)
    store = Valkey(folder)
    store.start()
    stack.callback(store.stop)
    return store.url


def memories(
    running: Sequence[Running], operation: Operation, data: Data, home: Path, limits: Limits
) -> list[Memory]:
    """Of each server that answers the operation, started anew and alone."""
    able = [
        each.server for each in running if operation.name in each.server.operations and not each.server.feed
    ]
    found = []
    for server in able:
        with ExitStack() as stack:
            found.append(measure.memory(start(stack, server, data, home), operation, data, limits))
    return found


def start(stack: ExitStack, server: Server, data: Data, home: Path) -> Running:
    running = servers.start(server, data, home)
    stack.callback(running.stop)
    return running


def started(
    stack: ExitStack, data: Data, home: Path, chosen: set[str], operations: Sequence[Operation]
) -> list[Running]:
    """The servers, running, after their answers were compared; last the one that repeats the first one's."""
    names = {operation.name for operation in operations}
    redis_url = valkey(stack, home) if "valkey" in chosen and DASHBOARD.name in names else ""
    running = [
        start(stack, server, data, home)
        for server in wanted(data, home, chosen, redis_url)
        if server.operations & names
    ]
    answers = measure.check(running, operations, data)
    say(f"The answers of {len(running)} servers have the same figures.")
    if running and "static" in chosen:
        running.append(start(stack, servers.static(answers), data, home))
    return running


def conditions(data: Data) -> dict[str, Any]:
    """What the figures hold for."""
    dependencies = json.loads((npm.SOURCES / "package.json").read_text())["dependencies"]
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": processes.processor(),
        "processors": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "rows": data.rows,
        "versions": {
            "Python": platform.python_version(),
            "PostgreSQL": asyncio.run(_postgres_version(data.url)),
            **{package: version(package) for package in PACKAGES},
            **dependencies,
        },
    }


async def _postgres_version(url: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        return str(await connection.fetchval("SHOW server_version"))
    finally:
        await connection.close()


def described(found: dict[str, Any]) -> str:
    """The conditions in words."""
    rows = ", ".join(f"{number:,} {name}" for name, number in found["rows"].items())
    versions = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    machine = f"{found['processors']} processors of {found['processor']}, load {found['load_before']} before"
    return f"{found['measured_at']}; {machine}\n\n{rows}\n\n{versions}"


def bench(asked: argparse.Namespace) -> None:
    only = set(asked.only)
    chosen = only & set(SERVERS) or set(SERVERS)
    operations = [each for each in OPERATIONS if each.name in only] or list(OPERATIONS)
    home = asked.home.absolute()
    with database(home, asked.scale) as data, ExitStack() as stack:
        running = started(stack, data, home, chosen, operations)
        found = conditions(data)
        show(described(found))
        limits = Limits(asked.requests, asked.seconds, asked.clients)
        cases = measure.rounds(running, operations, data, limits, asked.rounds, say)
        peaks = {each.server.name: processes.peak_bytes(each.process.pid) for each in running}
        of_pages = memories(running, DASHBOARD, data, home, limits) if DASHBOARD in operations else []
    titles = {each.server.name: each.server.title for each in running}
    for operation in operations:
        show(table.operation_table(operation, cases, titles, asked.clients))
    show(table.memory_table(running, peaks))
    if of_pages:
        show(table.request_memory_table(DASHBOARD, of_pages, titles, asked.clients))
    if asked.json:
        results = {
            **found,
            "peak_bytes": peaks,
            "cases": table.plain(cases),
            "memory": [asdict(each) for each in of_pages],
        }
        asked.json.write_text(json.dumps(results, indent=2) + "\n")


def main(arguments: Sequence[str]) -> int:
    asked = options(arguments)
    return exit_code("bench", lambda: bench(asked))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
