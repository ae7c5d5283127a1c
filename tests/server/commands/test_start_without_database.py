"""Servers and workers that start while PostgreSQL is down: they wait for it, or end with one sentence."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from db.embedded import EmbeddedPostgres
from db.engine import databases, migrations
from tests.support.folders import data_folder
from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parents[3]
READY = {"serve": b"Leadgraph serves http", "worker": b"The worker is running."}
SECONDS = 30


@dataclass
class Place:
    """A migrated PostgreSQL that is stopped, a free port, and a folder for the data of a process."""

    postgres: EmbeddedPostgres
    url: str
    port: int
    home: Path

    @asynccontextmanager
    async def started(self, command: str, **settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """Start the command, and kill it in the end."""
        given = {"DATABASE_URL": self.url, "HOME": str(self.home), "PORT": str(self.port), **settings}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server.cli", command),
            cwd=ROOT,
            env={**os.environ, **{f"LEADGRAPH_{name}": value for name, value in given.items()}},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with data_folder() as folder:
        postgres = EmbeddedPostgres(folder / "postgres", settings={"fsync": "off"})
        with postgres.running():
            url = postgres.url("site")

            async def make() -> None:
                await databases.ensure(postgres.url("postgres"), "site")
                await migrations.upgrade(url)

            asyncio.run(make())
            postgres.stop()
            yield Place(postgres, url, free_port(), folder)


async def line(stream: asyncio.StreamReader | None) -> bytes:
    assert stream is not None
    async with asyncio.timeout(SECONDS):
        return await stream.readline()


async def ended(process: asyncio.subprocess.Process) -> tuple[int, str, str]:
    """Return the exit code and the outputs of a process that ends by itself."""
    async with asyncio.timeout(SECONDS):
        output, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


@pytest.mark.parametrize("command", ["serve", "worker"])
async def test_a_process_waits_for_a_database_that_starts_later(place: Place, command: str) -> None:
    async with place.started(command, DATABASE_WAIT_SECONDS="60") as process:
        told = (await line(process.stderr)).decode()
        assert "The database is unavailable (" in told
        assert told.endswith("): waiting up to 60 seconds\n")
        with socket.socket() as client:
            assert client.connect_ex(("127.0.0.1", place.port)) != 0, "the server hangs instead of refusing"
        await asyncio.sleep(1.2)
        await asyncio.to_thread(place.postgres.start)
        try:
            assert (await line(process.stdout)).startswith(READY[command])
            process.send_signal(signal.SIGTERM)
            code, _, errors = await ended(process)
            assert (code, errors) == (0, ""), "the wait is told more than once"
        finally:
            await asyncio.to_thread(place.postgres.stop)


async def test_a_worker_ends_with_one_sentence_after_the_limit(place: Place) -> None:
    began = time.monotonic()
    async with place.started("worker", DATABASE_WAIT_SECONDS="1.2") as process:
        code, output, errors = await ended(process)
    assert time.monotonic() - began > 1
    waiting, sentence = errors.splitlines()
    assert (code, output) == (1, "")
    assert waiting.endswith("): waiting up to 1.2 seconds")
    assert sentence.startswith(
        "leadgraph: Cannot use the PostgreSQL of LEADGRAPH_DATABASE_URL (postgresql://"
    )
    assert "after 1.2 seconds: " in sentence
    assert sentence.endswith(". Correct the URL, or unset it to use the embedded PostgreSQL.")


async def test_a_server_does_not_wait_if_it_must_not(place: Place) -> None:
    async with place.started("serve", DATABASE_WAIT_SECONDS="0") as process:
        code, output, errors = await ended(process)
    assert (code, output, len(errors.splitlines())) == (1, "", 1)
    assert "seconds" not in errors


@pytest.mark.parametrize(
    ("database", "password", "reason"),
    [
        ("absent", None, 'database "absent" does not exist'),
        ("site", "wrong", "password authentication failed"),
    ],
)
async def test_a_worker_does_not_wait_for_what_waiting_does_not_mend(
    place: Place, database: str, password: str | None, reason: str
) -> None:
    login, _, address = place.postgres.url(database).rpartition("@")
    if password is not None:
        login = f"{login.rpartition(':')[0]}:{password}"
    await asyncio.to_thread(place.postgres.start)
    try:
        async with place.started("worker", DATABASE_URL=f"{login}@{address}") as process:
            code, output, errors = await ended(process)
    finally:
        await asyncio.to_thread(place.postgres.stop)
    assert (code, output, len(errors.splitlines())) == (1, "", 1)
    assert reason in errors
    assert "seconds" not in errors
