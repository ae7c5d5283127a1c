"""The contents of a database: the number of rows and a checksum of each table.

The checksum of a table does not depend on the order of its rows. It is the exclusive or of PostgreSQL's extended
hashes of the rows. PostgreSQL keeps these hashes stable, because hash partitions depend on them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from db.engine.pool import Connection
from db.engine.statement_cache import comment
from db.inspection.statements import BACKUP

SCHEMA = "public"

# Columns of types without a hash, such as tsvector, are hashed as text.
_COLUMNS = """
SELECT class.relname AS name, array_agg(
    quote_ident(attname) || CASE WHEN EXISTS (
        SELECT FROM pg_opclass JOIN pg_am ON pg_am.oid = opcmethod
        WHERE amname = 'hash' AND opcdefault AND opcintype = atttypid
    ) THEN '' ELSE '::text' END ORDER BY attnum
) AS columns
FROM pg_class AS class JOIN pg_attribute ON attrelid = class.oid AND attnum > 0 AND NOT attisdropped
WHERE relnamespace = $1::regnamespace AND relkind = 'r'
AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = class.oid AND deptype = 'e')
GROUP BY class.relname ORDER BY class.relname
"""
_KEYS = """
SELECT credentials_key_id, count(*) FROM integrations WHERE credentials IS NOT NULL GROUP BY 1 ORDER BY 1
"""


class TableContents(NamedTuple):
    """The number of rows of a table, and their checksum."""

    rows: int
    checksum: str


async def read_contents(connection: Connection) -> dict[str, TableContents]:
    """Return the contents of each table, by the table's name."""
    return {
        row["name"]: await _contents(connection, **row) for row in await connection.fetch(_COLUMNS, SCHEMA)
    }


async def _contents(connection: Connection, name: str, columns: Sequence[str]) -> TableContents:
    hashed = f"hash_record_extended(ROW({', '.join(columns)}), 0)"
    row = await connection.fetchrow(
        f'SELECT count(*) AS rows, coalesce(bit_xor({hashed}), 0) AS hash FROM {SCHEMA}."{name}" {comment(BACKUP)}'  # noqa: S608 - names of the catalog
    )
    assert row is not None  # noqa: S101 - an aggregate has one row
    return TableContents(row["rows"], f"{row['hash'] & (2**64 - 1):016x}")


async def has_tables(connection: Connection) -> bool:
    """Return whether the database has tables, views or sequences."""
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM pg_class AS class WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S') "
        "AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = class.oid AND deptype = 'e'))",
        SCHEMA,
    )
    return found


async def credentials_keys(connection: Connection) -> dict[str, int]:
    """Return the IDs of the keys that encrypt credentials, each with its number of integrations."""
    return {row["credentials_key_id"]: row["count"] for row in await connection.fetch(_KEYS)}
