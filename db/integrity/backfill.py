"""Filling what a revision began to keep for the rows that were there before: online, in batches, resumable.

The revision makes tables and triggers; from then on changes are kept, and what was there before is missing.
A batch is filled as `db.integrity.audit` repairs it. Whoever reads waits until all is filled.
"""

from collections.abc import AsyncIterator

from db.engine.pool import Pool
from db.integrity import audit
from db.integrity.audit import LARGEST_ID, Batch, Ids


async def pending(pool: Pool) -> list[str]:
    """The tables that are not filled yet, in the order in which they are filled."""
    found = await pool.fetch("SELECT name FROM backfills WHERE finished_at IS NULL")
    names = {row["name"] for row in found}
    return [table for table in audit.TABLES if table in names]


async def fill(pool: Pool, table: str, *, batch: int | None = None) -> AsyncIterator[Batch]:
    """Fills what remains of a table. How far it has come is kept with every batch."""
    reached = await pool.fetchval(
        "SELECT reached_id FROM backfills WHERE name = $1 AND finished_at IS NULL", table
    )
    if reached is None:
        return
    async for filled in audit.repair(pool, table, Ids(reached + 1, LARGEST_ID), batch=batch):
        await pool.execute("UPDATE backfills SET reached_id = $2 WHERE name = $1", table, filled.ids.last)
        yield filled
    await pool.execute("UPDATE backfills SET finished_at = now() WHERE name = $1", table)
