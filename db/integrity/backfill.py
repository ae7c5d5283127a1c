"""Fill roll-ups for rows older than the roll-ups: online, in batches, resumable.

A revision creates the tables and triggers, which count all later changes. The rows before the revision are
missing. A batch is filled in the same way as `db.integrity.audit` repairs one. Servers do not start before
all is filled.
"""

from collections.abc import AsyncIterator

from db.engine.pool import Pool
from db.integrity import audit
from db.integrity.audit import LARGEST_ID, AuditBatch, Ids


async def pending(pool: Pool) -> list[str]:
    """Return the tables that are not completely filled, in the order of filling."""
    found = await pool.fetch("SELECT name FROM backfills WHERE finished_at IS NULL")
    names = {row["name"] for row in found}
    return [table for table in audit.TABLES if table in names]


async def fill(pool: Pool, table: str, *, batch: int | None = None) -> AsyncIterator[AuditBatch]:
    """Fill the rest of a table, and yield its batches. Store the progress after each batch."""
    reached = await pool.fetchval(
        "SELECT reached_id FROM backfills WHERE name = $1 AND finished_at IS NULL", table
    )
    if reached is None:
        return
    async for filled in audit.repair(pool, table, Ids(reached + 1, LARGEST_ID), batch=batch):
        await pool.execute("UPDATE backfills SET reached_id = $2 WHERE name = $1", table, filled.ids.last)
        yield filled
    await pool.execute("UPDATE backfills SET finished_at = now() WHERE name = $1", table)
