"""Whole databases: identify, create and drop them, and read the server's version."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from db.engine.connecting import connect
from db.engine.pool import Pool

CONNECT_SECONDS = 10
_ALLOWED = """
SELECT least(
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true)::int, 0),
    (SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database()),
    (SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user)
)
"""
"""PostgreSQL 16 and later can reserve connections for privileged roles."""

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


@asynccontextmanager
async def connected(url: str) -> "AsyncIterator[Connection]":
    """Yield a connection, and close it afterwards."""
    connection: Connection = await connect(url, seconds=CONNECT_SECONDS)
    try:
        yield connection
    finally:
        await connection.close()


async def server_major(url: str) -> int:
    """Return the server's major version, such as 18.

    Raise the driver's error if the server does not answer.
    """
    async with connected(url) as connection:
        return connection.get_server_version().major


async def identity(pool: Pool) -> str:
    """Return an identifier that is unique to the database and its history.

    Restored and promoted copies differ.
    """
    history = "(SELECT system_identifier FROM pg_control_system()), (SELECT timeline_id FROM pg_control_checkpoint())"
    database = "(SELECT oid FROM pg_database WHERE datname = current_database())"
    try:
        row = await pool.fetchrow(f"SELECT {history}, {database}")
    except asyncpg.PostgresError:  # some hosting providers do not grant these functions
        row = await pool.fetchrow(f"SELECT current_database(), {database}")
    return "-".join(str(part) for part in row or ())


async def connections_allowed(url: str) -> int:
    """Return the number of connections that the server, the database and the role of the URL allow in total."""
    async with connected(url) as connection:
        return int(await connection.fetchval(_ALLOWED))


async def ensure(url: str, name: str) -> None:
    """Create the database unless it exists."""
    async with connected(url) as connection:
        if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name) is None:
            # Another process may create the database first.
            with suppress(asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
                await connection.execute(f'CREATE DATABASE "{name}"')


@asynccontextmanager
async def scratch(url: str, name: str) -> AsyncIterator[str]:
    """Create an empty database on the server, yield its URL, and drop the database afterwards."""
    async with connected(url) as connection:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
        finally:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
