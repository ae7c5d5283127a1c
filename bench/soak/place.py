"""A PostgreSQL and a server that can be killed and restarted."""

import asyncio
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg
import httpx

from bench.servers import ROOT, STOP_SECONDS, ServerError
from bench.soak.writer import Person
from db.embedded import EmbeddedPostgres
from db.embedded.cluster import postmaster_of
from db.engine import databases, migrations
from db.engine.pool import Connection
from resolvers.framework.global_id import encode
from services.accounts import api_key
from services.accounts.api_keys import issue_key

DATABASE = "soak"
MEMBERS, OPERATORS = 3, 2
START_SECONDS = 60
AUDIT = {"LEADGRAPH_AUDIT_EVERY_SECONDS": "0.5", "LEADGRAPH_AUDIT_SAMPLE": "3"}
_EXCEPTION = re.compile(r"(?:[\w.]+\.)?(\w+(?:Error|Exception))\b")
_DRIVERS = ("Failed to restore the pool connection floor", "Future exception was never retrieved")
_MORE_FOLLOWS = ("During handling of the above exception", "The above exception was the direct cause")


class Place:
    """A server process on its own database. `kills` counts the kills by name."""

    def __init__(self, home: Path, postgres: EmbeddedPostgres, port: int) -> None:
        self.origin = f"http://127.0.0.1:{port}"
        self.kills: Counter[str] = Counter()
        self.log = home / "server.log"
        self._data = home / "postgres" / "data"
        self._postgres = postgres
        self._port = port
        self._home = home
        self._process: subprocess.Popen[bytes] | None = None
        self.log.unlink(missing_ok=True)
        self._deadlocks_before = self._deadlocks()

    @property
    def url(self) -> str:
        return self._postgres.url(DATABASE)

    def start_server(self) -> None:
        """Start the server, and return when it is ready. Raise `ServerError` if it does not start."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LEADGRAPH_")}
        settings = {
            "LEADGRAPH_DATABASE_URL": self.url,
            "LEADGRAPH_HOME": str(self._home),
            "LEADGRAPH_PORT": str(self._port),
            "LEADGRAPH_DRAIN_SECONDS": "0",
            **AUDIT,
        }
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "server.cli", "serve"],
                env={**kept, **settings},
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        give_up_at = time.monotonic() + START_SECONDS
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                raise ServerError(f"The server does not start. See {self.log}.")
            time.sleep(0.05)

    def answers(self) -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.origin}/readyz", timeout=5).status_code == httpx.codes.OK
        return False

    def stop_server(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def kill_server(self) -> None:
        """Kill the server with SIGKILL, and start another."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self.kills["server"] += 1
        self.start_server()

    def kill_postgres(self, choose: random.Random) -> None:
        """Kill the postmaster or a backend with SIGKILL, or stop PostgreSQL, and start it again."""
        postmaster = postmaster_of(self._data)
        backends = backends_of(postmaster.pid) if postmaster else []
        how = choose.choice(("postmaster", "backend", "restart"))
        if postmaster is None or how == "restart":
            self._postgres.stop()
        elif how == "postmaster" or not backends:
            os.kill(postmaster.pid, signal.SIGKILL)
        else:
            with suppress(ProcessLookupError):
                os.kill(choose.choice(backends), signal.SIGKILL)
        self.kills[how] += 1
        self._postgres.start()

    def exceptions(self) -> Counter[str]:
        """Count the exceptions in the server's log by class, one per chain of tracebacks.

        Exceptions that the driver logs by itself about lost connections do not count.
        """
        found: list[tuple[str, bool]] = []
        drivers = False
        for line in self.log.read_text(errors="replace").splitlines() if self.log.exists() else ():
            if line.startswith(_MORE_FOLLOWS) and found:
                _, drivers = found.pop()
            elif kind := _EXCEPTION.match(line):
                found.append((kind[1], drivers))
                drivers = False
            elif any(words in line for words in _DRIVERS):
                drivers = True
        return Counter(kind for kind, of_driver in found if not of_driver)

    def deadlocks(self) -> int:
        """Return the number of resolved deadlocks. The server repeats the aborted transactions."""
        return self._deadlocks() - self._deadlocks_before

    def _deadlocks(self) -> int:
        log = self._home / "postgres" / "postgres.log"
        return log.read_text(errors="replace").count("deadlock detected")


def backends_of(pid: int) -> list[int]:
    """Return the IDs of the backends that serve connections, found by their process titles."""
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with suppress(OSError):
            if b"127.0.0.1(" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(int(child))
    return found


@contextmanager
def place(home: Path) -> Iterator[Place]:
    """Run a server on a new, empty database during the context."""
    home.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    # Acknowledged writes must survive a crash of the process, not of the machine.
    with EmbeddedPostgres(home / "postgres", settings={"fsync": "off"}).running() as postgres:
        asyncio.run(new_database(postgres, DATABASE))
        made = Place(home, postgres, port)
        try:
            made.start_server()
            yield made
        finally:
            made.stop_server()


async def new_database(postgres: EmbeddedPostgres, name: str) -> None:
    """Create an empty database at the newest revision, in place of an earlier one."""
    connection = await asyncpg.connect(postgres.url("postgres"))
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    finally:
        await connection.close()
    await databases.ensure(postgres.url("postgres"), name)
    await migrations.upgrade(postgres.url(name))


async def people(url: str) -> list[Person]:
    """Create members and operators with keys of all scopes."""
    connection = await asyncpg.connect(url)
    try:
        return [
            await _person(connection, f"member{number}", is_operator=False) for number in range(MEMBERS)
        ] + [await _person(connection, f"operator{number}", is_operator=True) for number in range(OPERATORS)]
    finally:
        await connection.close()


async def _person(connection: Connection, name: str, *, is_operator: bool) -> Person:
    user_id = await connection.fetchval(
        "INSERT INTO users (email, name, role) VALUES ($1 || '@soak.example', $1, $2) RETURNING id",
        name,
        "operator" if is_operator else "member",
    )
    key = await issue_key(connection, user_id, "soak", sorted(api_key.ALL_SCOPES))
    return Person(name, encode("User", user_id), key, is_operator)
