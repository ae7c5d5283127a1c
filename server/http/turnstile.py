"""The turnstile: few requests begin in each turn of the event loop, and senders take turns.

A request begins with work that never suspends: parsing, validation, and for an introspection the whole execution.
Without a turnstile, all requests that arrive together do that work in one turn, and everything else waits for its end.
"""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from starlette.types import Scope

Start: TypeAlias = Callable[[], None]
Sender: TypeAlias = bytes | str

LIGHT_SECONDS: Final = 0.004
"""A beginning up to this time is light: its sender is never held back."""
LONGEST_HOLD_SECONDS: Final = 0.1
MOST_TOGETHER: Final = 4
"""The most requests that begin in one turn: of senders whose requests begin fast."""
FAST_SECONDS: Final = LIGHT_SECONDS / MOST_TOGETHER
FAST_AFTER: Final = 16
"""The number of fast beginnings in a row after which a sender is known to be fast."""
MOST_SHARES: Final = 1000
"""The most addresses whose shares are known."""


def sender_of(scope: Scope) -> Sender:
    """Return the sender of a request: its credential as bytes, or the address of its client as text.

    The credential is the last word of its header. Spaces and another spelling of the scheme make no other sender.
    """
    for name, value in scope["headers"]:
        if name == b"authorization":
            words: list[bytes] = value.split()
            return words[-1] if words else b""
    client = scope.get("client")
    return str(client[0]) if client else ""


def _has_cookies(scope: Scope) -> bool:
    """Return whether a request can belong to a session. Sessions can share the address of a proxy."""
    return any(name == b"cookie" for name, _ in scope["headers"])


@dataclass(slots=True)
class _Share:
    """The seconds by which the first steps of an address exceed a quarter of the time."""

    seconds: float = 0.0
    at: float = 0.0

    def excess(self, took: float, now: float) -> float:
        """Add a step, and return the seconds to be held back."""
        self.seconds = max(0.0, self.seconds - (now - self.at) / 4) + took
        self.at = now
        return self.seconds


class Turnstile:
    """Starts one request per turn of the event loop, in turn by sender, and up to four of senders that are known to be
    fast.

    A sender whose request took long to begin is held back for as long again, so that others have half of the time.
    The beginnings of one turn are measured together. If they take long, none of their senders is known to be fast any more.
    The short requests of an address without credentials and cookies count together, beyond a quarter of the time.
    A sender with a credential is held back only while other requests are under way. `others` returns the number of
    requests under way, one of which has just begun. `clock` returns seconds, and `worked` the
    seconds of processor time: a sender is not to blame for the time in which other processes run.
    """

    def __init__(
        self,
        others: Callable[[], int],
        clock: Callable[[], float] = time.perf_counter,
        worked: Callable[[], float] = time.thread_time,
    ) -> None:
        self._others = others
        self._clock = clock
        self._worked = worked
        self._batch: list[Scope] = []
        """The requests whose first step is due in this turn. Several are all of fast senders."""
        self._is_fast = False
        """Whether the requests of this turn are of fast senders."""
        self._end: asyncio.Handle | None = None
        """The call after the last first step of this turn."""
        self._fast: dict[Sender, int] = {}
        """The fast beginnings in a row, of senders with a credential."""
        self._began = 0.0
        self._queues: dict[Sender, deque[tuple[Scope, Start]]] = {}
        self._held: dict[Sender, float] = {}
        self._shares: OrderedDict[str, _Share] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """The number of requests that have not begun."""
        return sum(map(len, self._queues.values()))

    def pass_through(self, scope: Scope, start: Start) -> None:
        """Start the request now, or when it is its sender's turn."""
        sender = sender_of(scope)
        if not self._queues and not self._held and self._may_start(sender):
            self._start(scope, start)
            return
        self._queues.setdefault(sender, deque()).append((scope, start))
        if not self._batch:
            self._next()

    def _may_start(self, sender: Sender) -> bool:
        """Return whether a request of the sender may begin in this turn."""
        is_fast = self._fast.get(sender, 0) >= FAST_AFTER
        if not self._batch:
            self._is_fast = is_fast
            return True
        return is_fast and self._is_fast and len(self._batch) < MOST_TOGETHER

    def _start(self, scope: Scope, start: Start) -> None:
        """Start a request, and measure how long the first steps of its turn take."""
        loop: Any = asyncio.get_running_loop()
        if self._end is None:
            loop.call_soon(self._mark)
        else:
            self._end.cancel()
        self._batch.append(scope)
        start()
        self._end = loop.call_soon(self._after)

    def _mark(self) -> None:
        self._began = self._worked()

    def _after(self) -> None:
        """Note how long the first steps of the turn took, and let the next ones begin."""
        took, batch = self._worked() - self._began, self._batch
        self._batch, self._end = [], None
        if not self._is_fast or took > FAST_SECONDS * len(batch):
            senders = {sender_of(scope) for scope in batch}
            for sender in senders:
                self._note(sender, took)
            if len(senders) == 1:
                self._hold(batch[0], took)
        if self._queues or self._held:
            self._next()

    def _note(self, sender: Sender, took: float) -> None:
        """Count the fast beginnings of a sender with a credential. A slow one ends the count."""
        if took > FAST_SECONDS or isinstance(sender, str):
            self._fast.pop(sender, None)
            return
        self._fast[sender] = self._fast.get(sender, 0) + 1
        if len(self._fast) > MOST_SHARES:
            del self._fast[next(iter(self._fast))]

    def _hold(self, scope: Scope, took: float) -> None:
        """Hold the sender of the request back after a long step."""
        now, sender = self._clock(), sender_of(scope)
        if isinstance(sender, str) and not _has_cookies(scope):
            took = self._share(sender).excess(took, now)
        if took > LIGHT_SECONDS and (isinstance(sender, str) or self._others() > 1):
            self._held[sender] = now + min(took, LONGEST_HOLD_SECONDS)

    def _share(self, address: str) -> "_Share":
        """Return the share of an address, and forget those of the addresses that came least recently."""
        share = self._shares.setdefault(address, _Share())
        self._shares.move_to_end(address)
        if len(self._shares) > MOST_SHARES:
            self._shares.popitem(last=False)
        return share

    def _next(self) -> None:
        """Start the next request of the first sender who is not held back, and others that may begin with it."""
        now = self._clock()
        if self._held:
            for sender in [each for each, until in self._held.items() if until <= now]:
                del self._held[sender]
        while self._start_first():
            pass
        if self._queues and self._held and not self._batch and self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(min(self._held.values()) - now, self._wake)

    def _start_first(self) -> bool:
        """Start a request of the first sender who is not held back, if it may begin now, and return whether."""
        for sender, queue in self._queues.items():
            if sender not in self._held:
                if not self._may_start(sender):
                    return False
                scope, start = queue.popleft()
                if not queue or len(self._queues) > 1:
                    del self._queues[sender]
                    if queue:
                        self._queues[sender] = queue  # behind the other senders
                self._start(scope, start)
                return True
        return False

    def _wake(self) -> None:
        self._timer = None
        if not self._batch:
            self._next()
