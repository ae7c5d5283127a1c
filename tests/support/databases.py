"""Databases on the PostgreSQL of the tests."""

import itertools
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg

from db.embedded import EmbeddedPostgres
from db.engine.pool import Pool

# Tests need no durability, because they do not survive a crash. Short logs leave memory for databases.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "256MB",
}

_numbers = itertools.count()


@asynccontextmanager
async def copied_database(
    postgres: EmbeddedPostgres, template: str, name: str | None = None
) -> AsyncIterator[str]:
    """Copy the database `template`, which no connection may use, and yield the name. Drop the copy in the end."""
    name = name or f"test_{next(_numbers)}"
    connection = await asyncpg.connect(postgres.url("postgres"))
    try:
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        yield name
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await connection.close()


@asynccontextmanager
async def role_without_rights(pool: Pool, url: str) -> AsyncIterator[str]:
    """Yield the URL of the database for a role that may read all tables, and may do nothing else. Drop the role in the end."""
    role = f"weak_{secrets.token_hex(6)}"
    await pool.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'weak'")
    await pool.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    try:
        address = urlsplit(url)
        yield f"postgresql://{role}:weak@{address.netloc.rpartition('@')[2]}{address.path}"
    finally:
        await pool.execute(f"DROP OWNED BY {role}")
        await pool.execute(f"DROP ROLE {role}")
