"""Indexes that take space and time of writers, and serve no query."""

from collections.abc import Sequence

from db.engine.pool import Pool
from db.inspection import indexes, remedies
from db.inspection.indexes import Index
from services.doctor.report import Check, Finding

_LEFTOVER = ("_ccnew", "_ccold")
"""The ends of names that REINDEX CONCURRENTLY gives to its own indexes."""


async def check(pool: Pool) -> Sequence[Finding]:
    """Find invalid, duplicate and unused indexes. An index has one finding at most."""
    duplicate = {one.name: _duplicate(one) for one in await indexes.duplicate(pool)}
    unused = {one.name: _unused(one) for one in await indexes.unused(pool)}
    return [*map(_invalid, await indexes.invalid(pool)), *(unused | duplicate).values()]


def _invalid(index: Index) -> Finding:
    problem = f"The index of {index.table} is invalid, because its build failed: it serves no query."
    if index.name.rstrip("0123456789").endswith(_LEFTOVER):
        return Finding(Check.INDEXES, index.name, problem, remedies.drop_index(index.name))
    return Finding(Check.INDEXES, index.name, problem, remedies.rebuild_index(index.name))


def _duplicate(index: Index) -> Finding:
    problem = f"The index of {index.table} repeats {index.twin} ({index.size:,} bytes)."
    return Finding(Check.INDEXES, index.name, problem, remedies.drop_index(index.name))


def _unused(index: Index) -> Finding:
    problem = (
        f"No query has used this index of {index.table}, and no release needs it ({index.size:,} bytes)."
    )
    return Finding(Check.INDEXES, index.name, problem, remedies.drop_index(index.name))
