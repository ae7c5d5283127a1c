"""Partitions of the change feed: one per day in UTC, made ahead, and dropped when all its changes have expired.

Changes expire in one turn and are dropped in a later one. In between, positions before them are refused already, and
all readers that had accepted such a position have ended. Without a partition for a day, its changes go to
`changes_rest`.

A partition is only made well before its day begins. PostgreSQL chooses the partition of a row before it waits for the
lock that a new partition takes: a row of that day would fail, because `changes_rest` no longer accepts it.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg

from db.engine.pool import Connection, Pool
from db.models.change import PARTITION

DAYS_AHEAD: Final = 4
"""The number of days after today that have partitions."""
MARGIN: Final = timedelta(minutes=5)
"""The least time between the making of a partition and the begin of its day."""
GRACE: Final = timedelta(minutes=5)
"""The least time between the expiry of changes and their deletion."""
LOCK_TIMEOUT: Final = "100ms"
"""The most time that a change of partitions makes writers wait."""
ATTEMPTS: Final = 20

_DAY = timedelta(days=1)
_PARTITIONS = """
SELECT relname AS name FROM pg_inherits JOIN pg_class ON oid = inhrelid
WHERE inhparent = 'changes'::regclass AND relname ~ $1 ORDER BY 1
"""
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
    async with pool.acquire() as connection:
        known, now = await _partitions(connection), await _now(connection)
        begins = [_begin_of(now) + number * _DAY for number in range(1, DAYS_AHEAD + 1)]
        days = [day for day in begins if day >= now + MARGIN and _name(day) not in known]
        return [_name(day) for day in days if await _make(connection, day)]


async def expire(pool: Pool, keep: timedelta) -> bool:
    """Let the changes of days that ended longer ago than `keep` expire. Return whether a day expired."""
    async with pool.acquire() as connection:
        before = _begin_of(await _now(connection)) - keep
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
        old = [name for name in await _partitions(connection) if _day(name) + _DAY <= before]
        for name in old:
            await _patiently(connection, f"DROP TABLE {name}")
        await connection.execute("DELETE FROM changes_rest WHERE at < $1", before)
    return old


async def _now(connection: Connection) -> datetime:
    now: datetime = await connection.fetchval("SELECT clock_timestamp()")
    return now.astimezone(UTC)


def _begin_of(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


async def _partitions(connection: Connection) -> set[str]:
    return {row["name"] for row in await connection.fetch(_PARTITIONS, f"^{PARTITION}[0-9]{{8}}$")}


def _name(day: datetime) -> str:
    return f"{PARTITION}{day:%Y%m%d}"


def _day(name: str) -> datetime:
    return datetime.strptime(name.removeprefix(PARTITION), "%Y%m%d").replace(tzinfo=UTC)


async def _make(connection: Connection, day: datetime) -> bool:
    """Make the partition of a day. Return False if the day has changes already."""
    name, bounds = _name(day), f"FROM ('{day:%F} 00:00+00') TO ('{day + _DAY:%F} 00:00+00')"
    try:
        await _patiently(
            connection,
            f"CREATE TABLE {name} (LIKE changes INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)",
            f"ALTER TABLE changes ATTACH PARTITION {name} FOR VALUES {bounds}",
        )
    except asyncpg.CheckViolationError:
        return False
    return True


async def _patiently(connection: Connection, *statements: str) -> None:
    """Run the statements in a transaction that gives up a lock soon, and tries again. Writers queue behind a lock."""
    for attempt in range(ATTEMPTS):
        try:
            async with connection.transaction():
                await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
                for statement in statements:
                    await connection.execute(statement)
        except asyncpg.LockNotAvailableError:
            if attempt == ATTEMPTS - 1:
                raise
            await asyncio.sleep(0.5)
        else:
            return
