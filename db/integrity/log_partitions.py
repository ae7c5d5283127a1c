"""Partitions of the logs of integrations: one per month in UTC, dropped when all its logs are too old.

`integration_logs_rest` has the logs from before the table was partitioned. They are deleted in batches. Counters and
roll-ups count no logs, and the days of an integration outlive its logs.
"""

from datetime import timedelta
from typing import Final

from db.engine.pool import Pool
from db.integrity import partitions
from db.models.integration_log import PARTITIONS

ROWS_AT_ONCE: Final = 5000

_DELETE: Final = """
DELETE FROM integration_logs_rest WHERE id = ANY (ARRAY(
    SELECT id FROM integration_logs_rest WHERE created_at < $1 ORDER BY created_at, id LIMIT $2
)) AND created_at < $1
"""


async def make_ahead(pool: Pool) -> list[str]:
    """Make the missing partitions of the next months, and return their names."""
    return await partitions.make_ahead(pool, PARTITIONS)


async def drop_old(pool: Pool, keep: timedelta) -> bool:
    """Drop the months that ended longer ago than `keep`, and delete a batch of older logs of the rest.

    Return whether the rest may have more of them. Raise the driver's `LockNotAvailableError` if transactions hold the
    logs for too long.
    """
    async with pool.acquire() as connection:
        before = await partitions.time_of(connection) - keep
        await partitions.drop_before(connection, PARTITIONS, before)
        before = partitions.period_of(PARTITIONS, before).begin
        deleted = str(await connection.execute(_DELETE, before, ROWS_AT_ONCE))
    return deleted == f"DELETE {ROWS_AT_ONCE}"
