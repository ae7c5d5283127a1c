"""Poolers in transaction mode, such as PgBouncer: they give a client a server for one transaction at a time.

Settings of sessions, prepared statements and notifications are lost there (`db.engine.guarded_connection`).
"""

import asyncio
import secrets
from contextlib import AsyncExitStack
from typing import Any, Final, NamedTuple

import asyncpg

from db.engine import databases
from db.engine.connecting import connect
from db.engine.databases import connected, identity
from db.engine.pool import open_pool

NOTIFIED_SECONDS: Final = 2.0
"""Time in which a notification arrives. A pooler loses it."""
_REFUSAL: Final = "unsupported startup parameter"


class Server(NamedTuple):
    """The major version of a server, and whether a connection keeps its session between transactions."""

    major: int
    has_sessions: bool


async def examined(url: str) -> Server:
    """Return what one connection tells of the server. Raise the driver's error if the server does not answer.

    A connection whose server tells the process ID of the connection has no pooler before it. For others, try whether a
    notification arrives.
    """
    connection = await connect(url, seconds=databases.CONNECT_SECONDS, statement_cache_size=0)
    try:
        is_direct = await tells_its_process(connection, seconds=databases.CONNECT_SECONDS)
        return Server(connection.get_server_version().major, is_direct or await _is_notified(url, connection))
    finally:
        await connection.close()


async def tells_its_process(connection: Any, *, seconds: float) -> bool:
    """Return whether the connection knows the process of its server. A pooler in transaction mode invents the number."""
    async with connection.transaction():
        process: int = await connection.fetchval("SELECT pg_backend_pid()", timeout=seconds)
    own: int = connection.get_server_pid()
    return process == own


async def _is_notified(url: str, listening: Any) -> bool:
    """Return whether the connection gets a notification of another one."""
    channel, notified = f"leadgraph_{secrets.token_hex(8)}", asyncio.Event()
    await listening.add_listener(channel, lambda *_: notified.set())
    async with connected(url) as other:
        await other.execute(f"NOTIFY {channel}")
        try:
            async with asyncio.timeout(NOTIFIED_SECONDS):
                await notified.wait()
        except TimeoutError:
            return False
    return True


async def are_same(pooled_url: str, direct_url: str, *, answer_seconds: float) -> bool:
    """Return whether both addresses lead to the same database."""
    async with AsyncExitStack() as stack:
        pools = [
            await stack.enter_async_context(
                await open_pool(url, size=1, answer_seconds=answer_seconds, direct_url=direct)
            )
            for url, direct in ((pooled_url, direct_url), (direct_url, None))
        ]
        first, second = [await identity(each) for each in pools]
        return first == second


def refuses_parameter(failure: BaseException) -> bool:
    """Return whether a pooler refused a setting that came with the connection."""
    return isinstance(failure, asyncpg.PostgresError) and str(failure).startswith(_REFUSAL)
