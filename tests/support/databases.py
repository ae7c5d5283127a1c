"""Databases on the PostgreSQL of the tests."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from db.embedded import EmbeddedPostgres

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
