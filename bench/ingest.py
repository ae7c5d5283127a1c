"""The speed of each way of ingest, compared with a bare COPY of the same rows into the same table.

    python -m bench.ingest [--rows 20000] [--rounds 5] [--large 100000] [--json FILE]

Each round runs all ways on new rows in another order, in batches of 1,000 rows and a transaction each. A ratio
compares two ways of the same round. At the end, a keyword with many mentions is deleted.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from bench import data, processes
from bench.command import exit_code, say
from bench.ingest_ways import ROWS_PER_BATCH, Run, Way, Ways
from bench.posts import Posts
from bench.servers import PORT, ROOT, Running, Server, ServerError, start
from bench.table import markdown, written
from db.embedded import EmbeddedPostgres
from db.engine import migrations
from db.engine.pool import Pool, open_pool
from resolvers.framework.global_id import encode
from services.accounts import api_key
from services.accounts.api_keys import issue_key

DATABASE = "bench_ingest"
KEYWORDS, ROWS_BEFORE = 20, 50_000
FLOOR, BASE = "copy", "triggers"
# Flush the pending list of the full-text index, so that the next way does not pay for it.
CLEAN = "SELECT gin_clean_pending_list('ix_mentions_user_id_search')"
LARGE = """
INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content, created_at)
SELECT $1, $2, 'web', 'large-' || n, 'https://example.com/' || n, 'post ' || n || ' of a large keyword',
    timestamptz '2026-01-01Z' - n * interval '10 minutes'
