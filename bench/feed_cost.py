"""The cost of the change feed for writers: the same writes with its triggers and without them, in turn.

    python -m bench.feed_cost [--rows 2000] [--singles 60] [--rounds 8]

Each round writes in both ways, in random order. A ratio is the median of the rounds' ratios: of rows per second for
ingest, of the time for single writes. Processor time is of the database, the server and this process together.
"""

import argparse
import asyncio
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import httpx

from bench import processes
from bench.command import exit_code, show
from bench.ingest import Bench, bench
from bench.ingest_ways import Ways
from bench.servers import ROOT
from bench.table import markdown
from db.embedded import EmbeddedPostgres
from db.engine.pool import Pool
from db.integrity.feed import fed
from resolvers.framework.global_id import encode

UPDATE = "mutation($input: UpdateLeadInput!) { updateLead(input: $input) { userErrors { message } } }"
Work = Callable[[], Awaitable[None]]
Measured = tuple[float, float]
"""Seconds and processor seconds."""


async def switch(pool: Pool, *, on: bool) -> None:
    """Enable or disable the triggers of the feed."""
    for table in fed():
        for (trigger,) in await pool.fetch(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = $1::regclass AND tgname LIKE 'feed\\_%'", table
        ):
            await pool.execute(f"ALTER TABLE {table} {'ENABLE' if on else 'DISABLE'} TRIGGER {trigger}")


def _cpu(made: Bench) -> float:
    """Return the processor time so far, in nanoseconds' precision."""
    pids = [*processes.tree(made.postmaster), *processes.tree(made.server.process.pid)]
    files = [file for pid in pids for file in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    return sum(int(file.read_text().split()[0]) for file in files) / 1e9 + time.process_time()


async def _measured(made: Bench, work: Work) -> Measured:
    processor, began = _cpu(made), time.perf_counter()
    await work()
    return time.perf_counter() - began, _cpu(made) - processor


async def _leads(pool: Pool) -> list[int]:
    found = await pool.fetch(
        "INSERT INTO leads (mention_id) SELECT id FROM mentions ORDER BY id LIMIT 200 RETURNING id"
    )
    return [row["id"] for row in found]


def _singles(made: Bench, leads: Sequence[int], number: int, turn: int) -> Work:
    async def work() -> None:
        async with httpx.AsyncClient(headers=made.server.server.headers, timeout=60) as client:
            for each in range(number):
                values = {"id": encode("Lead", leads[each % len(leads)]), "company": f"{turn} {each}"}
                body = {"query": UPDATE, "variables": {"input": values}}
                answer = await client.post(f"http://127.0.0.1:{made.server.port}/graphql", json=body)
                if answer.json()["data"]["updateLead"]["userErrors"]:
                    raise ValueError(answer.text)

    return work


async def rounds(
    made: Bench, home: Path, rows: int, singles: int, number: int
) -> dict[str, dict[bool, list[Measured]]]:
    """Return what each kind of write took in each round, with the feed and without."""
    ways = Ways(made.pool, made.user_id, made.server, home)
    leads = await _leads(made.pool)
    found: dict[str, dict[bool, list[Measured]]] = {}
    order = random.Random(1)  # noqa: S311 - the same in every run
    for turn in range(number):
        for on in order.sample((True, False), 2):
            await switch(made.pool, on=on)
            kinds: dict[str, Work] = {
                "the set-wise path": ways.all()[2].prepare(made.posts.make(rows)),
                "`POST /ingest/mentions`": ways.all()[4].prepare(made.posts.make(rows)),
                "`updateLead`": _singles(made, leads, singles, 2 * turn + on),
            }
            for name, work in kinds.items():
                found.setdefault(name, {}).setdefault(on, []).append(await _measured(made, work))
    return found


def table(found: dict[str, dict[bool, list[Measured]]]) -> str:
    lines: list[Sequence[str]] = []
    for name, each in found.items():
        ratios = [
            statistics.median(
                with_[part] / without[part] for with_, without in zip(each[True], each[False], strict=True)
            )
            for part in (0, 1)
        ]
        least = min(one[1] for one in each[True]) / min(one[1] for one in each[False])
        lines.append((name, *(f"{ratio:.3f}" for ratio in (*ratios, least))))
    return markdown(("write", "time ÷ without", "processor time ÷ without", "of the least times"), lines)


async def run(args: argparse.Namespace, home: Path, embedded: EmbeddedPostgres) -> None:
    async with bench(home, embedded) as made:
        try:
            found = await rounds(made, home, args.rows, args.singles, args.rounds)
        finally:
            await switch(made.pool, on=True)
    show(table(found))


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="bench.feed_cost", description="Measure the cost of the change feed."
    )
    parser.add_argument(
        "--rows", type=int, default=2000, help="rows of each way and round, a multiple of 1,000"
    )
    parser.add_argument("--singles", type=int, default=60, help="single writes of each round")
    parser.add_argument("--rounds", type=int, default=8, help="number of rounds; the table shows medians")
    parser.add_argument("--home", type=Path, default=ROOT / "build" / "bench", help="folder for the database")
    args = parser.parse_args(arguments)
    home = args.home.absolute()
    home.mkdir(parents=True, exist_ok=True)

    def work() -> None:
        with EmbeddedPostgres(home / "postgres").running() as embedded:
            asyncio.run(run(args, home, embedded))

    return exit_code("bench.feed_cost", work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
