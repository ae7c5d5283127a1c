"""Files that only their owner may read, and locks on them.

The locks are flock(2) locks. They belong to the open file and end with the last process that holds it, so
they never need a clean-up.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def open_private(path: Path, flags: int = os.O_RDWR) -> int:
    """Open the file and return its descriptor. Create a missing file with mode 0600.

    A file that root creates belongs to the owner of the folder, so that the owner can continue without root.
    """
    missing = not path.exists()
    descriptor = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    if missing and os.geteuid() == 0:
        folder = path.parent.stat()
        os.fchown(descriptor, folder.st_uid, folder.st_gid)
    return descriptor


def write_private(path: Path, text: str) -> None:
    """Replace the file atomically, so that no process reads a part of it."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(open_private(new), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def try_lock(descriptor: int) -> bool:
    """Return whether the open file now holds the exclusive lock.

    Its shared lock is released in either case.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait for the exclusive lock on the file, and hold the lock inside of the block."""
    descriptor = open_private(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
