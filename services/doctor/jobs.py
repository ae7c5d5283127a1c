"""Exports and background tasks that do not come to their end."""

from collections.abc import Iterator, Sequence

from db.engine.pool import Pool
from db.inspection import jobs
from db.models import BackgroundTask
from db.statements import background_task
from services.doctor.report import Check, Finding, Limits
from services.doctor.revision import require_current


async def check(pool: Pool, limits: Limits) -> Sequence[Finding]:
    """Find exports without a worker, exports and background tasks that fail, and files that are not deleted."""
    await require_current(pool)
    waiting = await jobs.waiting_exports(pool, limits.waiting)
    unpurged = await jobs.unpurged_exports(pool, limits.unpurged)
    failing = await jobs.failing_exports(pool, limits.failures)
    tasks = [task for task, _ in await background_task.read_all(pool) if task.failures >= limits.failures]
    return [
        *_without_worker(waiting),
        *map(_failing, failing),
        *map(_failing_task, tasks),
        *_unpurged(unpurged),
    ]


def _without_worker(waiting: jobs.Waiting) -> Iterator[Finding]:
    if waiting.since is not None:
        since = waiting.since.isoformat(timespec="seconds")
        problem = f"{waiting.number} exports wait for a worker, the first one since {since}."
        yield Finding(Check.JOBS, "exports", problem, "leadgraph worker")


def _failing(export: jobs.FailingExport) -> Finding:
    problem = f"The last {export.failures} turns of the export failed. The log of the worker has the reason."
    return Finding(Check.JOBS, f"export {export.id}", problem, "leadgraph worker")


def _failing_task(task: BackgroundTask) -> Finding:
    problem = (
        f"The last {task.failures} turns of the background task failed. `leadgraph jobs` prints the reason."
    )
    return Finding(Check.JOBS, f"task {task.name}", problem, "leadgraph jobs")


def _unpurged(waiting: jobs.Waiting) -> Iterator[Finding]:
    if waiting.since is not None:
        since = waiting.since.isoformat(timespec="seconds")
        problem = (
            f"The files of {waiting.number} exports expired and still exist, the first one since {since}."
        )
        yield Finding(Check.JOBS, "expired files", problem, "leadgraph worker")
