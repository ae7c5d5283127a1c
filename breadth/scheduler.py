"""The scheduler of pending awaitables. It starts all that is ready in one turn of the event loop."""

import asyncio
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeAlias

Then: TypeAlias = Callable[[list[int], list[Any]], None]

LISTS: Final = (list, tuple, deque, set, frozenset)
EAGER: Final = sys.version_info >= (3, 12)


@dataclass(slots=True, eq=False)
class PendingBatch:
    """Awaitables, numbered, whose results are passed to the same function.

    `then` gets the results that came together, with their numbers in ascending order. A failed awaitable's result
    is its exception. `is_wanted` says whether the result of a number still has a slot in the response.
    """

    then: Then
    is_wanted: Callable[[int], bool]


@dataclass(slots=True, eq=False)
class PendingAwaitable:
    batch: PendingBatch
    number: int
    awaitable: Awaitable[Any]


class BatchResults(NamedTuple):
    """Results of a batch that came together. `numbers` ascend."""

    batch: PendingBatch
    numbers: list[int]
    results: list[Any]


class Scheduler:
    """The awaitables of one request: new ones, running ones, and running ones that are no longer wanted.

    An unwanted awaitable is not cancelled before all others have finished. It may wait for something that others
    wait for too, such as a loader's batch, which would be cancelled with it.
    """

    def __init__(self) -> None:
        self._new: list[PendingAwaitable] = []
        self._running: dict[asyncio.Future[Any], list[PendingAwaitable]] = {}
        self._done: list[tuple[asyncio.Future[Any], list[PendingAwaitable]]] = []
        self._unwanted: list[asyncio.Future[Any]] = []
        self._wake: asyncio.Future[None] | None = None

    def __bool__(self) -> bool:
        return bool(self._new or self._running or self._unwanted)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is new, running or unwanted, and no result has yet to be taken."""
        return not (self._new or self._running or self._unwanted or self._done)

    @property
    def has_wanted(self) -> bool:
        """Whether the response depends on an awaitable."""
        return bool(self._new or self._running)

    def add(self, batch: PendingBatch, awaitables: Iterable[tuple[int, Awaitable[Any]]]) -> None:
        self._new += [PendingAwaitable(batch, number, awaitable) for number, awaitable in awaitables]

    async def results(self) -> list[BatchResults]:
        """Start new awaitables, wait for the first results, and return all results that are there by then.

        If only unwanted awaitables are left, cancel them and return an empty list.
        """
        if not self._new and not self._running:
            await self.stop()
            return []
        if len(self._new) == 1 and not self._running:
            return [await _awaited(self._new.pop())]
        self._start()
        if not self._done:
            self._wake = asyncio.get_running_loop().create_future()
            try:
                await self._wake
            finally:
                self._wake = None
        done, self._done = self._done, []
        return _by_batch([(pending, _outcome(future)) for future, several in done for pending in several])

    def _start(self) -> None:
        while self._new:
            pending = self._new.pop(0)
            future = _started(pending.awaitable)
            if future in self._running:  # several fields returned the same future
                self._running[future].append(pending)
            elif future.done():
                self._done.append((future, [pending]))
            else:
                self._running[future] = [pending]
                future.add_done_callback(self._finish)

    def _finish(self, future: asyncio.Future[Any]) -> None:
        several = self._running.pop(future, None)
        if several is None:  # no longer wanted
            return
        self._done.append((future, several))
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def prune(self) -> None:
        """Close new coroutines that are no longer wanted, and set running awaitables apart."""
        new, self._new = self._new, []
        for pending in new:
            if _is_wanted(pending):
                self._new.append(pending)
            else:
                self.discard(pending.awaitable)
        for future, several in list(self._running.items()):
            if not any(map(_is_wanted, several)):
                del self._running[future]
                self._unwanted.append(future)

    def discard(self, value: Any) -> None:
        """Close the coroutines of a value. Set a future or task apart: its maker has started it already."""
        if isinstance(value, asyncio.Future):
            self._unwanted.append(value)
        else:
            discard(value)

    def drop(self) -> None:
        """Close new coroutines, and cancel new and unwanted futures without waiting for them."""
        for pending in self._new:
            self.discard(pending.awaitable)
        self._new.clear()
        for future in self._unwanted:
            future.cancel()
            future.add_done_callback(_discard_result)
        self._unwanted.clear()

    async def stop(self) -> None:
        """Cancel everything and wait until it has ended."""
        for pending in self._new:
            self.discard(pending.awaitable)
        self._new.clear()
        cancelled = {*self._running, *self._unwanted, *(future for future, _ in self._done)}
        self._running.clear()
        self._unwanted.clear()
        self._done.clear()
        for future in cancelled:
            future.cancel()
        if cancelled:
            await asyncio.wait(cancelled)
            for future in cancelled:
                _discard_result(future)


async def _awaited(pending: PendingAwaitable) -> BatchResults:
    """Await a single awaitable directly, without a task."""
    result: Any
    try:
        result = await pending.awaitable
    except Exception as failure:  # noqa: BLE001 - it becomes a field's error
        result = failure
    return BatchResults(pending.batch, [pending.number], [result])


def _started(awaitable: Awaitable[Any]) -> asyncio.Future[Any]:
    if isinstance(awaitable, asyncio.Future):
        return awaitable
    coroutine = awaitable if isinstance(awaitable, Coroutine) else _coroutine(awaitable)
    loop = asyncio.get_running_loop()
    if EAGER and loop.get_task_factory() is None:
        return asyncio.Task(coroutine, loop=loop, eager_start=True)  # type: ignore[call-arg, unused-ignore]
    return loop.create_task(coroutine)


async def _coroutine(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def _outcome(future: asyncio.Future[Any]) -> Any:
    """Return a future's result or its exception. Raise `CancelledError` if it was cancelled."""
    failure = future.exception()
    if failure is None:
        return future.result()
    if isinstance(failure, Exception):
        return failure
    raise failure


def _by_batch(done: list[tuple[PendingAwaitable, Any]]) -> list[BatchResults]:
    batches: dict[PendingBatch, list[tuple[int, Any]]] = {}
    for pending, result in done:
        batches.setdefault(pending.batch, []).append((pending.number, result))
    for numbered in batches.values():
        numbered.sort(key=itemgetter(0))
    return [
        BatchResults(batch, [number for number, _ in numbered], [result for _, result in numbered])
        for batch, numbered in batches.items()
    ]


def _is_wanted(pending: PendingAwaitable) -> bool:
    return pending.batch.is_wanted(pending.number)


def _discard_result(future: asyncio.Future[Any]) -> None:
    if not future.cancelled() and future.exception() is None:
        discard(future.result())


def discard(value: Any) -> None:
    """Close a coroutine that will not be awaited, and the coroutines in a list that will not be completed."""
    found = [value]
    while found:
        each = found.pop()
        if isinstance(each, Coroutine):
            each.close()
        elif isinstance(each, LISTS):
            found += each
