"""A PostgreSQL for the tests, and a migrated database of its own for each test that asks for one."""

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from db.embedded import EmbeddedPostgres
from db.engine import migrations
from db.engine.pool import Pool, open_pool

# What a crash would lose does not matter here.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

# Random documents for the executors: so many in each test, and where they start.
DOCUMENTS = int(os.environ.get("BREADTH_DOCUMENTS", "1000"))
SEED = int(os.environ.get("BREADTH_SEED", "20261124"))

_numbers = itertools.count()


def pytest_configure() -> None:
    """Shells let what they start in the background ignore SIGINT, and so would what the tests start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> str:
    return f"random documents: {DOCUMENTS} from seed {SEED} (BREADTH_DOCUMENTS=…, BREADTH_SEED=…)"


@pytest.fixture(scope="session")
def documents() -> int:
    """How many random documents a test of executors runs."""
    return DOCUMENTS


@pytest.fixture(scope="session")
def seed() -> int:
    """Where random documents start: the same every time, unless somebody says otherwise."""
    return SEED


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A server of this run. Its home lies right below the temporary folder, where its own account may go."""
    with tempfile.TemporaryDirectory(prefix="leadgraph-tests-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        with EmbeddedPostgres(Path(folder) / "postgres", settings=FAST).running() as server:
            yield server


@asynccontextmanager
async def _database(postgres: EmbeddedPostgres, name: str, template: str) -> AsyncIterator[str]:
    connection = await asyncpg.connect(postgres.url("postgres"))
    try:
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        yield postgres.url(name)
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await connection.close()


@pytest.fixture(scope="session")
async def template(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """The name of a database at the newest revision, to copy from. Nobody may stay connected to it."""
    async with _database(postgres, "template_migrated", "template0") as url:
        await migrations.upgrade(url)
        yield "template_migrated"


@pytest.fixture
async def database_url(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[str]:
    """An empty database at the newest revision, dropped afterwards."""
    async with _database(postgres, f"test_{next(_numbers)}", template) as url:
        yield url


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    pool = await open_pool(database_url)
    yield pool
    await pool.close()


LEADGRAPH = Path(sys.executable).parent / "leadgraph"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Demo:
    """`leadgraph demo` as a process of its own, on a data folder and a port of its own."""

    home: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[str] | None = None
    command: Path = LEADGRAPH

    def environment(self, **more: str) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("LEADGRAPH_") or name == "LEADGRAPH_EXECUTOR"
        }
        return {**kept, "LEADGRAPH_HOME": str(self.home), "LEADGRAPH_PORT": str(self.port), **more}

    def start(self, *arguments: str, **environment: str) -> None:
        """Returns when it answers."""
        self.process = subprocess.Popen(
            [self.command, "demo", *arguments],
            env=self.environment(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        give_up_at = time.monotonic() + 60
        while not self._answers():
            assert self.process.poll() is None, self.process.communicate()[0]
            assert time.monotonic() < give_up_at
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Another `leadgraph` command on the same data folder, to its end."""
        return subprocess.run(
            [self.command, *arguments],
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def stop(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """Sends the signal and returns the exit code and all that was printed."""
        assert self.process is not None
        self.process.send_signal(number)
        output, _ = self.process.communicate(timeout=60)
        return self.process.returncode, output

    @property
    def facts(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.home / "demo.json").read_text())
        return found

    def ask(self, document: str, **variables: object) -> Any:
        """The answer's data; errors are none."""
        headers = {"authorization": f"Bearer {self.facts['api_key']}"}
        body = {"query": document, "variables": variables}
        answer = httpx.post(self.facts["url"], json=body, headers=headers).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    """A small demo that runs for the whole session; tests read it and change nothing."""
    with tempfile.TemporaryDirectory(prefix="leadgraph-demo-", ignore_cleanup_errors=True) as folder:
        running = Demo(Path(folder) / "home")
        Path(folder).chmod(0o711)
        running.start("--scale", "0.1")
        yield running
        running.stop()


@pytest.fixture
def new_demo() -> Iterator[Demo]:
    """A demo that has never been started, on an empty data folder; whatever of it runs is stopped afterwards."""
    with tempfile.TemporaryDirectory(prefix="leadgraph-demo-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        made = Demo(Path(folder) / "home")
        yield made
        if made.process is not None and made.process.poll() is None:
            made.stop()
        EmbeddedPostgres(made.home / "postgres").stop()
