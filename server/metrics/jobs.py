"""Jobs of workers: turns, failures, and the queue in the database."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Final, get_args

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from db.engine.outage import is_unavailable
from db.engine.pool import Pool
from db.statements.export import ExportQueue, export_queue
from server.metrics.distribution import Distributions
from server.runtime.job_run import JobOutcome, JobRun
from server.runtime.worker import JOB_NAMES, WRITE_EXPORTS

logger = logging.getLogger("leadgraph")

LOOK_EVERY_SECONDS: Final = 10.0
SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class JobMetrics(Collector):
    """The metrics of jobs. `watch` reads the queue, which is the same for all processes of a database."""

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
        self._queue: ExportQueue | None = None
        registry.register(self._seconds)
        registry.register(self)

    def observe(self, run: JobRun) -> None:
        self._seconds.of(run.job, run.outcome).observe(run.seconds)

    async def watch(self, pool: Pool) -> None:
        """Read the queue every few seconds until cancelled. While the database is unavailable, it is unknown."""
        while True:
            try:
                self._queue = await export_queue(pool)
            except Exception as failure:  # noqa: BLE001 - the next look may succeed after any failure
                self._queue = None
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
        queue = self._queue
        if queue is not None:
            for state in ("queued", "running", "failing"):
                depth.add_metric([WRITE_EXPORTS, state], getattr(queue, state))
            age.add_metric([WRITE_EXPORTS], queue.due_seconds)
        yield depth
        yield age
