"""Admission to the database: slots that users share fairly.

The pool serves callers in the order of their arrival, so a user with many slow operations would hold all of its
connections. Admission stands before the pool. Each user has few slots at a time, and a free slot goes to the waiting
user whose operations have held slots for the shortest time.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from types import TracebackType
from typing import Final, Literal, Self, TypeAlias

from resolvers.framework.errors import RATE_LIMITED
from server.http.deadlines import Deadlines
from server.http.protocol import RETRY_SOON, RequestError, UnavailableError

Refusal: TypeAlias = Literal["user", "server"]
"""The user asks for too much at once, or all users together do."""

NOBODY: Final = 0
"""The user ID of requests without a credential, such as those that sign in. They share the slots of one user."""
BUSY: Final = "The server is busy with other requests. Nothing was executed. Retry later."


class TooManyAtOnceError(RequestError):
    """The user has too many operations at once."""

    code = RATE_LIMITED

    def __init__(self, most: int) -> None:
        super().__init__(
            429,
            f"This user has too many operations at once: {most} run and the others waited for too long, or too many "
            "wait. Nothing was executed. Send fewer requests at the same time.",
            dict(RETRY_SOON),
        )


@dataclass(frozen=True, slots=True)
class AdmissionLimits:
    """The limits of admission. docs/guides/deployment.md gives the reasons."""

    slots: int
    user_slots: int
    waiting: int = 1000
    user_waiting: int = 100
    wait_seconds: float = 10

    @classmethod
    def of_pool(
        cls, connections: int, *, user_slots: int | None = None, wait_seconds: float | None = None
    ) -> Self:
        """Return the limits for a pool. One connection is left to authentication, and a user has a third."""
        slots = max(1, connections - 1)
        return cls(
            slots=slots,
            user_slots=min(slots, user_slots or max(1, slots // 3)),
            wait_seconds=10 if wait_seconds is None else wait_seconds,
        )


class Admission:
    """The slots of one process.

    `refused` counts the refusals by reason, and `on_wait` receives the seconds of each wait that had an end.
    """

    def __init__(self, limits: AdmissionLimits) -> None:
        self.limits = limits
        self.refused: Counter[Refusal] = Counter({"user": 0, "server": 0})
        self.on_wait: Callable[[float], None] | None = None
        self.waiting = 0
        self.used_at = -inf
        """The `perf_counter` value when an operation that is not patient last took a slot or gave it back."""
        self._free = limits.slots
        self._deadlines: Deadlines[asyncio.Future[None]] = Deadlines(_give_up)
        self._running: dict[int, int] = {}
        self._queues: dict[int, deque[asyncio.Future[None]]] = {}
        self._served: dict[int, float] = {}
        """Seconds in which users held slots, of users that have some or wait for one."""
        self._least = 0.0
        """The seconds of the user served last. New users begin there, so that absence saves up no claim."""

    @property
    def running(self) -> int:
        return self.limits.slots - self._free

    def slot(self, user_id: int, *, patient: bool = False) -> "Slot":
        """Return the context in which the user holds a slot.

        A `patient` caller waits as long as it takes. Others raise `TooManyAtOnceError` or `UnavailableError`.
        """
        return Slot(self, user_id, patient=patient)

    def take(self, user_id: int) -> bool:
        """Take a slot if the user may have one now, and return whether.

        While a slot is free, each waiting user has all of its slots: `give_back` has seen to that.
        """
        if self._free and self._running.get(user_id, 0) < self.limits.user_slots:
            self._start(user_id)
            return True
        return False

    def _start(self, user_id: int) -> None:
        self._free -= 1
        self._running[user_id] = self._running.get(user_id, 0) + 1
        self._least = self._served.setdefault(user_id, self._least)

    def give_back(self, user_id: int, seconds: float) -> None:
        """Give a slot back that was held for the seconds."""
        self._free += 1
        self._served[user_id] += seconds
        if self._running[user_id] > 1:
            self._running[user_id] -= 1
        else:
            del self._running[user_id]
            if user_id not in self._queues:
                del self._served[user_id]
        if self.waiting:
            self._wake()

    def _wake(self) -> None:
        """Give free slots to the users with the least time, as long as a user may have one."""
        while self._free:
            able = [each for each in self._queues if self._running.get(each, 0) < self.limits.user_slots]
            if not able:
                return
            user_id = min(able, key=self._served.__getitem__)
            turn = self._queues[user_id].popleft()
            self._left_queue(user_id)
            if not turn.done():  # a cancelled wait has not left the queue yet
                self._start(user_id)
                turn.set_result(None)

    def _left_queue(self, user_id: int) -> None:
        self.waiting -= 1
        if not self._queues[user_id]:
            del self._queues[user_id]

    async def wait(self, user_id: int, *, patient: bool) -> None:
        """Wait for a slot. Raise `TooManyAtOnceError` or `UnavailableError` unless `patient`."""
        queue = self._queues.get(user_id)
        if not patient and queue is not None and len(queue) >= self.limits.user_waiting:
            raise self._refusal("user")
        if not patient and self.waiting >= self.limits.waiting:
            raise self._refusal("server")
        turn = self._enqueue(user_id)
        began = time.perf_counter()
        try:
            if not patient:
                self._deadlines.add(turn, self.limits.wait_seconds)
            await turn
        except BaseException as failure:
            self._withdraw(user_id, turn)
            if not isinstance(failure, TimeoutError):
                raise
            is_own = self._running.get(user_id, 0) >= self.limits.user_slots
            raise self._refusal("user" if is_own else "server") from failure
        finally:
            self._deadlines.remove(turn)
            if self.on_wait is not None:
                self.on_wait(time.perf_counter() - began)

    def _enqueue(self, user_id: int) -> asyncio.Future[None]:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(user_id, deque()).append(turn)
        self._served.setdefault(user_id, self._least)
        self.waiting += 1
        return turn

    def _withdraw(self, user_id: int, turn: asyncio.Future[None]) -> None:
        """Leave the queue, or give the slot back that came in the same moment."""
        if turn.done() and not turn.cancelled() and turn.exception() is None:
            self.give_back(user_id, 0)
            return
        if turn in self._queues.get(user_id, ()):
            self._queues[user_id].remove(turn)
            self._left_queue(user_id)
        if user_id not in self._queues and user_id not in self._running:
            self._served.pop(user_id, None)

    def _refusal(self, reason: Refusal) -> RequestError:
        self.refused[reason] += 1
        return TooManyAtOnceError(self.limits.user_slots) if reason == "user" else UnavailableError(BUSY)


def _give_up(turn: asyncio.Future[None]) -> None:
    """End a wait that has taken too long. A turn that was given in the same moment stays given."""
    if not turn.done():
        turn.set_exception(TimeoutError())


class Slot:
    """A slot of a user, held inside of the context."""

    __slots__ = ("_admission", "_began", "_patient", "_user_id")

    def __init__(self, admission: Admission, user_id: int, *, patient: bool) -> None:
        self._admission = admission
        self._user_id = user_id
        self._patient = patient
        self._began = 0.0

    async def __aenter__(self) -> None:
        if not self._admission.take(self._user_id):
            await self._admission.wait(self._user_id, patient=self._patient)
        self._began = time.perf_counter()
        if not self._patient:
            self._admission.used_at = self._began

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        now = time.perf_counter()
        if not self._patient:
            self._admission.used_at = now
        self._admission.give_back(self._user_id, now - self._began)
