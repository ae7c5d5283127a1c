"""The space of what is kept for a time: files of exports, deliveries of webhooks, and idempotency keys."""

from typing import Final

from db.engine.pool import Pool

ARCHIVES: Final = ("export_parts", "webhook_deliveries", "idempotency_keys")
_SIZES: Final = """
SELECT relname, pg_total_relation_size(oid) AS bytes FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relname = ANY ($1::name[])
"""


async def archive_sizes(pool: Pool) -> dict[str, int]:
    """Return the bytes of the tables with their indexes, by table."""
    found = {row["relname"]: row["bytes"] for row in await pool.fetch(_SIZES, ARCHIVES)}
    return {name: found[name] for name in ARCHIVES if name in found}
