"""The durations with few and with many mentions of other users: reads, writes, and the deletion of old mentions.

    python -m bench.size [--rows 10000000] [--against 1000000] [--rounds 3] [--share 0.05]

The measured member has the same data at both sizes: 12,000 mentions of 60 keywords. Each round measures both sizes in
turn. Ten million mentions take 25 minutes to fill on two cores, and 21 GB of disk; the databases serve for one day.
"""

import argparse
import asyncio
import hashlib
import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from secrets import token_hex
from typing import Any

from bench import measure
from bench.command import exit_code, say, show
from bench.dashboard import DASHBOARD
from bench.data import Data, describe, filled_today
from bench.filling import CHANCE
from bench.further.writes import INGESTED, WRITES, post
from bench.operations import POINT, Operation
from bench.page import global_id
from bench.run import start
from bench.servers import EVERY, PAGE, ROOT, Running, ours
from bench.size import deleting, filling, hashing
from bench.size.deleting import Deletion
from bench.table import markdown, written
from db.embedded import EmbeddedPostgres
from db.engine import revisions

ROWS = 1000
"""Posts of one ingest."""
MOST_INGESTS = 40
SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "2GB"}
_OF_KEYWORD = "{ nodes { id title author createdAt lead { id status } analysis { sentiment } } }"


def _ingests(data: Data) -> Iterator[dict[str, Any]]:
    run, number = token_hex(4), count()
    keywords = [global_id("Keyword", id_) for id_ in data.ids["Keyword"]]
    for _ in range(MOST_INGESTS):
        yield {"input": {"items": [post(run, next(number), keywords) for _ in range(ROWS)]}}


def _read(name: str, title: str, document: str) -> Operation:
    return Operation(
        name=name, title=title, documents={"ours": f"query {name} {document}"}, weight=4, rows={}
    )


OPERATIONS = (
    _read("page", "a member's 50 newest mentions", f"{{ mentions(first: 50) {_OF_KEYWORD} }}"),
    _read("inbox", "50 unread mentions", f"{{ mentions(first: 50, filter: {{read: false}}) {_OF_KEYWORD} }}"),
    _read(
        "search",
        "20 mentions with a word",
        f'{{ mentions(first: 20, filter: {{search: "recommend"}}) {_OF_KEYWORD} }}',
    ),
    _read(
        "found",
        "number of mentions with a word",
        '{ mentions(filter: {search: "recommend"}) { totalCount } }',
    ),
    _read(
        "keywords",
        "50 keywords with 20 mentions each",
        f"{{ keywords(first: 50) {{ nodes {{ id keyword mentions(first: 20) {_OF_KEYWORD} }} }} }}",
    ),
    POINT,
    DASHBOARD,
    next(each for each in WRITES if each.name == "triage"),
    Operation(
        name="ingest1000",
        title="ingest 1,000 new mentions of 60 keywords",
        documents={
            "ours": """
mutation ingest1000($input: IngestMentionsInput!) {
  ingestMentions(input: $input) { createdCount duplicateCount failedCount userErrors { code message } }
}"""
        },
        weight=1,
        rows={},
        variables=_ingests,
        after=INGESTED,
    ),
)


@dataclass(slots=True)
class Side:
    """The servers on the database of one size, and the medians of each round in milliseconds, by operation."""

    mentions: int
    data: Data
    servers: dict[str, Running]
    p50: dict[str, list[float]] = field(default_factory=dict)
    deletion: Deletion | None = None

    def server(self, operation: Operation) -> Running:
        return self.servers["cold" if operation is DASHBOARD else "size"]

    def median(self, operation: Operation) -> float:
        return statistics.median(self.p50[operation.name])


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench.size", description="Measure the growth with the mentions of other users."
    )
    parser.add_argument("--rows", type=int, default=10_000_000, help="mentions of the larger database")
    parser.add_argument("--against", type=int, default=1_000_000, help="mentions of the smaller database")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--requests", type=int, default=10, help="requests per round of the heaviest operation"
    )
    parser.add_argument("--seconds", type=float, default=3, help="time limit of a case")
    parser.add_argument("--share", type=float, default=0.05, help="share of the time that is deleted")
    parser.add_argument("--partitions", type=int, default=16, help="partitions by user of the trial; 0: none")
    parser.add_argument("--home", type=Path, default=ROOT / "build" / "bench", help="folder for the database")
    return parser.parse_args(arguments)


def recipe() -> str:
    """Return a text that changes whenever the rows change, apart from the day."""
    parts = (revisions.head(), CHANCE, filling.MENTIONS_SQL, filling.ANALYSES_SQL, filling.LEADS_SQL)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def prepared(url: str, mentions: int) -> Data:
    """Return the database of this size, filled today."""

    async def prepare() -> Data:
        there = await filled_today(
            url, f"size_{mentions}", recipe(), lambda each, end: filling.fill(each, mentions, end, say)
        )
        return await describe(there, (filling.users_of(mentions) + 1) // 2)

    return asyncio.run(prepare())


def started(stack: ExitStack, mentions: int, data: Data, home: Path) -> Side:
    """Start a server for lists and writes, and one for dashboards without a cache."""
    environment = {"LEADGRAPH_WORKERS": "0", "LEADGRAPH_RATE_POINTS": "0"}
    names = frozenset(each.name for each in OPERATIONS)
    server = ours(data, "size", f"Leadgraph, {mentions:,} mentions", environment, EVERY | names)
    cold = ours(
        data, "cold", "Leadgraph, cold", environment, operations=PAGE, variables=lambda *_: {"maxAge": 0}
    )
    return Side(mentions, data, {each.name: start(stack, each, data, home) for each in (server, cold)})


def rounds(sides: Sequence[Side], args: argparse.Namespace) -> None:
    """Measure each operation at all sizes in turn, after requests that are not measured."""
    for operation in OPERATIONS:
        limits = {"clients": 1, "requests": args.requests * operation.weight, "seconds": args.seconds}
        for number in range(args.rounds + 1):
            for side in sides if number % 2 else sides[::-1]:
                measured = measure.load(side.server(operation), operation, side.data, **limits)
                asyncio.run(measure.clean(operation, side.data))
                if number:
                    side.p50.setdefault(operation.name, []).append(measured["p50"] * 1000)
        say(f"Measured {operation.name}.")


def table(sides: Sequence[Side]) -> str:
    head = ["operation", *(f"p50 ms at {side.mentions:,}" for side in sides), "ratio"]
    rows = []
    for operation in OPERATIONS:
        found = [side.median(operation) for side in sides]
        rows.append([operation.title, *map(written, found), written(found[-1] / found[0])])
    return markdown(head, rows)


def bench(args: argparse.Namespace) -> None:
    home = args.home.absolute()
    home.mkdir(parents=True, exist_ok=True)
    with EmbeddedPostgres(home / "postgres", settings=SETTINGS).running() as embedded, ExitStack() as stack:
        url = embedded.url("postgres")
        sizes = sorted((args.against, args.rows))
        sides = [started(stack, size, prepared(url, size), home) for size in sizes]
        rounds(sides, args)
        show(table(sides))
        if args.partitions:
            show(asyncio.run(hashing.trial(sides[0].data.url, args.partitions)))
        for side in sides:
            side.deletion = asyncio.run(deleting.delete_oldest(side.data.url, args.share))
            say(f"Deleted from {side.mentions:,}.")
        found = {f"{side.mentions:,}": side.deletion for side in sides if side.deletion}
        show(deleting.table(found))


def main(arguments: Sequence[str]) -> int:
    args = options(arguments)
    return exit_code("bench.size", lambda: bench(args))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
