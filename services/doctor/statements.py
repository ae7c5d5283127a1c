"""Slow statements, by the names of the project."""

from collections.abc import Sequence

from db.engine.pool import Pool
from db.inspection import remedies, statements
from db.inspection.statements import SlowStatement
from services.doctor.report import Check, Finding, Limits, SkippedError

_LONGEST = 80


async def check(pool: Pool, limits: Limits) -> Sequence[Finding]:
    """Find statements that are slow on average. Raise `SkippedError` without pg_stat_statements."""
    if not await statements.are_recorded(pool):
        raise SkippedError(
            "pg_stat_statements is missing: add it to shared_preload_libraries, and run CREATE EXTENSION "
            "pg_stat_statements;"
        )
    return [_finding(one) for one in await statements.slow(pool, mean_ms=limits.slow_ms)]


def _finding(slow: SlowStatement) -> Finding:
    problem = (
        f"The statement took {slow.mean_ms:,.0f} ms on average in {slow.calls:,} calls, {slow.max_ms:,.0f} ms at most, and "
        f"{slow.share:.0f} % of the time of all statements."
    )
    subject = slow.name or " ".join(slow.query.split())[:_LONGEST]
    return Finding(Check.STATEMENTS, subject, problem, remedies.vacuum(slow.tables))
