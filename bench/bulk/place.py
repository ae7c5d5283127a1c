"""A PostgreSQL, a user with a keyword, and processes of `leadgraph` that can be killed."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx

from bench.bulk.memory import Watch
from bench.bulk.posts import KEYWORD
from bench.servers import ROOT, STOP_SECONDS, ServerError
from bench.soak.place import new_database
from db.embedded import EmbeddedPostgres
from db.embedded.cluster import postmaster_of
from services.accounts import api_key
from services.accounts.api_keys import issue_key

DATABASE: Final = "bulk"
EMAIL: Final = "bulk@bench.example"
START_SECONDS: Final = 60
SETTINGS: Final = {
    "fsync": "off",
    "max_wal_size": "1GB",
    "maintenance_work_mem": "64MB",
    "checkpoint_timeout": "15min",
}


@dataclass(slots=True)
class Place:
    """The database with its user, and the kills so far by name."""

    home: Path
    postgres: EmbeddedPostgres
    key: str
    user_id: int
    keyword_id: int
    port: int
    kills: Counter[str] = field(default_factory=Counter)

    @property
    def url(self) -> str:
        return self.postgres.url(DATABASE)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.key}"}

    @property
    def postmaster(self) -> int | None:
        found = postmaster_of(self.home / "postgres" / "data")
        return None if found is None else found.pid

    def start(self, *arguments: str, output: Any = subprocess.DEVNULL) -> subprocess.Popen[str]:
        """Start `leadgraph` with the arguments."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LEADGRAPH_")}
        settings = {
            "LEADGRAPH_DATABASE_URL": self.url,
            "LEADGRAPH_HOME": str(self.home),
            "LEADGRAPH_PORT": str(self.port),
            "LEADGRAPH_WORKERS": "0",
            "LEADGRAPH_DRAIN_SECONDS": "0",
            "LEADGRAPH_RATE_POINTS": "0",
        }
        with (self.home / "processes.log").open("a") as errors:
            return subprocess.Popen(  # noqa: S603 - the product's own command
                [sys.executable, "-m", "server.cli", *arguments],
                cwd=ROOT, env={**kept, **settings}, stdout=output, stderr=errors, text=True,
            )  # fmt: skip

    def start_server(self, watch: Watch) -> subprocess.Popen[str]:
        """Start the server, and return it when it is ready. Raise `ServerError` if it does not start."""
        process = self.start("serve")
        watch.add("server", process.pid)
        give_up_at = time.monotonic() + START_SECONDS
        while not self.answers():
            if process.poll() is not None or time.monotonic() > give_up_at:
                raise ServerError(f"The server does not start. See {self.home / 'processes.log'}.")
            time.sleep(0.05)
        return process

    def start_worker(self, watch: Watch) -> subprocess.Popen[str]:
        process = self.start("worker", "--at-once", "1")
        watch.add("worker", process.pid)
        return process

    def answers(self) -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.origin}/readyz", timeout=5).status_code == httpx.codes.OK
        return False

    def restart_postgres(self) -> None:
        self.postgres.stop()
        self.postgres.start()
        self.kills["PostgreSQL restarted"] += 1

    def value(self, sql: str, *values: object) -> Any:
        """Return the value of a statement, which is repeated while the database restarts."""
        give_up_at = time.monotonic() + START_SECONDS
        while True:
            try:
                return asyncio.run(_value(self.url, sql, *values))
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                if time.monotonic() > give_up_at:
                    raise
                time.sleep(0.2)


async def _value(url: str, sql: str, *values: object) -> Any:
    connection = await asyncpg.connect(url, timeout=30, command_timeout=3600)
    try:
        return await connection.fetchval(sql, *values)
    finally:
        await connection.close()


def end(process: subprocess.Popen[str]) -> None:
    """Stop a process, and wait for its end."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def kill(place: Place, name: str, process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    place.kills[name] += 1


@contextmanager
def bulk_place(home: Path) -> Iterator[Place]:
    """Run a PostgreSQL with a new database and its user during the context. Delete the folder in the end."""
    home.mkdir(parents=True, exist_ok=True)
    try:
        with EmbeddedPostgres(home / "postgres", settings=SETTINGS).running() as postgres:
            asyncio.run(new_database(postgres, DATABASE))
            key, user_id, keyword_id = asyncio.run(_user(postgres.url(DATABASE)))
            yield Place(home, postgres, key, user_id, keyword_id, _free_port())
    finally:
        shutil.rmtree(home / "postgres", ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _user(url: str) -> tuple[str, int, int]:
    connection = await asyncpg.connect(url)
    try:
        user_id = await connection.fetchval(
            "INSERT INTO users (email, name) VALUES ($1, 'Bulk') RETURNING id", EMAIL
        )
        keyword_id = await connection.fetchval(
            "INSERT INTO keywords (user_id, keyword) VALUES ($1, $2) RETURNING id", user_id, KEYWORD
        )
        return (
            await issue_key(connection, user_id, "bulk", sorted(api_key.ALL_SCOPES)),
            user_id,
            keyword_id,
        )
    finally:
        await connection.close()
