"""Slow statements, by the names of the project."""

from collections.abc import Sequence

from db.engine.pool import Pool
from db.inspection import remedies, statements
from db.inspection.statements import SlowStatement
from services.doctor.report import Check, Finding, Limits, SkippedError
from services.doctor.senders import Senders

_LONGEST = 80
_MOST_OPERATIONS = 10


async def check(pool: Pool, limits: Limits, senders: Senders) -> Sequence[Finding]:
    """Find statements that are slow on average. Raise `SkippedError` without pg_stat_statements."""
    if not await statements.are_recorded(pool):
        raise SkippedError(
            "pg_stat_statements is missing: add it to shared_preload_libraries, and run CREATE EXTENSION "
            "pg_stat_statements;"
        )
    operations = senders.by_statement()
    slow = await statements.slow(pool, mean_ms=limits.slow_ms, calls=limits.slow_calls)
    return [_finding(one, operations.get(one.name or "", ())) for one in slow]


def _finding(slow: SlowStatement, operations: Sequence[str]) -> Finding:
    sent = f" Operations that send it: {', '.join(operations[:_MOST_OPERATIONS])}." if operations else ""
    problem = (
        f"The statement took {slow.mean_ms:,.0f} ms on average in {slow.calls:,} calls, {slow.max_ms:,.0f} ms at most, and "
        f"{slow.share:.0f} % of the time of all statements.{sent}"
    )
    subject = slow.name or " ".join(slow.query.split())[:_LONGEST]
    return Finding(Check.STATEMENTS, subject, problem, remedies.vacuum(slow.tables))
