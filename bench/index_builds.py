"""Measure writers while the indexes of all revisions are built: their p99 during each build, relative to calm.

python -m bench.index_builds --mentions 200000
"""

import argparse
import asyncio
import re
import sys
import time
from collections.abc import Awaitable
from math import nan
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import TypeVar

from bench.command import exit_code, say, show
from bench.table import markdown
from db.embedded import EmbeddedPostgres
from db.engine import databases, migrations
from db.engine.pool import Pool, open_pool
from db.engine.revision_locks import statements_of

WRITERS = 4
PAUSE_SECONDS = 0.005
FEW = 20
"""Fewer writes than this have no percentiles."""
CALM_SECONDS = 5.0
BUILD = re.compile(r"^CREATE INDEX CONCURRENTLY IF NOT EXISTS (\w+) ON (\w+)")
FILL = (
    "INSERT INTO users (email) SELECT n || '@example.com' FROM generate_series(1, 100) AS n",
    "INSERT INTO keywords (user_id, keyword) SELECT id, 'words' FROM users",
    "INSERT INTO integrations (user_id, provider, kind) SELECT id, 'rss', 'source' FROM users",
    """
    INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, title, content)
    SELECT user_id, id, 'reddit', n, 'u', 'Title ' || n, 'the text of post ' || n || repeat(' and more words', 10)
    FROM keywords, generate_series(1, $1::bigint / 100) AS n
    """,
    """
    INSERT INTO leads (user_id, mention_id, company, contact_email)
    SELECT user_id, id, 'Company ' || id % 1000, id || '@example.com' FROM mentions WHERE id % 2 = 0
    """,
    """
    INSERT INTO integration_logs (user_id, integration_id, kind, status)
    SELECT user_id, id, 'sync', 'succeeded' FROM integrations, generate_series(1, $1::bigint / 200) AS n
    """,
)
WRITE = """
WITH new AS (
    INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content)
    SELECT user_id, id, 'reddit', $2, 'u', 'a new post' FROM keywords WHERE user_id = $1
    RETURNING id, user_id
)
INSERT INTO leads (user_id, mention_id) SELECT user_id, id FROM new
"""
"""A new mention with its lead, as a writer of one user adds them, with all triggers."""

Result = TypeVar("Result")


class Writers:
    """Writers of different users, who note how long each write took."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.seconds: list[float] = []

    async def during(self, work: Awaitable[Result]) -> Result:
        """Write while the work runs. The last writes end, too: a build that blocks them makes them the longest."""
        self.seconds = []
        ended = asyncio.Event()
        tasks = [asyncio.create_task(self._write(number, ended)) for number in range(1, WRITERS + 1)]
        try:
            return await work
        finally:
            ended.set()
            await asyncio.gather(*tasks)

    async def _write(self, user_id: int, ended: asyncio.Event) -> None:
        while not ended.is_set():
            began = time.perf_counter()
            await self._pool.execute(WRITE, user_id, f"{user_id} {began}")
            self.seconds.append(time.perf_counter() - began)
            await asyncio.sleep(PAUSE_SECONDS)

    @property
    def p99(self) -> float:
        """The 99th percentile, or the longest of a few writes."""
        seconds = self.seconds
        return quantiles(seconds, n=100)[98] if len(seconds) >= FEW else max(seconds, default=nan)


def builds() -> dict[str, tuple[str, str]]:
    """Return each index that revisions build on filled tables, with its table and statement."""
    found = {}
    for script in migrations.after(None):
        for statement in statements_of(migrations.sql_of(script)):
            if match := BUILD.match(statement):
                found[match[1]] = (match[2], statement)
    return found


async def measure(url: str, mentions: int) -> None:
    async with await open_pool(url, size=WRITERS + 1, statement_timeout_seconds=3600) as pool:
        existing = {row[0] for row in await pool.fetch("SELECT indexname FROM pg_indexes")}
        for statement in FILL:
            await pool.execute(statement, *([mentions] if "$1" in statement else []))
        await pool.execute("ANALYZE")
        writers = Writers(pool)
        rows, ratios = [], []
        for name, (_, statement) in builds().items():
            if name not in existing:  # a later revision replaced it
                continue
            await pool.execute(f"DROP INDEX CONCURRENTLY {name}")
            await writers.during(asyncio.sleep(CALM_SECONDS))
            calm, began = writers.p99, time.perf_counter()
            await writers.during(pool.execute(statement))
            took, busy = time.perf_counter() - began, writers.p99
            ratios.append(busy / calm)
            rows.append(
                [
                    name,
                    f"{took:.2f}",
                    str(len(writers.seconds)),
                    f"{calm * 1000:.1f}",
                    f"{busy * 1000:.1f}",
                    f"{busy / calm:.2f}",
                ]
            )
            say(f"{name}: {busy / calm:.2f} times the p99 of calm.")
        show(markdown(["index", "build s", "writes", "calm p99 ms", "build p99 ms", "ratio"], rows))
        show(
            f"Ratio to calm: {median(ratios):.2f} in the median of {len(ratios)} indexes, {max(ratios):.2f} at most."
        )


async def run(postgres: EmbeddedPostgres, mentions: int) -> None:
    await databases.ensure(postgres.url("postgres"), "builds")
    url = postgres.url("builds")
    await migrations.upgrade(url)
    await measure(url, mentions)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mentions", type=int, default=200_000)
    mentions = parser.parse_args().mentions

    def work() -> None:
        with (
            TemporaryDirectory(prefix="leadgraph-builds-") as folder,
            EmbeddedPostgres(Path(folder)).running() as found,
        ):
            asyncio.run(run(found, mentions))

    return exit_code("index_builds", work)


if __name__ == "__main__":
    sys.exit(main())
