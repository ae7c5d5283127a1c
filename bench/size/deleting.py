"""The deletion of the oldest mentions by the product's own retention, while another user's writes are timed."""

import asyncio
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from bench.table import markdown, written
from db.engine.pool import Pool, open_pool
from db.integrity import audit
from services.retention import delete_next_mentions

_CUTOFF = """
SELECT now() - min(created_at) - $1::float8 * (max(created_at) - min(created_at)) FROM mentions
WHERE starred_at IS NULL AND NOT EXISTS (SELECT FROM leads WHERE mention_id = mentions.id)
"""
_STATE = """
SELECT pg_relation_size('mentions') AS heap, pg_indexes_size('mentions') AS indexes, pg_current_wal_lsn() AS position
"""
_DEAD = "SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'mentions'"
_WRITE = """
UPDATE mentions SET read_at = clock_timestamp() WHERE id = (
    SELECT id FROM mentions WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1
)
"""


@dataclass(slots=True)
class Deletion:
    """The figures of a deletion: milliseconds of each batch and of each write beside it, and sizes in bytes."""

    rows: int = 0
    seconds: float = 0
    batches: list[tuple[int, float]] = field(default_factory=list)
    writes: list[float] = field(default_factory=list)
    wal: int = 0
    dead: int = 0
    vacuum_seconds: float = 0
    heap_growth: int = 0
    index_growth: int = 0
    drifts: int = 0


async def delete_oldest(url: str, share: float) -> Deletion:
    """Delete about this share of the mentions, the oldest, and VACUUM. Count the wrong counters of a sample of 20 users."""
    pool = await open_pool(url, size=3, statement_timeout_seconds=3600)
    found = Deletion()
    try:
        before = await pool.fetchrow(_STATE)
        assert before is not None  # noqa: S101 - a row without a table
        done = asyncio.Event()
        writing = asyncio.create_task(_write(pool, found, done))
        began = time.perf_counter()
        await _delete(pool, found, await pool.fetchval(_CUTOFF, share))
        found.seconds = time.perf_counter() - began
        done.set()
        await writing
        found.wal = int(
            await pool.fetchval("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), $1)", before["position"])
        )
        await pool.execute("SELECT pg_stat_force_next_flush()")
        found.dead = await pool.fetchval(_DEAD)
        began = time.perf_counter()
        await pool.execute("VACUUM mentions")
        found.vacuum_seconds = time.perf_counter() - began
        after = await pool.fetchrow(_STATE)
        assert after is not None  # noqa: S101 - a row without a table
        found.heap_growth, found.index_growth = (after[name] - before[name] for name in ("heap", "indexes"))
        found.drifts = await _drifts(pool)
    finally:
        await pool.close()
    return found


async def _delete(pool: Pool, found: Deletion, keep: timedelta) -> None:
    first = 1
    while True:
        began = time.perf_counter()
        done = await delete_next_mentions(pool, first, keep)
        if done is None:
            return
        found.batches.append((done.number, (time.perf_counter() - began) * 1000))
        found.rows += done.number
        first = done.user_id if done.has_more else done.user_id + 1


async def _write(pool: Pool, found: Deletion, done: asyncio.Event) -> None:
    """Mark the newest mention of random users, one after the other, until the deletion ends."""
    users = [row["id"] for row in await pool.fetch("SELECT id FROM users ORDER BY random() LIMIT 200")]
    while not done.is_set():
        for user in users:
            began = time.perf_counter()
            await pool.execute(_WRITE, user)
            found.writes.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(0.01)
            if done.is_set():
                return


async def _drifts(pool: Pool) -> int:
    return sum(
        [
            len(batch.drifts)
            for table in audit.TABLES
            async for batch in audit.verify_some(pool, table, parents=20)
        ]
    )


def table(found: Mapping[str, Deletion]) -> str:
    """Return the figures of the deletions as a table with a column for each size."""
    each = list(found.values())
    rows = [
        ["deleted mentions", *(f"{one.rows:,}" for one in each)],
        ["mentions per second", *(f"{one.rows / one.seconds:,.0f}" for one in each)],
        ["batches", *(f"{len(one.batches):,}" for one in each)],
        ["median ms of a batch", *(written(statistics.median(ms for _, ms in one.batches)) for one in each)],
        ["longest ms of a batch", *(written(max(ms for _, ms in one.batches)) for one in each)],
        ["µs per mention", *(written(one.seconds * 1e6 / one.rows) for one in each)],
        ["median ms of a write beside", *(written(statistics.median(one.writes)) for one in each)],
        ["longest ms of a write beside", *(written(max(one.writes)) for one in each)],
        ["WAL bytes per mention", *(f"{one.wal / one.rows:,.0f}" for one in each)],
        ["dead rows before VACUUM", *(f"{one.dead:,}" for one in each)],
        ["seconds of VACUUM", *(written(one.vacuum_seconds) for one in each)],
        ["growth of table, MB", *(written(one.heap_growth / 1e6) for one in each)],
        ["growth of indexes, MB", *(written(one.index_growth / 1e6) for one in each)],
        ["wrong counters of a sample", *(str(one.drifts) for one in each)],
    ]
    return markdown(["deletion", *(f"at {name}" for name in found)], rows)
