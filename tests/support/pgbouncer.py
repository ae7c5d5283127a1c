"""PgBouncer in transaction mode before a PostgreSQL, as an operator sets it up."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from db.engine.pool import Pool
from tests.support.folders import data_folder
from tests.support.ports import free_port

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "deployment.md"


@dataclass(frozen=True, slots=True)
class PgBouncer:
    """A running PgBouncer. `process` is its process."""

    port: int
    process: subprocess.Popen[bytes]

    def url(self, direct: str) -> str:
        """Return the address of a database through PgBouncer."""
        parts = urlsplit(direct)
        login = parts.netloc.rpartition("@")[0]
        return parts._replace(netloc=f"{login}@127.0.0.1:{self.port}").geturl()


@contextmanager
def pgbouncer(direct: str, *, mode: str = "transaction", more: str = "") -> Iterator[PgBouncer]:
    """Run PgBouncer before the server of an address until the end of the context."""
    assert PROGRAM is not None
    parts = urlsplit(direct)
    port = free_port()
    with data_folder() as folder:
        file = folder / "pgbouncer.ini"
        file.write_text(
            _configuration(
                {
                    "leadgraph = host=127.0.0.1 port=5432 dbname=leadgraph": f"* = host=127.0.0.1 port={parts.port} user={parts.username} password={parts.password}",
                    "listen_port = 6432": f"listen_port = {port}",
                    "auth_type = scram-sha-256": "auth_type = any",
                    "auth_file = /etc/pgbouncer/userlist.txt": "unix_socket_dir =",
                    "pool_mode = transaction": f"pool_mode = {mode}",
                }
            )
            + f"server_lifetime = 30\n{more}\n"
        )
        process = _started(file)
        try:
            _wait(port, process)
            yield PgBouncer(port, process)
        finally:
            process.terminate()
            process.wait(10)


def _configuration(changes: Mapping[str, str]) -> str:
    """Return the configuration of the guide, with other lines for a test."""
    (found,) = re.findall(r"```ini\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    lines = found.splitlines()
    assert changes.keys() <= set(lines)
    return "".join(f"{changes.get(line, line)}\n" for line in lines)


def _started(file: Path) -> subprocess.Popen[bytes]:
    """Start PgBouncer, which refuses to run as root."""
    assert PROGRAM is not None
    as_other = ["-u", "nobody"] if os.geteuid() == 0 else []
    if as_other:
        file.parent.chmod(0o755)
        file.chmod(0o644)
    with file.with_suffix(".log").open("wb") as log:
        return subprocess.Popen([PROGRAM, *as_other, file], stdout=log, stderr=log)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(500):
        assert process.poll() is None, "PgBouncer has ended: pgbouncer.log in the folder says why."
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise AssertionError("PgBouncer does not listen.")


@contextmanager
def all_pools_through(bouncer: PgBouncer, direct: str) -> Iterator[None]:
    """Let all pools of this process reach the server of the address through PgBouncer during the context."""
    port, make = urlsplit(direct).port, Pool.__init__

    def make_pooled(self: Pool, url: str, *, direct_url: str | None = None, **options: Any) -> None:
        if direct_url is None and urlsplit(url).port == port:
            url, direct_url = bouncer.url(url), url
        make(self, url, direct_url=direct_url, **options)

    with patch.object(Pool, "__init__", make_pooled):
        yield
