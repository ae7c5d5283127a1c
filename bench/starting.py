"""Start-up of `leadgraph serve` to its first answer, and its resident memory.

    python -m bench.starting [--starts 7] [--scale 0.05]

Each start is a new process on a database that runs already. Its time ends with the first answer of a GraphQL query that
reads a row. The time of importing the libraries alone, measured in turns, shows the part that the project cannot
change.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import processes, servers
from bench.command import exit_code, show
from bench.dashboard import DASHBOARD
from bench.data import Data
from bench.operations import POINT
from bench.run import database
from bench.servers import ROOT, Running, Server

LIBRARIES = "import asyncpg, graphql, orjson, sqlalchemy.orm, starlette.applications, strawberry, uvicorn"
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Start:
    """One start: seconds to the first answer, seconds of processor time, and bytes of resident memory then and after
    the first dashboard.
    """

    seconds: float
    cpu_seconds: float
    first_bytes: int
    dashboard_bytes: int


def import_seconds() -> float:
    """Return the seconds of a process that imports the libraries and ends."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", LIBRARIES], cwd=ROOT, check=True)  # noqa: S603 - our own words
    return time.perf_counter() - began


def start(server: Server, data: Data, home: Path) -> Start:
    """Start the server, ask for a row and a dashboard, and stop the server."""
    began = time.perf_counter()
    running = servers.start(server, data, home)
    try:
        running.ask(server.bodies(POINT, data)[0])
        seconds = time.perf_counter() - began
        cpu, first = processes.cpu_seconds(running.process.pid), _resident(running)
        running.ask(servers.of_dashboards(data, "")[0].bodies(DASHBOARD, data)[0])
        return Start(seconds, cpu or 0.0, first, _resident(running))
    finally:
        running.stop()


def _resident(running: Running) -> int:
    return processes.resident_bytes(running.process.pid) or 0


def measured(home: Path, scale: float, starts: int) -> tuple[list[Start], list[float]]:
    """Return the starts, and the times of importing the libraries."""
    with database(home, scale) as data:
        server = servers.ours(data, "starting", "Leadgraph")
        start(server, data, home)
        pairs = [(start(server, data, home), import_seconds()) for _ in range(starts)]
    return [each for each, _ in pairs], [seconds for _, seconds in pairs]


def report(starts: list[Start], imports: list[float]) -> str:
    def median(of: Callable[[Start], float]) -> float:
        return statistics.median(of(each) for each in starts)

    seconds, library = median(lambda each: each.seconds), statistics.median(imports)
    return "\n".join(
        [
            f"| {len(starts)} starts, medians | |",
            "|---|---:|",
            f"| to the first answer | {seconds:.2f} s |",
            f"| shortest and longest | {min(each.seconds for each in starts):.2f} s, {max(each.seconds for each in starts):.2f} s |",
            f"| processor time until then | {median(lambda each: each.cpu_seconds):.2f} s |",
            f"| a process that imports the libraries | {library:.2f} s |",
            f"| ratio | {seconds / library:.2f} |",
            f"| memory after the first answer | {median(lambda each: each.first_bytes) / MEGABYTE:.1f} MB |",
            f"| memory after the first dashboard | {median(lambda each: each.dashboard_bytes) / MEGABYTE:.1f} MB |",
        ]
    )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="bench.starting", description="Measure start-up and resident memory."
    )
    parser.add_argument("--starts", type=int, default=7)
    parser.add_argument("--scale", type=float, default=0.05)
    parser.add_argument("--home", type=Path, default=ROOT / "build" / "bench-starting")
    given = parser.parse_args(arguments)
    return exit_code(
        "bench.starting", lambda: show(report(*measured(given.home.absolute(), given.scale, given.starts)))
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
