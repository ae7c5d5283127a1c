"""Expensive figures, computed once and kept for as long as their metric allows.

A service says what a figure is and how it is computed, for many questions at once:

    @dataclass(frozen=True, slots=True)
    class LeadTotalsOf:
        user_id: int            # whose data it is about; None for all that the viewer may see
        window: Window
        time_zone: str

    @metric("lead_totals", version=1, ttl_seconds=600, stale_seconds=600)
    async def lead_totals(loads: Loads, questions: Sequence[LeadTotalsOf]) -> Sequence[LeadTotals]:
        ...                     # set-wise, by loads alone; one value per question, in order

and whoever wants figures asks for as many as there are parents, by one round trip to the store:

    figures = await cached.get(lead_totals, context.loads, questions, max_age_seconds=max_age)
    figures[0].value, figures[0].as_of

Values and questions are plain: numbers, texts, times, enums, None, and dataclasses, lists, tuples and dicts of
them, as the annotations say. Everybody gets a value of their own, unless the metric lends them. A window belongs into the question as far as
the figure depends on it: one that ends at this very microsecond is never asked for again.

What is promised: no value is older than the metric's bound, or than `max_age_seconds`; 0 computes from the
caller's own snapshot. Whoever has written reads what they wrote, for the key carries the data version of the
user, read in the caller's snapshot. Concurrent askers wait for one computation, also of other processes that
share the store. A store that is slow, full, dead or full of rubbish costs time, never an answer.
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
from db.models import User
from loaders.counts import SumOfCounter
from loaders.loader import CHECKED_BY_CALLER, Loader, Loads
from loaders.rows import RowBy
from services.figures.cache.backend import Backend
from services.figures.cache.cached_figure import Asked, CachedFigure, Value, cached_figure
from services.figures.cache.computing import Computing, Job
from services.figures.cache.decoded import Decoded
from services.figures.cache.entry import LAYOUT, Entry
from services.figures.cache.memory import MemoryBackend
from services.figures.cache.statistics import Statistics
from services.figures.cache.store import Store

__all__ = ["Cached", "CachedFigure", "Figure", "Figures", "cached_figure"]

logger = logging.getLogger("leadgraph")

MEMORY_BYTES = 64 * 2**20
REFRESHES_AT_ONCE = 2
MOST_REFRESHING = 1000
"""Values that are computed in the background, or wait for it. What is stale beyond that waits for its end."""
NO_SUCH_USER = -1


@dataclass(frozen=True, slots=True)
class Figure(Generic[Value]):
    """A value, and the moment at which it was true."""

    value: Value
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Figures(Loader[Asked, Figure[Value]]):
    """Figures as an operation loads them: each once, wherever in a document it is shown, so that two places of one
    answer cannot differ because time has passed between them.
    """

    model = CHECKED_BY_CALLER
    cached_figure: CachedFigure[Asked, Value]
    max_age_seconds: float | None
    cached: "Cached" = field(compare=False, repr=False)
    loads: Loads = field(compare=False, repr=False)

    async def read(self, reader: Reader, scope: Scope, keys: Sequence[Asked]) -> Sequence[Figure[Value]]:
        del reader, scope  # those of the loads
        return await self.cached.get(
            self.cached_figure, self.loads, keys, max_age_seconds=self.max_age_seconds
        )


class Cached:
    """The figures of one database. `namespace` tells it from others that use the same store."""

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
        kept_in = MemoryBackend(MEMORY_BYTES) if backend is None else backend
        self._store = Store(kept_in, self.statistics)
        self.decoded = Decoded()
        self._computing = Computing(self._store, self.decoded, self.statistics, clock)
        self._prefix = f"leadgraph:{LAYOUT}:{namespace}:"
        self._clock = clock
        self._refreshing: set[str] = set()
        self._refreshes: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(REFRESHES_AT_ONCE)

    async def get(
        self,
        cached_figure: CachedFigure[Asked, Value],
        loads: Loads,
        questions: Sequence[Asked],
        *,
        max_age_seconds: float | None = None,
    ) -> list[Figure[Value]]:
        """One figure per question, in order. Raises what the metric's computation raises, and keeps none of it.

        Without `max_age_seconds` a figure can be as old as the metric's bound; a figure past its best is
        computed anew in the background.
        """
        if not questions:
            return []
        keys = await self._keys(cached_figure, loads, questions)
        wanted = dict(zip(keys, questions, strict=True))
        if max_age_seconds is not None and max_age_seconds <= 0:
            entries = await self._computing.compute(Job(cached_figure, loads, _never), wanted)
        else:
            entries = await self._entries(cached_figure, loads, wanted, max_age_seconds)
        return await self._figures(cached_figure, loads, keys, wanted, entries)

    async def refresh(
        self, cached_figure: CachedFigure[Asked, Value], loads: Loads, questions: Sequence[Asked]
    ) -> None:
        """Sees to it that the questions have figures as good as new; leaves to others what they compute."""
        if questions:
            keys = await self._keys(cached_figure, loads, questions)
            wanted = dict(zip(keys, questions, strict=True))
            await self._computing.entries(Job(cached_figure, loads, self._is_fresh, background=True), wanted)

    async def failure(self) -> Exception | None:
        """Why the store cannot be read now; None if it can."""
        return await self._store.failure()

    async def close(self) -> None:
        """Ends what goes on in the background. Figures can still be asked for, and are then computed."""
        for task in self._refreshes:
            task.cancel()
        await asyncio.gather(*self._refreshes, return_exceptions=True)
        await self._store.close()

    async def _keys(
        self, cached_figure: CachedFigure[Asked, Value], loads: Loads, questions: Sequence[Asked]
    ) -> list[str]:
        """The questions' keys in the store, with the data versions that the snapshot shows."""
        await loads.open()  # see `Computing`
        users = {question.user_id for question in questions}
        ids = [user_id for user_id in users if user_id is not None]
        rows = await loads.load(RowBy(User), ids)
        versions: dict[int | None, int] = {
            user_id: row.data_version if row else NO_SUCH_USER for user_id, row in zip(ids, rows, strict=True)
        }
        if None in users:
            (versions[None],) = await loads.load(SumOfCounter("data_version"), [None])
        viewer = loads.scope.user_id
        return [
            self._prefix + cached_figure.key(question, viewer, versions[question.user_id])
            for question in questions
        ]

    async def _entries(
        self,
        cached_figure: CachedFigure[Asked, Value],
        loads: Loads,
        wanted: Mapping[str, Asked],
        max_age_seconds: float | None,
    ) -> dict[str, Entry]:
        longest = cached_figure.longest_seconds
        oldest = longest if max_age_seconds is None else min(longest, max_age_seconds)

        def usable(entry: Entry) -> bool:
            return self._clock() - entry.as_of <= oldest

        read = await self._store.read(list(wanted))
        entries = {key: entry for key, entry in read.items() if usable(entry)}
        stale = {key: wanted[key] for key, entry in entries.items() if not self._is_fresh(entry)}
        self.statistics.stale += len(stale)
        self.statistics.hits += len(entries) - len(stale)
        if stale:
            self._refresh_later(cached_figure, loads.scope, stale)
        missing = {key: wanted[key] for key in wanted if key not in entries}
        return entries | await self._computing.entries(Job(cached_figure, loads, usable), missing)

    async def _figures(
        self,
        cached_figure: CachedFigure[Asked, Value],
        loads: Loads,
        keys: Sequence[str],
        wanted: Mapping[str, Asked],
        entries: dict[str, Entry],
    ) -> list[Figure[Value]]:
        """The entries as values, one for each place."""
        try:
            return [self._figure(cached_figure, key, entries[key]) for key in keys]
        except ValueError as damaged:
            # Sealed by this very version of the metric, and yet another shape: a version that was not raised.
            logger.warning("what is kept of %s cannot be read: %s", cached_figure.name, damaged)
            self.statistics.errors += 1
            entries = await self._computing.compute(Job(cached_figure, loads, _never), wanted)
            return [self._figure(cached_figure, key, entries[key]) for key in keys]

    def _figure(self, cached_figure: CachedFigure[Asked, Value], key: str, entry: Entry) -> Figure[Value]:
        as_of = datetime.fromtimestamp(entry.as_of, UTC)
        return Figure(self.decoded.value(cached_figure, key, entry.body), as_of)

    def _is_fresh(self, entry: Entry) -> bool:
        return self._clock() < entry.fresh_until

    def _refresh_later(
        self, cached_figure: CachedFigure[Asked, Value], scope: Scope, stale: Mapping[str, Asked]
    ) -> None:
        new = {key: question for key, question in stale.items() if key not in self._refreshing}
        if not new or len(self._refreshing) + len(new) > MOST_REFRESHING:
            return
        self._refreshing |= new.keys()
        task = asyncio.create_task(self._refresh(cached_figure, scope, new))
        self._refreshes.add(task)
        task.add_done_callback(self._refreshes.discard)

    async def _refresh(
        self, cached_figure: CachedFigure[Asked, Value], scope: Scope, stale: Mapping[str, Asked]
    ) -> None:
        """In a snapshot of its own, so that keys too can be others: those of the data as it is now."""
        try:
            async with self._slots:
                loads = Loads(Reader(self._pool), scope)
                try:
                    await self.refresh(cached_figure, loads, list(stale.values()))
                finally:
                    await loads.close()
        except Exception:
            self.statistics.failed_refreshes += 1
            logger.exception("%s could not be computed in the background", cached_figure.name)
        finally:
            self._refreshing -= stale.keys()


def _never(_: Entry) -> bool:
    return False
