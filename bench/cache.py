"""The overhead of the cache of figures, on an embedded PostgreSQL and Valkey.

    python -m bench.cache [--calls 2000]

A case is one call of `Cached.get` in an operation with an open snapshot: hits of one and of fifty questions, misses
of a free computation, and misses without Valkey.
"""

import argparse
import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from bench.table import markdown
from db.embedded import EmbeddedPostgres
from db.engine import migrations
from db.engine.pool import Pool, open_pool
from db.engine.reader import Reader
from db.language.scope import Scope
from db.models import User
from loaders.dataloader import DataLoaders
from services.figures.cache import Cached, CachedFigure
from services.figures.cache.backend import Backend
from services.figures.cache.memory import MemoryBackend
from services.figures.cache.redis import RedisBackend
from tests.support.valkey import Valkey

CALLS = 2000
MANY = 50
TOGETHER = 100
TIMEOUT_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Question:
    user_id: int
    number: int


@dataclass(frozen=True, slots=True)
class Performance:
    """A value as large as a keyword's cached performance."""

    mentions: int
    leads: int
    rate: float
    trend: list[int]


async def compute(_: DataLoaders, questions: Sequence[Question]) -> Sequence[Performance]:
    return [Performance(question.number, 1, 12.34, list(range(10))) for question in questions]


async def compute_slowly(loaders: DataLoaders, questions: Sequence[Question]) -> Sequence[Performance]:
    await asyncio.sleep(0.1)
    return await compute(loaders, questions)


FIGURE = CachedFigure("bench", 1, 600, 600, compute, models=(User,))
SLOW = CachedFigure("bench_slow", 1, 600, 600, compute_slowly, models=(User,))


@dataclass(frozen=True, slots=True)
class Bench:
    pool: Pool
    user_id: int
    calls: int

    def questions(self, count: int, first: int = 0) -> list[Question]:
        return [Question(self.user_id, number) for number in range(first, first + count)]

    async def hits(self, cached: Cached, count: int) -> list[float]:
        questions = self.questions(count)
        return await self._timed(cached, [questions] * self.calls, warm_up=questions)

    async def misses(self, cached: Cached, calls: int) -> list[float]:
        return await self._timed(cached, [self.questions(1, 1000 + number) for number in range(calls)])

    async def _timed(
        self, cached: Cached, calls: Sequence[list[Question]], warm_up: Sequence[Question] = ()
    ) -> list[float]:
        """Return the duration of each call in microseconds."""
        loaders = DataLoaders(Reader(self.pool), Scope(self.user_id))
        times = []
        try:
            await cached.get(FIGURE, loaders, warm_up or self.questions(1))
            for questions in calls:
                began = time.perf_counter()
                await cached.get(FIGURE, loaders, questions)
                times.append((time.perf_counter() - began) * 1e6)
        finally:
            await loaders.close()
        return times

    async def stampede(self, cached: Cached) -> int:
        """Return how many values are computed if 100 operations request the same ten at once."""
        before = cached.statistics.computed

        async def ask() -> None:
            loaders = DataLoaders(Reader(self.pool), Scope(self.user_id))
            try:
                await cached.get(SLOW, loaders, self.questions(10))
            finally:
                await loaders.close()

        await asyncio.gather(*(ask() for _ in range(TOGETHER)))
        return cached.statistics.computed - before


def _row(store: str, case: str, times: Sequence[float]) -> list[str]:
    at = quantiles(times, n=100)
    return [store, case, f"{at[49]:.0f}", f"{at[94]:.0f}", f"{at[98]:.0f}"]


async def measured(url: str, valkey: Valkey, calls: int) -> str:
    await migrations.upgrade(url)
    pool = await open_pool(url)
    user_id = await pool.fetchval("INSERT INTO users (email) VALUES ('bench@example.com') RETURNING id")
    bench = Bench(pool, user_id, calls)
    backends: dict[str, Backend] = {
        "memory": MemoryBackend(64 * 2**20),
        "Valkey": RedisBackend(valkey.url, timeout_seconds=TIMEOUT_SECONDS),
    }
    rows, computed = [], {}
    for name, backend in backends.items():
        cached = Cached(pool, backend)
        rows.append(_row(name, "hit, 1 question", await bench.hits(cached, 1)))
        rows.append(_row(name, f"hit, {MANY} questions", await bench.hits(cached, MANY)))
        rows.append(_row(name, "miss, 1 question", await bench.misses(cached, calls // 4)))
        computed[name] = await bench.stampede(cached)
        if name == "Valkey":
            valkey.stop(signal.SIGKILL)
            rows.append(_row("dead Valkey", "miss, 1 question", await bench.misses(cached, calls // 4)))
        await cached.close()
    await pool.close()
    table = markdown(("store", "call", "p50 µs", "p95 µs", "p99 µs"), rows)
    totals = ", ".join(f"{number} on {name}" for name, number in computed.items())
    return f"{table}\n\nFigures computed by {TOGETHER} operations that request the same 10 at once: {totals}."


@contextmanager
def running(folder: Path) -> Iterator[tuple[str, Valkey]]:
    folder.chmod(0o711)
    valkey = Valkey(folder)
    with EmbeddedPostgres(folder / "postgres").running() as server:
        valkey.start()
        try:
            yield server.url("postgres"), valkey
        finally:
            valkey.stop()


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="bench.cache", description="Measure the overhead of the cache of figures."
    )
    parser.add_argument("--calls", type=int, default=CALLS, help="calls per case")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="leadgraph-bench-") as name, running(Path(name)) as (url, valkey):
        sys.stdout.write(asyncio.run(measured(url, valkey, options.calls)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
