"""The operating system's account that runs PostgreSQL, which must not be root."""

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from db.embedded.error import OWN_SERVER, EmbeddedError

NO_VARIABLES: Mapping[str, str] = MappingProxyType({})
_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class Account:
    """An account. `uid` and `gid` are None for the caller's own account."""

    name: str
    uid: int | None = None
    gid: int | None = None

    def run(
        self,
        command: Sequence[str | Path],
        *,
        stdin: int = subprocess.DEVNULL,
        stdout: int = subprocess.PIPE,
        pass_fds: Sequence[int] = (),
        variables: Mapping[str, str] = NO_VARIABLES,
    ) -> subprocess.CompletedProcess[str]:
        """Run the command in `/` and wait for its end. The environment contains no secrets of the caller."""
        kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        return subprocess.run(  # noqa: S603 - the commands are this package's own
            [str(part) for part in command],
            user=self.uid,
            group=self.gid,
            extra_groups=None if self.uid is None else [],
            cwd="/",
            env={"LC_ALL": "C", **kept, **variables},
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            pass_fds=pass_fds,
            encoding="utf-8",
            errors="replace",
            check=False,
        )

    def own(self, file: Path | int) -> None:
        """Make the account the owner of a file that the caller has just created."""
        if self.uid is not None and self.gid is not None:
            os.chown(file, self.uid, self.gid)

    def enters(self, folder: Path) -> bool:
        """Return whether the account can enter the folder and all folders above it."""
        return self.uid is None or self.run(["/bin/sh", "-c", 'cd "$1"', "sh", folder]).returncode == 0


def caller() -> Account:
    """Return the account of this process."""
    return Account(_name(os.geteuid()))


def account_for(data: Path) -> Account:
    """Return the account for the server.

    That is the caller, unless the caller is root. For root, it is the owner of the data folder or of the
    folder above it. If root owns both, it is `postgres` or `nobody`.
    """
    if os.geteuid() != 0:
        return caller()
    for folder in (data, data.parent):
        if folder.exists() and (owner := folder.stat()).st_uid != 0:
            return Account(_name(owner.st_uid), owner.st_uid, owner.st_gid)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise EmbeddedError(
        "PostgreSQL refuses to run as root, and this system lacks the users `postgres` and `nobody`: "
        f"run as an ordinary user, or {OWN_SERVER}."
    )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"number {uid}"
