"""Connections to the first of several hosts that fits. A host that hangs leaves time for the others."""

import asyncio
import logging
import socket
from typing import Any, Final

import asyncpg

from db.engine.addresses import place_of, single_hosts

logger = logging.getLogger("leadgraph")

_KEEPALIVE: Final = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 20_000}
"""Options of sockets: a host that is gone without a word ends its connections within twenty seconds."""
_NEXT: Final = (
    OSError,
    TimeoutError,
    asyncpg.TargetServerAttributeNotMatched,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InternalClientError,
)
"""Failures after which another host may fit. A refused login ends the attempt: the hosts are one cluster."""
_last_host: dict[str, str] = {}
"""The host that fitted last, by address. It is tried first."""


async def connect(url: str, *, seconds: float, **options: Any) -> Any:
    """Open a connection within the time. Raise `TimeoutError`, or the driver's error of the last host.

    Each host of several has an equal share of the time that is left.
    """
    hosts = single_hosts(url)
    if _last_host.get(url) in hosts[1:]:
        hosts.sort(key=lambda host: host != _last_host[url])
    until = asyncio.get_running_loop().time() + seconds
    for number, host in enumerate(hosts):
        left = (until - asyncio.get_running_loop().time()) / (len(hosts) - number)
        try:
            async with asyncio.timeout(left):
                connection = await asyncpg.connect(host, **options)
        except _NEXT as failure:
            if number == len(hosts) - 1:
                raise
            logger.debug("a host of the database does not fit: %r", failure)
        else:
            _note(url, host, several=len(hosts) > 1)
            _keep_alive(connection)
            return connection
    raise AssertionError("an address has a host")


def _note(url: str, host: str, *, several: bool) -> None:
    """Remember the host, and log a change of it."""
    if not several:
        return
    before = _last_host.get(url)
    _last_host[url] = host
    if before not in {None, host}:
        logger.warning("The database is now the one at %s", place_of(host))


def _keep_alive(connection: Any) -> None:
    transport = connection._transport  # noqa: SLF001 - the driver sets no options of sockets
    sock = transport.get_extra_info("socket")
    if sock is None or sock.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
