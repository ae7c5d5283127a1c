"""Indexes that cost and do not serve: invalid, duplicate and unused ones."""

from typing import NamedTuple

from db.engine.pool import Pool
from db.models import Base


class Index(NamedTuple):
    """An index, its table, its size, and for a duplicate the name of the index that it repeats."""

    name: str
    table: str
    size: int
    twin: str | None = None


# Only an index without a running build is invalid for good.
_INVALID = """
SELECT class.relname AS name, pg_index.indrelid::regclass::text AS table, pg_relation_size(class.oid) AS size
FROM pg_index JOIN pg_class AS class ON class.oid = indexrelid
WHERE class.relnamespace = 'public'::regnamespace AND NOT indisvalid
AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index WHERE index_relid = indexrelid)
ORDER BY class.relname
"""
# The first of equal indexes stays: the one of a constraint, else one of this release, else the oldest.
_DUPLICATE = """
SELECT name, "table", size, twin FROM (
    SELECT class.relname AS name, indrelid::regclass::text AS table, pg_relation_size(class.oid) AS size,
        first_value(class.relname) OVER same AS twin
    FROM pg_index JOIN pg_class AS class ON class.oid = indexrelid
    WHERE class.relnamespace = 'public'::regnamespace AND indisvalid
    WINDOW same AS (
        PARTITION BY indrelid, relam, indkey::text, indclass::text, indcollation::text, indoption::text,
            pg_get_expr(indexprs, indrelid), pg_get_expr(indpred, indrelid)
        ORDER BY indisprimary DESC, indisunique DESC, class.relname = ANY ($1) DESC, class.oid
    )
) AS compared WHERE name <> twin ORDER BY name
"""
_UNUSED = """
SELECT class.relname AS name, indrelid::regclass::text AS table, pg_relation_size(class.oid) AS size
FROM pg_index JOIN pg_class AS class ON class.oid = indexrelid
JOIN pg_stat_user_indexes AS used USING (indexrelid)
WHERE class.relnamespace = 'public'::regnamespace AND indisvalid AND NOT indisunique AND idx_scan = 0
AND class.relname <> ALL ($1) AND NOT class.relispartition
ORDER BY class.relname
"""
"""The indexes of partitions belong to the index of their table."""


def names_of_release() -> list[str]:
    """Return the names of the indexes that this release creates."""
    tables = Base.metadata.tables.values()
    return sorted(str(index.name) for table in tables for index in table.indexes)


async def invalid(pool: Pool) -> list[Index]:
    """Return the indexes whose build failed."""
    return [Index(**row) for row in await pool.fetch(_INVALID)]


async def duplicate(pool: Pool) -> list[Index]:
    """Return the indexes that repeat another index of their table."""
    return [Index(**row) for row in await pool.fetch(_DUPLICATE, names_of_release())]


async def unused(pool: Pool) -> list[Index]:
    """Return the indexes that no query has used since the statistics began. Those of the release are needed anyway."""
    return [Index(**row) for row in await pool.fetch(_UNUSED, names_of_release())]
