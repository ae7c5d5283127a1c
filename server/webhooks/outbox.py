"""The leased deliveries of a pump: some are sent now, and the others wait for a free place."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from db.models import WebhookDelivery
from db.statements.webhook import OPEN_AFTER
from services.accounts.vault import Secret
from services.webhooks.deliveries import Attempt, Leased


@dataclass(frozen=True, slots=True)
class Ready:
    """A leased delivery with its body and keys. Its attempt must begin before `start_by`, by the clock of the loop.

    A later attempt could outlive the lease, so that another pump would send the message at the same time.
    """

    leased: Leased
    signing: Sequence[Secret]
    body: str
    start_by: float

    @property
    def webhook_id(self) -> int:
        return self.leased.delivery.webhook_id

    @property
    def user_id(self) -> int:
        return self.leased.delivery.user_id


@dataclass(frozen=True, slots=True)
class Limits:
    """The most concurrent attempts in all, of one user, and of one webhook."""

    most: int
    of_user: int
    of_each: int


class Outbox:
    """Runs attempts within the limits. `note` is called after each attempt."""

    def __init__(
        self, send: Callable[[Ready], Awaitable[Attempt]], note: Callable[[], None], limits: Limits
    ) -> None:
        self._send, self._note, self._limits = send, note, limits
        self._waiting: dict[int, deque[Ready]] = {}
        self._running: Counter[int] = Counter()
        self._running_of: Counter[int] = Counter()
        """The running attempts by webhook and by user."""
        self.tasks: set[asyncio.Task[None]] = set()
        self.finished: list[Attempt] = []
        self._failed: Counter[int] = Counter()
        self.late: list[WebhookDelivery] = []
        """Deliveries that are given back: their attempt could outlive their lease, or their receiver fails repeatedly."""

    def held(self) -> Counter[int]:
        """Return the number of deliveries of each webhook that wait or are sent."""
        waiting = Counter({id_: len(queue) for id_, queue in self._waiting.items()})
        return waiting + self._running

    def held_of_users(self) -> Counter[int]:
        """Return the number of deliveries of each user that wait or are sent."""
        waiting = Counter(each.user_id for queue in self._waiting.values() for each in queue)
        return waiting + self._running_of

    def put(self, ready: Sequence[Ready]) -> None:
        """Send the deliveries as soon as places are free."""
        for each in ready:
            self._waiting.setdefault(each.webhook_id, deque()).append(each)
        self._start()

    def unsent(self) -> list[WebhookDelivery]:
        """Remove and return the deliveries that wait for a place, and those that are late."""
        waiting = [each.leased.delivery for queue in self._waiting.values() for each in queue]
        found = [*self.late, *waiting]
        self._waiting, self.late = {}, []
        return found

    def note_recorded(self) -> None:
        """Send to receivers again that have failed repeatedly. From here on, the recorded state tells which ones wait."""
        for id_ in [id_ for id_, number in self._failed.items() if number >= OPEN_AFTER]:
            del self._failed[id_]

    def _start(self) -> None:
        """Begin attempts, one of each webhook in turn, until no further one may begin."""
        while self._start_round():
            pass

    def _start_round(self) -> bool:
        began = False
        for webhook_id, queue in list(self._waiting.items()):
            if len(self.tasks) >= self._limits.most:
                return False
            is_free = self._running_of[queue[0].user_id] < self._limits.of_user
            if is_free and self._running[webhook_id] < self._limits.of_each:
                began = self._start_one(webhook_id, queue) or began
            if not queue:
                del self._waiting[webhook_id]
        return began

    def _start_one(self, webhook_id: int, queue: "deque[Ready]") -> bool:
        now = asyncio.get_running_loop().time()
        while queue:
            ready = queue.popleft()
            if ready.start_by < now or self._is_stopped(ready):
                self.late.append(ready.leased.delivery)
                continue
            self._running[webhook_id] += 1
            self._running_of[ready.user_id] += 1
            task = asyncio.create_task(self._run(ready))
            self.tasks.add(task)
            task.add_done_callback(self._end)
            return True
        return False

    def _is_stopped(self, ready: Ready) -> bool:
        """Return whether the receiver has failed repeatedly since the lease. A probe is sent in any case."""
        return self._failed[ready.webhook_id] >= OPEN_AFTER and not ready.leased.owned.is_failing

    async def _run(self, ready: Ready) -> None:
        try:
            attempt = await self._send(ready)
            self.finished.append(attempt)
            failed = self._failed[ready.webhook_id] + 1
            self._failed[ready.webhook_id] = 0 if attempt.outcome.is_success else failed
        finally:
            self._running[ready.webhook_id] -= 1
            self._running_of[ready.user_id] -= 1

    def _end(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled():
            self._start()
        self._note()
