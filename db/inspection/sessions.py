"""Transactions that stay open: they keep dead rows and locks."""

from typing import NamedTuple

from db.engine.pool import Pool
from db.inspection.statements import name_in


class OpenTransaction(NamedTuple):
    """An open transaction of another session. `statement` is the name of its last statement, or None."""

    pid: int
    application: str
    is_idle: bool
    seconds: float
    statement: str | None


class PreparedTransaction(NamedTuple):
    """A transaction prepared for two-phase commit that waits for its end."""

    gid: str
    seconds: float


# A dump needs its snapshot as long as it takes.
_OPEN = """
SELECT pid, application_name AS application, state LIKE 'idle%' AS is_idle,
    extract(epoch FROM statement_timestamp() - CASE WHEN state LIKE 'idle%' THEN state_change ELSE xact_start END)::float8 AS seconds,
    query AS statement
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
AND backend_type = 'client backend' AND application_name NOT IN ('leadgraph backup', 'pg_dump')
ORDER BY xact_start
"""
_PREPARED = """
SELECT gid, extract(epoch FROM statement_timestamp() - prepared)::float8 AS seconds FROM pg_prepared_xacts
WHERE database = current_database() ORDER BY prepared
"""


async def open_transactions(pool: Pool) -> list[OpenTransaction]:
    """Return the open transactions of other sessions, the oldest first. Those of other roles may be hidden."""
    found = [OpenTransaction(**row) for row in await pool.fetch(_OPEN)]
    return [one._replace(statement=name_in(one.statement or "")) for one in found]


async def prepared_transactions(pool: Pool) -> list[PreparedTransaction]:
    """Return the prepared transactions, the oldest first."""
    return [PreparedTransaction(**row) for row in await pool.fetch(_PREPARED)]
