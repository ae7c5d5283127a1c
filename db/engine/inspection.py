"""Faults of a schema that are visible in PostgreSQL's catalog."""

from db.engine.pool import Pool

_INVALID = """
SELECT indexrelid::regclass::text AS name FROM pg_index JOIN pg_class ON oid = indexrelid
WHERE NOT indisvalid AND relnamespace = current_schema()::regnamespace
    AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index AS building WHERE building.index_relid = indexrelid)
ORDER BY name
"""


async def invalid_indexes(pool: Pool) -> list[str]:
    """Return the names of indexes whose build was interrupted."""
    return [row["name"] for row in await pool.fetch(_INVALID)]
