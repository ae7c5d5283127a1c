"""Files that only their owner may read, and locks on them.

The locks are flock(2): they belong to the open file, end with the last process that holds it, however it
ends, and so never have to be cleaned up.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def open_private(path: Path, flags: int = os.O_RDWR) -> int:
    """A descriptor of the file, which is made with mode 0600 where it is missing.

    What root makes belongs to the owner of the folder, who can then go on without root.
    """
    missing = not path.exists()
    descriptor = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    if missing and os.geteuid() == 0:
        folder = path.parent.stat()
        os.fchown(descriptor, folder.st_uid, folder.st_gid)
    return descriptor


def write_private(path: Path, text: str) -> None:
    """Replaces the file as a whole: nobody ever reads half of it."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(open_private(new), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def try_lock(descriptor: int) -> bool:
    """Whether this open file now holds the exclusive lock. A shared lock that it held is given up either way."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Waits for the exclusive lock on the file, and holds it."""
    descriptor = open_private(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
