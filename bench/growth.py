"""The growth of a dashboard's duration with the number of mentions.

    python -m bench.growth [--scale 0.1] [--times 10]

Two databases have the same users, keywords, integrations and leads, but in one of them each keyword has ten times the
mentions. Each round measures Leadgraph without cache and the naive server on both databases.
"""

import argparse
import asyncio
import json
import statistics
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench import measure, servers
from bench.command import exit_code, say, show
from bench.dashboard import DASHBOARD
from bench.data import Data, prepare
from bench.filling import MENTIONS
from bench.measure import Effort
from bench.run import start
from bench.servers import ROOT, Running, ServerError
from bench.table import markdown, written
from db.embedded import EmbeddedPostgres

COMPARED = ("cold", "naive")


@dataclass(slots=True)
class Pair:
    """A server on both databases, with the median of each round in milliseconds."""

    few: tuple[Running, Data]
    many: tuple[Running, Data]
    efforts: list[Effort | None] = field(default_factory=list)
    p50: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))

    @property
    def ratio(self) -> float:
        """Return the median of the rounds' ratios. Other load on the machine affects both sides of a round."""
        return statistics.median(many / few for few, many in zip(*self.p50, strict=True))


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench.growth", description="Measure dashboards with many mentions."
    )
    parser.add_argument("--scale", type=float, default=0.1, help="amount of data; 1 is 100 users")
    parser.add_argument("--times", type=int, default=10, help="factor between the numbers of mentions")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--requests", type=int, default=100, help="requests per round")
    parser.add_argument("--seconds", type=float, default=3, help="time limit of a round per server")
    parser.add_argument("--home", type=Path, default=ROOT / "build" / "bench", help="folder for the database")
    return parser.parse_args(arguments)


def pairs(stack: ExitStack, few: Data, many: Data, home: Path) -> list[Pair]:
    """Raise `ServerError` unless both databases show the same leads."""
    made = []
    for one, other in zip(servers.of_dashboards(few, ""), servers.of_dashboards(many, ""), strict=True):
        if one.name in COMPARED:
            running = start(stack, one, few, home), start(stack, other, many, home)
            if _leads(running[0], few) != _leads(running[1], many):
                raise ServerError(f"{one.name} does not show the same leads for more mentions.")
            made.append(Pair((running[0], few), (running[1], many)))
    return made


def _leads(running: Running, data: Data) -> object:
    answer = json.loads(running.ask(running.server.bodies(DASHBOARD, data)[0]))["data"]["dashboard"]
    return answer["analytics"]["leads"], [lead["createdAt"] for lead in answer["recentLeads"]]


def rounds(pair: Pair, args: argparse.Namespace) -> None:
    sides = (pair.few, pair.many)
    limits = {"clients": 1, "requests": args.requests, "seconds": args.seconds}
    for running, data in sides:
        measure.load(running, DASHBOARD, data, **limits)
        pair.efforts.append(asyncio.run(measure.effort(running, DASHBOARD, data)))
    for number in range(args.rounds):
        for side in (0, 1) if number % 2 else (1, 0):
            running, data = sides[side]
            measured = measure.load(running, DASHBOARD, data, **limits)
            pair.p50[side].append(measured["p50"] * 1000)


def pair_table(found: Sequence[Pair], times: int) -> str:
    head = ["server", "p50 ms", f"{times} times", "ratio", "SQL ms", f"{times} times", "statements"]
    rows = []
    for pair in found:
        efforts = [effort for effort in pair.efforts if effort]
        rows.append(
            [
                pair.few[0].server.title,
                *(written(statistics.median(times)) for times in pair.p50),
                written(pair.ratio),
                *([written(effort.milliseconds) for effort in efforts] or ["", ""]),
                " and ".join(str(effort.statements) for effort in efforts),
            ]
        )
    return markdown(head, rows)


def bench(args: argparse.Namespace) -> None:
    home = args.home.absolute()
    home.mkdir(parents=True, exist_ok=True)
    with EmbeddedPostgres(home / "postgres").running() as embedded, ExitStack() as stack:
        url = embedded.url("postgres")
        few = asyncio.run(prepare(url, args.scale, say))
        many = asyncio.run(prepare(url, args.scale, say, mentions=MENTIONS * args.times))
        found = pairs(stack, few, many, home)
        for pair in found:
            rounds(pair, args)
    mentions = " and ".join(f"{data.rows['mentions']:,}" for data in (few, many))
    show(f"{mentions} mentions, {few.rows['leads']:,} leads each; medians of {args.rounds} rounds")
    show(pair_table(found, args.times))


def main(arguments: Sequence[str]) -> int:
    args = options(arguments)
    return exit_code("bench.growth", lambda: bench(args))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
