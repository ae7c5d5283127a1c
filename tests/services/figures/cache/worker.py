"""A process that uses the cache concurrently with others: `worker.py TASK DATABASE_URL REDIS_URL USER_ID SEED`.

It prints "ready", waits for a line on its standard input, runs TASK, and prints the result as JSON.
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from db.engine.pool import Pool, open_pool
from db.engine.reader import Reader
from db.language.scope import Scope
from db.models import User
from loaders.dataloader import DataLoaders
from loaders.rows import RowById
from services.figures.cache import Cached, CachedFigure, store
from services.figures.cache.redis import RedisBackend
from tests.services.figures.cache.conftest import Totals, TotalsOf
from tests.services.figures.cache.history import Got, State

TASKS = 8
KEYS = 5
TTL, STALE = 0.05, 0.05
RANDOM_SECONDS = 3


class PlannedError(Exception):
    pass


class Worker:
    def __init__(self, pool: Pool, cached: Cached, user_id: int, seed: int) -> None:
        self.pool = pool
        self.cached = cached
        self.user_id = user_id
        self.random = random.Random(seed)  # noqa: S311 - reproducible by the seed
        self.computed: list[str] = []
        self.failing = 0.0

    async def compute(self, loaders: DataLoaders, questions: Sequence[TotalsOf]) -> Sequence[Totals]:
        self.computed += [question.name for question in questions]
        if self.random.random() < self.failing:
            raise PlannedError
        await asyncio.sleep(self.random.uniform(0, 0.02))
        (row,) = await loaders.load(RowById(User), [self.user_id])
        assert row is not None
        return [Totals(row.data_version, row.mentions_count, question.name, []) for question in questions]

    async def stampede(self) -> dict[str, Any]:
        """Request all keys from an empty cache, in all tasks at once."""
        self.totals = CachedFigure("cold", 1, 60, 60, self.slow, models=(User,))
        values = await asyncio.gather(*(self.ask() for _ in range(TASKS)))
        return {"computed": self.computed, "values": values}

    async def slow(self, loaders: DataLoaders, questions: Sequence[TotalsOf]) -> Sequence[Totals]:
        await asyncio.sleep(0.2)
        return await self.compute(loaders, questions)

    async def hang(self) -> dict[str, Any]:
        """Compute until the process is killed."""
        self.totals = CachedFigure("cold", 1, 60, 60, self.never, models=(User,))
        await self.ask()
        return {}

    async def never(self, _: DataLoaders, questions: Sequence[TotalsOf]) -> Sequence[Totals]:
        sys.stdout.write("computing\n")
        sys.stdout.flush()
        await asyncio.sleep(600)
        raise AssertionError(questions)

    async def ask(self) -> list[str]:
        names = [str(number) for number in range(KEYS)]
        self.random.shuffle(names)
        loaders = DataLoaders(Reader(self.pool), Scope(self.user_id))
        try:
            questions = [TotalsOf(self.user_id, name) for name in names]
            figures = await self.cached.get(self.totals, loaders, questions)
        finally:
            await loaders.close()
        return sorted(figure.value.name for figure in figures)

    async def mingle(self) -> dict[str, Any]:
        """Run tasks that read, write, ingest, fail and are cancelled at random."""
        self.totals = CachedFigure("mixed", 1, TTL, STALE, self.compute, models=(User,))
        self.failing = 0.1
        self.got: list[Got] = []
        self.states: list[State] = []
        self.writing = asyncio.Lock()
        end = time.monotonic() + RANDOM_SECONDS
        await asyncio.gather(*(self.mingle_until(end) for _ in range(TASKS)))
        return {
            "got": [asdict(got) for got in self.got],
            "states": [asdict(state) for state in self.states],
            "computed": len(self.computed),
            "statistics": asdict(self.cached.statistics),
        }

    async def mingle_until(self, end: float) -> None:
        while time.monotonic() < end:
            action = self.random.choices(["get", "cancel", "ingest", "write"], [20, 2, 2, 1])[0]
            if action == "get":
                await self.get(self.random.choice([None, None, None, 0, 0.01, 0.07]))
            elif action == "cancel":
                task = asyncio.create_task(self.get(None))
                await asyncio.sleep(self.random.uniform(0, 0.01))
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            else:
                await self.change("data_version" if action == "write" else "mentions_count")

    async def get(self, max_age: float | None) -> None:
        began_at = time.time()
        loaders = DataLoaders(Reader(self.pool), Scope(self.user_id))
        try:
            (figure,) = await self.cached.get(
                self.totals, loaders, [TotalsOf(self.user_id)], max_age_seconds=max_age
            )
            ended_at = time.time()
            (seen,) = await loaders.load(RowById(User), [self.user_id])
        except PlannedError:
            return
        finally:
            await loaders.close()
        assert seen is not None
        self.got.append(
            Got(
                began_at,
                ended_at,
                max_age,
                figure.value.version,
                figure.value.mentions,
                figure.as_of.timestamp(),
                seen.data_version,
                seen.mentions_count,
            )
        )

    async def change(self, column: str) -> None:
        async with self.writing:
            row = await self.pool.fetchrow(
                f"UPDATE users SET {column} = {column} + 1 WHERE id = $1 "
                "RETURNING data_version, mentions_count",
                self.user_id,
            )
            assert row is not None
            self.states.append(State(row["data_version"], row["mentions_count"], time.time()))


async def main(task: str, database_url: str, redis_url: str, user_id: int, seed: int) -> None:
    pool = await open_pool(database_url)
    await pool.fetchval("SELECT 1")
    store.TIMEOUT_SECONDS = 5  # a loaded machine takes longer than a server may
    cached = Cached(pool, RedisBackend(redis_url, timeout_seconds=5), namespace=f"processes-{user_id}-{seed}")
    worker = Worker(pool, cached, user_id, seed)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    result = await getattr(worker, task)()
    await cached.close()
    await pool.close()
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])))
