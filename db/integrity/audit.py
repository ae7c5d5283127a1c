"""Verify counters and roll-ups, and repair or fill them.

`COUNTERS` defines each counter column, and `db.integrity.recount` defines roll-ups. Both are independent of
the triggers in `db.integrity.counters` and `db.integrity.rollups`, so that one can prove the other.

Both ways process the parents in ranges of IDs, and count the rows of a range at once, from indexes.

- `verify` reads a range in one snapshot. A row and its difference become visible at the same time. Stored and
  counted numbers therefore agree in every snapshot, regardless of concurrent writers.
- `repair` locks the parents of a range, and then counts in a new statement, which has a new snapshot. No
  difference is lost, because a writer holds the locks of its parents from its trigger until its end. A writer
  that locked first has ended when `repair` gets the lock, so the count sees its rows. The trigger of a later
  writer waits for the lock, and adds its difference to the repaired number.
"""

import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

import asyncpg

from db.engine.pool import Connection, Pool
from db.integrity import recount
from db.integrity.counters import COUNTED, LOCK_USERS, STATUS_COUNTERS
from db.integrity.rollups import MEASURES, ROLLUPS
from db.models import LeadStatus

BATCH = 1000
ROLLUP_BATCH = 20
"""The number of parents per batch. A parent has few counters and many buckets."""
LARGEST_ID = 2**63 - 1
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Counter:
    """A column with the number of rows in another table that refer to the parent, optionally of one status."""

    column: str
    rows: str
    parent: str
    status: LeadStatus | None = None


def _leads(parent: str) -> list[Counter]:
    by_status = [Counter(column, "leads", parent, status) for status, column in STATUS_COUNTERS.items()]
    return [Counter("leads_count", "leads", parent), *by_status]


COUNT_RECOMPUTATION = "UPDATE users SET recomputations = recomputations + 1 WHERE id = ANY ($1)"
# The lock order of db.integrity.counters: users, then keywords.
COUNTERS: dict[str, list[Counter]] = {
    "users": [
        *(Counter(counter, rows=table, parent="user_id") for table, counter in COUNTED.items()),
        Counter("mentions_count", rows="mentions", parent="user_id"),
        *_leads(parent="user_id"),
    ],
    "keywords": [
        Counter("mentions_count", rows="mentions", parent="keyword_id"),
        *_leads(parent="keyword_id"),
    ],
}
_OWNER = {"users": "id", "keywords": "user_id"}
_PARENTS_OF = {"users": "users", "keywords": "keywords"} | {
    rollup.table: rollup.parents for rollup in ROLLUPS
}
TABLES = list(_PARENTS_OF)
"""The audited tables, in order."""


class Drift(NamedTuple):
    """A wrong counter: the stored and the counted number.

    In a roll-up, `id` is the parent's and `slot` the bucket.
    """

    table: str
    id: int
    column: str
    stored: int
    counted: int
    slot: datetime | None = None


class Ids(NamedTuple):
    """A range of parent IDs, including both ends."""

    first: int = 1
    last: int = LARGEST_ID


@dataclass(frozen=True, slots=True)
class AuditBatch:
    """The result for one range of a table: the number of rows, and the wrong counters."""

    table: str
    ids: Ids
    rows: int
    drifts: Sequence[Drift]

    @property
    def counters(self) -> int:
        """The number of compared counters."""
        return self.rows * len(_COLUMNS.get(self.table, ()))


EVERY_ID = Ids()


async def verify(
    pool: Pool,
    table: str,
    ids: Ids = EVERY_ID,
    *,
    batch: int | None = None,
    longest_seconds: float | None = None,
) -> AsyncIterator[AuditBatch]:
    """Compare a table's counters with the rows. Yield batches in the order of the parents' IDs.

    Raise `asyncpg.QueryCanceledError` if a statement takes longer than `longest_seconds`.
    """
    while ids.first <= ids.last:
        done = await verify_batch(pool, table, ids, batch=batch, longest_seconds=longest_seconds)
        if done is None:
            return
        yield done
        ids = Ids(done.ids.last + 1, ids.last)


