"""Whether counters and roll-ups are right, and how they become right again, or are filled at first.

`COUNTERS` says what each counter column counts, `db.integrity.recount` the same of roll-ups. They are written down
apart from the triggers of `db.integrity.counters` and `db.integrity.rollups`, so that one can prove the other.

Both ways go through the parents in ranges of ids, and count the rows of a whole range at once, from indexes.

- `verify` reads a range in one snapshot. A row and its difference become visible together, so stored and
  counted agree in every snapshot, however many writers there are.
- `repair` locks the parents of a range, and then counts in a new statement, hence in a new snapshot. Nothing
  is lost: a writer holds its parents' locks from its trigger until it ends. One that came first has ended
  when the lock is there, so that the count sees its rows; the trigger of any other waits for the lock, and
  adds its difference to the mended number afterwards.
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
from db.integrity.counters import LOCK_USERS, STATUS_COUNTERS
from db.integrity.rollups import MEASURES, ROLLUPS
from db.models import LeadStatus

BATCH = 1000
SLOTS_BATCH = 20
"""How many parents are taken together: a parent has few counters, and many slots."""
LARGEST_ID = 2**63 - 1
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Counter:
    """A column that says how many rows of another table name the parent, those of one status only if given."""

    column: str
    rows: str
    parent: str
    status: LeadStatus | None = None


def _leads(parent: str) -> list[Counter]:
    by_status = [Counter(column, "leads", parent, status) for status, column in STATUS_COUNTERS.items()]
    return [Counter("leads_count", "leads", parent), *by_status]


# In the lock order of db.integrity.counters: users, then keywords.
COUNTERS: dict[str, list[Counter]] = {
    "users": [
        Counter("keywords_count", rows="keywords", parent="user_id"),
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
    rollup.table: "users" if rollup.parent == "user_id" else "keywords" for rollup in ROLLUPS
}
TABLES = list(_PARENTS_OF)
"""What is audited, in this order."""


class Drift(NamedTuple):
    """One wrong counter: what the column says, and how many rows there are. A roll-up's is of a slot, and the
    id its parent's.
    """

    table: str
    id: int
    column: str
    stored: int
    counted: int
    slot: datetime | None = None


class Ids(NamedTuple):
    """A range of ids of parents, both ends included."""

    first: int = 1
    last: int = LARGEST_ID


@dataclass(frozen=True, slots=True)
class Batch:
    """What was found in one range of a table: the rows there were, and the counters that were wrong."""

    table: str
    ids: Ids
    rows: int
    drifts: Sequence[Drift]

    @property
    def counters(self) -> int:
        """How many counters were compared."""
        return self.rows * len(_COLUMNS[self.table])


EVERY_ID = Ids()


async def verify(
    pool: Pool,
    table: str,
    ids: Ids = EVERY_ID,
    *,
    batch: int | None = None,
    longest_seconds: float | None = None,
) -> AsyncIterator[Batch]:
    """The batches of a table in the order of the parents' ids.

    A statement that takes longer than `longest_seconds` raises `asyncpg.QueryCanceledError`.
    """
    while ids.first <= ids.last:
        async with (
            pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            if longest_seconds is not None:
                await connection.execute(f"SET LOCAL statement_timeout = {round(longest_seconds * 1000)}")
            # The locks come before the snapshot: TRUNCATE empties a table also for older snapshots.
            await connection.execute(f"LOCK TABLE {', '.join(_READ)} IN ACCESS SHARE MODE")
            found = await _parents(connection, table, ids, batch)
            if not found:
                return
            span = Ids(found[0]["id"], found[-1]["id"])
            wrong = await connection.fetch(_WRONG[table], *span)
            rows = await _rows(connection, table, span, found)
        yield Batch(table, span, rows, _drifts(table, wrong))
        ids = Ids(span.last + 1, ids.last)


async def chosen(pool: Pool, table: str, ids: Ids = EVERY_ID, *, parents: int) -> list[int]:
    """The ids of so many parents of a table, chosen at random, at a cost that does not grow with the table.

    Points are chosen, and at each the next parent: whoever stands behind a gap is chosen more often.
    """
    within = await extent(pool, table, ids)
    if within is None:
        return []
    everything = range(within.first, within.last + 1)
    points = random.sample(everything, min(parents, len(everything)))
    return [row["id"] for row in await pool.fetch(_NEXT[_PARENTS_OF[table]], points, within.last)]


async def verify_some(pool: Pool, table: str, ids: Ids = EVERY_ID, *, parents: int) -> AsyncIterator[Batch]:
    """As `verify`, but only so many parents, chosen at random; a batch each, in the order of their ids."""
    for id_ in await chosen(pool, table, ids, parents=parents):
        async for batch in verify(pool, table, Ids(id_, id_)):
            yield batch


async def repair(
    pool: Pool, table: str, ids: Ids = EVERY_ID, *, batch: int | None = None
) -> AsyncIterator[Batch]:
    """The batches of a table in the order of the parents' ids, each mended and committed; its drifts are what
    was mended.

    Right counters are not written. A writer that ignores the lock order can make a batch the victim of a
    deadlock: it is tried again, and `asyncpg.DeadlockDetectedError` comes out after five times.
    """
    while (mended := await _mend_again(pool, table, ids, batch)) is not None:
        yield mended
        ids = Ids(mended.ids.last + 1, ids.last)


async def drifts(pool: Pool) -> list[Drift]:
    """Every wrong counter of the database; empty where all is right."""
    return [drift for table in TABLES async for batch in verify(pool, table) for drift in batch.drifts]


async def extent(pool: Pool, table: str, ids: Ids = EVERY_ID) -> Ids | None:
    """The smallest and the largest id of a table's parents within a range; None where there are none."""
    found = await pool.fetchrow(
        f"SELECT min(id), max(id) FROM {_PARENTS_OF[table]} WHERE id BETWEEN $1 AND $2",  # noqa: S608
        *ids,
    )
    return Ids(*found) if found and found["min"] is not None else None


