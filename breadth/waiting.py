"""What an operation waits for: everything that is ready is started in one turn of the event loop, and results
are taken as they come.
"""

import asyncio
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from inspect import iscoroutine
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeAlias

Then: TypeAlias = Callable[[list[int], list[Any]], None]

LISTS: Final = (list, tuple, deque, set, frozenset)
EAGER: Final = sys.version_info >= (3, 12)


@dataclass(slots=True, eq=False)
class Batch:
    """Awaitables whose results are wanted by the same function, which gets those that came together: their
    numbers in ascending order, and the results, exceptions among them. `is_wanted` says whether the result of
    a number still matters to anybody.
    """

    then: Then
    is_wanted: Callable[[int], bool]


@dataclass(slots=True, eq=False)
class Wait:
    batch: Batch
    number: int
    awaitable: Awaitable[Any]


class Results(NamedTuple):
    """Results that a batch has got together. `numbers` ascend."""

    batch: Batch
    numbers: list[int]
    results: list[Any]


class Waiting:
    """The waits of one request: those that have not been started, those that run, and what nobody wants any
    more. The last is not stopped before everything else has come to an end: it may wait for something that
    others wait for too, such as a batch of a loader, which would be cancelled with it.
    """

    def __init__(self) -> None:
        self._new: list[Wait] = []
        self._running: dict[asyncio.Future[Any], list[Wait]] = {}
        self._done: list[tuple[asyncio.Future[Any], list[Wait]]] = []
        self._unwanted: list[asyncio.Future[Any]] = []
        self._wake: asyncio.Future[None] | None = None

    def __bool__(self) -> bool:
        return bool(self._new or self._running or self._unwanted)

    def add(self, batch: Batch, awaitables: Iterable[tuple[int, Awaitable[Any]]]) -> None:
        self._new += [Wait(batch, number, awaitable) for number, awaitable in awaitables]

    async def results(self) -> list[Results]:
        """Starts what is new, waits for the first results, and returns all that have come by then.

        None come where all that is left is what nobody wants: that has been stopped then.
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
        return _together([(wait, _outcome(future)) for future, waits in done for wait in waits])

    def _start(self) -> None:
        while self._new:
            wait = self._new.pop(0)
            future = _started(wait.awaitable)
            if future in self._running:  # several fields were given the same future
                self._running[future].append(wait)
            elif future.done():
                self._done.append((future, [wait]))
            else:
                self._running[future] = [wait]
                future.add_done_callback(self._finish)

    def _finish(self, future: asyncio.Future[Any]) -> None:
        waits = self._running.pop(future, None)
        if waits is None:  # nobody wanted it any more
            return
        self._done.append((future, waits))
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def prune(self) -> None:
        """Sorts out what nobody wants any more."""
        new, self._new = self._new, []
        for wait in new:
            if _is_wanted(wait):
                self._new.append(wait)
            elif isinstance(wait.awaitable, asyncio.Future):
                self._unwanted.append(wait.awaitable)
            else:
                discard(wait.awaitable)
        for future, waits in list(self._running.items()):
            if not any(map(_is_wanted, waits)):
                del self._running[future]
                self._unwanted.append(future)

    def drop(self) -> None:
        """Forgets what has not been started. Whoever makes futures and tasks has started them already."""
        for wait in self._new:
            if isinstance(wait.awaitable, asyncio.Future):
                wait.awaitable.cancel()
                wait.awaitable.add_done_callback(_discard_result)
            else:
                discard(wait.awaitable)
        self._new.clear()

    async def stop(self) -> None:
        """Stops everything and waits until it has stopped."""
        self.drop()
        stopped = {*self._running, *self._unwanted, *(future for future, _ in self._done)}
        self._running.clear()
        self._unwanted.clear()
        self._done.clear()
        for future in stopped:
            future.cancel()
        if stopped:
            await asyncio.wait(stopped)
            for future in stopped:
                _discard_result(future)


async def _awaited(wait: Wait) -> Results:
    """A single awaitable is awaited by whoever asks: it takes no task."""
    result: Any
    try:
        result = await wait.awaitable
    except Exception as failure:  # noqa: BLE001 - it becomes a field's error
        result = failure
    return Results(wait.batch, [wait.number], [result])


def _started(awaitable: Awaitable[Any]) -> asyncio.Future[Any]:
    if isinstance(awaitable, asyncio.Future):
        return awaitable
    coroutine = awaitable if iscoroutine(awaitable) else _coroutine(awaitable)
    loop = asyncio.get_running_loop()
    if EAGER and loop.get_task_factory() is None:
        return asyncio.Task(coroutine, loop=loop, eager_start=True)  # type: ignore[call-arg, unused-ignore]
    return loop.create_task(coroutine)


async def _coroutine(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def _outcome(future: asyncio.Future[Any]) -> Any:
    """A future's result, or the exception that it failed with. A cancelled one raises `CancelledError`."""
    failure = future.exception()
    if failure is None:
        return future.result()
    if isinstance(failure, Exception):
        return failure
    raise failure


def _together(done: list[tuple[Wait, Any]]) -> list[Results]:
    batches: dict[Batch, list[tuple[int, Any]]] = {}
    for wait, result in done:
        batches.setdefault(wait.batch, []).append((wait.number, result))
    for numbered in batches.values():
        numbered.sort(key=itemgetter(0))
    return [
        Results(batch, [number for number, _ in numbered], [result for _, result in numbered])
        for batch, numbered in batches.items()
    ]


def _is_wanted(wait: Wait) -> bool:
    return wait.batch.is_wanted(wait.number)


def _discard_result(future: asyncio.Future[Any]) -> None:
    if not future.cancelled() and future.exception() is None:
        discard(future.result())


def discard(value: Any) -> None:
    """Closes a coroutine that nobody will await, and those in lists that nobody will look at."""
    found = [value]
    while found:
        each = found.pop()
        if isinstance(each, Coroutine):
            each.close()
        elif isinstance(each, LISTS):
            found += each
