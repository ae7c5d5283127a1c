"""A streaming replica of a PostgreSQL on loopback, which tests pause, stop, hang and kill."""

import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

import asyncpg

from db.embedded.account import account_for
from db.embedded.binaries import Binaries, find_binaries
from tests.support.folders import data_folder
from tests.support.ports import free_port
from tests.support.processes import children

SECONDS = 60
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "hot_standby_feedback": "off",
    "max_standby_streaming_delay": "0",
    "shared_buffers": "32MB",
    "timezone": "UTC",
    "lc_messages": "C",
    "wal_retrieve_retry_interval": "100ms",
}


@dataclass
class StreamingReplica:
    """A standby in a folder. Its process is a child of this one. `login` is the user and the password of the primary."""

    data: Path
    binaries: Binaries
    login: str
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    def url(self, primary: str) -> str:
        """Return the address of the database of a primary's address on the replica."""
        return f"postgresql://{self.login}@127.0.0.1:{self.port}{urlsplit(primary).path}"

    @property
    def name(self) -> str:
        """The name of the replica in logs and metrics."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the server, and wait until it accepts connections."""
        options = [f"-c{name}={value}" for name, value in {**SETTINGS, "port": str(self.port)}.items()]
        account = self.binaries.account
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        with self.data.with_suffix(".log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.binaries.folder / "postgres", "-D", self.data, *options],
                user=account.uid,
                group=account.gid,
                extra_groups=None if account.uid is None else [],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + SECONDS
        arguments = ("-q", "-h", "127.0.0.1", "-p", str(self.port))
        while self.binaries.run("pg_isready", *arguments).returncode:
            assert self.process.poll() is None, f"The replica has ended: {self.data.with_suffix('.log')}"
            assert time.monotonic() < until, "The replica does not accept connections."
            time.sleep(0.02)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to all processes of the server, as SIGKILL, SIGSTOP or SIGCONT."""
        assert self.process is not None
        for pid in [self.process.pid, *children(self.process.pid)]:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self) -> None:
        """Kill all processes of the server."""
        self.send(signal.SIGKILL)
        assert self.process is not None
        self.process.wait(SECONDS)

    def stop(self) -> None:
        """Stop the server, whatever its state."""
        if self.process is None or self.process.poll() is not None:
            return
        self.send(signal.SIGCONT)
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    async def execute(self, sql: str) -> object:
        """Run a statement on the replica, and return the first value."""
        connection = await asyncpg.connect(self.url("/postgres"))
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    async def pause(self) -> None:
        """Replay no more of the log, and wait until nothing is replayed."""
        await self.execute("SELECT pg_wal_replay_pause()")
        while await self.execute("SELECT pg_get_wal_replay_pause_state()") != "paused":
            pass

    async def resume(self) -> None:
        await self.execute("SELECT pg_wal_replay_resume()")

    async def catch_up(self, primary: str) -> None:
        """Wait until the replica has replayed all that the primary has written. Its replay must not be paused."""
        connection = await asyncpg.connect(primary, server_settings={"synchronous_commit": "on"})
        try:
            await connection.execute("SELECT pg_logical_emit_message(true, 'test', '')")  # flushes the log
            position = await connection.fetchval("SELECT pg_current_wal_flush_lsn()::text")
        finally:
            await connection.close()
        until = time.monotonic() + SECONDS
        while not await self.execute(f"SELECT pg_last_wal_replay_lsn() >= '{position}'"):
            assert time.monotonic() < until, "The replica does not catch up."


@contextmanager
def streaming_replica(primary: str) -> Iterator[StreamingReplica]:
    """Copy the server of an address, and run the copy as its standby until the end of the context."""
    parts, slot = urlsplit(primary), f"replica_{secrets.token_hex(6)}"
    with data_folder() as folder:
        binaries = find_binaries(account_for(folder / "none"))
        home = folder / "replica"
        home.mkdir(mode=0o700)
        binaries.account.own(home)
        copied = binaries.run(
            "pg_basebackup", "-D", home / "data", "-R", "-C", "-S", slot, "-X", "stream", "-c", "fast", "--no-sync",
            "-d", f"host={parts.hostname} port={parts.port} user={parts.username}",
            variables={"PGPASSWORD": unquote(parts.password or "")},
        )  # fmt: skip
        assert copied.returncode == 0, copied.stderr
        replica = StreamingReplica(home / "data", binaries, parts.netloc.rpartition("@")[0])
        try:
            replica.start()
            yield replica
        finally:
            replica.stop()
            _drop_slot(binaries, primary, slot)


def _drop_slot(binaries: Binaries, primary: str, slot: str) -> None:
    """Drop the slot, for which the primary would keep its log. The primary notices the end of the replica soon."""
    sql = f"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '{slot}'"
    until = time.monotonic() + SECONDS
    while (done := binaries.run("psql", "-X", "-q", "-c", sql, "-d", primary)).returncode:
        assert time.monotonic() < until, done.stderr
        time.sleep(0.1)
