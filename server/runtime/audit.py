"""The audit of counters and roll-ups beside a running server.

A round recounts a random sample of users and keywords. It takes a connection per parent, reads snapshots and takes
no locks. The audit reports wrong counters to its observer and in the log, and never repairs them.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Protocol

import asyncpg

from db.engine.outage import OutageError
from db.engine.pool import Pool
from db.integrity import audit
from db.integrity.audit import AuditBatch, Ids
from server.runtime.background import in_background

logger = logging.getLogger("leadgraph")

LONGEST_SECONDS = 5
"""Time limit per parent. `leadgraph counters verify` checks the larger ones."""


class AuditObserver(Protocol):
    """Learns of the audit's progress. `server.metrics.audit` has the metrics."""

    def note_checked(self, table: str, counters: int, wrong: int) -> None:
        """Take the number of checked counters of a table, and of wrong ones among them."""

    def note_skipped(self, table: str) -> None:
        """Take a parent that exceeds the time limit."""

    def note_failure(self) -> None:
        """Take a round that the database interrupted."""

    def note_finished(self) -> None:
        """Take a complete round."""


class Audit:
    """Rounds that each check `parents` users, as many keywords, and the roll-ups of as many."""

    def __init__(self, pool: Pool, observer: AuditObserver, *, every_seconds: float, parents: int) -> None:
        self._pool = pool
        self._observer = observer
        self._every_seconds = every_seconds
        self._parents = parents
        self._checked = 0

    async def run(self) -> None:
        """Repeat rounds for ever, at random intervals: servers started together do not audit at the same time."""
        while True:
            await asyncio.sleep(self._every_seconds * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
            await self.round()

    async def round(self) -> None:
        """Check a sample once. Count a failure if the database does not respond."""
        began, self._checked = perf_counter(), 0
        try:
            for table in audit.TABLES:
                for id_ in await audit.chosen(self._pool, table, parents=self._parents):
                    await self._check(table, id_)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OutageError, OSError, TimeoutError) as problem:
            self._observer.note_failure()
            logger.warning("The audit round failed: %r", problem)
        else:
            self._observer.note_finished()
            milliseconds = round((perf_counter() - began) * 1000, 3)
            logger.info("audit", extra={"milliseconds": milliseconds, "counters": self._checked})

    async def _check(self, table: str, id_: int) -> None:
        try:
            async for batch in audit.verify(
                self._pool, table, Ids(id_, id_), longest_seconds=LONGEST_SECONDS
            ):
                self._note(batch)
        except asyncpg.QueryCanceledError:
            self._observer.note_skipped(table)

    def _note(self, batch: AuditBatch) -> None:
        self._checked += batch.counters
        note(batch, self._observer)


def note(batch: AuditBatch, observer: AuditObserver) -> None:
    """Tell the observer of a batch, and log its wrong counters."""
    observer.note_checked(batch.table, batch.counters, len(batch.drifts))
    log_drifts(batch)


def log_drifts(batch: AuditBatch) -> None:
    for drift in batch.drifts:
        logger.error(
            "The counter %s.%s of ID %s is %s, but the rows give %s (slot %s). Run `leadgraph counters verify`.",
            *(drift.table, drift.column, drift.id, drift.stored, drift.counted, drift.slot),
        )


@asynccontextmanager
async def auditing(
    pool: Pool, observer: AuditObserver, *, every_seconds: float, parents: int
) -> AsyncIterator[None]:
    """Run the audit during the context. With `every_seconds=0`, run no audit."""
    if not every_seconds:
        yield
        return
    rounds = Audit(pool, observer, every_seconds=every_seconds, parents=parents).run()
    async with in_background(rounds):
        yield
