"""Transactions that stay open."""

from collections.abc import Sequence

from db.engine.pool import Pool
from db.inspection import remedies, sessions
from db.inspection.sessions import OpenTransaction, PreparedTransaction
from services.doctor.report import Check, Finding, Limits


async def check(pool: Pool, limits: Limits) -> Sequence[Finding]:
    """Find long, idle and prepared transactions."""
    found = await sessions.open_transactions(pool)
    long = [one for one in found if one.seconds > _limit(one, limits)]
    prepared = await sessions.prepared_transactions(pool)
    forgotten = [one for one in prepared if one.seconds > limits.transaction_seconds]
    return [*map(_open, long), *map(_prepared, forgotten)]


def _limit(transaction: OpenTransaction, limits: Limits) -> float:
    return limits.idle_seconds if transaction.is_idle else limits.transaction_seconds


def _open(one: OpenTransaction) -> Finding:
    state = "is idle in a transaction" if one.is_idle else "has been in a transaction"
    statement = f" Its statement: {one.statement}." if one.statement else ""
    problem = f"{one.application or 'A program'} {state} for {one.seconds:,.0f} s, so dead rows and locks stay.{statement}"
    return Finding(Check.TRANSACTIONS, str(one.pid), problem, remedies.end_session(one.pid))


def _prepared(one: PreparedTransaction) -> Finding:
    problem = f"A prepared transaction has waited for its end for {one.seconds:,.0f} s, so dead rows and locks stay."
    return Finding(Check.TRANSACTIONS, one.gid, problem, remedies.end_prepared(one.gid))
