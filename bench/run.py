"""`make bench`: Leadgraph and other servers on the same data (docs/performance.md).

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
from bench.further.operations import FURTHER
from bench.measure import Limits, Memory
from bench.operations import Operation
from bench.servers import ROOT, Running, Server
from db.embedded import EmbeddedPostgres
from tests.support.valkey import Valkey

SERVERS = (
    "floor", "breadth", "reference", "stock", "tuned", "mercurius", "yoga", "apollo", "postgraphile",
    "warm", "valkey", "cold", "naive", "static", "fenced",
)  # fmt: skip
ALL_FURTHER = "further"
"""The name of all further operations together. They run only if they are selected."""
NODE_SERVERS = {"mercurius", "yoga", "apollo", "postgraphile"}
PACKAGES = ("strawberry-graphql", "graphql-core", "sqlalchemy", "asyncpg", "uvicorn", "uvloop", "orjson")


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench", description="Measure Leadgraph and other servers on the same data."
    )
    parser.add_argument(
        "--scale", type=float, default=1, help="amount of data; 1 is 100 users, 408,000 mentions"
    )
    parser.add_argument("--rounds", type=int, default=5, help="number of rounds; the tables show medians")
    parser.add_argument(
        "--requests",
        type=int,
        default=50,
        help="requests of the heaviest operation per case; 4 times as many with several clients",
    )
    parser.add_argument(
        "--clients", type=int, default=16, help="number of concurrent clients, measured after a single client"
    )
    parser.add_argument("--seconds", type=float, default=3, help="time limit of a case")
    names = [*SERVERS, *(operation.name for operation in (*OPERATIONS, *FURTHER)), ALL_FURTHER]
    parser.add_argument("--only", nargs="+", choices=names, default=[], help="servers and operations to run")
    parser.add_argument("--json", type=Path, help="file for the results")
    parser.add_argument("--home", type=Path, default=ROOT / "build" / "bench", help="folder for the database")
    return parser.parse_args(arguments)


@contextmanager
def database(home: Path, scale: float) -> Iterator[Data]:
    """Run the benchmark's PostgreSQL during the context, and yield its data."""
    home.mkdir(parents=True, exist_ok=True)
    # Each of the servers keeps ten connections.
    settings = {"max_connections": str(20 * len(SERVERS))}
    with EmbeddedPostgres(home / "postgres", settings=settings).running() as embedded:
        yield asyncio.run(prepare(embedded.url("postgres"), scale, say))


def servers_to_start(data: Data, selected: set[str], redis_url: str) -> list[Server]:
    """Return the servers to start, without the Node servers if Node cannot be installed."""
    pages = servers.of_dashboards(data, redis_url)
    found = [server for server in servers.of_python(data) + pages if server.name in selected]
    if selected & NODE_SERVERS:
        say("Preparing Node and its packages …")
        try:
            node = npm.prepare()
        except npm.NoNodeError as reason:
            say(f"The Node servers are skipped, because {reason}.")
        else:
            found += [each for each in servers.of_node(data, node, npm.FOLDER) if each.name in selected]
    return found


def valkey(stack: ExitStack, home: Path) -> str:
    """Start a Valkey that the stack stops, and return its URL."""
    folder = home / "valkey"
    folder.mkdir(exist_ok=True)
    store = Valkey(folder)
    store.start()
    stack.callback(store.stop)
    return store.url


def memories(
    running: Sequence[Running], operation: Operation, data: Data, home: Path, limits: Limits
) -> list[Memory]:
    """Measure the memory of each server of the operation, started alone."""
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
    stack: ExitStack, data: Data, home: Path, selected: set[str], operations: Sequence[Operation]
) -> list[Running]:
    """Start the servers and compare their responses. The last server repeats the responses of the first."""
    names = {operation.name for operation in operations}
    redis_url = valkey(stack, home) if "valkey" in selected and DASHBOARD.name in names else ""
    running = [
        start(stack, server, data, home)
        for server in servers_to_start(data, selected, redis_url)
        if server.operations & names
    ]
    answers = measure.check(running, operations, data)
    say(f"The responses of {len(running)} servers have the same figures.")
    if running and "static" in selected:
        running.append(start(stack, servers.static(answers), data, home))
    return running


def conditions(data: Data) -> dict[str, Any]:
    """Return the conditions of the measurement."""
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
    """Return the conditions as text."""
    rows = ", ".join(f"{number:,} {name}" for name, number in found["rows"].items())
    versions = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    machine = f"{found['processors']} processors of {found['processor']}, load {found['load_before']} before"
    return f"{found['measured_at']}; {machine}\n\n{rows}\n\n{versions}"


def bench(args: argparse.Namespace) -> None:
    only = set(args.only)
    selected = only & set(SERVERS) or set(SERVERS)
    only |= {each.name for each in FURTHER} if ALL_FURTHER in only else set()
    operations = [each for each in (*OPERATIONS, *FURTHER) if each.name in only] or list(OPERATIONS)
    home = args.home.absolute()
    with database(home, args.scale) as data, ExitStack() as stack:
        running = started(stack, data, home, selected, operations)
        found = conditions(data)
        show(described(found))
        limits = Limits(args.requests, args.seconds, args.clients)
        cases = measure.rounds(running, operations, data, limits, args.rounds, say)
        peaks = {each.server.name: processes.peak_bytes(each.process.pid) for each in running}
        of_pages = memories(running, DASHBOARD, data, home, limits) if DASHBOARD in operations else []
    titles = {each.server.name: each.server.title for each in running}
    for operation in operations:
        show(table.operation_table(operation, cases, titles, args.clients))
    show(table.memory_table(running, peaks))
    if peers := table.peer_table(operations, cases, peaks, titles):
        show(peers)
    if of_pages:
        show(table.request_memory_table(DASHBOARD, of_pages, titles, args.clients))
    if args.json:
        results = {
            **found,
            "peak_bytes": peaks,
            "cases": table.plain(cases),
            "memory": [asdict(each) for each in of_pages],
        }
        args.json.write_text(json.dumps(results, indent=2) + "\n")


def main(arguments: Sequence[str]) -> int:
    args = options(arguments)
    return exit_code("bench", lambda: bench(args))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
