"""Ports for the servers that tests start."""

import random
import socket
from contextlib import suppress

# Operating systems give higher ports to outgoing connections, which could take a port before its server does.
_PORTS = range(15_000, 32_000)
_chosen: set[int] = set()
_random = random.SystemRandom()


def free_port() -> int:
    """Return a port on which nothing listens. No later call in this process returns it again."""
    for port in _random.sample(_PORTS, 200):
        if port not in _chosen and _is_free(port):
            _chosen.add(port)
            return port
    raise OSError("No free port was found in 200 tries: stop programs that listen on ports 15000 to 31999.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False
