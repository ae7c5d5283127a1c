"""The tail of the change feed: each new change is read once per process, and given to all that follow.

NOTIFY only wakes the tail. An idle feed costs no statement. Without followers, the tail does not listen: PostgreSQL wakes
each listening connection on each commit that notifies, whatever its channels. A follower that is too slow is told so,
and can continue from its last position by `feed.page`.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from db.engine.pool import Connection, Pool
from db.engine.reader import Reader
from db.integrity.feed import CHANNEL
from db.language.scope import EVERYBODY, Scope
from services.changes import feed
from services.changes.feed import ChangeFilter, Event, ExpiredPositionError
from services.changes.position import Position, Snapshot

logger = logging.getLogger("leadgraph")

Batch = Sequence[Event]
Connect = Callable[[], Awaitable[Connection]]

EVENTS_PER_READ: Final = 1000
MOST_EVENTS: Final = 10_000
"""The most events that wait for one follower."""
RETRY_SECONDS: Final = 1.0
LEAVE_SECONDS: Final = 10.0
"""Time after the last follower until the tail stops listening. A page that loads again finds it listening."""
NONE: Final[Mapping[str, Callable[[], None]]] = MappingProxyType({})


class OverflowedError(Exception):
    """The follower took its events too slowly. It may continue from the position of the last event that it took."""


class RenewedError(Exception):
    """The feed was renewed, or the tail missed changes. The follower must start anew."""


class Following:
    """The events of one follower: an asynchronous iterator of batches."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._batches: deque[Batch] = deque()
        self._waiting = 0
        self._failure: Exception | None = None
        self._news = asyncio.Event()

    def __aiter__(self) -> AsyncIterator[Batch]:
        return self

    async def __anext__(self) -> Batch:
        """Return the next batch. Raise `OverflowedError` or `RenewedError` after the last one that was kept."""
        while not self._batches:
            if self._failure is not None:
                raise self._failure
            self._news.clear()
            await self._news.wait()
        batch = self._batches.popleft()
        self._waiting -= len(batch)
        return batch

    def offer(self, events: Batch) -> None:
        """Add the events to the buffer. A full buffer ends the following."""
        if self._failure is not None:
            return
        if self._waiting + len(events) > self._most:
            self.fail(OverflowedError("The follower takes its events too slowly."))
            return
        self._batches.append(events)
        self._waiting += len(events)
        self._news.set()

    def fail(self, failure: Exception) -> None:
        """Let the follower end after the events in the buffer."""
        self._failure = self._failure or failure
        self._news.set()


@dataclass(slots=True)
class Place:
    """The position up to which a follower has caught up."""

    position: Position


