"""The route `/metrics`, and its callers.

A proxy on the same machine makes all callers look like local ones. Without a setting, the route therefore answers
only requests that name a loopback host and passed no proxy that says so.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.http import protocol
from server.http.known_hosts import is_known
from server.metrics.metrics import WorkerMetrics

PATH: Final = "/metrics"
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
PROXIED: Final[Sequence[str]] = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
"""Headers by which proxies tell of themselves."""


class MetricsClosedError(protocol.RequestError):
    """The route is closed to this caller."""

    code = "FORBIDDEN"

    def __init__(self) -> None:
        super().__init__(
            403,
            "Metrics are open to this machine only. Set LEADGRAPH_METRICS_ADDRESS or LEADGRAPH_METRICS_TOKEN.",
        )


class MetricsTokenError(protocol.RequestError):
    """The token is missing or wrong."""

    code = "UNAUTHENTICATED"

    def __init__(self) -> None:
        message = (
            "Metrics require the header `Authorization: Bearer` with the token of LEADGRAPH_METRICS_TOKEN."
        )
        super().__init__(401, message, {"www-authenticate": "Bearer"})


@dataclass(frozen=True, slots=True)
class MetricsAccess:
    """The callers that may read the metrics: with a `token`, those that send it; else local ones, or all at an `own_address`."""

    token: str | None = None
    own_address: bool = False

    def check(self, request: Request) -> None:
        """Raise `RequestError` for a caller that may not read the metrics."""
        if self.token is not None:
            given = request.headers.get("authorization", "").encode()
            if not hmac.compare_digest(given, f"Bearer {self.token}".encode()):
                raise MetricsTokenError
        elif not self.own_address and not _is_local(request):
            raise MetricsClosedError


LOCAL_ONLY: Final = MetricsAccess()


def metrics_route(metrics: WorkerMetrics, access: MetricsAccess) -> Route:
    """Return the route of the metrics."""

    async def respond(request: Request) -> Response:
        try:
            access.check(request)
        except protocol.RequestError as refused:
            return protocol.refusal(refused, *protocol.request_id(request))
        return Response(await metrics.encoded(), media_type=CONTENT_TYPE_LATEST)

    return Route(PATH, respond)


def _is_local(request: Request) -> bool:
    """Return whether the caller is on this machine, and no proxy is known to stand before it."""
    if any(name in request.headers for name in PROXIED):
        return False
    try:
        is_loopback = request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False
    return is_loopback and is_known(request.headers.get("host", ""), LOOPBACK)
