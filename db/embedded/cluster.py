"""Create the data folder, and find the server process that uses it."""

import os
import secrets
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from db.embedded.account import Account, caller
from db.embedded.binaries import Binaries, reachable_folder
from db.embedded.error import OWN_SERVER, EmbeddedError, explain

USER = "leadgraph"
_BUILTIN_LOCALES_SINCE = 17


class Postmaster(NamedTuple):
    """A server process. `port` is 0 until the server has written its port."""

    pid: int
    port: int


def create_cluster(data: Path, binaries: Binaries, password: str) -> None:
    """Create the data folder under a temporary name, and rename it when it is complete.

    If the account cannot enter the folder above, `data` becomes a link to a folder that the account can
    enter.
    """
    for leftover in data.parent.glob(f"{data.name}.new-*"):  # left by a killed initdb
        _remove(leftover)
    new = data.with_name(f"{data.name}.new-{secrets.token_hex(4)}")
    try:
        folder = _empty_folder(new, binaries.account)
        _initdb(folder, binaries, password)
        new.rename(data)
    except BaseException:
        _remove(new)
        raise
    for parent in {folder.parent, data.parent}:
        _sync(parent)


def _empty_folder(new: Path, account: Account) -> Path:
    """Create and return an empty folder that only the account can read.

    `new` is that folder, or a link to it.
    """
    folder = new
    if not account.enters(new.parent):
        folder = reachable_folder() / f"data-{secrets.token_hex(8)}"
        new.symlink_to(folder)  # before the folder, so that a later start finds the leftovers of a kill
    folder.mkdir(mode=0o700)
    account.own(folder)
    return folder


def _initdb(folder: Path, binaries: Binaries, password: str) -> None:
    collation = "C.UTF-8" if sys.platform == "linux" else "C"
    provider = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    readable, writable = os.pipe()
    try:
        with suppress(OSError):  # initdb opens /dev/stdin by name, which Linux allows the owner
            binaries.account.own(readable)
        with os.fdopen(writable, "w") as pipe:
            pipe.write(password + "\n")
        done = binaries.run(
            "initdb", f"--pgdata={folder}", f"--username={USER}", "--pwfile=/dev/stdin",
            "--auth=scram-sha-256", "--encoding=UTF8", f"--locale={collation}",
            *(provider if binaries.major >= _BUILTIN_LOCALES_SINCE else []),
            "--data-checksums", "--no-instructions", stdin=readable,
        )  # fmt: skip
    finally:
        os.close(readable)
    if done.returncode != 0:
        raise EmbeddedError(
            explain(
                f"PostgreSQL cannot create a database in {folder.parent}",
                done.stderr,
                f"fix the cause and start again, or {OWN_SERVER}",
            )
        )


def _remove(new: Path) -> None:
    """Remove an unfinished folder, and the target if it is a link."""
    if new.is_symlink():
        shutil.rmtree(new.readlink(), ignore_errors=True)
        new.unlink()
    else:
        shutil.rmtree(new, ignore_errors=True)


def _sync(folder: Path) -> None:
    """Flush the folder's entries to disk, so that they survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def postmaster_of(data: Path) -> Postmaster | None:
    """Return the server that runs on the data folder, or None.

    `postmaster.pid` alone is no proof: a killed server leaves the file, and another program may get the
    process ID.
    """
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        pid = int(lines[0])
    except (FileNotFoundError, NotADirectoryError, ValueError, IndexError):
        return None
    if not _serves(pid, data):
        return None
    return Postmaster(pid, int(lines[3]) if len(lines) > 3 and lines[3].isdecimal() else 0)  # noqa: PLR2004 - the file's fourth line


def _serves(pid: int, data: Path) -> bool:
    command = _command_line(pid)
    if f"postgres -D {data.resolve()} " in command:
        return True
    if Path(command.partition(" -")[0].strip()).name != "postgres":
        return False
    with suppress(OSError):  # a server that was started by hand, or whose folder was moved
        return Path(f"/proc/{pid}/cwd").samefile(data)
    return False


def processes_in(data: Path) -> list[int]:
    """Return the IDs of visible processes with this working directory, which all processes of a server have."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):
            if link.samefile(data):
                found.append(int(link.parent.name))
    return sorted(found)


def _command_line(pid: int) -> str:
    """Return program and arguments, each followed by a space.

    Return "" for a missing process and for a zombie.

    A zombie is dead, but its parent has not reaped it. It stays forever if process 1 does not reap orphans.
    """
    if not Path("/proc/self/cmdline").exists():
        return caller().run(["/bin/ps", "-ww", "-o", "args=", "-p", str(pid)]).stdout.strip() + " "
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return line.decode(errors="replace").replace("\0", " ")
