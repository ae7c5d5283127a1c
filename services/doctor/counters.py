"""Counters and roll-ups that differ from the rows, in a random sample."""

from collections.abc import Sequence
from contextlib import suppress

import asyncpg

from db.engine.pool import Pool
from db.integrity import audit
from db.integrity.audit import Drift, Ids
from services.doctor.report import Check, Finding, Limits
from services.doctor.revision import require_current

_LONGEST_SECONDS = 5
"""Time limit per user or keyword."""


async def check(pool: Pool, limits: Limits) -> Sequence[Finding]:
    """Count the rows of random users and keywords again. A table has one finding at most."""
    await require_current(pool)
    found = [await _drifts(pool, table, limits.sample) for table in audit.TABLES]
    return [_finding(drifts) for drifts in found if drifts]


async def _drifts(pool: Pool, table: str, sample: int) -> list[Drift]:
    found: list[Drift] = []
    for id_ in await audit.chosen(pool, table, parents=sample):
        # `leadgraph counters verify` checks the larger parents.
        with suppress(asyncpg.QueryCanceledError):
            async for batch in audit.verify(pool, table, Ids(id_, id_), longest_seconds=_LONGEST_SECONDS):
                found += batch.drifts
    return found


def _finding(drifts: Sequence[Drift]) -> Finding:
    first = drifts[0]
    problem = (
        f"{len(drifts)} counters of the sample are wrong, such as {first.column} of ID {first.id}: stored "
        f"{first.stored}, counted {first.counted}."
    )
    return Finding(Check.COUNTERS, first.table, problem, f"leadgraph counters repair --table {first.table}")
