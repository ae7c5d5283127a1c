"""Middleware that refuses requests for other hosts.

A foreign page could reach a server on loopback under a name of its own, and read its responses.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from server.http import protocol


class KnownHosts:
    """Passes requests for the hosts on, with any port, and refuses all others."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self._app = app
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_known(Request(scope).headers.get("host", ""), self._hosts):
            await self._app(scope, receive, send)
            return
        message = f"The Host header must be one of {', '.join(sorted(self._hosts))}."
        refused = protocol.RequestError(400, message)
        await protocol.refusal(refused, *protocol.request_id(Request(scope)))(scope, receive, send)


def is_known(host: str, hosts: AbstractSet[str]) -> bool:
    """Return whether a Host header names one of the hosts, with any port."""
    name, _, port = host.lower().rpartition(":")
    return host.lower() in hosts or (name in hosts and port.isdecimal())
