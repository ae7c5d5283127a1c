"""The growth of durations with the amount of data.

    python -m bench.growth [--scales 0.1 1 10] [--users 100]

Each scale has a database with the same users, keywords and integrations. Scale 1 has 200 mentions per keyword, and a
lead for a quarter of them; scale 10 has ten times as many of both, of the same 90 days. With 100 users, scale 10 has 4
million mentions, and its database takes about ten minutes to fill, once a day. Each round measures all scales.
"""

import argparse
import asyncio
import statistics
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench import measure, servers
from bench.command import exit_code, say, show
from bench.dashboard import DASHBOARD
from bench.data import USERS, Data, prepare_amount
from bench.filling import MENTIONS, Amount
from bench.further.writes import INGEST, ROWS
from bench.measure import Effort
from bench.operations import LIST, NESTED, POINT, Operation
from bench.run import start
from bench.servers import ROOT, Running
from bench.table import markdown, written
from db.embedded import EmbeddedPostgres

SERVERS = ("floor", "breadth", "cold", "naive")
MEASURED: dict[str, Sequence[Operation]] = {
    "floor": (NESTED, LIST, POINT, DASHBOARD, INGEST),
    "breadth": (NESTED, LIST, POINT, INGEST),
    "cold": (DASHBOARD,),
    "naive": (DASHBOARD,),
}


@dataclass(slots=True)
class Side:
    """A server on the database of one scale, with the median of each round in milliseconds, by operation."""

    running: Running
    data: Data
    p50: dict[str, list[float]] = field(default_factory=dict)
    efforts: dict[str, Effort | None] = field(default_factory=dict)

    def median(self, operation: Operation) -> float:
        return statistics.median(self.p50[operation.name])


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench.growth", description="Measure the growth of durations with the amount of data."
    )
    parser.add_argument(
        "--scales", type=float, nargs="+", default=[0.1, 1, 10], help=f"1 is {MENTIONS} mentions per keyword"
    )
    parser.add_argument("--users", type=int, default=USERS, help="number of users of each database")
    parser.add_argument("--only", nargs="+", choices=SERVERS, default=list(SERVERS), help="servers to run")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--requests", type=int, default=50, help="requests per round of the heaviest operation"
    )
    parser.add_argument("--seconds", type=float, default=2, help="time limit of a case")
    parser.add_argument("--home", type=Path, default=ROOT / "build" / "bench", help="folder for the database")
    return parser.parse_args(arguments)


def amount_of(scale: float, users: int) -> Amount:
    number = max(1, round(MENTIONS * scale))
    return Amount(users, number, number)


def sides_of(stack: ExitStack, name: str, every: Sequence[Data], home: Path) -> list[Side]:
    """Start a server on each database."""
    sides = []
    for data in every:
        server = next(
            each for each in [*servers.of_python(data), *servers.of_dashboards(data, "")] if each.name == name
        )
        sides.append(Side(start(stack, server, data, home), data))
    return sides


def rounds(sides: Sequence[Side], operations: Sequence[Operation], args: argparse.Namespace) -> None:
    """Measure each operation on all scales in turn, after requests that are not measured."""
    for operation in operations:
        limits = {"clients": 1, "requests": args.requests * operation.weight, "seconds": args.seconds}
        for side in sides:
            measure.load(side.running, operation, side.data, **limits)
            side.efforts[operation.name] = asyncio.run(measure.effort(side.running, operation, side.data))
        for number in range(args.rounds):
            for side in sides if number % 2 else sides[::-1]:
                measured = measure.load(side.running, operation, side.data, **limits)
                side.p50.setdefault(operation.name, []).append(measured["p50"] * 1000)
                asyncio.run(measure.clean(operation, side.data))


def growth_table(found: Sequence[tuple[Sequence[Side], Sequence[Operation]]], scales: Sequence[float]) -> str:
    names = [f"{scale:g}" for scale in scales]
    head = ["server", "operation", *(f"p50 ms at {name}" for name in names), "largest ÷ smallest"]
    head += [*(f"SQL ms at {name}" for name in names), "statements"]
    rows = []
    for sides, operations in found:
        for operation in operations:
            medians = [side.median(operation) for side in sides]
            efforts = [effort for side in sides if (effort := side.efforts[operation.name])]
            rows.append(
                [
                    sides[0].running.server.title,
                    operation.name,
                    *map(written, medians),
                    written(max(medians) / min(medians)),
                    *([written(effort.milliseconds) for effort in efforts] or [""] * len(names)),
                    ", ".join(str(effort.statements) for effort in efforts),
                ]
            )
    return markdown(head, rows)


def rates(found: Sequence[tuple[Sequence[Side], Sequence[Operation]]]) -> str:
    """Return the ingested rows per second of one client."""
    lines = [
        f"{sides[0].running.server.title}: "
        + ", ".join(f"{1000 * ROWS / side.median(INGEST):,.0f}" for side in sides)
        for sides, operations in found
        if INGEST in operations
    ]
    return "\n".join(["Ingested mentions per second, in requests of 100:", *lines])


def bench(args: argparse.Namespace) -> None:
    home = args.home.absolute()
    home.mkdir(parents=True, exist_ok=True)
    found = []
    with EmbeddedPostgres(home / "postgres").running() as embedded:
        url = embedded.url("postgres")
        every = [asyncio.run(prepare_amount(url, amount_of(scale, args.users), say)) for scale in args.scales]
        for name in args.only:
            with ExitStack() as stack:
                sides = sides_of(stack, name, every, home)
                rounds(sides, MEASURED[name], args)
                found.append((sides, MEASURED[name]))
            say(f"Measured {name}.")
    mentions, leads = (
        ", ".join(f"{data.rows[table]:,}" for data in every) for table in ("mentions", "leads")
    )
    show(f"{mentions} mentions and {leads} leads; medians of {args.rounds} rounds")
    show(growth_table(found, args.scales))
    show(rates(found))


def main(arguments: Sequence[str]) -> int:
    args = options(arguments)
    return exit_code("bench.growth", lambda: bench(args))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
