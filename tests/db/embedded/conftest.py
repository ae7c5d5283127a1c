"""Homes of embedded servers: a new one, a shared one, and a copy that a test may damage."""

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
    """Yield a folder that all accounts can enter. They cannot enter pytest's own folders if root runs pytest."""
    folder_ = Path(tempfile.mkdtemp(prefix="leadgraph-")).resolve()
    folder_.chmod(0o755)
    try:
        yield folder_
    finally:
        for lock in folder_.glob("**/server.lock"):
            EmbeddedPostgres(lock.parent).stop()
        shutil.rmtree(folder_)


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder. Its servers are stopped after the test."""
    with _folder() as folder_:
        yield folder_


@pytest.fixture(scope="session")
def _used_home() -> Iterator[Path]:
    with _folder() as folder_:
        with EmbeddedPostgres(folder_ / "postgres").running():
            pass
        yield folder_ / "postgres"


@pytest.fixture
def new_home(folder: Path) -> Path:
    """A home that does not exist yet."""
    return folder / "postgres"


@pytest.fixture
def home(_used_home: Path) -> Iterator[Path]:
    """A home whose server has run and is stopped. Tests must not damage it."""
    yield _used_home
    EmbeddedPostgres(_used_home).stop()


@pytest.fixture
def copied_home(_used_home: Path, folder: Path) -> Path:
    """A copy of a home whose server has run. A test may damage it."""
    subprocess.run(["cp", "-a", _used_home, folder / "postgres"], check=True)
    return folder / "postgres"


@pytest.fixture
def reachable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Replace /var/lib/leadgraph, so that tests leave no files there."""
    monkeypatch.setattr(binaries, "REACHABLE", folder / "reachable")
    return folder / "reachable"
