"""Start and stop the server process. Callers hold the start-stop lock."""

import os
import shlex
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from db.embedded.binaries import Binaries
from db.embedded.cluster import postmaster_of
from db.embedded.error import DAMAGED, PORT_TAKEN, STILL_IN_USE, EmbeddedError, ended_silently, explain
from db.engine.private_file import open_private, write_private

HOST = "127.0.0.1"
READY_SECONDS = 300  # a recovery reads at most max_wal_size, 1 GB
STOP_SECONDS = 60
LAUNCHES = 10
LOG_BYTES = 10_000_000
DEFAULTS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # the path of a socket is limited to 107 bytes
    "max_connections": "100",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_line_prefix": "%m [%p] ",
    "lc_messages": "C",  # `error.reason_in` reads English
}


@dataclass(frozen=True, slots=True)
class Launcher:
    """Starts and stops the server of one home."""

    home: Path
    binaries: Binaries
    settings: Mapping[str, str]

    @property
    def data(self) -> Path:
        return (self.home / "data").resolve()

    @property
    def log(self) -> Path:
        return self.home / "postgres.log"

    def start(self, server: int) -> None:
        """Start the server. Its processes inherit the lock `server` and hold it while one of them lives."""
        output = ""
        for _ in range(LAUNCHES):
            output = self._pg_ctl_start(self._choose_port(), server)
            if not output:
                return
            if not self._is_transient(output):
                break
            time.sleep(0.2)
        problem = f"PostgreSQL cannot start on {self.home / 'data'}"
        if ended_silently(output):
            raise EmbeddedError(
                f"{problem} (it is killed or crashes each time before it is ready): check whether the system is "
                f"short of memory, and read {self.log}."
            )
        raise EmbeddedError(explain(problem, output, DAMAGED))

    def _is_transient(self, output: str) -> bool:
        """Return whether another attempt may succeed.

        It may if a free port can be chosen, if processes of an old server still end, or if the server was
        killed.
        """
        port_chosen_here = "port" not in self.settings
        return STILL_IN_USE in output or (PORT_TAKEN in output and port_chosen_here) or ended_silently(output)

    def _pg_ctl_start(self, port: int, server: int) -> str:
        """Run `pg_ctl start`.

        Return "" when the server is ready, or else the output of pg_ctl and the server.

        pg_ctl starts the server in a new session, so that Ctrl-C in a terminal does not reach it. pg_ctl
        would pass its own option -D to a shell in double quotes, which breaks some folder names. So PGDATA is
        set instead.
        """
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        log = open_private(self.log, os.O_RDWR | os.O_APPEND)
        with os.fdopen(log, encoding="utf-8", errors="replace") as file:
            end = file.seek(0, os.SEEK_END)
            started = self.binaries.run(
                "pg_ctl", "start", "-s", "-w", "-t", str(READY_SECONDS), "-o", self._options(port),
                variables={"PGDATA": str(self.data)}, stdout=log, pass_fds=[server],
            )  # fmt: skip
            file.seek(end)  # the server writes to the same open file, and has moved its position
            return started.stderr + file.read() if started.returncode else ""

    def _options(self, port: int) -> str:
        options = {**DEFAULTS, "port": str(port)}
        if self.binaries.has_library("pg_stat_statements"):
            options["shared_preload_libraries"] = "pg_stat_statements"
        options.update(self.settings)
        words = ["-D", str(self.data)]
        for name, value in options.items():
            words += ["-c", f"{name}={value}"]
        return shlex.join(words)

    def _choose_port(self) -> int:
        """Choose the port of the settings, the last port if it is free, or any free port.

        Remember the port.
        """
        port = int(self.settings.get("port", 0)) or free_port(remembered_port(self.home)) or free_port(0)
        remember_port(self.home, port)
        return port

    def answers(self, port: int) -> bool:
        done = self.binaries.run("pg_isready", "-q", "-t", "5", "-h", HOST, "-p", str(port))
        return done.returncode == 0

    def stop(self) -> None:
        """Roll back open transactions, stop the server, and wait for its end."""
        stopped = self.binaries.run(
            "pg_ctl", "stop", "-s", "-w", "-t", str(STOP_SECONDS), "-m", "fast", "-D", self.data
        )
        if stopped.returncode and (left := postmaster_of(self.data)):
            raise EmbeddedError(
                f"The PostgreSQL in {self.home} (process {left.pid}) does not stop: read {self.log}, and "
                "stop the server again."
            )


def remembered_port(home: Path) -> int:
    """Return the port of the last start, or 0."""
    try:
        return int((home / "port").read_text())
    except (FileNotFoundError, ValueError):
        return 0


def remember_port(home: Path, port: int) -> None:
    if remembered_port(home) != port:
        write_private(home / "port", str(port))


def free_port(port: int) -> int:
    """Return the port, or any free port for 0. Return 0 if the port is taken."""
    with socket.socket() as probe:
        # Like PostgreSQL, reuse a port that only has connections in TIME_WAIT.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            return 0
        return int(probe.getsockname()[1])
