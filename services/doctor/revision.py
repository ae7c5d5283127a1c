"""The revision of the database, and rows of earlier releases that are not filled."""

from collections.abc import Sequence

from db.engine import revisions
from db.engine.pool import Pool
from db.integrity import backfill
from services.doctor.report import Check, Finding, SkippedError


async def is_current(pool: Pool) -> bool:
    return await revisions.current(pool) == revisions.head()


async def require_current(pool: Pool) -> None:
    """Raise `SkippedError` unless the database has the tables of this release."""
    if not await is_current(pool):
        raise SkippedError("The database is not at the revision of this release.")


async def check(pool: Pool) -> Sequence[Finding]:
    """Find another revision, or unfilled rows."""
    revision, newest = await revisions.current(pool), revisions.head()
    if revision == newest:
        return [_unfilled(name) for name in await backfill.pending(pool)]
    if revision is not None and not revisions.is_known(revision):
        problem = (
            f"The database is at revision {revision}, which is unknown to this release (newest: {newest})."
        )
        return [
            Finding(Check.REVISION, revision, problem, "Use the release that wrote the data, or a newer one")
        ]
    problem = f"The database is at revision {revision or 'none'}, and this release requires {newest}."
    return [Finding(Check.REVISION, revision or "none", problem, "leadgraph migrate")]


def _unfilled(name: str) -> Finding:
    problem = f"Rows of an earlier release are not filled: {name}. Servers of this release refuse to start."
    return Finding(Check.REVISION, name, problem, "leadgraph counters backfill")
