"""Two PostgreSQL servers under Patroni with etcd, as unprivileged processes of `deploy/patroni.yml`."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import httpx
import yaml

from tests.support.ports import free_port

EXAMPLE: Final = Path(__file__).resolve().parents[2] / "deploy" / "patroni.yml"
BINARIES: Final = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
"""The folder of Debian's newest PostgreSQL, because Patroni starts its programs."""
MISSING: Final = [
    *(name for name in ("patroni", "etcd") if shutil.which(name) is None),
    *(["postgresql"] if BINARIES is None else []),
]
"""The programs that are not installed."""
PATIENCE_SECONDS: Final = 120


def wait_until(holds: Callable[[], object], what: str) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"{what} took more than {PATIENCE_SECONDS} seconds")
        time.sleep(0.1)


class Node:
    """A PostgreSQL and its Patroni."""

    def __init__(
        self, name: str, folder: Path, etcd_port: int, passwords: tuple[str, str], timing: dict[str, int]
    ) -> None:
        self.name, self.folder = name, folder
        self.port, self.rest_port = free_port(), free_port()
        self.data = folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self._file = folder / "patroni.yml"
        _own(folder)
        self._file.write_text(yaml.safe_dump(self._configuration(etcd_port, passwords, timing)))
        _own(self._file)

    def _configuration(self, etcd_port: int, passwords: tuple[str, str], timing: dict[str, int]) -> Any:
        found = yaml.safe_load(EXAMPLE.read_text())
        superuser, replication = passwords
        rest, own = f"127.0.0.1:{self.rest_port}", f"127.0.0.1:{self.port}"
        found["name"] = self.name
        found["restapi"] = {"listen": rest, "connect_address": rest}
        found["etcd3"] = {"hosts": f"127.0.0.1:{etcd_port}"}
        found["bootstrap"]["dcs"] |= timing
        found["bootstrap"]["pg_hba"] = [
            each.replace("10.0.0.0/24", "127.0.0.1/32") for each in found["bootstrap"]["pg_hba"]
        ]
        found["postgresql"] |= {
            "listen": own, "connect_address": own, "data_dir": str(self.data), "bin_dir": str(BINARIES),
            "pgpass": str(self.folder / "pgpass"),
        }  # fmt: skip
        found["postgresql"]["authentication"]["superuser"]["password"] = superuser
        found["postgresql"]["authentication"]["replication"]["password"] = replication
        found["postgresql"]["parameters"] |= {
            "unix_socket_directories": str(self.folder),
            "shared_buffers": "32MB",
        }
        return found

    def start(self) -> None:
        self._process = started(["patroni", str(self._file)], self.folder, "patroni.log")

    def kill(self) -> None:
        """Kill Patroni and all processes of PostgreSQL with SIGKILL, as a machine that loses its power."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        for pid in self._postgres():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        """Stop both in order."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=20)
        self.kill()

    def is_leader(self) -> bool:
        return self._answers("leader")

    def is_synchronous(self) -> bool:
        """Return whether commits wait for this standby."""
        return self._answers("synchronous")

    def switch_to(self, other: "Node") -> None:
        """Let this primary hand over to the other node. Return when that is done."""
        body = {"leader": self.name, "candidate": other.name}
        answer = httpx.post(
            f"http://127.0.0.1:{self.rest_port}/switchover", json=body, timeout=PATIENCE_SECONDS
        )
        answer.raise_for_status()

    def _answers(self, path: str) -> bool:
        with suppress(httpx.TransportError):
            return (
                httpx.get(f"http://127.0.0.1:{self.rest_port}/{path}", timeout=5).status_code
                == httpx.codes.OK
            )
        return False

    def _postgres(self) -> list[int]:
        """Return the processes of PostgreSQL, the first one first, so that it starts no others."""
        try:
            postmaster = int((self.data / "postmaster.pid").read_text().split()[0])
            children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        except (OSError, IndexError):
            return []
        return [postmaster, *map(int, children)]


class Cluster:
    """Two nodes. The first one begins as the primary."""

    def __init__(self, nodes: list[Node], password: str) -> None:
        self.nodes, self._password = nodes, password

    def url(self, database: str) -> str:
        """Return an address with both hosts."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return f"postgresql://postgres:{self._password}@{hosts}/{database}"

    @property
    def leader(self) -> Node:
        wait_until(lambda: any(node.is_leader() for node in self.nodes), "the election of a primary")
        return next((node for node in self.nodes if node.is_leader()), self.nodes[0])

    def other(self, node: Node) -> Node:
        return self.nodes[1 - self.nodes.index(node)]

    def wait_for_standby(self) -> None:
        """Return when commits wait for a standby."""
        wait_until(
            lambda: any(node.is_synchronous() for node in self.nodes), "the start of a synchronous standby"
        )


@contextmanager
def patroni_cluster(folder: Path, **timing: int) -> Iterator[Cluster]:
    """Run etcd and two nodes during the context. `timing` are `ttl`, `loop_wait` and `retry_timeout`."""
    client, peer = free_port(), free_port()
    passwords = secrets.token_hex(16), secrets.token_hex(16)
    folder.chmod(0o755)
    etcd_folder = folder / "etcd"
    with ExitStack() as stack:
        etcd_folder.mkdir()
        _own(etcd_folder)
        etcd = started(_etcd(etcd_folder, client, peer), etcd_folder, "etcd.log")
        stack.callback(_end, etcd)
        wait_until(lambda: _is_healthy(client), "the start of etcd")
        nodes = []
        for name in ("one", "two"):
            (folder / name).mkdir()
            node = Node(name, folder / name, client, passwords, timing)
            nodes.append(node)
            stack.callback(node.stop)
            node.start()
            wait_until(nodes[0].is_leader, "the start of the primary")
        cluster = Cluster(nodes, passwords[0])
        cluster.wait_for_standby()
        yield cluster


def _etcd(folder: Path, client: int, peer: int) -> list[str]:
    own, others = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
    return [
        "etcd", "--name", "etcd", "--data-dir", str(folder / "data"),
        "--listen-client-urls", own, "--advertise-client-urls", own,
        "--listen-peer-urls", others, "--initial-advertise-peer-urls", others, "--initial-cluster", f"etcd={others}",
    ]  # fmt: skip


def _is_healthy(port: int) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=5).status_code == httpx.codes.OK
    return False


def started(command: list[str], folder: Path, log: str) -> subprocess.Popen[bytes]:
    """Start a program as the user `postgres`, because PostgreSQL refuses root."""
    account: Any = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    variables = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    with (folder / log).open("ab") as output:
        process: subprocess.Popen[bytes] = subprocess.Popen(
            command, cwd=folder, stdout=output, stderr=output, env=variables, **account
        )
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(timeout=20)


def _own(path: Path) -> None:
    if os.geteuid() == 0:
        found = pwd.getpwnam("postgres")
        os.chown(path, found.pw_uid, found.pw_gid)
        path.chmod(0o700)
