"""The schedule of background tasks, which all workers of a database share.

A run of a task consists of turns. A turn does a bounded piece of work under a lease, and stores the position to
continue from. Workers therefore share the turns of a run, a stopped worker leaves nothing to clean up, and the lease
of a killed one expires.
"""

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from db.engine.outage import is_unavailable
from db.engine.pool import Pool
from db.engine.writer import Writer, in_transaction
from db.models import BackgroundTask
from db.statements import background_task as stored
from server.runtime.background import in_background
from server.runtime.job_run import JobOutcome
from server.runtime.logs import log_fields

logger = logging.getLogger("leadgraph")

LEASE = timedelta(seconds=60)
RENEWALS_PER_LEASE = 3
FIRST_WAIT = timedelta(seconds=30)
"""The wait after a failed turn. It doubles with each further failure, up to `LONGEST_WAIT`."""
LONGEST_WAIT = timedelta(hours=1)

Position = list[int]
Turn = Callable[[Pool, Position], Awaitable[Position | None]]
"""A function that does the piece of work at the position, and returns the next position, or None at the end.

A run begins at the empty position. The piece may be repeated after a failure.
"""


class TaskError(Exception):
    """A problem that a task reports to operators in one sentence."""


@dataclass(frozen=True, slots=True)
class Task:
    """A task that runs once per period on a database."""

    name: str
    every: timedelta
    turn: Turn


class TaskTurn(NamedTuple):
    """A turn that ended: the kind of job for metrics and logs, and its outcome."""

    kind: str
    outcome: JobOutcome


def kind_of(name: str) -> str:
    """Return the kind of job of a task's name, such as `purge_keys`."""
    return name.replace("-", "_")


class Schedule:
    """The tasks of one worker, which takes turns with the other workers of the database."""

    def __init__(self, tasks: Sequence[Task], *, lease: timedelta = LEASE) -> None:
        self._tasks = {task.name: task for task in tasks}
        self._lease = lease
        self._is_registered = False
        # The random part tells apart workers of one process, and processes of containers.
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"

    async def take_turn(self, pool: Pool) -> TaskTurn | None:
        """Take the next turn that is due. Return None if no turn is due.

        A failed turn is recorded and retried later. Raise the driver's exception if the database is lost.
        """
        if not self._tasks:
            return None
        await self._register(pool)
        taken = await in_transaction(pool, self._take)
        if taken is None:
            return None
        kind = kind_of(taken.name)
        with log_fields(job=kind):
            return TaskTurn(kind, await self._run(pool, taken))

    async def _run(self, pool: Pool, taken: BackgroundTask) -> JobOutcome:
        """Run a leased turn and record its end. Raise the driver's exception if the database is lost."""
        name = taken.name
        try:
            async with in_background(self._keep_lease(pool, name)):
                position = await self._tasks[name].turn(pool, taken.position or [])
        except Exception as failure:
            if is_unavailable(failure):
                raise
            await self._record_failure(pool, taken, failure)
            return "failed"
        await in_transaction(pool, lambda writer: self._record(writer, name, position))
        return "done"

    async def _register(self, pool: Pool) -> None:
        if not self._is_registered:
            periods = {task.name: task.every for task in self._tasks.values()}
            await in_transaction(pool, lambda writer: stored.register(writer, periods))
            self._is_registered = True

    async def _take(self, writer: Writer) -> BackgroundTask | None:
        return await stored.take(writer, list(self._tasks), self.holder, self._lease)

    async def _keep_lease(self, pool: Pool, name: str) -> None:
        """Renew the lease of a long turn until the turn ends."""
        while True:
            await asyncio.sleep(self._lease.total_seconds() / RENEWALS_PER_LEASE)
            with suppress(Exception):  # the next renewal may succeed
                await in_transaction(
                    pool, lambda writer: stored.renew(writer, name, self.holder, self._lease)
                )

    async def _record(self, writer: Writer, name: str, position: Position | None) -> None:
        if position is None:
            await stored.finish(writer, name, self.holder)
        else:
            await stored.advance(writer, name, self.holder, position)

    async def _record_failure(self, pool: Pool, taken: BackgroundTask, failure: Exception) -> None:
        name, wait = taken.name, _wait_after(taken.failures)
        if isinstance(failure, TaskError):
            reason = str(failure)
            logger.error("The background task %s failed: %s", name, reason)
        else:
            reason = f"{type(failure).__name__}: {failure}"
            logger.error("The background task %s failed", name, exc_info=failure)
        await in_transaction(pool, lambda writer: stored.fail(writer, name, self.holder, reason, wait))


def _wait_after(failures: int) -> timedelta:
    """Return the wait after a failed turn that follows a number of other failures."""
    doublings = min(failures, LONGEST_WAIT // FIRST_WAIT)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)
