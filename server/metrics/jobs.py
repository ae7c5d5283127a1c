"""Jobs of workers: turns, failures, and the queue in the database."""

import asyncio
import logging
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Final, NamedTuple, get_args

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from db.engine.outage import is_unavailable
from db.engine.pool import Pool
from db.inspection.archives import archive_sizes
from db.models import BackgroundTask
from db.statements import background_task
from db.statements.export import export_queue
from server.metrics.distribution import Distributions
from server.runtime.job_run import JobOutcome, JobRun
from server.runtime.schedule import kind_of
from server.runtime.worker import JOB_NAMES, WRITE_EXPORTS

logger = logging.getLogger("leadgraph")

LOOK_EVERY_SECONDS: Final = 10.0
SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Queue(NamedTuple):
    """The unfinished jobs of a kind by state, and the time that the one that has waited longest is due."""

    queued: int = 0
    running: int = 0
    failing: int = 0
    due_seconds: float = 0.0


class JobMetrics(Collector):
    """The metrics of jobs. `watch` reads the queues, which are the same for all processes of a database."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Distributions(
            "leadgraph_job_seconds",
            "Duration of turns of jobs that had work. Outcomes: done; failed (logged, and retried later); unavailable "
            "(no database).",
            bounds=SECONDS,
            labels=("kind", "outcome"),
        )
        for job in JOB_NAMES:
            for outcome in get_args(JobOutcome):
                self._seconds.of(job, outcome)
        self._queues: Mapping[str, Queue] = {}
        self._sizes: Mapping[str, int] = {}
        registry.register(self._seconds)
        registry.register(self)

    def observe(self, run: JobRun) -> None:
        self._seconds.of(run.job, run.outcome).observe(run.seconds)

    async def watch(self, pool: Pool, tasks: Collection[str]) -> None:
        """Read the queues every few seconds until cancelled. While the database is unavailable, they are unknown.

        `tasks` names the background tasks that are on. Others never come to their turn.
        """
        while True:
            try:
                self._queues = await _queues(pool, tasks)
                self._sizes = await archive_sizes(pool)
            except Exception as failure:  # noqa: BLE001 - the next look may succeed after any failure
                self._queues, self._sizes = {}, {}
                if not is_unavailable(failure):
                    logger.warning("The queue of jobs cannot be read: %r", failure)
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        depth = GaugeMetricFamily(
            "leadgraph_job_depth",
            "Unfinished jobs in the database, by state. Failing jobs wait for another attempt.",
            labels=("kind", "state"),
        )
        age = GaugeMetricFamily(
            "leadgraph_job_age_seconds",
            "Time that the job that has waited longest is due, or 0.",
            labels=("kind",),
        )
        for kind, queue in self._queues.items():
            for state in ("queued", "running", "failing"):
                depth.add_metric([kind, state], getattr(queue, state))
            age.add_metric([kind], queue.due_seconds)
        yield depth
        yield age
        size = GaugeMetricFamily(
            "leadgraph_archive_bytes",
            "Size of the tables of what is kept for a time, with their indexes.",
            labels=("table",),
        )
        for table, number in self._sizes.items():
            size.add_metric([table], number)
        yield size


async def _queues(pool: Pool, tasks: Collection[str]) -> dict[str, Queue]:
    """Return the queues of all kinds of jobs. A background task is a queue of one."""
    exports = await export_queue(pool)
    found = {
        WRITE_EXPORTS: Queue(exports.queued, exports.running, exports.failing, exports.due_seconds),
    }
    if tasks:
        for task, now in await background_task.read_all(pool):
            if task.name in tasks:
                found[kind_of(task.name)] = _queue_of(task, now)
    return found


def _queue_of(task: BackgroundTask, now: datetime) -> Queue:
    if task.leased_until is not None and task.leased_until > now:
        return Queue(running=1)
    if task.failures:
        return Queue(failing=1, due_seconds=max(0.0, (now - task.due_at).total_seconds()))
    waits = (now - task.due_at).total_seconds()
    return Queue(queued=1, due_seconds=waits) if waits >= 0 else Queue()
