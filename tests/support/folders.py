"""Folders for the data of servers that tests start."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - Linux keeps its files in memory
NEEDED = 3_000_000_000


def _parent() -> Path | None:
    """Return the folder in memory if it has room for several databases, else None for the usual folder.

    A database is copied there five times faster than on a disk. TMPDIR, if set, wins.
    """
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return None
    return MEMORY if shutil.disk_usage(MEMORY).free > NEEDED else None


@contextmanager
def data_folder(purpose: str) -> Iterator[Path]:
    """Make an empty folder that every account can pass through, as the account of PostgreSQL must."""
    with tempfile.TemporaryDirectory(
        prefix=f"leadgraph-{purpose}-", dir=_parent(), ignore_cleanup_errors=True
    ) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)
