"""PostgreSQL's client programs: find the ones of a server's major version, and run them."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from db.backup.error import BackupError
from db.embedded.binaries import installed_folders
from db.engine.databases import CONNECT_SECONDS

PROGRAMS = ("pg_dump", "pg_restore")
_LIBPQ_OPTIONS = frozenset(
    {
        "application_name",
        "connect_timeout",
        "gssencmode",
        "host",
        "options",
        "passfile",
        "port",
        "sslcert",
        "sslcrl",
        "sslkey",
        "sslmode",
        "sslpassword",
        "sslrootcert",
        "target_session_attrs",
        "user",
    }
)
"""Options of a URL that the programs know. The driver also takes settings of the server, which they refuse."""


@dataclass(frozen=True, slots=True)
class ClientPrograms:
    """The folder of pg_dump and pg_restore of one major version."""

    folder: Path
    major: int

    async def run(self, program: str, *arguments: str | Path, url: str | None = None) -> str:
        """Run a program until its end, and return its output. Raise `BackupError` with its first error.

        The password of the URL is passed in the environment, because other users can read command lines. A cancelled
        caller ends the program.
        """
        command: list[str | Path] = [self.folder / program, *arguments]
        variables = {"PGCONNECT_TIMEOUT": str(CONNECT_SECONDS), **os.environ}  # for each host of several
        if url is not None:
            command.append(f"--dbname={_without_password(url)}")
            variables |= _password(url)
        process = await asyncio.create_subprocess_exec(
            *map(str, command),
            env={**variables, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            output, errors = await process.communicate()
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode:
            reason = _reason(errors.decode(errors="replace")) or _ending(process.returncode)
            raise BackupError(f"{program} failed ({reason}).")
        return output.decode()


def client_programs(major: int) -> ClientPrograms:
    """Return the programs of the server's major version. Raise `BackupError` if they are not installed."""
    for folder in _folders():
        if _major(folder) == major:
            return ClientPrograms(folder, major)
    raise BackupError(
        f"The server is PostgreSQL {major}, and pg_dump and pg_restore of that version are not installed: install them "
        f"(Debian's package postgresql-client-{major}), or set LEADGRAPH_PG_BINDIR to their folder."
    )


def _folders() -> Iterator[Path]:
    if named := os.environ.get("LEADGRAPH_PG_BINDIR"):
        yield Path(named).expanduser().absolute()
    yield from installed_folders()
    if found := shutil.which("pg_dump"):
        yield Path(found).absolute().parent


def _major(folder: Path) -> int:
    """Return the major version of the folder's programs, or 0 if one of them is missing or cannot run."""
    if not all((folder / program).exists() for program in PROGRAMS):
        return 0
    try:
        answer = subprocess.run(  # noqa: S603 - a program of PostgreSQL
            [folder / "pg_dump", "--version"], capture_output=True, text=True, check=False
        )
    except OSError:
        return 0
    match = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return int(match[1]) if match else 0


def _without_password(url: str) -> str:
    """Return the URL as the programs read it: without the password and without the driver's own options."""
    parts = urlsplit(url)
    login, at, hosts = parts.netloc.rpartition("@")
    known = [(name, value) for name, value in parse_qsl(parts.query) if name in _LIBPQ_OPTIONS]
    options = urlencode(known, quote_via=quote)  # the programs do not read + as a space
    question = f"?{options}" if options else ""
    return f"{parts.scheme}://{login.partition(':')[0]}{at}{hosts}{parts.path}{question}"


def _password(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    password = unquote(parts.netloc.rpartition("@")[0].partition(":")[2])
    password = dict(parse_qsl(parts.query)).get("password", password)
    return {"PGPASSWORD": password} if password else {}


def _reason(errors: str) -> str:
    """Return the program's first error without the program's name, or an empty string if it printed none."""
    lines = [line for line in errors.splitlines() if line.strip()]
    first = next((line for line in lines if "error:" in line), lines[0] if lines else "")
    return re.sub(r"^pg_\w+: (error: )?", "", first).rstrip(".")


def _ending(code: int) -> str:
    """Return how a program without an error message ended. The kernel kills programs when memory is used up."""
    return f"the signal {signal.Signals(-code).name} ended it" if code < 0 else f"exit code {code}"
