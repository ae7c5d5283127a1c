"""The pool of connections."""

from typing import TYPE_CHECKING

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

if TYPE_CHECKING:
    Pool = asyncpg.Pool[asyncpg.Record]
    Pooled = PoolConnectionProxy[asyncpg.Record]
    Connection = asyncpg.Connection[asyncpg.Record] | Pooled
else:  # the driver's classes take no parameters at run time
    Pool, Pooled, Connection = asyncpg.Pool, PoolConnectionProxy, asyncpg.Connection


APPLICATION = "leadgraph"
PREPARED_STATEMENTS = 400  # per connection


class UnreadableJson:
    """A stored JSON value that Python cannot hold, such as 1e400. Responses show an error in its place."""


def _json_value(text: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return UnreadableJson()


async def _prepare(connection: Connection) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: orjson.dumps(value).decode(),
        decoder=_json_value,
    )
    # COPY takes values in PostgreSQL's binary form, which `text.lexemes` makes.
    await connection.set_type_codec(
        "tsvector", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary"
    )


async def _keep(_: Connection) -> None:
    """Reset nothing. Settings are only ever changed for one transaction (SET LOCAL)."""


async def open_pool(
    url: str, *, size: int = 10, statement_timeout_seconds: float = 30, name: str = APPLICATION
) -> Pool:
    """Return a pool that opens connections on demand. The name appears in `pg_stat_activity`."""
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        init=_prepare,
        reset=_keep,
        statement_cache_size=PREPARED_STATEMENTS,
        command_timeout=statement_timeout_seconds,
        server_settings={
            "application_name": name,
            "timezone": "UTC",
            "statement_timeout": str(int(statement_timeout_seconds * 1000)),
            "idle_in_transaction_session_timeout": "60000",
        },
    )


async def require_answer(pool: Pool) -> None:
    """Raise the driver's error if the database does not answer."""
    await pool.fetchval("SELECT 1")


async def statements_running(pool: Pool) -> int:
    """Return the number of statements that run for servers, as far as the pool's role may see them."""
    found: int = await pool.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' "
        "AND application_name = $1 AND pid <> pg_backend_pid()",
        APPLICATION,
    )
    return found
