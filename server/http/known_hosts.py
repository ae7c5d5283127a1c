"""Middleware that refuses requests for other hosts.

A foreign page could reach a server on loopback under a name of its own, and read its responses.
"""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from server.http import protocol


class KnownHosts:
    """Passes requests for the hosts on, with any port, and refuses all others."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self._app = app
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._is_known(Request(scope).headers.get("host", "")):
            await self._app(scope, receive, send)
            return
        message = f"The Host header must be one of {', '.join(sorted(self._hosts))}."
        refused = protocol.RequestError(400, message)
        await protocol.refusal(refused, *protocol.request_id(Request(scope)))(scope, receive, send)

    def _is_known(self, host: str) -> bool:
        name, _, port = host.lower().rpartition(":")
        return host.lower() in self._hosts or (name in self._hosts and port.isdecimal())
