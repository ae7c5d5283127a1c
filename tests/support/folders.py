"""Folders for the data of servers that tests start."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from db.embedded import EmbeddedError, EmbeddedPostgres

MEMORY = Path("/dev/shm")  # noqa: S108 - Linux keeps its files in memory
NEEDED = 3_000_000_000
PREFIX = "leadgraph-test-"
YOUNG_SECONDS = 30


def parent_folder() -> Path:
    """Return the folder in memory if it has room for several databases, else the usual temporary folder.

    A database is copied in memory several times faster than on a disk. TMPDIR, if set, wins.
    """
    usual = Path(tempfile.gettempdir())
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return usual
    return MEMORY if shutil.disk_usage(MEMORY).free > NEEDED else usual


@contextmanager
def data_folder() -> Iterator[Path]:
    """Make an empty folder that every account can pass through, as the account of PostgreSQL must.

    The lock on its file `in-use` ends with this process. A folder without the lock is a leftover.
    """
    parent = parent_folder()
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=parent, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        with (folder / "in-use").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield folder


def remove_leftovers() -> None:
    """Remove the folders of test runs that were killed, and stop the PostgreSQL in them."""
    for lock in parent_folder().glob(f"{PREFIX}*/in-use"):
        with suppress(OSError, EmbeddedError), lock.open("r+") as file:
            if time.time() - lock.stat().st_mtime < YOUNG_SECONDS:  # its process may be about to lock it
                continue
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for home in (lock.parent / "postgres", lock.parent / "home" / "postgres"):
                if home.exists():
                    EmbeddedPostgres(home).stop()
            shutil.rmtree(lock.parent)
