"""A figure over a user's row, caches on both kinds of store, and Valkey servers."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from db.engine.pool import Pool
from db.engine.reader import Reader
from db.language.scope import EVERYBODY, Scope
from db.models import User
from loaders.dataloader import DataLoaders
from loaders.rows import RowById
from services.accounts import rate_limit
from services.figures.cache import Cached, CachedFigure, Figure, store
from services.figures.cache.backend import Backend
from services.figures.cache.memory import MemoryBackend
from services.figures.cache.redis import RedisBackend
from tests.support.rows import add_user
from tests.support.valkey import Valkey

TTL, STALE = 100.0, 50.0
PATIENCE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class TotalsOf:
    user_id: int | None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Totals:
    """A user's row in a snapshot. Writes increment `version`, and ingest increments `mentions`."""

    version: int
    mentions: int
    name: str
    words: list[str]


@dataclass
class Counting:
    """A computation that counts its calls, and can be paused or made to fail."""

    asked: list[list[str]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    failure: Exception | None = None
    failures: list[Exception] = field(default_factory=list)
    """Exceptions that the next calls raise, one each. `failure` is raised by every call."""

    def __post_init__(self) -> None:
        self.gate.set()

    @property
    def runs(self) -> int:
        return len(self.asked)

    async def compute(self, loaders: DataLoaders, questions: Sequence[TotalsOf]) -> Sequence[Totals]:
        self.asked.append([question.name for question in questions])
        self.entered.set()
        await self.gate.wait()
        if self.failures:
            raise self.failures.pop()
        if self.failure is not None:
            raise self.failure
        rows = await loaders.load(RowById(User), [question.user_id or 0 for question in questions])
        return [
            Totals(
                row.data_version if row else 0,
                row.mentions_count if row else 0,
                question.name,
                [question.name],
            )
            for question, row in zip(questions, rows, strict=True)
        ]


@dataclass
class Laboratory:
    """Two users, a figure, and caches whose clock can be advanced."""

    pool: Pool
    backend: Backend
    counting: Counting
    ann: int
    ben: int
    later: float = 0
    cached: Cached = field(init=False)
    totals: CachedFigure[TotalsOf, Totals] = field(init=False)

    def __post_init__(self) -> None:
        self.cached = self.another(self.backend)
        self.totals = CachedFigure("totals", 1, TTL, STALE, self.counting.compute, models=(User,))

    def clock(self) -> float:
        return time.time() + self.later

    def another(self, backend: Backend) -> Cached:
        """Return another cache, as of another process if the backend is another one."""
        return Cached(self.pool, backend, namespace=f"test-{id(self)}", clock=self.clock)

    @asynccontextmanager
    async def operation(
        self, user_id: int | None = None, *, operator: bool = False
    ) -> AsyncIterator[DataLoaders]:
        """Yield the data loaders of an operation: of ann, of another user, or of an operator."""
        loaders = DataLoaders(Reader(self.pool), EVERYBODY if operator else Scope(user_id or self.ann))
        try:
            yield loaders
        finally:
            await loaders.close()

    async def figures(
        self,
        *names: str,
        user_id: int | None = None,
        max_age: float | None = None,
        cached: Cached | None = None,
    ) -> list[Figure[Totals]]:
        """Return the figures of these names, read by a new operation."""
        user = user_id or self.ann
        async with self.operation(user) as loaders:
            questions = [TotalsOf(user, name) for name in names]
            return await (cached or self.cached).get(self.totals, loaders, questions, max_age_seconds=max_age)

    async def figure(
        self, *, user_id: int | None = None, max_age: float | None = None, cached: Cached | None = None
    ) -> Figure[Totals]:
        (only,) = await self.figures("", user_id=user_id, max_age=max_age, cached=cached)
        return only

    async def write(self, user_id: int | None = None) -> None:
        """Increment the data version, as every write does."""
        await self.pool.execute(
            "UPDATE users SET data_version = data_version + 1 WHERE id = $1", user_id or self.ann
        )

    async def ingest(self) -> None:
        await self.pool.execute(
            "UPDATE users SET mentions_count = mentions_count + 1 WHERE id = $1", self.ann
        )

    async def settled(self) -> None:
        """Wait until the background refreshes have ended."""
        while self.cached._refreshes:
            await asyncio.gather(*self.cached._refreshes)

    async def all_connections_given_back(self) -> None:
        """Wait until the pool has all connections back, which happens after the work has ended."""
        async with asyncio.timeout(20):
            while self.pool.get_idle_size() < self.pool.get_size():
                await asyncio.sleep(0.001)


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    """A server shared by all tests that do not disturb it. Their cache keys differ."""
    with tempfile.TemporaryDirectory(prefix="leadgraph-valkey-") as folder:
        server = Valkey(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A server of one test, which may stop or block it."""
    server = Valkey(tmp_path)
    server.start()
    yield server
    server.stop()


async def laboratory_on(pool: Pool, backend: Backend) -> Laboratory:
    ann, ben = await add_user(pool), await add_user(pool, "ben@example.com")
    return Laboratory(pool, backend, Counting(), ann, ben)


@pytest.fixture(params=["memory", "valkey"])
async def laboratory(request: pytest.FixtureRequest, pool: Pool) -> AsyncIterator[Laboratory]:
    """A laboratory on each kind of store."""
    backend: Backend = (
        MemoryBackend(10_000_000)
        if request.param == "memory"
        else RedisBackend(request.getfixturevalue("valkey").url, timeout_seconds=5)
    )
    made = await laboratory_on(pool, backend)
    yield made
    await made.cached.close()


@pytest.fixture
async def shared(pool: Pool, valkey: Valkey) -> AsyncIterator[Laboratory]:
    """A laboratory on a store that processes share."""
    made = await laboratory_on(pool, RedisBackend(valkey.url, timeout_seconds=5))
    yield made
    await made.cached.close()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the operations time on a busy machine, for tests in which no server fails."""
    monkeypatch.setattr(store, "TIMEOUT_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr(rate_limit, "REDIS_TIMEOUT_SECONDS", PATIENCE_SECONDS)


@pytest.fixture
async def corrupted(
    pool: Pool,
    own_valkey: Valkey,
    patient: None,  # noqa: ARG001 - the server answers, however late
) -> AsyncIterator[Laboratory]:
    """A laboratory on a server whose entries a test spoils."""
    made = await laboratory_on(pool, RedisBackend(own_valkey.url, timeout_seconds=PATIENCE_SECONDS))
    yield made
    await made.cached.close()


@pytest.fixture
async def tormented(pool: Pool, own_valkey: Valkey) -> AsyncIterator[Laboratory]:
    """A laboratory on the server that a test disturbs, with the timeouts of production."""
    made = await laboratory_on(pool, RedisBackend(own_valkey.url, timeout_seconds=0.25))
    yield made
    await made.cached.close()
