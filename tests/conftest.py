"""Fixtures for all tests: a PostgreSQL, a migrated database for each test that asks for one, and demos."""

import logging
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from db.embedded import EmbeddedPostgres
from db.engine import migrations
from db.engine.pool import Pool, open_pool
from db.engine.row_security import install
from server.app import create_app
from server.runtime.logs import LOGGER
from tests.support.databases import FAST, copied_database
from tests.support.demo import Demo, running_demo, unstarted_demo
from tests.support.folders import data_folder, remove_leftovers
from tests.support.marks import apply_marks, put_slow_files_first, skip_direct
from tests.support.pgbouncer import all_pools_through, pgbouncer

# All applications of tests refuse wasteful reads: those of this process, and those of demos and servers.
create_app.__kwdefaults__ = {**(create_app.__kwdefaults__ or {}), "guard": "fail"}
os.environ.setdefault("LEADGRAPH_GUARD", "fail")
# With ROW_SECURITY=on, all transactions of members in this process have the second fence. `make test-reference` sets it.
# Databases of the tests always have its policies.
Pool.has_row_security = os.environ.get("ROW_SECURITY") == "on"

# With PGBOUNCER=on, the pools of this process reach PostgreSQL through PgBouncer. `make test-pgbouncer` sets it.
PGBOUNCER = os.environ.get("PGBOUNCER") == "on"

# Random documents for the executors: so many in each test, and where they start.
DOCUMENTS = int(os.environ.get("BREADTH_DOCUMENTS", "1000"))
SEED = int(os.environ.get("BREADTH_SEED", "20261124"))


def pytest_configure(config: pytest.Config) -> None:
    """Let SIGINT interrupt the processes that tests start. Shells make background jobs and their children ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if not hasattr(config, "workerinput"):  # once for all parallel workers
        remove_leftovers()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Apply marks before pytest deselects tests by them."""
    apply_marks(items)
    if PGBOUNCER:
        skip_direct(items)
    put_slow_files_first(items)


def pytest_report_header() -> str:
    return f"random documents: {DOCUMENTS} from seed {SEED} (BREADTH_DOCUMENTS=…, BREADTH_SEED=…)"


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """Take back how the test, or a command that it ran in this process, let this process log."""
    root, logger = logging.getLogger(), logging.getLogger(LOGGER)
    handlers, level = list(root.handlers), logger.level
    yield
    for added in set(root.handlers) - set(handlers):
        root.removeHandler(added)
    logger.setLevel(level)


@pytest.fixture
def row_security(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limit the transactions of members by row-level security."""
    monkeypatch.setattr(Pool, "has_row_security", True)


@pytest.fixture
def no_row_security(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not limit the transactions of members by row-level security, whatever this run sets."""
    monkeypatch.setattr(Pool, "has_row_security", False)


@pytest.fixture(scope="session")
def documents() -> int:
    """The number of random documents that a test of executors runs."""
    return DOCUMENTS


@pytest.fixture(scope="session")
def seed() -> int:
    """The seed of random documents: the same in every run unless BREADTH_SEED names another."""
    return SEED


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A server for this process. Each parallel worker has its own, so no test sees another worker's sessions."""
    with (
        data_folder() as folder,
        EmbeddedPostgres(folder / "postgres", settings=FAST).running() as server,
    ):
        if not PGBOUNCER:
            yield server
            return
        direct = server.url("postgres")
        with pgbouncer(direct, more="default_pool_size = 30") as bouncer, all_pools_through(bouncer, direct):
            yield server


@pytest.fixture(scope="session")
async def template(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """The name of a database at the newest revision, to copy from. No connection to it may stay open."""
    async with copied_database(postgres, "template0", "template_migrated") as name:
        await migrations.upgrade(postgres.url(name))
        await install(postgres.url(name))
        yield name


@pytest.fixture
async def database_url(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[str]:
    """An empty database at the newest revision, dropped afterwards."""
    async with copied_database(postgres, template) as name:
        yield postgres.url(name)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    pool = await open_pool(database_url)
    yield pool
    await pool.close()


@pytest.fixture
def server_folder() -> Iterator[Path]:
    """An empty folder for the data of servers, in memory where it has room."""
    with data_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    """A small demo that runs for the whole session. Tests read it and change nothing."""
    with running_demo("0.1") as running:
        yield running


@pytest.fixture
def new_demo() -> Iterator[Demo]:
    """A demo on an empty data folder that has never been started. It is stopped afterwards."""
    with unstarted_demo() as made:
        yield made