async def verify_batch(
    pool: Pool, table: str, ids: Ids, *, batch: int | None = None, longest_seconds: float | None = None
) -> AuditBatch | None:
    """Verify the first parents of the range. Return None if the range has no parents."""
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        if longest_seconds is not None:
            await connection.execute(f"SET LOCAL statement_timeout = {round(longest_seconds * 1000)}")
        # Lock before the snapshot: TRUNCATE empties a table for older snapshots, too.
        await connection.execute(f"LOCK TABLE {', '.join(_READ)} IN ACCESS SHARE MODE")
        found = await _parents(connection, table, ids, batch)
        if not found:
            return None
        range_ = Ids(found[0]["id"], found[-1]["id"])
        wrong = await connection.fetch(_WRONG[table], *range_)
        rows = await _rows(connection, table, range_, found)
    return AuditBatch(table, range_, rows, _drifts(table, wrong))


async def chosen(pool: Pool, table: str, ids: Ids = EVERY_ID, *, parents: int) -> list[int]:
    """Return the IDs of random parents of a table. The cost does not depend on the size of the table.

    Each random ID selects the next existing parent, so a parent after a gap is more likely.
    """
    within = await extent(pool, table, ids)
    if within is None:
        return []
    everything = range(within.first, within.last + 1)
    points = random.sample(everything, min(parents, len(everything)))
    return [row["id"] for row in await pool.fetch(_NEXT[_PARENTS_OF[table]], points, within.last)]


async def verify_some(
    pool: Pool, table: str, ids: Ids = EVERY_ID, *, parents: int
) -> AsyncIterator[AuditBatch]:
    """Verify random parents. Yield one batch per parent, in the order of their IDs."""
    for id_ in await chosen(pool, table, ids, parents=parents):
        async for batch in verify(pool, table, Ids(id_, id_)):
            yield batch


async def repair(
    pool: Pool, table: str, ids: Ids = EVERY_ID, *, batch: int | None = None
) -> AsyncIterator[AuditBatch]:
    """Repair a table's counters. Yield the batches in the order of the parents' IDs, each after its commit.

    The drifts of a batch are the repaired counters. Correct counters are not written. A writer that ignores
    the lock order can deadlock with a batch. The batch is then repeated. Raise
    `asyncpg.DeadlockDetectedError` after five attempts.
    """
    while (repaired := await _repair_with_retries(pool, table, ids, batch)) is not None:
        yield repaired
        ids = Ids(repaired.ids.last + 1, ids.last)


async def drifts(pool: Pool) -> list[Drift]:
    return [drift for table in TABLES async for batch in verify(pool, table) for drift in batch.drifts]


async def extent(pool: Pool, table: str, ids: Ids = EVERY_ID) -> Ids | None:
    """Return the smallest and the largest ID of a table's parents within the range, or None without parents."""
    found = await pool.fetchrow(
        f"SELECT min(id), max(id) FROM {_PARENTS_OF[table]} WHERE id BETWEEN $1 AND $2",  # noqa: S608
        *ids,
    )
    return Ids(*found) if found and found["min"] is not None else None


async def _repair_with_retries(pool: Pool, table: str, ids: Ids, batch: int | None) -> AuditBatch | None:
    for _ in range(_ATTEMPTS - 1):
        try:
            return await _repair(pool, table, ids, batch)
        except asyncpg.DeadlockDetectedError:
            continue
    return await _repair(pool, table, ids, batch)


async def _repair(pool: Pool, table: str, ids: Ids, batch: int | None) -> AuditBatch | None:
    """Repair the first batch of the range. Return None if the range has no rows."""
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="read_committed"),
    ):
        found = await _parents(connection, table, ids, batch)
        if not found:
            return None
        await connection.execute(LOCK_USERS, sorted({row["owner"] for row in found}))
        locked = await connection.fetch(_LOCK[_PARENTS_OF[table]], [row["id"] for row in found])
        range_ = Ids(found[0]["id"], found[-1]["id"])
        repaired = await connection.fetch(_repair_sql(table), *range_, [row["id"] for row in locked])
        if repaired and table != "users":
            # One answer never shows figures of before and after the repair. Counters of users tell that by themselves.
            owners = {row["id"]: row["owner"] for row in found}
            await connection.execute(COUNT_RECOMPUTATION, sorted({owners[row["id"]] for row in repaired}))
        rows = await _rows(connection, table, range_, locked)
    return AuditBatch(table, range_, rows, _drifts(table, repaired))


async def _parents(connection: Connection, table: str, ids: Ids, batch: int | None) -> list[asyncpg.Record]:
    size = batch or (BATCH if table in COUNTERS else ROLLUP_BATCH)
    return await connection.fetch(_PARENTS[_PARENTS_OF[table]], *ids, size)


