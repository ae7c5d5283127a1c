"""Random interleavings of reads, writes, ingest, failures and cancellations respect the limits of age."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.models import User
from loaders.dataloader import DataLoaders
from services.figures.cache import Cached, CachedFigure
from services.figures.cache.backend import Backend
from services.figures.cache.redis import RedisBackend
from tests.services.figures.cache.conftest import Laboratory, Totals, TotalsOf
from tests.services.figures.cache.history import Got, History, State
from tests.support.rows import add_user

TTL, STALE = 20.0, 10.0
TASKS = 5


class PlannedError(Exception):
    pass


get = st.tuples(st.just("get"), st.sampled_from([None, None, None, 0, 0.005, 5, 25, 1000]))
cancel = st.tuples(st.just("cancel"), st.sampled_from([0, 0.0005, 0.002, 0.005, 0.01]))
other = st.sampled_from(["write", "ingest", "fail"]).map(lambda name: (name, 0))
advance = st.tuples(st.just("advance"), st.sampled_from([1, 5, 12, 19, 25, 31]))
plans = st.lists(
    st.lists(st.one_of(get, get, get, cancel, other, advance), max_size=10), min_size=2, max_size=TASKS
)


@dataclass
class Play:
    """One run of a plan, on one cache or on two caches that share a store as processes do."""

    laboratory: Laboratory
    caches: list[Cached]
    seed: int
    user_id: int
    history: History = field(default_factory=lambda: History(TTL + STALE))
    got: list[Got] = field(default_factory=list)
    failures_due: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311 - told by the seed
        self.totals = CachedFigure("played", 1, TTL, STALE, self.compute, models=(User,))
        self.writing = asyncio.Lock()
        self.turnstile = asyncio.Lock()
        self.running = 0

    async def compute(self, loaders: DataLoaders, questions: Sequence[TotalsOf]) -> Sequence[Totals]:
        await asyncio.sleep(self.random.choice([0, 0, 0.001, 0.004]))
        if self.failures_due:
            self.failures_due -= 1
            raise PlannedError
        return await self.laboratory.counting.compute(loaders, questions)

    async def run(self, number: int, plan: Sequence[tuple[str, float | None]]) -> None:
        cached = self.caches[number % len(self.caches)]
        for name, argument in plan:
            match name:
                case "get":
                    await self.get(cached, argument)
                case "cancel":
                    task = asyncio.create_task(self.get(cached, None))
                    await asyncio.sleep(argument or 0)
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
                case "write" | "ingest":
                    await self.change(name)
                case "fail":
                    self.failures_due += 1
                case "advance":
                    await self.advance(argument or 0)

    async def advance(self, seconds: float) -> None:
        """Advance the clock between operations, because it would change the age of an open snapshot."""
        async with self.turnstile:
            while self.running or any(cached._refreshes for cached in self.caches):
                await asyncio.sleep(0.001)
            self.laboratory.later += seconds

    async def get(self, cached: Cached, max_age: float | None) -> None:
        async with self.turnstile:
            self.running += 1
        try:
            await self._get(cached, max_age)
        finally:
            self.running -= 1

    async def _get(self, cached: Cached, max_age: float | None) -> None:
        began_at = self.laboratory.clock()
        async with self.laboratory.operation(self.user_id) as loaders:
            try:
                (figure,) = await cached.get(
                    self.totals, loaders, [TotalsOf(self.user_id)], max_age_seconds=max_age
                )
            except PlannedError:
                return
            ended_at = self.laboratory.clock()
            (seen,) = await self.laboratory.counting.compute(loaders, [TotalsOf(self.user_id)])
        value = figure.value
        self.got.append(
            Got(
                began_at,
                ended_at,
                max_age,
                value.version,
                value.mentions,
                figure.as_of.timestamp(),
                seen.version,
                seen.mentions,
            )
        )

    async def change(self, what: str) -> None:
        column = "data_version" if what == "write" else "mentions_count"
        async with self.writing:
            row = await self.laboratory.pool.fetchrow(
                f"UPDATE users SET {column} = {column} + 1 WHERE id = $1 "
                "RETURNING data_version, mentions_count",
                self.user_id,
            )
            assert row is not None
            self.history.states.append(State(row[0], row[1], self.laboratory.clock()))


async def play(laboratory: Laboratory, plan: list[list[tuple[str, float | None]]], seed: int) -> list[Got]:
    user_id = await add_user(laboratory.pool, f"{uuid4()}@example.com")
    backends: list[Backend] = [laboratory.backend]
    if isinstance(laboratory.backend, RedisBackend):
        backends.append(laboratory.backend)
    played = Play(laboratory, [laboratory.another(backend) for backend in backends], seed, user_id)
    await asyncio.gather(*(played.run(number, steps) for number, steps in enumerate(plan)))
    for cached in played.caches:
        await asyncio.gather(*cached._refreshes)
        assert not cached.computing._flights._running
        assert not cached._refreshing
    await laboratory.all_connections_given_back()
    faults = {got: found for got in played.got if (found := played.history.faults(got))}
    assert not faults
    return played.got


@given(plan=plans, seed=st.integers(0, 2**32))
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_no_interleaving_returns_figures_older_than_allowed(
    laboratory: Laboratory, plan: list[list[tuple[str, float | None]]], seed: int
) -> None:
    await play(laboratory, plan, seed)


async def test_random_interleavings_reach_every_kind_of_answer(laboratory: Laboratory) -> None:
    """The test above would prove nothing if it computed every figure."""
    chosen = random.Random(7)  # noqa: S311 - told by the seed
    arguments: dict[str, list[float | None]] = {
        "get": [None, None, 0, 25],
        "advance": [2, 21],
        "cancel": [0.002],
    }
    names = chosen.choices(
        ["get", "ingest", "write", "advance", "cancel", "fail"], [20, 2, 1, 2, 1, 1], k=300
    )
    steps = [(name, chosen.choice(arguments.get(name, [0]))) for name in names]
    plan = [steps[number::TASKS] for number in range(TASKS)]
    got = await play(laboratory, plan, 7)
    assert any(figure.mentions < figure.seen_mentions for figure in got)
    assert any(figure.as_of < figure.began_at - TTL for figure in got)
    assert any(figure.as_of > figure.began_at for figure in got)
