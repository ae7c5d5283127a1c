"""Two servers, two workers and a PostgreSQL, each of which can be killed and started again."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx

from bench.servers import ROOT, STOP_SECONDS, ServerError
from bench.soak.place import backends_of
from db.embedded import EmbeddedPostgres
from db.embedded.cluster import postmaster_of
from services.accounts.vault import new_key

START_SECONDS = 60
SERVERS, WORKERS = 2, 2
SETTINGS = {
    "WORKERS": "0",
    "DRAIN_SECONDS": "0",
    "SHUTDOWN_SECONDS": "2",
    "RATE_POINTS": "0",
    "USER_OPERATIONS": "8",
    "WEBHOOKS_ALLOW_PRIVATE": "on",
    "REFRESH_HEALTH_EVERY_SECONDS": "0",
    "RESCORE_LEADS_EVERY_SECONDS": "0",
}
HOW = ("postmaster", "backend", "immediate", "restart")
"""The ways to end PostgreSQL: SIGKILL to the first process or a backend, an immediate stop, and a fast one."""


class Process:
    """A server or a worker. A server has an origin."""

    def __init__(self, verb: str, settings: dict[str, str], log: Path, port: int | None = None) -> None:
        self.verb, self._log = verb, log
        self.origin = None if port is None else f"http://127.0.0.1:{port}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LEADGRAPH_")}
        own = {} if port is None else {"PORT": str(port)}
        self._environment = kept | {f"LEADGRAPH_{name}": each for name, each in (settings | own).items()}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process. Return when a server is ready."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - own command
                [sys.executable, "-m", "server.cli", self.verb],
                env=self._environment,
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        give_up_at = time.monotonic() + START_SECONDS
        while self.origin is not None and not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                raise ServerError(f"The server does not start. See {self._log}.")
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.origin}/readyz", timeout=5).status_code == httpx.codes.OK
        return False

    def kill(self) -> None:
        """Kill the process with SIGKILL, and start another."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self.start()

    def stop(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Place:
    """The processes of a soak. `kills` counts the kills by name."""

    def __init__(self, home: Path, postgres: EmbeddedPostgres, url: str) -> None:
        self.url = url
        self.kills: Counter[str] = Counter()
        self._postgres, self._data = postgres, home / "postgres" / "data"
        settings = SETTINGS | {"DATABASE_URL": url, "HOME": str(home), "CREDENTIALS_KEY": new_key()}
        self.servers = [
            Process("serve", settings, home / f"server-{number}.log", _free_port())
            for number in range(SERVERS)
        ]
        self.workers = [
            Process("worker", settings, home / f"worker-{number}.log") for number in range(WORKERS)
        ]

    @property
    def origins(self) -> list[str]:
        return [each.origin for each in self.servers if each.origin is not None]

    def kill(self, choose: random.Random) -> None:
        """Kill a server, a worker or PostgreSQL, and start it again."""
        what = choose.choice(("server", "worker", "postgres"))
        if what == "postgres":
            self._kill_postgres(choose)
            return
        choose.choice(self.servers if what == "server" else self.workers).kill()
        self.kills[what] += 1

    def _kill_postgres(self, choose: random.Random) -> None:
        postmaster = postmaster_of(self._data)
        backends = backends_of(postmaster.pid) if postmaster else []
        how = choose.choice(HOW)
        if postmaster is None or how == "restart":
            self._postgres.stop()
        elif how == "backend" and backends:
            with suppress(ProcessLookupError):
                os.kill(choose.choice(backends), signal.SIGKILL)
        else:
            os.kill(postmaster.pid, signal.SIGQUIT if how == "immediate" else signal.SIGKILL)
        self.kills[how] += 1
        self._postgres.start()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def place(home: Path, postgres: EmbeddedPostgres, url: str) -> Iterator[Place]:
    """Run servers and workers on the database during the context."""
    made = Place(home, postgres, url)
    with ExitStack() as stack:
        for process in (*made.servers, *made.workers):
            stack.callback(process.stop)
            process.start()
        yield made
