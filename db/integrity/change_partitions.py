"""Partitions of the change feed: one per day in UTC, dropped when all its changes have expired.

Changes expire in one turn and are dropped in a later one. In between, positions before them are refused already, and
all readers that had accepted such a position have ended. Without a partition for a day, its changes go to
`changes_rest`.
"""

from datetime import datetime, timedelta
from typing import Final

from db.engine.pool import Pool
from db.integrity import partitions
from db.models.change import PARTITIONS

GRACE: Final = timedelta(minutes=5)
"""The least time between the expiry of changes and their deletion."""

_EXPIRE = """
UPDATE change_feed SET
    expired_id = greatest(expired_id, found.id), expired_xid = greatest(expired_xid, found.xid),
    expired_before = $1, expired_at = clock_timestamp()
FROM (SELECT max(id) AS id, max(xid) AS xid FROM changes WHERE at < $1) AS found
WHERE expired_before IS NULL OR expired_before < $1
"""
_DROPPABLE = "SELECT expired_before FROM change_feed WHERE expired_at <= clock_timestamp() - $1::interval"


async def make_ahead(pool: Pool) -> list[str]:
    """Make the missing partitions of the next days, and return their names.

    A day that has begun, or has changes in `changes_rest`, gets no partition.
    """
    return await partitions.make_ahead(pool, PARTITIONS)


async def expire(pool: Pool, keep: timedelta) -> bool:
    """Let the changes of days that ended longer ago than `keep` expire. Return whether a day expired."""
    async with pool.acquire() as connection:
        before = partitions.period_of(PARTITIONS, await partitions.time_of(connection)).begin - keep
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM changes WHERE at < $1)", before):
            return False
        return str(await connection.execute(_EXPIRE, before)) == "UPDATE 1"


async def drop_expired(pool: Pool, grace: timedelta = GRACE) -> list[str]:
    """Drop the partitions whose changes expired long enough ago, and return their names.

    Raise the driver's `LockNotAvailableError` if transactions hold the feed for too long.
    """
    async with pool.acquire() as connection:
        before: datetime | None = await connection.fetchval(_DROPPABLE, grace)
        if before is None:
            return []
        old = await partitions.drop_before(connection, PARTITIONS, before)
        await connection.execute("DELETE FROM changes_rest WHERE at < $1", before)
    return old
