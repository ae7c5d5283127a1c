"""Partitions by time: made ahead, and dropped when their period is over for long enough.

A partition is only made well before its period begins. PostgreSQL chooses the partition of a row before it waits for the
lock that a new partition takes: a row of that period would fail, because the rest no longer accepts it.

The rest is the default partition. It has the rows of all periods without a partition, at first those from before the
table was partitioned. PostgreSQL would scan the rest under a lock for each new partition, to find rows of its period.
Instead, a check excludes such rows, and is validated without a lock of writers. It is dropped after the partition is
attached.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg

from db.engine.pool import Connection, Pool
from db.models.base import Partitions, models

MARGIN: Final = timedelta(minutes=5)
"""The least time between the making of a partition and the begin of its period."""
LOCK_TIMEOUT: Final = "100ms"
"""The most time that a change of partitions makes writers wait."""
ATTEMPTS: Final = 20

TABLES: Final = [
    f"CREATE TABLE {kind.rest} PARTITION OF {kind.table} DEFAULT"
    for kind in (model.__partitions__ for model in models())
    if kind is not None
]
"""The partitions for the rows of which workers have made no other partition."""

_PARTITIONS: Final = """
SELECT relname AS name FROM pg_inherits JOIN pg_class ON oid = inhrelid
WHERE inhparent = $1::text::regclass AND relname ~ $2 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Period:
    """The time of one partition: from its begin until before the begin of the next one."""

    begin: datetime
    end: datetime


def name_of(kind: Partitions, begin: datetime) -> str:
    """Return the name of the partition of the period that begins then."""
    return f"{kind.prefix}{begin:{kind.name_format}}"


def period_of(kind: Partitions, moment: datetime) -> Period:
    """Return the period of the moment."""
    begin = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if not kind.monthly:
        return Period(begin, begin + timedelta(days=1))
    begin = begin.replace(day=1)
    return Period(begin, (begin + timedelta(days=32)).replace(day=1))


async def make_ahead(pool: Pool, kind: Partitions) -> list[str]:
    """Make the missing partitions of the next periods, and return their names.

    A period that has begun, or has rows in the rest, gets no partition.
    """
    async with pool.acquire() as connection:
        known, now = await names(connection, kind), await time_of(connection)
        missing = [
            period
            for period in _next(kind, now)
            if period.begin >= now + MARGIN and name_of(kind, period.begin) not in known
        ]
        return [name_of(kind, period.begin) for period in missing if await _make(connection, kind, period)]


async def drop_before(connection: Connection, kind: Partitions, before: datetime) -> list[str]:
    """Drop the partitions of periods that ended by then, and return their names. The rest stays.

    Raise the driver's `LockNotAvailableError` if transactions hold the table for too long.
    """
    old = [
        name
        for name in sorted(await names(connection, kind))
        if period_of(kind, _begin_of(kind, name)).end <= before
    ]
    for name in old:
        await _patiently(connection, f"DROP TABLE {name}")
    return old


async def names(connection: Connection, kind: Partitions) -> set[str]:
    """Return the names of the partitions, without the rest."""
    return {
        row["name"] for row in await connection.fetch(_PARTITIONS, kind.table, f"^{kind.prefix}[0-9]{{6,8}}$")
    }


async def time_of(connection: Connection) -> datetime:
    """Return the time of the database, in UTC."""
    now: datetime = await connection.fetchval("SELECT clock_timestamp()")
    return now.astimezone(UTC)


def _next(kind: Partitions, now: datetime) -> Iterator[Period]:
    period = period_of(kind, now)
    for _ in range(kind.ahead):
        period = period_of(kind, period.end)
        yield period


def _begin_of(kind: Partitions, name: str) -> datetime:
    return datetime.strptime(name.removeprefix(kind.prefix), kind.name_format).replace(tzinfo=UTC)


async def _make(connection: Connection, kind: Partitions, period: Period) -> bool:
    """Make the partition of a period. Return False if the rest has rows of it."""
    name, check = name_of(kind, period.begin), f"ck_{kind.rest}_made"
    begin, end = (f"'{at:%F} 00:00+00'" for at in (period.begin, period.end))
    outside = f"{kind.column} < {begin} OR {kind.column} >= {end}"
    await _patiently(
        connection,
        f"ALTER TABLE {kind.rest} DROP CONSTRAINT IF EXISTS {check}",
        f"ALTER TABLE {kind.rest} ADD CONSTRAINT {check} CHECK ({outside}) NOT VALID",
    )
    try:
        await connection.execute(f"ALTER TABLE {kind.rest} VALIDATE CONSTRAINT {check}")
        await _patiently(
            connection,
            f"CREATE TABLE {name} (LIKE {kind.table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)",
            f"ALTER TABLE {kind.table} ATTACH PARTITION {name} FOR VALUES FROM ({begin}) TO ({end})",
        )
    except asyncpg.CheckViolationError:
        return False
    finally:
        await _patiently(connection, f"ALTER TABLE {kind.rest} DROP CONSTRAINT IF EXISTS {check}")
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
