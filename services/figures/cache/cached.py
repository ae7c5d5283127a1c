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
snapshot. The figures of one `Answer` agree with each other. Users read their own writes, because the key contains the user's data version in the caller's snapshot.
Concurrent callers wait for one computation, also across processes that share the store. A store that is slow, full,
dead or corrupted costs time, and never an answer.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from db.engine.activity import FiguresRead
from db.engine.pool import Pool
from db.engine.reader import Reader
from db.language.scope import Scope
from loaders.dataloader import DataLoaders
from services.figures.cache.answer import Answer, Figure
from services.figures.cache.asked import Asked, Group, RecentlyAsked
from services.figures.cache.backend import Backend
from services.figures.cache.computing import Computing, Job
from services.figures.cache.decoded import DecodedValues
from services.figures.cache.definition import CachedFigure, Question, Value
from services.figures.cache.entry import LAYOUT, Entry
from services.figures.cache.fragments import Fragment, FragmentStore, figures_read
from services.figures.cache.memory import MemoryBackend
from services.figures.cache.owners import owner_states
from services.figures.cache.statistics import Statistics
from services.figures.cache.store import Store
from services.shared_store.availability import Availability

logger = logging.getLogger("leadgraph")

MEMORY_BYTES = 64 * 2**20
FRAGMENT_BYTES = 32 * 2**20
NOTED_EVERY_SECONDS = 5.0
"""A refresh may forget questions that fragments have answered this much earlier than others."""
REFRESHES_AT_ONCE = 2
MOST_REFRESHING = 1000
"""Owners whose figures are computed in the background or queued for it. Others are not refreshed yet."""


