"""Homes of embedded servers: a new one, one that all tests share, and a copy of it to do harm to."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from db.embedded import EmbeddedPostgres, binaries


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder that every account can enter, which pytest's own are not when root runs it."""
    made = Path(tempfile.mkdtemp(prefix="leadgraph-")).resolve()
    made.chmod(0o755)
    try:
        yield made
    finally:
        for lock in made.glob("**/server.lock"):
            EmbeddedPostgres(lock.parent).stop()
        shutil.rmtree(made)


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder; the servers in it are stopped in the end."""
    with _folder() as made:
        yield made


@pytest.fixture(scope="session")
def _used_home() -> Iterator[Path]:
    with _folder() as made:
        with EmbeddedPostgres(made / "postgres").running():
            pass
        yield made / "postgres"


@pytest.fixture
def new_home(folder: Path) -> Path:
    """A home that does not exist yet."""
    return folder / "postgres"


@pytest.fixture
def home(_used_home: Path) -> Iterator[Path]:
    """A home whose server has run before, and runs no more. Tests leave it whole."""
    yield _used_home
    EmbeddedPostgres(_used_home).stop()


@pytest.fixture
def copied_home(_used_home: Path, folder: Path) -> Path:
    """A copy of such a home, which a test may damage."""
    subprocess.run(["cp", "-a", _used_home, folder / "postgres"], check=True)
    return folder / "postgres"


@pytest.fixture
def reachable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands in for /var/lib/leadgraph, so that nothing is left there."""
    monkeypatch.setattr(binaries, "REACHABLE", folder / "reachable")
    return folder / "reachable"
