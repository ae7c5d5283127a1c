"""The host by which a client reaches the server."""

from typing import Final

from starlette.requests import Request

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_LOOPBACK_SUFFIX: Final = ".localhost"


def host_of(request: Request) -> str:
    """Return the Host header in lower case, with its port."""
    return request.headers.get("host", "").lower()


def is_loopback(host: str) -> bool:
    """Return whether a host, with or without a port, is the client's own machine."""
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return name in _LOOPBACK or name.endswith(_LOOPBACK_SUFFIX)


def is_plain_loopback(request: Request) -> bool:
    """Return whether a client reaches the server on its own machine by HTTP.

    A proxy with TLS may pass requests on to a loopback address. The page's origin and the header of the proxy then still
    name HTTPS.
    """
    origin = request.headers.get("origin", "")
    return (
        is_loopback(host_of(request))
        and request.scope.get("scheme", "http") == "http"
        and request.headers.get("x-forwarded-proto", "http") == "http"
        and (not origin or (origin.startswith("http://") and is_loopback(origin.removeprefix("http://"))))
    )