class Tail:
    """Reads each new change once, for all followers of a process.

    `connect` opens the connection that listens. By default, the pool opens it. `listeners` are called on notifications
    of further channels, and when the tail has connected, because notifications may have been lost before.
    """

    def __init__(
        self, pool: Pool, connect: Connect | None = None, listeners: Mapping[str, Callable[[], None]] = NONE
    ) -> None:
        self._pool = pool
        self._listeners = listeners
        self._connect: Connect = pool.connect_to_listen if connect is None else connect
        self._followers: dict[Scope, set[Following]] = {}
        self._wanting = 0
        self._wanted = asyncio.Event()
        self._left_at = 0.0
        self._position: Position | None = None
        self._woken = asyncio.Event()
        self._has_begun = asyncio.Event()

    async def run(self) -> None:
        """Follow the feed while there are followers, until cancelled. Reconnect, and read what was missed."""
        while True:
            await self._wanted.wait()
            try:
                await self._run_on_connection()
            except Exception as failure:  # noqa: BLE001 - the tail outlives every outage
                logger.warning("The tail of the change feed lost the database: %r", failure)
            if self._wanted.is_set():
                await asyncio.sleep(RETRY_SECONDS)

    async def _run_on_connection(self) -> None:
        """Read on each notification, until the connection ends or the last follower has left."""
        connection = await self._connect()
        try:
            ended = asyncio.Event()
            connection.add_termination_listener(lambda _: self._end(ended))
            await connection.add_listener(CHANNEL, self._wake)
            for channel, listener in self._listeners.items():
                await connection.add_listener(channel, partial(_call, listener))
                listener()
            self._woken.set()  # for changes before the listener was added
            while not ended.is_set() and not self._is_left():
                await self._woken.wait()
                self._woken.clear()
                await self._read()
        finally:
            with suppress(Exception):
                await connection.close(timeout=1)

    def _is_left(self) -> bool:
        """Return whether the last follower left a while ago. If so, the next one begins anew."""
        passed = asyncio.get_running_loop().time() - self._left_at
        if self._wanting or passed < LEAVE_SECONDS:
            return False
        self._forget()
        self._wanted.clear()
        return True

    def _forget(self) -> None:
        """Forget the position, so that the next follower begins anew."""
        self._position = None
        self._has_begun.clear()

    def _end(self, ended: asyncio.Event) -> None:
        ended.set()
        self._woken.set()

    def _wake(self, *_: Any) -> None:
        self._woken.set()

    async def _read(self) -> None:
        """Give all changes after the position to the followers."""
        try:
            await self._read_on()
        except ExpiredPositionError:
            self._forget()
            self._fail_all(RenewedError("Changes were dropped."))
            await self._read_on()

    async def _read_on(self) -> None:
        """Read on for the followers. Without followers, forget the position and read nothing."""
        if not self._wanting:
            self._forget()
            return
        if self._position is None:
            self._position = await feed.now(self._reader(), EVERYBODY)
            self._has_begun.set()
            return
        has_more = True
        while has_more:
            before = self._position.seen
            page = await feed.page(self._reader(), EVERYBODY, self._position, limit=EVENTS_PER_READ)
            self._position, has_more = page.after, page.has_more
            if page.events:
                self._give(page.events, before)

    def _reader(self) -> Reader:
        return Reader(self._pool, single=True)

    def _give(self, events: Batch, seen: Snapshot) -> None:
        for follower in self._followers.get(EVERYBODY, ()):
            follower.offer(events)
        of_owner: dict[int, list[Event]] = {}
        for event in events:
            if Scope(event.user_id) in self._followers:
                of_owner.setdefault(event.user_id, []).append(_of_owner(event, seen))
        for user_id, own in of_owner.items():
            for follower in self._followers[Scope(user_id)]:
                follower.offer(own)

    def _fail_all(self, failure: Exception) -> None:
        for followers in self._followers.values():
            for follower in followers:
                follower.fail(failure)

    @asynccontextmanager
    async def follow(self, scope: Scope, *, most: int = MOST_EVENTS) -> AsyncIterator[Following]:
        """Yield the events of the scope from now on. At most so many events wait for the follower.

        Wait until the tail has begun.
        """
        self._wanting += 1
        self._wanted.set()
        try:
            if self._position is None:
                self._woken.set()
            await self._has_begun.wait()
            with self._following(scope, most) as following:
                yield following
        finally:
            self._wanting -= 1
            if not self._wanting:
                self._leave()

    def _leave(self) -> None:
        """Look later whether another follower has come."""
        loop = asyncio.get_running_loop()
        self._left_at = loop.time()
        loop.call_later(LEAVE_SECONDS + 0.1, self._woken.set)  # a timer may be a little early

    @contextmanager
    def _following(self, scope: Scope, most: int) -> Iterator[Following]:
        following = Following(most)
        self._followers.setdefault(scope, set()).add(following)
        try:
            yield following
        finally:
            self._followers[scope].discard(following)
            if not self._followers[scope]:
                del self._followers[scope]

    async def catch_up(self, scope: Scope, place: Place, wanted: ChangeFilter) -> AsyncIterator[Batch]:
        """Yield the events after the place until now, and move the place."""
        has_more = True
        while has_more:
            page = await feed.page(
                self._reader(), scope, place.position, limit=EVENTS_PER_READ, wanted=wanted
            )
            place.position, has_more = page.after, page.has_more
            if page.events:
                yield page.events


def _call(listener: Callable[[], None], *_: Any) -> None:
    listener()


def _of_owner(event: Event, seen: Snapshot) -> Event:
    """Return the event with the position of a reader of its owner."""
    own = replace(event.position, owner=event.user_id, seen=Snapshot(seen.xmin, seen.xmin, ()), until=None)
    return replace(event, position=own)


def is_after(position: Position, event: Event) -> bool:
    """Return whether a reader at the position has not seen the event. The reader has seen whole transactions."""
    if position.owner is not None:
        return event.position.last > position.last
    return not position.seen.sees(event.xid, event.position.last)
