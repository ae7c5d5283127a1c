"""The throughput of two server processes against one, on the same database.

    python -m bench.two_processes [--rounds 5] [--scale 0.05] [--seconds 3]

Each server has a port and a load generator of its own. One process is measured with the whole number of clients, two
processes with half of them each, in turns. The processor time of the servers, of PostgreSQL and of the load
generators says what the cores did. Four programs share the processors: on two cores, two servers gain only what
PostgreSQL and the generators leave.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import measure, processes, servers
from bench.command import exit_code, show
from bench.dashboard import DASHBOARD
from bench.data import Data
from bench.operations import LIST, POINT, Operation
from bench.run import database
from bench.servers import ROOT, Running

CHEAP = Operation(
    name="cheap",
    title="a query that reads no rows",
    documents={"ours": "query cheap { __typename }"},
    weight=40,
    rows={},
)


@dataclass(frozen=True, slots=True)
class Round:
    """One round: requests per second, and processor seconds per second of the servers, PostgreSQL and the rest."""

    per_second: float
    servers: float
    postgres: float
    load: float


def measured_round(
    running: Sequence[Running], operation: Operation, data: Data, clients: int, seconds: float, postgres: int
) -> Round:
    """Load all servers at the same time. The servers share the clients."""
    share = clients // len(running)

    def load(current: Running) -> dict[str, float]:
        return measure.load(current, operation, data, clients=share, requests=1_000_000, seconds=seconds)

    before, children = _cpu(running, postgres), os.times()
    began = time.perf_counter()
    with ThreadPoolExecutor(len(running)) as threads:
        loads = list(threads.map(load, running))
    passed = time.perf_counter() - began
    after, ended = _cpu(running, postgres), os.times()
    generators = (
        ended.children_user + ended.children_system - children.children_user - children.children_system
    )
    return Round(
        sum(each["per_second"] for each in loads),
        (after[0] - before[0]) / passed,
        (after[1] - before[1]) / passed,
        generators / passed,
    )


def _cpu(running: Sequence[Running], postgres: int) -> tuple[float, float]:
    ours = sum(processes.cpu_seconds(each.process.pid) or 0.0 for each in running)
    return ours, processes.cpu_seconds(postgres) or 0.0


def postmaster(home: Path) -> int:
    """Return the process ID of the benchmark's PostgreSQL."""
    (file,) = home.glob("postgres/**/postmaster.pid")
    return int(file.read_text().split()[0])


def measured(home: Path, args: argparse.Namespace) -> str:
    """Return the table of all operations."""
    operations = [CHEAP, POINT, LIST, DASHBOARD]
    with database(home, args.scale) as data, ExitStack() as stack:
        postgres = postmaster(home)
        running = []
        for number in (1, 2):
            server = servers.ours(
                data, f"process-{number}", "Leadgraph", operations=servers.EVERY | {"cheap"}
            )
            running.append(servers.start(server, data, home))
            stack.callback(running[-1].stop)
        lines = [_row(operation, data, running, args, postgres) for operation in operations]
    head = [
        "| operation | 1 process, req/s | 2 processes, req/s | gain | cores: servers | PostgreSQL | load |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    return "\n".join([*head, *lines])


def _row(
    operation: Operation, data: Data, running: Sequence[Running], args: argparse.Namespace, postgres: int
) -> str:
    """Measure one and two processes in turns."""
    found: dict[int, list[Round]] = {1: [], 2: []}
    for turn in range(args.rounds + 1):
        for number in (1, 2) if turn % 2 else (2, 1):
            one = measured_round(running[:number], operation, data, args.clients, args.seconds, postgres)
            if turn:  # the first turn warms the servers up
                found[number].append(one)

    def median(number: int, of: Callable[[Round], float]) -> float:
        return statistics.median(of(each) for each in found[number])

    rates = {number: median(number, lambda each: each.per_second) for number in (1, 2)}
    cores = [
        " → ".join(f"{median(number, of):.2f}" for number in (1, 2))
        for of in (lambda each: each.servers, lambda each: each.postgres, lambda each: each.load)
    ]
    gain = rates[2] / rates[1]
    return f"| {operation.name} | {rates[1]:,.0f} | {rates[2]:,.0f} | {gain:.2f} | {' | '.join(cores)} |"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="bench.two_processes", description="Measure two processes against one."
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=0.05)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--home", type=Path, default=ROOT / "build" / "bench-starting")
    given = parser.parse_args(arguments)
    return exit_code("bench.two_processes", lambda: show(measured(given.home.absolute(), given)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
