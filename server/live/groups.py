"""The subscribers who share events: each event is computed once, and one loop writes it to all of them.

Subscribers of a group have the same operation, the same variables, and see and may read the same rows. The loop writes
to a subscriber at once if nothing waits for the subscriber. Otherwise, the changes wait in the subscriber's own buffer,
until the subscriber's own task takes them.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Hashable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Final, TypeAlias

from db.language.scope import Scope
from resolvers.framework.following import MOST_ROWS, Follows
from server.live.frame import Frame
from server.live.live_query import SHARE
from server.metrics.live import LiveMetrics
from services.changes.feed import Event
from services.changes.tail import Batch, OverflowedError, Place, Tail, is_after

LEAST_REST_SECONDS: Final = 0.1
"""The least time between two events of a field that merges changes."""

Write: TypeAlias = Callable[[Frame], bool]
"""Writes a frame to the client at once. It returns False if something stands in the way, such as unread frames."""
FrameOf: TypeAlias = Callable[[Batch], Awaitable[Frame | None]]
"""Returns the result for changes, or None if the field tells nothing about them."""


class Member:
    """One subscriber of a group: an asynchronous iterator of the changes that were not written at once."""

    __slots__ = (
        "_failure",
        "_keeps_last",
        "_most",
        "_news",
        "_place",
        "_size",
        "_waiting",
        "_write",
        "cursor",
    )

    def __init__(self, write: Write | None, place: Place | None, most: int, *, keeps_last: bool) -> None:
        self.cursor = None if place is None else str(place.position)
        """The position after the last event that was written or taken."""
        self._write = write
        self._place = place
        self._most = most
        self._keeps_last = keeps_last
        self._waiting: deque[Batch] = deque()
        self._size = 0
        self._news: asyncio.Future[None] | None = None
        self._failure: BaseException | None = None

    def __aiter__(self) -> AsyncIterator[Batch]:
        return self

    async def __anext__(self) -> Batch:
        """Return the next changes. Raise the failure of the group after the last ones that were kept."""
        while not self._waiting:
            if self._failure is not None:
                raise self._failure
            self._news = asyncio.get_running_loop().create_future()
            try:
                await self._news
            finally:
                self._news = None
        events = self._waiting.popleft()
        self._size -= len(events)
        return events

    def offer(self, events: Batch, frame: Frame) -> bool:
        """Write the frame at once, or keep the changes. Return whether the frame was written."""
        if self._is_idle and self._are_new(events) and self._write is not None and self._write(frame):
            self.cursor = frame.cursor
            return True
        if self._keeps_last:
            self._waiting.clear()
            self._size = 0
        if self._size + len(events) > self._most:
            self.fail(OverflowedError("The subscriber takes its events too slowly."))
        if self._failure is None:
            self._waiting.append(events)
            self._size += len(events)
        self._wake()
        return False

    @property
    def _is_idle(self) -> bool:
        """Whether the task of the subscriber waits for news."""
        return self._news is not None and not self._news.done()

    def _are_new(self, events: Batch) -> bool:
        """Return whether the events come after those that the subscriber has caught up with."""
        if self._place is None:
            return True
        if not all(is_after(self._place.position, event) for event in events):
            return False
        if self._place.position.owner is not None:
            self._place = None  # the IDs of one owner ascend
        return True

    def fail(self, failure: BaseException) -> None:
        """Let the subscriber end after the changes in its buffer."""
        self._failure = self._failure or failure
        self._wake()

    def _wake(self) -> None:
        if self._is_idle and self._news is not None:
            self._news.set_result(None)


@dataclass(frozen=True, slots=True)
class Followed:
    """The changes that a group follows for a viewer, the way to their results, and the most that wait for a member."""

    scope: Scope
    user_id: int
    follows: Follows
    frame_of: FrameOf
    most: int


class _Group:
    """Follows changes for its members."""

    def __init__(self, tail: Tail, metrics: LiveMetrics, source: Followed) -> None:
        self.members: set[Member] = set()
        self._tail, self._metrics, self._source = tail, metrics, source
        self._begun = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._run())

    @property
    def has_ended(self) -> bool:
        return self._task.done()

    async def begun(self) -> None:
        """Return when all further changes reach the members."""
        await self._begun.wait()

    def end(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        source = self._source
        try:
            async with self._tail.follow(source.scope, most=source.most) as following:
                self._begun.set()
                batches = merged(following) if source.follows.merges else each(following)
                async with aclosing(batches):
                    async for batch in batches:
                        for events in parts(batch, source.follows, source.user_id):
                            self._tell(events, await source.frame_of(events))
        except Exception as failure:  # noqa: BLE001 - the members raise it
            for member in self.members:
                member.fail(failure)
        finally:
            self._begun.set()

    def _tell(self, events: Batch, frame: Frame | None) -> None:
        if frame is not None:
            written = sum([member.offer(events, frame) for member in self.members])
            self._metrics.note_event(events[-1].at, written)


class Groups:
    """The groups of one process, by the key that their members share."""

    def __init__(self, tail: Tail, metrics: LiveMetrics) -> None:
        self._tail = tail
        self._metrics = metrics
        self._groups: dict[Hashable, _Group] = {}

    @asynccontextmanager
    async def joined(
        self, key: Hashable, source: Followed, write: Write | None, place: Place | None
    ) -> AsyncIterator[Member]:
        """Yield a member to whom all changes from now on are told. The caller moves the place by what it tells itself."""
        group = self._groups.get(key)
        if group is None or group.has_ended:
            group = self._groups[key] = _Group(self._tail, self._metrics, source)
        member = Member(write, place, source.most, keeps_last=source.follows.merges)
        group.members.add(member)
        try:
            await group.begun()
            yield member
        finally:
            group.members.discard(member)
            if not group.members:
                group.end()
                if self._groups.get(key) is group:
                    del self._groups[key]


def parts(batch: Batch, follows: Follows, user_id: int) -> list[Batch]:
    """Return the changes that a field tells a viewer, at most `MOST_ROWS` together."""
    told = [event for event in batch if follows.tells(event, user_id)]
    if follows.merges:
        return [told[-1:]] if told else []
    return [told[start : start + MOST_ROWS] for start in range(0, len(told), MOST_ROWS)]


async def each(batches: AsyncIterator[Batch]) -> AsyncGenerator[Batch, None]:
    async for batch in batches:
        yield batch


async def merged(batches: AsyncIterator[Batch]) -> AsyncGenerator[Batch, None]:
    """Yield the batches, and all that came while the last one was worked on as one. Rest in proportion to that work."""
    loop = asyncio.get_running_loop()
    news, waiting, ends = asyncio.Event(), list[Event](), list[BaseException]()

    async def read() -> None:
        try:
            async for batch in batches:
                waiting[:] = [*waiting, *batch][-MOST_ROWS:]
                news.set()
        except Exception as failure:  # noqa: BLE001 - it is raised below
            ends.append(failure)
            news.set()

    reading = loop.create_task(read())
    try:
        while True:
            await news.wait()
            if ends:
                raise ends[0]
            news.clear()
            batch, waiting[:] = tuple(waiting), []
            began = loop.time()
            yield batch
            await asyncio.sleep(max(LEAST_REST_SECONDS, SHARE * (loop.time() - began)))
    finally:
        reading.cancel()
        await asyncio.wait({reading})
