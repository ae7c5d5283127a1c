"""Whether a dashboard takes longer where there are more mentions: `python -m bench.growth [--scale 0.1] [--times 10]`.

Two databases with the same users, keywords, integrations and leads; in one of them each keyword has ten times the
mentions. A server on each is asked in turn, cold, and so is the naive one, round after round.
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
    """A server on the one database and on the other, with what was measured: milliseconds of each round's median,
    and those of the other database by those of the one.
    """

    few: tuple[Running, Data]
    many: tuple[Running, Data]
    efforts: list[Effort | None] = field(default_factory=list)
    p50: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios: what the machine does meanwhile hits both sides of a round."""
        return statistics.median(many / few for few, many in zip(*self.p50, strict=True))


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.growth", description="Dashboards where mentions are many.")
    parser.add_argument("--scale", type=float, default=0.1, help="amount of data; 1 is 100 users")
    parser.add_argument("--times", type=int, default=10, help="how many times the mentions")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--requests", type=int, default=100, help="requests per round")
    parser.add_argument(
        "--seconds", type=float, default=3, help="the longest that one round of a server takes"
    )
    parser.add_argument("--home", type=Path, default=ROOT / "build" / "bench", help="folder of the database")
    return parser.parse_args(arguments)


def pairs(stack: ExitStack, few: Data, many: Data, home: Path) -> list[Pair]:
    """Raises `ServerError` where the leads are not the same."""
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


def rounds(pair: Pair, asked: argparse.Namespace) -> None:
    sides = (pair.few, pair.many)
    limits = {"clients": 1, "requests": asked.requests, "seconds": asked.seconds}
    for running, data in sides:
        measure.load(running, DASHBOARD, data, **limits)
        pair.efforts.append(asyncio.run(measure.effort(running, DASHBOARD, data)))
    for number in range(asked.rounds):
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


def bench(asked: argparse.Namespace) -> None:
    home = asked.home.absolute()
    home.mkdir(parents=True, exist_ok=True)
    with EmbeddedPostgres(home / "postgres").running() as embedded, ExitStack() as stack:
        url = embedded.url("postgres")
        few = asyncio.run(prepare(url, asked.scale, say))
        many = asyncio.run(prepare(url, asked.scale, say, mentions=MENTIONS * asked.times))
        found = pairs(stack, few, many, home)
        for pair in found:
            rounds(pair, asked)
    mentions = " and ".join(f"{data.rows['mentions']:,}" for data in (few, many))
    show(f"{mentions} mentions, {few.rows['leads']:,} leads each; medians of {asked.rounds} rounds")
    show(pair_table(found, asked.times))


def main(arguments: Sequence[str]) -> int:
    asked = options(arguments)
    return exit_code("bench.growth", lambda: bench(asked))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
