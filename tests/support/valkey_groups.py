"""Several Valkey servers: a primary with a replica and three Sentinels, and a cluster of three nodes."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import redis

from tests.support.ports import free_port
from tests.support.valkey import Valkey, binary

SERVICE = "figures"
SLOTS = 16_384


def wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    """Return when the condition holds. Fail after the time."""
    give_up_at = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up_at
        time.sleep(0.05)


class Watched:
    """A primary, its replica, and the Sentinels that promote the replica."""

    def __init__(self, primary: Valkey, replica: Valkey, sentinels: list[int]) -> None:
        self.primary, self.replica, self.sentinels = primary, replica, sentinels

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.sentinels)
        return f"redis+sentinel://:{self.primary.password}@{hosts}/{SERVICE}/0?sentinel_password="

    def port_of_primary(self) -> int:
        """Return the port of the primary that the first Sentinel knows."""
        with redis.Redis(port=self.sentinels[0], protocol=2) as sentinel:
            found: Any = sentinel.sentinel_get_master_addr_by_name(SERVICE)
        return int(found[1])


@contextmanager
def watched(folder: Path, *, down_milliseconds: int = 1000) -> Iterator[Watched]:
    """Run the servers and the Sentinels during the context."""
    primary, replica = _server(folder / "primary"), _server(folder / "replica")
    replica.password = primary.password
    both = f"masterauth {primary.password}\n"
    primary.more, replica.more = both, f"{both}replicaof 127.0.0.1 {primary.port}\n"
    sentinels = [free_port() for _ in range(3)]
    processes = []
    try:
        primary.start()
        replica.start()
        wait_until(lambda: _info(replica)["master_link_status"] == "up")
        for number, port in enumerate(sentinels):
            configuration = _folder(folder / f"sentinel{number}") / "sentinel.conf"
            configuration.write_text(
                f"bind 127.0.0.1\nport {port}\nlogfile sentinel.log\n"
                f"sentinel monitor {SERVICE} 127.0.0.1 {primary.port} 2\n"
                f"sentinel auth-pass {SERVICE} {primary.password}\n"
                f"sentinel down-after-milliseconds {SERVICE} {down_milliseconds}\n"
                f"sentinel failover-timeout {SERVICE} 5000\n"
            )
            processes.append(
                subprocess.Popen([binary(), configuration, "--sentinel"], cwd=configuration.parent)
            )
        wait_until(lambda: all(_knows(port) for port in sentinels))
        yield Watched(primary, replica, sentinels)
    finally:
        for process in processes:
            process.terminate()
            process.wait(timeout=20)
        replica.stop()
        primary.stop()


@contextmanager
def cluster(folder: Path) -> Iterator[list[Valkey]]:
    """Run a cluster of three primaries during the context."""
    nodes = [_server(folder / f"node{number}") for number in range(3)]
    for node in nodes:
        node.password = nodes[0].password
        node.more = (
            f"cluster-enabled yes\ncluster-node-timeout 2000\ncluster-port {free_port()}\n"
            f"masterauth {node.password}\ncluster-require-full-coverage yes\n"
        )
    try:
        for number, node in enumerate(nodes):
            node.start()
            first, last = number * SLOTS // 3, (number + 1) * SLOTS // 3 - 1
            with node.client() as client:
                client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
        with nodes[0].client() as client:
            for node in nodes[1:]:
                bus = node.more.partition("cluster-port ")[2].partition("\n")[0]
                client.execute_command("CLUSTER", "MEET", "127.0.0.1", node.port, bus)
        wait_until(lambda: all(_is_whole(node) for node in nodes))
        yield nodes
    finally:
        for node in nodes:
            node.stop()


def url_of(nodes: list[Valkey]) -> str:
    hosts = ",".join(f"127.0.0.1:{node.port}" for node in nodes)
    return f"redis+cluster://:{nodes[0].password}@{hosts}"


def _server(folder: Path) -> Valkey:
    return Valkey(_folder(folder))


def _folder(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def _info(server: Valkey) -> dict[str, Any]:
    with server.client() as client:
        found: Any = client.info("replication")
    return dict(found)


def _knows(port: int) -> bool:
    """Return whether a Sentinel knows the replica and the other Sentinels."""
    with suppress(redis.RedisError), redis.Redis(port=port, protocol=2) as client:
        state: Any = client.sentinel_master(SERVICE)
        return bool(state["num-other-sentinels"] == 2 and state["num-slaves"] == 1)
    return False


def _is_whole(node: Valkey) -> bool:
    with node.client() as client:
        found: Any = client.execute_command("CLUSTER", "INFO")
        nodes: Any = client.execute_command("CLUSTER", "NODES")
    text = found.decode() if isinstance(found, bytes) else str(found)
    return ("cluster_state:ok" in text or "'cluster_state': 'ok'" in text) and len(nodes) >= 3