async def _mend_again(pool: Pool, table: str, ids: Ids, batch: int | None) -> Batch | None:
    for _ in range(_ATTEMPTS - 1):
        try:
            return await _mend(pool, table, ids, batch)
        except asyncpg.DeadlockDetectedError:
            continue
    return await _mend(pool, table, ids, batch)


async def _mend(pool: Pool, table: str, ids: Ids, batch: int | None) -> Batch | None:
    """Mends the first batch of the range. None where the range has no rows."""
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="read_committed"),
    ):
        found = await _parents(connection, table, ids, batch)
        if not found:
            return None
        await connection.execute(LOCK_USERS, sorted({row["owner"] for row in found}))
        locked = await connection.fetch(_LOCK[_PARENTS_OF[table]], [row["id"] for row in found])
        span = Ids(found[0]["id"], found[-1]["id"])
        mended = await connection.fetch(_MEND[table], *span, [row["id"] for row in locked])
        rows = await _rows(connection, table, span, locked)
    return Batch(table, span, rows, _drifts(table, mended))


async def _parents(connection: Connection, table: str, ids: Ids, batch: int | None) -> list[asyncpg.Record]:
    size = batch or (BATCH if table in COUNTERS else SLOTS_BATCH)
    return await connection.fetch(_PARENTS[_PARENTS_OF[table]], *ids, size)


async def _rows(connection: Connection, table: str, span: Ids, parents: Sequence[asyncpg.Record]) -> int:
    """How many rows of the table the parents have; of users and keywords they are the rows."""
    if table in COUNTERS:
        return len(parents)
    return int(await connection.fetchval(_ROWS[table], *span))


def _drifts(table: str, wrong: Sequence[asyncpg.Record]) -> list[Drift]:
    """The wrong counters of rows that have one, ordered by id, and by slot."""
    pairs = [
        Drift(table, row["id"], column, row[f"stored_{column}"], row[f"counted_{column}"], row.get("slot"))
        for row in sorted(wrong, key=lambda row: (row["id"], row.get("slot") or 0))
        for column in _COLUMNS[table]
    ]
    return [pair for pair in pairs if pair.stored != pair.counted]


def _count(counter: Counter) -> str:
    condition = "" if counter.status is None else f" FILTER (WHERE status = '{counter.status}')"
    return f"count(*){condition} AS {counter.column}"


def _joined_counts(rows: str, counters: Sequence[Counter]) -> str:
    """Counts one table's rows once for all parents of the range. A parent without rows has none."""
    parent = counters[0].parent
    columns = ", ".join(_count(counter) for counter in counters)
    return (
        f"LEFT JOIN (SELECT {parent} AS id, {columns} FROM {rows} "  # noqa: S608 - names of COUNTERS
        f"WHERE {parent} BETWEEN $1 AND $2 GROUP BY {parent}) AS {rows}_of USING (id)"
    )


def _wrong(table: str, counters: Sequence[Counter]) -> str:
    """SQL for the rows with ids from $1 to $2 that have a wrong counter, with stored and counted numbers."""
    counts = [_joined_counts(rows, list(of)) for rows, of in groupby(counters, lambda each: each.rows)]
    stored = {each.column: f"parent.{each.column}" for each in counters}
    counted = {each.column: f"coalesce({each.rows}_of.{each.column}, 0)" for each in counters}
    columns = [f"{stored[name]} AS stored_{name}, {counted[name]} AS counted_{name}" for name in stored]
    differ = " OR ".join(f"{stored[name]} <> {counted[name]}" for name in stored)
    return (
        f"SELECT id, {', '.join(columns)} FROM {table} AS parent {' '.join(counts)} "  # noqa: S608 - as above
        f"WHERE id BETWEEN $1 AND $2 AND ({differ})"
    )


def _mending(table: str, counters: Sequence[Counter]) -> str:
    """SQL that mends those of these rows whose ids are in $3, which are locked."""
    sets = ", ".join(f"{each.column} = counted_{each.column}" for each in counters)
    return (
        f"UPDATE {table} SET {sets} FROM ({_wrong(table, counters)}) AS wrong "  # noqa: S608 - as above
        f"WHERE {table}.id = wrong.id AND {table}.id = ANY ($3) RETURNING wrong.*"
    )


_READ = ["users", "keywords", "mentions", "leads", *(rollup.table for rollup in ROLLUPS)]
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
    rollup.table: recount.wrong(rollup) for rollup in ROLLUPS
}
_MEND = {table: _mending(table, counters) for table, counters in COUNTERS.items()} | {
    rollup.table: recount.mending(rollup) for rollup in ROLLUPS
}
_ROWS = {rollup.table: recount.rows(rollup) for rollup in ROLLUPS}