async def _rows(connection: Connection, table: str, range_: Ids, parents: Sequence[asyncpg.Record]) -> int:
    """Return the number of the parents' rows in the table. Users and keywords are their own rows."""
    if table in COUNTERS:
        return len(parents)
    return int(await connection.fetchval(_ROWS[table], *range_))


def _drifts(table: str, wrong: Sequence[asyncpg.Record]) -> list[Drift]:
    """Return the wrong counters of the rows, ordered by ID and bucket."""
    compared = [
        Drift(table, row["id"], column, row[f"stored_{column}"], row[f"counted_{column}"], row.get("slot"))
        for row in sorted(wrong, key=lambda row: (row["id"], row.get("slot") or 0))
        for column in _COLUMNS[table]
    ]
    return [each for each in compared if each.stored != each.counted]


def _count(counter: Counter) -> str:
    condition = "" if counter.status is None else f" FILTER (WHERE status = '{counter.status}')"
    return f"count(*){condition} AS {counter.column}"


def _joined_counts(rows: str, counters: Sequence[Counter]) -> str:
    """Return a join that counts one table's rows once for all parents of the range."""
    parent = counters[0].parent
    columns = ", ".join(_count(counter) for counter in counters)
    return (
        f"LEFT JOIN (SELECT {parent} AS id, {columns} FROM {rows} "  # noqa: S608 - names of COUNTERS
        f"WHERE {parent} BETWEEN $1 AND $2 GROUP BY {parent}) AS {rows}_of USING (id)"
    )


def _wrong(table: str, counters: Sequence[Counter]) -> str:
    """Return SQL that selects the rows from $1 to $2 with a wrong counter, with stored and counted numbers."""
    counts = [_joined_counts(rows, list(of)) for rows, of in groupby(counters, lambda each: each.rows)]
    stored = {each.column: f"parent.{each.column}" for each in counters}
    counted = {each.column: f"coalesce({each.rows}_of.{each.column}, 0)" for each in counters}
    columns = [f"{stored[name]} AS stored_{name}, {counted[name]} AS counted_{name}" for name in stored]
    differ = " OR ".join(f"{stored[name]} <> {counted[name]}" for name in stored)
    return (
        f"SELECT id, {', '.join(columns)} FROM {table} AS parent {' '.join(counts)} "  # noqa: S608 - as above
        f"WHERE id BETWEEN $1 AND $2 AND ({differ})"
    )


def _repair_counters(table: str, counters: Sequence[Counter]) -> str:
    """Return SQL that repairs the wrong rows among the locked IDs $3."""
    sets = ", ".join(f"{each.column} = counted_{each.column}" for each in counters)
    return (
        f"UPDATE {table} SET {sets} FROM ({_wrong(table, counters)}) AS wrong "  # noqa: S608 - as above
        f"WHERE {table}.id = wrong.id AND {table}.id = ANY ($3) RETURNING wrong.*"
    )


def _repair_sql(table: str) -> str:
    """Return SQL that repairs the wrong rows of the table among the locked IDs $3."""
    return _repair_counters(table, COUNTERS[table]) if table in COUNTERS else recount.repair(_ROLLUPS[table])


_READ = ["users", *COUNTED, "mentions", "leads", *(rollup.table for rollup in ROLLUPS)]
_COLUMNS = {table: [counter.column for counter in counters] for table, counters in COUNTERS.items()} | {
    rollup.table: list(MEASURES) for rollup in ROLLUPS
}
_PARENTS = {
    table: f"SELECT id, {owner} AS owner FROM {table} WHERE id BETWEEN $1 AND $2 ORDER BY id LIMIT $3"  # noqa: S608
    for table, owner in _OWNER.items()
}
_NEXT = {
    table: "SELECT DISTINCT id FROM unnest($1::bigint[]) AS point, "  # noqa: S608 - as above
    f"LATERAL (SELECT id FROM {table} WHERE id BETWEEN point AND $2 ORDER BY id LIMIT 1) AS parent ORDER BY id"
    for table in COUNTERS
}
_LOCK = {
    table: f"SELECT id FROM {table} WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE"  # noqa: S608
    for table in COUNTERS
}
_WRONG = {table: _wrong(table, counters) for table, counters in COUNTERS.items()} | {
    rollup.table: recount.select_wrong(rollup) for rollup in ROLLUPS
}
_ROLLUPS = {rollup.table: rollup for rollup in ROLLUPS}
_ROWS = {rollup.table: recount.count_rows(rollup) for rollup in ROLLUPS}
