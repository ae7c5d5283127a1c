"""A cache of expensive figures.

A service defines a figure by a computation for many questions at once:

    @dataclass(frozen=True, slots=True)
    class LeadTotalsOf:
        user_id: int            # the owner of the data; None for all data that the viewer may see
        window: Window
        time_zone: str

    @cached_figure("lead_totals", models=(Lead,), version=1, ttl_seconds=600, stale_seconds=600)
    async def lead_totals(loaders: DataLoaders, questions: Sequence[LeadTotalsOf]) -> Sequence[LeadTotals]:
        ...                     # set-wise, through loaders only; one value per question, in order

A resolver gets the figures of all parents in one round trip to the store:

    figures = await context.figures(lead_totals, questions, max_age)
    figures[0].value, figures[0].as_of

`Context.figures` checks that the viewer may read the figure's `models`. `Cached` and the loaders of a computation check
no permission.

Questions and values are plain, as their annotations say: numbers, strings, times, enums, None, and dataclasses, lists,
tuples and dicts of them. Every caller gets its own copy of a value, unless the figure is `shared`. A question should
contain its window rounded: a window that ends at the current microsecond never hits the cache.

Guarantees: a value is never older than the figure's limit or `max_age_seconds`, and 0 computes from the caller's
snapshot. Users read their own writes, because the key contains the user's data version in the caller's snapshot.
Concurrent callers wait for one computation, also across processes that share the store. A store that is slow, full,
dead or corrupted costs time, and never an answer.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic

from db.engine.pool import Pool
from db.engine.reader import Reader
from db.language.scope import Scope
from db.models import Base, User
from loaders.counts import CounterSum
from loaders.dataloader import DataLoader, DataLoaders
from loaders.rows import RowById
from services.figures.cache.backend import Backend
from services.figures.cache.computing import Computing, Job
from services.figures.cache.decoded import DecodedValues
from services.figures.cache.definition import CachedFigure, Question, Value
from services.figures.cache.entry import LAYOUT, Entry
from services.figures.cache.memory import MemoryBackend
from services.figures.cache.statistics import Statistics
from services.figures.cache.store import Store

logger = logging.getLogger("leadgraph")

MEMORY_BYTES = 64 * 2**20
REFRESHES_AT_ONCE = 2
MOST_REFRESHING = 1000
"""Values that are computed in the background or queued for it. Further stale values are not refreshed yet."""
NO_SUCH_USER = -1


@dataclass(frozen=True, slots=True)
class Figure(Generic[Value]):
    """A value, and the time at which it was true."""

    value: Value
    as_of: datetime


@dataclass(frozen=True, slots=True)
class FigureByQuestion(DataLoader[Question, Figure[Value]]):
    """Loads each figure once per operation, so that two places of one answer cannot differ."""

    figure: CachedFigure[Question, Value]
    max_age_seconds: float | None
    cached: "Cached" = field(compare=False, repr=False)
    loaders: DataLoaders = field(compare=False, repr=False)

    @property
    def models(self) -> tuple[type[Base], ...]:
        """Return the models of the figure."""
        return self.figure.models

    async def read(self, reader: Reader, scope: Scope, keys: Sequence[Question]) -> Sequence[Figure[Value]]:
        del reader, scope  # the loaders have them
        return await self.cached.get(self.figure, self.loaders, keys, max_age_seconds=self.max_age_seconds)


class Cached:
    """The figures of one database. `namespace` separates databases that share a store."""

    def __init__(
        self,
        pool: Pool,
        backend: Backend | None = None,
        *,
        namespace: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.statistics = Statistics()
        self._pool = pool
        backend = MemoryBackend(MEMORY_BYTES) if backend is None else backend
        self._store = Store(backend, self.statistics)
        self.decoded = DecodedValues()
        self._computing = Computing(self._store, self.decoded, self.statistics, clock)
        self._prefix = f"leadgraph:{LAYOUT}:{namespace}:"
        self._clock = clock
        self._refreshing: set[str] = set()
        self._refreshes: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(REFRESHES_AT_ONCE)

    async def get(
        self,
        figure: CachedFigure[Question, Value],
        loaders: DataLoaders,
        questions: Sequence[Question],
        *,
        max_age_seconds: float | None = None,
    ) -> list[Figure[Value]]:
        """Return one figure per question, in order. Raises the exception of a failed computation and stores nothing.

        Without `max_age_seconds`, a figure can be as old as its own limit. A stale figure is returned at once and
        refreshed in the background.
        """
        if not questions:
            return []
        keys = await self._keys(figure, loaders, questions)
        question_by_key = dict(zip(keys, questions, strict=True))
        if max_age_seconds is not None and max_age_seconds <= 0:
            entries = await self._computing.compute(Job(figure, loaders, _never), question_by_key)
        else:
            entries = await self._entries(figure, loaders, question_by_key, max_age_seconds)
        return await self._figures(figure, loaders, keys, question_by_key, entries)

    async def refresh(
        self, figure: CachedFigure[Question, Value], loaders: DataLoaders, questions: Sequence[Question]
    ) -> None:
        """Compute the figures that are missing or stale, except those that another task or process computes."""
        if questions:
            keys = await self._keys(figure, loaders, questions)
            question_by_key = dict(zip(keys, questions, strict=True))
            await self._computing.entries(
                Job(figure, loaders, self._is_fresh, background=True), question_by_key
            )

    async def failure(self) -> Exception | None:
        """Return why the store cannot be read now; None if it can."""
        return await self._store.failure()

    async def close(self) -> None:
        """Stop the background work and close the store. Later calls compute every figure."""
        for task in self._refreshes:
            task.cancel()
        await asyncio.gather(*self._refreshes, return_exceptions=True)
        await self._store.close()

    async def _keys(
        self, figure: CachedFigure[Question, Value], loaders: DataLoaders, questions: Sequence[Question]
    ) -> list[str]:
        """Return the questions' keys in the store, with the data versions of the snapshot."""
        await loaders.open()  # see `Computing`
        users = {question.user_id for question in questions}
        ids = [user_id for user_id in users if user_id is not None]
        rows = await loaders.load(RowById(User), ids)
        versions: dict[int | None, int] = {
            user_id: row.data_version if row else NO_SUCH_USER for user_id, row in zip(ids, rows, strict=True)
        }
        if None in users:
            (versions[None],) = await loaders.load(CounterSum(User, "data_version"), [None])
        viewer = loaders.scope.user_id
        return [
            self._prefix + figure.key(question, viewer, versions[question.user_id]) for question in questions
        ]

    async def _entries(
        self,
        figure: CachedFigure[Question, Value],
        loaders: DataLoaders,
        question_by_key: Mapping[str, Question],
        max_age_seconds: float | None,
    ) -> dict[str, Entry]:
        longest = figure.longest_seconds
        oldest = longest if max_age_seconds is None else min(longest, max_age_seconds)

        def usable(entry: Entry) -> bool:
            return self._clock() - entry.as_of <= oldest

        read = await self._store.read(list(question_by_key))
        entries = {key: entry for key, entry in read.items() if usable(entry)}
        stale = {key: question_by_key[key] for key, entry in entries.items() if not self._is_fresh(entry)}
        self.statistics.stale += len(stale)
        self.statistics.hits += len(entries) - len(stale)
        if stale:
            self._refresh_later(figure, loaders.scope, stale)
        missing = {key: question_by_key[key] for key in question_by_key if key not in entries}
        return entries | await self._computing.entries(Job(figure, loaders, usable), missing)

    async def _figures(
        self,
        figure: CachedFigure[Question, Value],
        loaders: DataLoaders,
        keys: Sequence[str],
        question_by_key: Mapping[str, Question],
        entries: dict[str, Entry],
    ) -> list[Figure[Value]]:
        try:
            return [self._figure(figure, key, entries[key]) for key in keys]
        except ValueError as damaged:
            # The shape of the value changed, but the version of the figure did not.
            logger.warning("the stored value of %s cannot be read: %s", figure.name, damaged)
            self.statistics.errors += 1
            entries = await self._computing.compute(Job(figure, loaders, _never), question_by_key)
            return [self._figure(figure, key, entries[key]) for key in keys]

    def _figure(self, figure: CachedFigure[Question, Value], key: str, entry: Entry) -> Figure[Value]:
        as_of = datetime.fromtimestamp(entry.as_of, UTC)
        return Figure(self.decoded.value(figure, key, entry.body), as_of)

    def _is_fresh(self, entry: Entry) -> bool:
        return self._clock() < entry.fresh_until

    def _refresh_later(
        self, figure: CachedFigure[Question, Value], scope: Scope, stale: Mapping[str, Question]
    ) -> None:
        new = {key: question for key, question in stale.items() if key not in self._refreshing}
        if not new or len(self._refreshing) + len(new) > MOST_REFRESHING:
            return
        self._refreshing |= new.keys()
        task = asyncio.create_task(self._refresh(figure, scope, new))
        self._refreshes.add(task)
        task.add_done_callback(self._refreshes.discard)

    async def _refresh(
        self, figure: CachedFigure[Question, Value], scope: Scope, stale: Mapping[str, Question]
    ) -> None:
        """Refresh the questions from a new snapshot, with its data versions."""
        try:
            async with self._slots:
                loaders = DataLoaders(Reader(self._pool), scope)
                try:
                    await self.refresh(figure, loaders, list(stale.values()))
                finally:
                    await loaders.close()
        except Exception:
            self.statistics.failed_refreshes += 1
            logger.exception("%s could not be refreshed in the background", figure.name)
        finally:
            self._refreshing -= stale.keys()


def _never(_: Entry) -> bool:
    return False
