"""Commands on a database in trouble end with one sentence, and a worker waits for the database."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from db.engine import databases, poolers
from db.engine.pool import Pool, open_pool
from server.runtime import worker as running
from server.runtime.errors import CommandError
from server.runtime.worker import Worker
from tests.support.command import Command
from tests.support.proxy import Proxy, proxied

REPAIR = ("counters", "repair")
NEW_KEY = ("keys", "create", "--user", "ann@example.com")


@pytest.fixture
async def proxy(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Proxy]:
    """A proxy in front of the database of the commands."""
    async with proxied(database_url) as proxy:
        monkeypatch.setenv("LEADGRAPH_DATABASE_URL", proxy.url)
        yield proxy


async def sentence(command: Command, *arguments: str) -> str:
    """Run the command, and return its error without the address of the database."""
    failure = (await command(*arguments)).exception
    assert isinstance(failure, CommandError), repr(failure)
    return str(failure)


@pytest.mark.parametrize("arguments", [REPAIR, NEW_KEY, ("migrate",), ("worker",)])
async def test_a_command_ends_with_one_sentence_if_the_database_hangs(
    command: Command, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setattr(databases, "CONNECT_SECONDS", 0.2)
    monkeypatch.setenv("LEADGRAPH_DATABASE_WAIT_SECONDS", "0")
    proxy.stall()
    told = await sentence(command, *arguments)
    assert told.startswith("Cannot use the PostgreSQL of LEADGRAPH_DATABASE_URL (postgresql://")
    assert told.endswith(
        "): it does not answer. Correct the URL, or unset it to use the embedded PostgreSQL."
    )


async def test_a_command_ends_with_one_sentence_if_the_database_hangs_later(
    command: Command, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "CONNECT_SECONDS", 0.2)
    checked = poolers.examined

    async def check_and_stall(url: str) -> poolers.Server:
        found = await checked(url)
        proxy.stall()
        return found

    monkeypatch.setattr(poolers, "examined", check_and_stall)
    assert await sentence(command, *REPAIR) == (
        "The database is unavailable (it does not answer): check the server, and try again."
    )


@pytest.mark.direct
async def test_a_command_ends_with_one_sentence_if_the_database_is_read_only(
    pool: Pool, command: Command
) -> None:
    name = await pool.fetchval("SELECT current_database()")
    await pool.execute("INSERT INTO users (email) VALUES ('ann@example.com')")
    await pool.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    for arguments in (REPAIR, NEW_KEY):
        assert await sentence(command, *arguments) == (
            "The database accepts no writes now: connect to the primary server, or try again later."
        )


@pytest.mark.direct
async def test_a_worker_reports_a_read_only_database_once_and_goes_on_afterwards(
    database_url: str, pool: Pool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(running, "LONGEST_WAIT_SECONDS", 0.01)
    refused, done = asyncio.Event(), asyncio.Event()
    tries = 0

    async def job(of_worker: Pool) -> bool:
        nonlocal tries
        tries += 1
        if tries == 3:
            refused.set()
        await of_worker.execute("CREATE TABLE written ()")
        done.set()
        return False

    name = await pool.fetchval("SELECT current_database()")
    await pool.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    own = await open_pool(database_url, size=3)
    worker = Worker(own, jobs=[job], housekeeping=[])
    task = asyncio.create_task(worker.run())
    await refused.wait()
    await pool.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
    await own.expire_connections()
    await done.wait()
    await worker.stop()
    await task
    own.terminate()
    assert [(record.levelno, record.exc_info) for record in caplog.records] == [(logging.WARNING, None)]
    assert caplog.messages == [
        "The database is unavailable to the worker: cannot execute CREATE TABLE in a read-only transaction"
    ]
