"""Start the embedded PostgreSQL for its users, and stop it after the last one."""

import fcntl
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Self
from urllib.parse import quote

from db.embedded.account import account_for
from db.embedded.binaries import find_binaries
from db.embedded.cluster import USER, create_cluster, postmaster_of, processes_in
from db.embedded.error import EmbeddedError, one_sentence
from db.embedded.launch import HOST, READY_SECONDS, Launcher, remember_port, remembered_port
from db.engine.private_file import locked, open_private, try_lock, write_private

LEFTOVER_SECONDS = 20  # time for the processes of a killed server to end
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})


class EmbeddedPostgres:
    """The PostgreSQL of one home folder, shared by all processes that use the folder.

    `settings` are PostgreSQL's parameters. They override the defaults when this object starts the server. A
    server that already runs keeps its settings. Each method may raise `EmbeddedError`.
    """

    def __init__(self, home: Path, *, settings: Mapping[str, str] = NO_SETTINGS) -> None:
        self._home = Path(os.path.realpath(home))
        self._data = self._home / "data"
        self._settings = dict(settings)
        self._use: int | None = None  # the descriptor of the lock that `start` holds
        self._inside = 0  # the number of open `running` blocks

    def start(self) -> None:
        """Start the server unless it runs, and wait until it accepts connections.

        The object then uses the server until `stop` or the end of the process, so that no other process stops
        it when leaving. The server outlives the process. The next process that leaves the server stops it.
        Inside of `running`, the object already uses the server, and `start` only restarts a killed server.
        """
        if self._use is None and not self._inside:
            self._use = self._enter()
            return
        with self._start_stop():
            self._serve()

    def stop(self) -> None:
        """Stop the server even if other processes use it. Open transactions are rolled back."""
        with self._start_stop():
            self._halt()
            if self._use is not None:
                os.close(self._use)
                self._use = None

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Run the server inside of the block. The last process to leave stops it."""
        use = self._enter()
        self._inside += 1
        try:
            yield self
        finally:
            self._inside -= 1
            with self._start_stop():
                self._leave(use)

    def url(self, database: str) -> str:
        """Return the URL of a database: `postgresql://user:password@127.0.0.1:port/database`.

        Raise `EmbeddedError` if the server was never started.
        """
        password, port = self._password(), remembered_port(self._home)
        if not password or not port:
            raise EmbeddedError(f"The PostgreSQL in {self._home} was never started: start it first.")
        return f"postgresql://{USER}:{password}@{HOST}:{port}/{quote(database, safe='')}"

    @contextmanager
    def _start_stop(self) -> Iterator[None]:
        """Hold the lock under which a process starts, joins, leaves or stops the server."""
        with one_sentence(self._home):
            self._make_home()
            with locked(self._home / "start-stop.lock"):
                yield

    def _make_home(self) -> None:
        try:
            self._home.mkdir(parents=True)
        except FileExistsError:
            return
        self._home.chmod(0o711)  # the server's account must enter `data`, and must read nothing else

    def _enter(self) -> int:
        with self._start_stop():
            use = open_private(self._home / "in-use.lock")
            try:
                fcntl.flock(use, fcntl.LOCK_SH)
                self._serve()
            except BaseException:
                self._leave(use)
                raise
            return use

    def _leave(self, use: int) -> None:
        """Stop the server unless other processes hold the lock.

        The start-stop lock keeps that answer valid.
        """
        try:
            if try_lock(use):
                self._halt()
        finally:
            os.close(use)

    @cached_property
    def _launcher(self) -> Launcher:
        return Launcher(self._home, find_binaries(account_for(self._data)), self._settings)

    def _serve(self) -> None:
        """Wait until the server accepts connections. Wait for one that starts, and restart one that stops."""
        give_up_at = time.monotonic() + READY_SECONDS
        while time.monotonic() < give_up_at:
            server = postmaster_of(self._data)
            if server is None:
                self._launch()
            elif server.port and self._launcher.answers(server.port):
                remember_port(self._home, server.port)
                return
            else:
                time.sleep(0.05)
        raise EmbeddedError(
            f"The PostgreSQL in {self._home} runs but does not accept connections: read {self._launcher.log}, and "
            "try again later."
        )

    def _halt(self) -> None:
        if postmaster_of(self._data) is not None:
            self._launcher.stop()

    def _launch(self) -> None:
        """Start the server, and create the data folder if it is missing."""
        if not os.path.lexists(self._data):
            create_cluster(self._data, self._launcher.binaries, self._new_password())
        elif not self._password():
            raise EmbeddedError(
                f"The password of the database in {self._home} is missing: restore the file "
                f"{self._home / 'password'} from a backup, or move {self._data} away and start again with "
                "an empty database."
            )
        server = self._no_other_server()
        try:
            if self._data.is_dir():
                (self._data / "postmaster.pid").unlink(missing_ok=True)  # left by a killed server
            self._launcher.start(server)
        finally:
            os.close(server)  # the server's processes inherited the lock

    def _password(self) -> str:
        """Return the password, or "" if it is missing."""
        with one_sentence(self._home):
            try:
                return (self._home / "password").read_text()
            except FileNotFoundError:
                return ""

    def _new_password(self) -> str:
        """Create and store a password.

        It is stored before the database is created, so that no database lacks one.
        """
        password = secrets.token_urlsafe(24)
        write_private(self._home / "password", password)
        return password

    def _no_other_server(self) -> int:
        """Wait until no process of an earlier server holds the server's lock, and return the lock."""
        server = open_private(self._home / "server.lock")
        give_up_at = time.monotonic() + LEFTOVER_SECONDS
        while not try_lock(server):
            if time.monotonic() > give_up_at:
                os.close(server)
                seen = ", ".join(map(str, processes_in(self._data))) or "not visible from here"
                raise EmbeddedError(
                    f"Processes of an earlier PostgreSQL still use {self._data} ({seen}): end them, or the "
                    "container that they run in, and start again."
                )
            time.sleep(0.05)
        return server