class Cached:
    """The figures of one database. `namespace` separates databases that share a store.

    While a shared store is not available, figures are kept in `substitute_bytes` of the memory of this process.
    """

    def __init__(
        self,
        pool: Pool,
        backend: Backend | None = None,
        *,
        namespace: str = "",
        clock: Callable[[], float] = time.time,
        fragment_bytes: int = FRAGMENT_BYTES,
        availability: Availability | None = None,
        substitute_bytes: int = MEMORY_BYTES,
    ) -> None:
        self.statistics = Statistics()
        self._pool = pool
        backend = MemoryBackend(MEMORY_BYTES) if backend is None else backend
        self.availability = availability or Availability()
        substitute = MemoryBackend(substitute_bytes) if backend.shared else None
        self.store = Store(backend, self.statistics, self.availability, substitute)
        self.decoded = DecodedValues()
        self.fragments = FragmentStore(fragment_bytes)
        self.computing = Computing(self.store, self.decoded, self.statistics, clock)
        self._asked = RecentlyAsked()
        self._prefix = f"leadgraph:{LAYOUT}:{namespace}:"
        self._clock = clock
        self._refreshing: set[Group] = set()
        self._refreshes: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(REFRESHES_AT_ONCE)

    def answer(self, loaders: DataLoaders, *, exact: bool = False) -> Answer:
        """Return the figures of a new answer, which agree with each other (see `Answer`)."""
        return Answer(self, loaders, exact=exact)

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
        return await self.answer(loaders).get(figure, questions, max_age_seconds)

    async def refresh(self, loaders: DataLoaders, asked: Sequence[Asked]) -> None:
        """Compute the figures that are missing, stale, or older than the data, and store them at once.

        Figures that another task or process computes are left out. If a computation fails, nothing is stored.
        """
        await loaders.open()
        as_of = self.snapshot_time(loaders)
        states = await owner_states(loaders, {question.user_id for _, question in asked})
        generations: dict[str, int] = {}
        by_figure: defaultdict[CachedFigure[Any, Any], dict[str, Any]] = defaultdict(dict)
        for figure, question in asked:
            state = states[question.user_id]
            key = self.key(figure, question, loaders.scope.user_id, state.data_version)
            generations[key] = state.generation
            by_figure[figure][key] = question

        def usable(key: str, entry: Entry) -> bool:
            return self.is_fresh(entry) and entry.generation == generations[key]

        computed: dict[str, Entry] = {}
        jobs = (Job(figure, loaders, as_of, generations, usable, computed) for figure in by_figure)
        await asyncio.gather(*(self.computing.entries(job, by_figure[job.figure]) for job in jobs))
        longest = max((figure.longest_seconds for figure in by_figure), default=0.0)
        await self.computing.write(computed, as_of + longest)

    def refresh_later(self, scope: Scope, owners: Collection[int | None]) -> None:
        """Compute the owners' figures that were asked in the last minutes, all from one new snapshot."""
        groups = {(scope.user_id, owner) for owner in owners} - self._refreshing
        if not groups or len(self._refreshing) + len(groups) > MOST_REFRESHING:
            return
        self._refreshing |= groups
        task = asyncio.create_task(self._refresh(scope, groups))
        self._refreshes.add(task)
        task.add_done_callback(self._refreshes.discard)

    def note(self, group: Group, asked: Sequence[Asked]) -> None:
        """Let refreshes of the group compute these questions for some minutes."""
        self._asked.note(group, asked, self._clock())

    def has_others(self, group: Group, asked: Collection[Asked]) -> bool:
        """Return whether a refresh of the group would compute further questions."""
        return not self._asked.recent(group, self._clock()) <= set(asked)

    async def failure(self) -> Exception | None:
        """Return why the store cannot be read now; None if it can."""
        return await self.store.failure()

    async def close(self) -> None:
        """Stop the background work and close the store. Later calls compute every figure."""
        for task in self._refreshes:
            task.cancel()
        await asyncio.gather(*self._refreshes, return_exceptions=True)
        await self.store.close()

    def key(
        self, figure: CachedFigure[Question, Value], question: Question, viewer: int | None, version: int
    ) -> str:
        """Return the question's key in the store."""
        return self._prefix + figure.key(question, viewer, version)

    def value(self, figure: CachedFigure[Question, Value], key: str, entry: Entry) -> Figure[Value]:
        """Return the entry's figure. Raises `ValueError` if its body is not a value of the figure."""
        as_of = datetime.fromtimestamp(entry.as_of, UTC)
        return Figure(self.decoded.value(figure, key, entry.body), as_of)

    def age(self, entry: Entry) -> float:
        return self._clock() - entry.as_of

    def is_fresh(self, entry: Entry) -> bool:
        return self._clock() < entry.fresh_until

    def may_serve(self, fragment: Fragment) -> bool:
        """Return whether all figures of a fragment are young enough, and in the store as far as this process knows."""
        return self._clock() <= fragment.young_until and self.store.has_now(fragment.heads) is not False

    async def confirms(self, fragment: Fragment) -> bool:
        """Return whether the fragment may be served now, also if the store must be asked."""
        has = self.store.has_now(fragment.heads)
        if has is None:
            has = await self.store.has(fragment.heads)
        return has and self._clock() <= fragment.young_until

    def count(self, fragment: Fragment, group: Group) -> Sequence[FiguresRead]:
        """Count the figures of a fragment that is served, and return them. Note the questions of the group."""
        now = self._clock()
        if now - fragment.noted_at >= NOTED_EVERY_SECONDS:
            fragment.noted_at = now
            self._asked.note(group, fragment.asked, now)
        if now < fragment.fresh_until:
            self.statistics.hits += len(fragment.uses)
            return fragment.hits
        stale = sum(now >= use.fresh_until for use in fragment.uses)
        self.statistics.stale += stale
        self.statistics.hits += len(fragment.uses) - stale
        return figures_read(fragment.uses, now)

    def snapshot_time(self, loaders: DataLoaders) -> float:
        return self._clock() - loaders.snapshot_age_seconds

    async def _refresh(self, scope: Scope, groups: set[Group]) -> None:
        asked: list[Asked] = []
        try:
            async with self._slots:
                asked = [one for group in groups for one in self._asked.recent(group, self._clock())]
                loaders = DataLoaders(Reader(self._pool, fence=scope), scope)
                try:
                    await self.refresh(loaders, asked)
                finally:
                    await loaders.close()
        except Exception:
            self.statistics.failed_refreshes += 1
            names = ", ".join(sorted({figure.name for figure, _ in asked}))
            logger.exception("%s could not be refreshed in the background", names)
        finally:
            self._refreshing -= groups
