"""A worker that runs jobs until it is stopped.

Each turn of a job is one transaction. A killed worker leaves no partial work behind. A stopped worker finishes its
current turns.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from time import perf_counter
from typing import Any, TypeAlias

from db.engine.activity import recording
from db.engine.outage import is_unavailable
from db.engine.pool import Pool, open_pool
from db.statements.export import CHANNEL
from resolvers.framework.export_columns import export_table_of
from server.runtime.background import in_background
from server.runtime.job_run import JobObserver, JobOutcome, JobRun, ignore
from server.runtime.listening import Notifications
from server.runtime.logs import log_fields
from server.runtime.schedule import Schedule, Task, TaskTurn, kind_of
from server.runtime.tasks import TURNS
from services.export import jobs as exports

logger = logging.getLogger("leadgraph")

Job = Callable[[Pool], Awaitable[bool | exports.TurnOutcome | TaskTurn | None]]
"""A function that takes one turn of work, and returns its outcome, or whether work was due."""


def write_exports_by(rules: exports.FileRules) -> Job:
    """Return the job that writes exports by the rules."""

    async def write_exports(pool: Pool) -> exports.TurnOutcome | None:
        return await exports.take_turn(pool, export_table_of, rules=rules)

    return write_exports


write_exports = write_exports_by(exports.FileRules())

JOBS: Sequence[Job] = (write_exports,)
WRITE_EXPORTS = "write_exports"
JOB_NAMES = (WRITE_EXPORTS, *map(kind_of, TURNS))

POLL_SECONDS = 2.0
"""Interval of looking for work without a notification, such as work that is due later."""
HOUSEKEEPING_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 30.0
GRACE_SECONDS = 10.0
OTHERS = 4
"""Connections besides those of the turns: to listen, for housekeeping, to renew a lease, and for the webhooks."""
STATEMENT_TIMEOUT_SECONDS = 300.0


class Worker:
    """A worker that takes `at_once` turns of jobs at a time, and one of housekeeping beside them.

    The pool needs a connection for each of these turns, one to listen, and one to renew a lease.
    """

    def __init__(
        self,
        pool: Pool,
        *,
        at_once: int = 1,
        jobs: Sequence[Job] = JOBS,
        housekeeping: Sequence[Job] = (),
        observe: JobObserver = ignore,
        notifications: Notifications | None = None,
    ) -> None:
        self._pool = pool
        self._notifications = notifications or Notifications(pool, retry_seconds=POLL_SECONDS)
        self._at_once = at_once
        self._jobs = jobs
        self._housekeeping = housekeeping
        self._observe = observe
        self.poll_seconds = POLL_SECONDS
        self._news = asyncio.Condition()
        self._stopping = False

    async def run(self) -> None:
        """Work until `stop` is called, and return when the current turns have ended."""
        work = [self._repeat(self._jobs, self.poll_seconds) for _ in range(self._at_once)]
        work.append(self._repeat(self._housekeeping, HOUSEKEEPING_SECONDS))
        async with self._notifications.heard({CHANNEL: self._wake}, self._wake):
            await asyncio.gather(*work)

    async def stop(self) -> None:
        self._stopping = True
        await self._wake()

    async def _repeat(self, jobs: Sequence[Job], every_seconds: float) -> None:
        failures = 0
        while not self._stopping:
            try:
                busy = await self._do(jobs)
                failures = 0
            except Exception as failure:  # noqa: BLE001 - the next turn may succeed after any failure
                busy, failures = False, failures + 1
                self._report(failure, is_first=failures == 1)
            if not busy:
                await self._wait(every_seconds if failures == 0 else min(2**failures, LONGEST_WAIT_SECONDS))

    async def _do(self, jobs: Sequence[Job]) -> bool:
        for job in jobs:
            if self._stopping or await self._observed(job):
                return True
        return False

    async def _observed(self, job: Job) -> bool:
        """Take a turn of the job, and return whether work was due. Observe the turn if so, or if it fails."""
        name, began = getattr(job, "__name__", "job"), perf_counter()
        with recording() as activity, log_fields(job=name):
            try:
                outcome = await job(self._pool)
            except Exception as failure:
                why: JobOutcome = "unavailable" if is_unavailable(failure) else "failed"
                self._observe(JobRun(name, why, perf_counter() - began, activity, began))
                raise
            if outcome:
                why = "failed" if outcome == "failed" else "done"
                if isinstance(outcome, TaskTurn):
                    name, why = outcome
                self._observe(JobRun(name, why, perf_counter() - began, activity, began))
            return bool(outcome)

    @staticmethod
    def _report(failure: Exception, *, is_first: bool) -> None:
        if not is_unavailable(failure):
            logger.error("A job of the worker failed", exc_info=failure)
        elif is_first:
            logger.warning("The database is unavailable to the worker: %s", failure)

    async def _wait(self, seconds: float) -> None:
        """Wait for a notification, but at most this long."""
        async with self._news:
            if not self._stopping:
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await self._news.wait()

    async def _wake(self, *_: Any) -> None:
        async with self._news:
            self._news.notify_all()


Watching: TypeAlias = Callable[[Pool, Notifications], AbstractAsyncContextManager[None]]
"""A context beside a worker, with the worker's pool and notifications."""


def _unwatched(*_: object) -> AbstractAsyncContextManager[None]:
    return nullcontext()


@asynccontextmanager
async def working(
    url: str,
    at_once: int,
    tasks: Sequence[Task],
    *,
    jobs: Sequence[Job] = JOBS,
    observe: JobObserver = ignore,
    watching: Watching = _unwatched,
) -> AsyncIterator[asyncio.Task[None]]:
    """Run a worker during the context, and yield its task. At the end, wait a while for its current turns.

    `observe` receives the turns, and `watching` is a context beside the worker.
    """
    pool = await open_pool(url, size=at_once + OTHERS, statement_timeout_seconds=STATEMENT_TIMEOUT_SECONDS)
    notifications = Notifications(pool, retry_seconds=POLL_SECONDS)
    schedule = Schedule(tasks)

    async def background_tasks(pool: Pool) -> TaskTurn | None:
        return await schedule.take_turn(pool)

    worker = Worker(
        pool,
        at_once=at_once,
        jobs=jobs,
        housekeeping=[background_tasks],
        observe=observe,
        notifications=notifications,
    )
    try:
        async with watching(pool, notifications), in_background(worker.run()) as task:
            yield task
            await worker.stop()
            await asyncio.wait({task}, timeout=GRACE_SECONDS)
    finally:
        pool.terminate()
