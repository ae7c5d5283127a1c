"""The audit: every now and then a few users and keywords are counted again while the server answers.

It takes a connection for one parent at a time, reads in snapshots and locks nobody. What it finds is counted
(`/metrics`) and logged; to mend it is a person's decision.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg

from db.engine.pool import Pool
from db.integrity import audit
from db.integrity.audit import Batch, Ids
from server.runtime.metrics import AuditMetrics

logger = logging.getLogger("leadgraph")

LONGEST_SECONDS = 5
"""Parents that take longer are left to `leadgraph counters verify`."""


class Audit:
    """Looks at `parents` users and as many keywords a round, and at the roll-ups of as many."""

    def __init__(self, pool: Pool, metrics: AuditMetrics, *, every_seconds: float, parents: int) -> None:
        self._pool = pool
        self._metrics = metrics
        self._every_seconds = every_seconds
        self._parents = parents

    async def run(self) -> None:
        """Goes on for ever. Servers that were started together do not look at the same time."""
        while True:
            await asyncio.sleep(self._every_seconds * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
            await self.round()

    async def round(self) -> None:
        """Looks once. Where the database does not answer, the round ends, and is counted as a failure."""
        try:
            for table in audit.TABLES:
                for id_ in await audit.chosen(self._pool, table, parents=self._parents):
                    await self._look(table, id_)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as problem:
            self._metrics.failures.inc()
            logger.warning("A round of the audit was given up: %r", problem)
        else:
            self._metrics.finished_at.set_to_current_time()

    async def _look(self, table: str, id_: int) -> None:
        try:
            async for batch in audit.verify(
                self._pool, table, Ids(id_, id_), longest_seconds=LONGEST_SECONDS
            ):
                self._note(batch)
        except asyncpg.QueryCanceledError:
            self._metrics.skipped.labels(table).inc()

    def _note(self, batch: Batch) -> None:
        self._metrics.checked.labels(batch.table).inc(batch.counters)
        if not batch.drifts:
            return
        self._metrics.wrong.labels(batch.table).inc(len(batch.drifts))
        for drift in batch.drifts:
            logger.error(
                "The counter %s.%s of %s says %s, counted are %s (slot %s): see `leadgraph counters verify`",
                *(drift.table, drift.column, drift.id, drift.stored, drift.counted, drift.slot),
            )


@asynccontextmanager
async def auditing(
    pool: Pool, metrics: AuditMetrics, *, every_seconds: float, parents: int
) -> AsyncIterator[None]:
    """The audit goes on as long as somebody is inside; with 0 seconds there is none."""
    if not every_seconds:
        yield
        return
    rounds = asyncio.create_task(Audit(pool, metrics, every_seconds=every_seconds, parents=parents).run())
    try:
        yield
    finally:
        rounds.cancel()
        with suppress(asyncio.CancelledError):
            await rounds
