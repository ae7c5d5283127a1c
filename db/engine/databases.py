"""Databases as a whole: whether a server can be used, and making and dropping databases on it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from db.engine.pool import Pool

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


@asynccontextmanager
async def _connected(url: str) -> "AsyncIterator[Connection]":
    connection = await asyncpg.connect(url, timeout=10)
    try:
        yield connection
    finally:
        await connection.close()


async def server_major(url: str) -> int:
    """The major version of the server, such as 18. Raises what the driver raises where none answers."""
    async with _connected(url) as connection:
        return connection.get_server_version().major


async def identity(pool: Pool) -> str:
    """Names the database among all there are, and its history: a restored or promoted copy is another one."""
    history = "(SELECT system_identifier FROM pg_control_system()), (SELECT timeline_id FROM pg_control_checkpoint())"
    database = "(SELECT oid FROM pg_database WHERE datname = current_database())"
    try:
        row = await pool.fetchrow(f"SELECT {history}, {database}")
    except asyncpg.PostgresError:  # some who host databases keep their control files to themselves
        row = await pool.fetchrow(f"SELECT current_database(), {database}")
    return "-".join(str(part) for part in row or ())


async def ensure(url: str, name: str) -> None:
    """Creates the database unless it is there."""
    async with _connected(url) as connection:
        if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name) is None:
            # Another process may be faster.
            with suppress(asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
                await connection.execute(f'CREATE DATABASE "{name}"')


@asynccontextmanager
async def scratch(url: str, name: str) -> AsyncIterator[str]:
    """The URL of an empty database beside the one of the URL, for as long as it is needed."""
    async with _connected(url) as connection:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
        finally:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
