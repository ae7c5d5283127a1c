"""Connections to an address with several hosts: some are away, hang, or are standbys."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from db.engine import databases, migrations
from db.engine.outage import is_unavailable
from db.engine.pool import Pool, driver_of, open_pool
from tests.support.ports import free_port
from tests.support.proxy import proxied


def with_hosts(url: str, *ports: int, query: str = "") -> str:
    """Return the address with hosts of these ports before and after the host of the URL."""
    parts = urlsplit(url)
    login, _, host = parts.netloc.rpartition("@")
    hosts = ",".join([*(f"127.0.0.1:{port}" for port in ports), host])
    return urlunsplit(parts._replace(netloc=f"{login}@{hosts}", query=query))


@contextmanager
def silent() -> Iterator[int]:
    """Listen without an answer, like a server that hangs, and yield the port."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield int(listening.getsockname()[1])


async def test_hosts_that_are_away_or_hang_leave_time_for_the_next(database_url: str) -> None:
    with silent() as port:
        url = with_hosts(database_url, free_port(), port)
        async with await open_pool(url, size=1, answer_seconds=6) as pool:
            assert await pool.fetchval("SELECT 1") == 1
        await migrations.check(url)
        assert await databases.server_major(url) >= 15


async def test_a_standby_is_not_used(database_url: str) -> None:
    """A role that is read-only by default stands for a standby: PostgreSQL refuses writes of both."""
    async with databases.connected(database_url) as connection:
        name = await connection.fetchval("SELECT current_database()")
        await connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    for url in (with_hosts(database_url, free_port()), f"{database_url}?target_session_attrs=read-write"):
        with pytest.raises(asyncpg.TargetServerAttributeNotMatched) as refused:
            await open_pool(url, size=1)
        assert is_unavailable(refused.value)
    async with await open_pool(
        with_hosts(database_url, free_port(), query="target_session_attrs=any"), size=1
    ) as pool:
        assert await pool.fetchval("SHOW transaction_read_only") == "on"


async def answers(pool: Pool) -> bool:
    """Return whether the database answers. Any failure must be an outage."""
    try:
        return bool(await pool.fetchval("SELECT 1") == 1)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as failure:
        if not is_unavailable(failure):
            raise
        return False


async def test_a_pool_follows_the_primary_to_another_host(database_url: str) -> None:
    async with proxied(database_url) as first, proxied(database_url) as second:
        ports = [urlsplit(proxy.url).port for proxy in (first, second)]
        parts = urlsplit(first.url)
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
        url = urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@{hosts}"))
        async with await open_pool(url, size=3) as pool:
            assert await pool.fetchval("SELECT 1") == 1
            first.refuse()
            first.cut()
            async with asyncio.timeout(30):
                while not await answers(pool):
                    await asyncio.sleep(0.01)
            assert await pool.fetchval("SELECT 2") == 2


async def test_a_connection_that_ended_in_the_pool_is_an_outage(database_url: str) -> None:
    async with await open_pool(database_url, size=1) as pool, pool.acquire() as connection:
        driver = driver_of(connection)
        driver.terminate()
        async with asyncio.timeout(30):
            while connection._con is not None:  # type: ignore[attr-defined]
                await asyncio.sleep(0.01)
        with pytest.raises(asyncpg.InterfaceError) as ended:
            driver_of(connection)
        assert is_unavailable(ended.value)


async def test_a_host_that_is_gone_ends_its_connections(database_url: str) -> None:
    async with await open_pool(database_url, size=1) as pool, pool.acquire() as connection:
        found = cast("Any", driver_of(connection))._transport.get_extra_info("socket")
        if found.family == socket.AF_UNIX:
            pytest.skip("the server has no address")
        assert found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 20_000
