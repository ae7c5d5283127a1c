"""The figures of one answer that show its snapshot alone. They are computed without a look-up in the store."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from loaders.dataloader import DataLoader, DataLoaders
from services.figures.cache.asked import Asked
from services.figures.cache.computing import Job
from services.figures.cache.definition import CachedFigure, Question, Value
from services.figures.cache.entry import Entry
from services.figures.cache.owners import OwnerState, owner_states

if TYPE_CHECKING:
    from services.figures.cache.cached import Cached

Owner = int | None


class ExactFigures:
    """Computes each question once, in the task of the caller that asks first.

    `states` are those of the owners' data in the snapshot.
    """

    def __init__(self, cached: "Cached", loaders: DataLoaders) -> None:
        self.states: dict[Owner, OwnerState] = {}
        self._cached = cached
        self._loaders = loaders
        self._as_of: float | None = None
        self._found: dict[Asked, tuple[str, Entry]] = {}
        self._running: dict[Asked, asyncio.Future[None]] = {}

    async def get(
        self,
        loader: DataLoader[Question, Any],
        figure: CachedFigure[Question, Value],
        questions: Sequence[Question],
    ) -> Sequence[tuple[str, Entry]]:
        """Return the key and the entry of each question. Raise the exception of a failed computation.

        The computation is recorded as a batch of the loader.
        """
        asked: list[Asked] = [(figure, question) for question in questions]
        while missing := [one for one in dict.fromkeys(asked) if one not in self._found]:
            running = next((self._running[one] for one in missing if one in self._running), None)
            if running is None:
                await self._compute(loader, figure, missing)
            else:
                await asyncio.shield(running)  # a cancelled wait does not cancel the others
        return [self._found[one] for one in asked]

    def snapshot_time(self) -> float:
        """Return the time of the snapshot, the same on each call."""
        if self._as_of is None:
            self._as_of = self._cached.snapshot_time(self._loaders)
        return self._as_of

    async def _compute(
        self, loader: DataLoader[Any, Any], figure: CachedFigure[Any, Any], asked: Sequence[Asked]
    ) -> None:
        """Compute the questions. If the caller is cancelled, the next one that waits computes them."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._running |= dict.fromkeys(asked, done)
        self._loaders.record(loader, len(asked))
        try:
            self._found |= await self._entries(figure, asked)
        except Exception as failure:
            done.set_exception(failure)
            done.exception()  # the caller raises it, also if no other one waits
            raise
        finally:
            for one in asked:
                del self._running[one]
            if not done.done():
                done.set_result(None)

    async def _entries(
        self, figure: CachedFigure[Any, Any], asked: Sequence[Asked]
    ) -> Mapping[Asked, tuple[str, Entry]]:
        await self._loaders.open()
        owners = {question.user_id for _, question in asked}
        if unknown := owners - self.states.keys():
            self.states |= await owner_states(self._loaders, unknown)
        states = self.states
        viewer, cached = self._loaders.scope.user_id, self._cached
        keys = {
            cached.key(figure, question, viewer, states[question.user_id].data_version): question
            for _, question in asked
        }
        generations = {key: states[question.user_id].generation for key, question in keys.items()}
        job = Job(figure, self._loaders, self.snapshot_time(), generations, _never, is_exact=True)
        entries = await cached.computing.compute(job, keys)
        return {(figure, question): (key, entries[key]) for key, question in keys.items()}


def _never(_key: str, _entry: Entry) -> bool:
    return False
