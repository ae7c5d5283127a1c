"""Two PostgreSQL servers: one partition of each table is on the second one, behind postgres_fdw."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from urllib.parse import urlsplit

import asyncpg

from db.embedded import EmbeddedPostgres
from db.engine.pool import Pool, open_pool
from db.sharding.conversion import conversion_of_keys
from db.sharding.tables import distributed
from tests.support.databases import copied_database
from tests.support.distributed import PARTITIONS, Sent

_SERVERS = """
SELECT DISTINCT relkind = 'f' AS is_foreign FROM pg_locks JOIN pg_class ON pg_class.oid = relation
WHERE pid = pg_backend_pid() AND relname ~ '_p[0-9]+$' AND relkind IN ('r', 'f')
"""


@asynccontextmanager
async def spread_database(
    first: EmbeddedPostgres, second: EmbeddedPostgres, template: str, source: str, number: int
) -> AsyncIterator[Pool]:
    """Yield the pool of a database on the first server with the rows of `source`, a distributed database.

    The partitions of the number are on the second server.
    """
    async with copied_database(first, template) as name:
        here, there = await asyncpg.connect(first.url(name)), await asyncpg.connect(second.url("postgres"))
        rows = await asyncpg.connect(source)
        try:
            for sql in ("CREATE EXTENSION btree_gin", "CREATE EXTENSION pg_trgm"):
                await there.execute(sql)
            await _spread(here, there, second.url("postgres"), number)
            for table in distributed():
                kept = BytesIO()
                await rows.copy_from_query(f"SELECT * FROM {table}", output=kept, format="binary")
                await here.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
                await here.copy_to_table(table, source=BytesIO(kept.getvalue()), format="binary")
            pool = await open_pool(first.url(name), size=1)
            yield pool
            await pool.close()
        finally:
            for connection in (here, there, rows):
                await connection.close()


async def _spread(here: asyncpg.Connection, there: asyncpg.Connection, url: str, remote: int) -> None:
    address = urlsplit(url)
    await here.execute("CREATE EXTENSION postgres_fdw")
    await here.execute(
        "CREATE SERVER second FOREIGN DATA WRAPPER postgres_fdw OPTIONS "
        f"(host '{address.hostname}', port '{address.port}', dbname 'postgres', batch_size '1000')"
    )
    user, password = address.username, address.password
    await here.execute(
        f"CREATE USER MAPPING FOR CURRENT_USER SERVER second OPTIONS (user '{user}', password '{password}')"
    )
    for sql in conversion_of_keys():
        await here.execute(sql)
    for table, column in distributed().items():
        await here.execute(f"ALTER TABLE {table} RENAME TO {table}_whole")
        # A table with foreign partitions has no unique keys and no foreign keys: each partition has its own.
        await here.execute(
            f"CREATE TABLE {table} (LIKE {table}_whole INCLUDING DEFAULTS INCLUDING IDENTITY) PARTITION BY HASH ({column})"
        )
        columns = await here.fetchval(
            "SELECT string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attnum) "
            "FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped",
            table,
        )
        for number in range(PARTITIONS):
            part, bounds = f"{table}_p{number}", f"FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {number})"
            if number != remote:
                await here.execute(f"CREATE TABLE {part} PARTITION OF {table} {bounds}")
                continue
            await there.execute(f"CREATE TABLE {part} ({columns})")
            await here.execute(f"CREATE FOREIGN TABLE {part} PARTITION OF {table} {bounds} SERVER second")


async def read_on(pool: Pool, sent: Sent) -> tuple[frozenset[str], list[str]]:
    """Run a read. Return the servers whose partitions PostgreSQL has locked for it, and the rows in any order."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")
        rows = await connection.fetch(sent.sql, *sent.values)
        kinds = await connection.fetch(_SERVERS)
    servers = frozenset("second" if row["is_foreign"] else "first" for row in kinds)
    return servers, sorted(str(list(row.values())) for row in rows)
