"""The early end of a request whose client has left, or whose time is up.

`Connection` interrupts the request of a closed connection. The running task is cancelled, and with it the statement
that runs on PostgreSQL.
"""

import asyncio
import re
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeAlias

from starlette.requests import ClientDisconnect
from starlette.types import Scope

from resolvers.framework.errors import TIMEOUT
from server.http.deadlines import Deadlines
from server.http.protocol import RequestError

Reason: TypeAlias = Literal["client", "deadline"]

_KEY: Final = "leadgraph.interruption"
_LEFT: Final = "left"
_WAIT: Final = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,6})\"?(?=$|[,;\s])", re.IGNORECASE | re.ASCII)


class DeadlineError(RequestError):
    """The request exceeded its time limit. `by_caller` says that the caller had set the limit."""

    code = TIMEOUT

    def __init__(self, seconds: float, *, by_caller: bool) -> None:
        super().__init__(
            504,
            f"The request exceeded its time limit of {seconds:g} seconds and was cancelled. A write may or may not "
            "have happened. Retry it with the same idempotency key. Request less data.",
        )
        self.by_caller = by_caller


def preferred_seconds(prefer: str | None) -> int | None:
    """Return the seconds of the preference `wait` (RFC 7240), or None without one."""
    found = None if prefer is None else _WAIT.search(prefer)
    return None if found is None else int(found[1]) or None


def client_left(scope: Scope) -> None:
    """Interrupt the request of the scope, now or before its work begins."""
    running = scope.get(_KEY)
    if isinstance(running, Interruption):
        running.interrupt("client")
    else:
        scope[_KEY] = _LEFT


class Interruption:
    """Cancels the current task inside of the context when its client leaves, or after `seconds`.

    The context then raises `ClientDisconnect` or `DeadlineError` in place of the cancellation.
    """

    __slots__ = ("_by_caller", "_deadlines", "_left", "_limit", "_scope", "_task", "reason")

    def __init__(
        self,
        scope: Scope,
        limit: float,
        passed: float = 0,
        *,
        by_caller: bool = False,
        deadlines: "Deadlines[Interruption] | None" = None,
    ) -> None:
        self._scope = scope
        self._deadlines = deadlines or new_deadlines()
        self._left = limit - passed
        self._limit = limit
        self._by_caller = by_caller
        self._task: asyncio.Task[Any] | None = asyncio.current_task()
        self.reason: Reason | None = None

    def __enter__(self) -> Self:
        if self._scope.get(_KEY) == _LEFT:
            raise ClientDisconnect
        self._scope[_KEY] = self
        self._deadlines.add(self, self._left)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._deadlines.remove(self)
        task, self._task = self._task, None
        del self._scope[_KEY]
        if self.reason is None or task is None:
            return
        remaining = task.uncancel()
        if kind is not asyncio.CancelledError or remaining:
            return  # another failure came first, or the server stops
        if self.reason == "client":
            raise ClientDisconnect from error
        raise DeadlineError(self._limit, by_caller=self._by_caller) from error

    def interrupt(self, reason: Reason) -> None:
        """Cancel the task. Later calls do nothing."""
        if self.reason is None and self._task is not None:
            self.reason = reason
            self._task.cancel()


def new_deadlines() -> Deadlines[Interruption]:
    """Return deadlines that interrupt requests."""
    return Deadlines(lambda running: running.interrupt("deadline"))