FROM generate_series(1, $3::integer) AS n
"""
ANALYSES = """
INSERT INTO analysis_results (mention_id, user_id, status, sentiment, relevance)
SELECT id, user_id, 'succeeded', 'neutral', 'low' FROM mentions WHERE keyword_id = $1 AND id % 10 <> 0
"""
LEADS = """
INSERT INTO leads (mention_id, user_id, keyword_id)
SELECT id, user_id, keyword_id FROM mentions WHERE keyword_id = $1 AND id % 10 = 0
"""
DELETE = "mutation Delete($id: ID!) { deleteKeyword(input: {id: $id}) { deletedKeywordId } }"


@dataclass(slots=True)
class Case:
    """A way, with lists of one value per round. Processor time is in microseconds per row."""

    way: Way
    per_second: list[float] = field(default_factory=list)
    database_cpu: list[float] = field(default_factory=list)
    program_cpu: list[float] = field(default_factory=list)

    def ratio(self, other: "Case") -> float:
        """Return the median of the rounds' ratios."""
        return statistics.median(
            mine / its for mine, its in zip(self.per_second, other.per_second, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Bench:
    """The database, its user and its server."""

    pool: Pool
    user_id: int
    posts: Posts
    server: Running
    postmaster: int

    async def measure(self, case: Case, run: Run, rows: int) -> None:
        database, program, began = self._database_cpu(), self._program_cpu(), time.perf_counter()
        await run()
        seconds = time.perf_counter() - began
        case.per_second.append(rows / seconds)
        case.database_cpu.append((self._database_cpu() - database) / rows * 1e6)
        case.program_cpu.append((self._program_cpu() - program) / rows * 1e6)
        await self.pool.execute(CLEAN)

    def _database_cpu(self) -> float:
        return processes.cpu_seconds(self.postmaster) or 0.0

    def _program_cpu(self) -> float:
        """Return the processor time of the server and this process together."""
        return (processes.cpu_seconds(self.server.process.pid) or 0.0) + time.process_time()


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.ingest", description="Measure the speed of ingest.")
    parser.add_argument(
        "--rows", type=int, default=20_000, help="rows per way and round, a multiple of 1,000"
    )
    parser.add_argument("--rounds", type=int, default=5, help="number of rounds; the tables show medians")
    parser.add_argument(
        "--large", type=int, default=100_000, help="number of mentions of the deleted keyword"
    )
    parser.add_argument("--json", type=Path, help="file for the results")
    parser.add_argument("--home", type=Path, default=ROOT / "build" / "bench", help="folder for the database")
    args = parser.parse_args(arguments)
    if args.rows < ROWS_PER_BATCH or args.rows % ROWS_PER_BATCH:
        parser.error(f"--rows must be a multiple of {ROWS_PER_BATCH}")
    return args


@asynccontextmanager
async def bench(home: Path, embedded: EmbeddedPostgres) -> AsyncIterator[Bench]:
    """Create a database of one user with keywords, and with mentions so that no index is empty."""
    url = urlunsplit(urlsplit(embedded.url("postgres"))._replace(path=f"/{DATABASE}"))
    await data.recreate(embedded.url("postgres"), DATABASE)
    await migrations.upgrade(url)
    pool = await open_pool(url, size=2, statement_timeout_seconds=3600)
    user_id, keywords = await _user(pool)
    running = start(await _server(pool, url, user_id), data.Data(url, user_id, ""), home)
    try:
        postmaster = int((home / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
        made = Bench(pool, user_id, Posts(keywords), running, postmaster)
        await Ways(pool, user_id, running, home).fill(made.posts.make(ROWS_BEFORE))
        await pool.execute("VACUUM ANALYZE")
        yield made
    finally:
        running.stop()
        await pool.close()


async def _user(pool: Pool) -> tuple[int, list[tuple[int, str]]]:
    user_id = await pool.fetchval("INSERT INTO users (email) VALUES ('ingest@bench.example') RETURNING id")
    words = [f"keyword{number}" for number in range(KEYWORDS)]
    return user_id, [(await _keyword(pool, user_id, word), word) for word in words]


async def _keyword(pool: Pool, user_id: int, word: str) -> int:
    insert = "INSERT INTO keywords (user_id, keyword) VALUES ($1, $2) RETURNING id"
    return int(await pool.fetchval(insert, user_id, word))


async def _server(pool: Pool, url: str, user_id: int) -> Server:
    async with pool.acquire() as connection:
        key = await issue_key(connection, user_id, "bench", sorted(api_key.ALL_SCOPES))
    return Server(
        "ingest",
        "Leadgraph",
        (sys.executable, "-m", "server.cli", "serve"),
        environment={
            "LEADGRAPH_PORT": PORT,
            "LEADGRAPH_DATABASE_URL": url,
            "LEADGRAPH_DRAIN_SECONDS": "0",
        },
        headers={"authorization": f"Bearer {key}"},
    )


async def rounds(made: Bench, home: Path, rows: int, number: int) -> list[Case]:
    ways = Ways(made.pool, made.user_id, made.server, home)
    cases = [Case(way) for way in ways.all()]
    again = Case(ways.again)
    order = random.Random(1)  # noqa: S311 - the same in every run
    for turn in range(number):
        for case in order.sample(cases, len(cases)):
            mentions = made.posts.make(rows)
            await made.measure(case, case.way.prepare(mentions), rows)
            if case.way.name == "stream":
                await made.measure(again, again.way.prepare(mentions), rows)
        say(f"Round {turn + 1} of {number} done.")
    return [*cases, again]


async def deletions(made: Bench, number: int) -> dict[str, float]:
    """Return the seconds to delete a keyword with mentions alone, and with their analyses and leads."""
    found = {}
    for title, more in (("mentions alone", ()), ("with analyses and leads", (ANALYSES, LEADS))):
        keyword_id = await _keyword(made.pool, made.user_id, f"large {title}")
        await made.pool.execute(LARGE, made.user_id, keyword_id, number)
        for statement in more:
            await made.pool.execute(statement, keyword_id)
        await made.pool.execute("VACUUM ANALYZE")
        body = json.dumps({"query": DELETE, "variables": {"id": encode("Keyword", keyword_id)}})
        began = time.perf_counter()
        answer = await asyncio.to_thread(made.server.ask, body)
        found[title] = time.perf_counter() - began
        if json.loads(answer)["data"]["deleteKeyword"]["deletedKeywordId"] is None:
            raise ServerError("The large keyword was not deleted.")
    return found


def case_table(cases: Sequence[Case]) -> str:
    by_name = {case.way.name: case for case in cases}
    head = ["way", "rows/s", "÷ COPY", "÷ COPY, no triggers", "CPU µs/row, PostgreSQL", "CPU µs/row, Python"]
    rows = [
        [
            case.way.title,
            written(statistics.median(case.per_second)),
            written(case.ratio(by_name[BASE])),
            written(case.ratio(by_name[FLOOR])),
            written(statistics.median(case.database_cpu)),
            written(statistics.median(case.program_cpu)),
        ]
        for case in cases
    ]
    return markdown(head, rows)


def plain(cases: Sequence[Case], deleted: dict[str, float]) -> dict[str, Any]:
    names = ("per_second", "database_cpu", "program_cpu")
    return {
        "ways": {case.way.name: {name: getattr(case, name) for name in names} for case in cases},
        "deleted": deleted,
    }


async def run(args: argparse.Namespace, home: Path, embedded: EmbeddedPostgres) -> None:
    before = f"load {os.getloadavg()[0]:.2f}"
    async with bench(home, embedded) as made:
        cases = await rounds(made, home, args.rows, args.rounds)
        deleted = await deletions(made, args.large)
    machine = f"{os.cpu_count()} processors of {processes.processor()}, {before} before"
    sys.stdout.write(f"{machine}; {args.rounds} rounds of {args.rows:,} rows\n\n{case_table(cases)}\n\n")
    for title, seconds in deleted.items():
        sys.stdout.write(f"A keyword of {args.large:,} mentions, {title}: deleted in {seconds:.2f} s\n")
    if args.json:
        args.json.write_text(json.dumps(plain(cases, deleted), indent=2) + "\n")


def main(arguments: Sequence[str]) -> int:
    args = options(arguments)
    home = args.home.absolute()
    home.mkdir(parents=True, exist_ok=True)

    def work() -> None:
        with EmbeddedPostgres(home / "postgres").running() as embedded:
            asyncio.run(run(args, home, embedded))

    return exit_code("bench.ingest", work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
