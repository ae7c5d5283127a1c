"""The limits of connections."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """The limits of connections, in number, bytes and seconds. docs/guides/deployment.md explains them."""

    connections: int = 1000
    spare_connections: int = 100
    """Further connections, which answer health checks, and refuse all other requests."""
    url_bytes: int = 16_384
    header_bytes: int = 32_768
    headers: int = 100
    pipelined_requests: int = 16
    head_seconds: float = 10
    """Time limit from the connection, or the previous answer, to the end of the headers."""
    idle_seconds: int = 5
    """Time that a connection stays open after an answer."""
    body_seconds: float = 30
    """Time limit of a body, except on streaming paths."""
    silence_seconds: float = 60
    """Time limit of a pause within the body on streaming paths. The route has a stricter one for lines."""
    unread_seconds: float = 60
    """Time in which a client must read `least_read_bytes` of a waiting answer, or all of it."""
    least_read_bytes: int = 65_536
    unread_bytes: int = 256_000_000
    """Limit of unread bytes of all connections."""
    linger_seconds: float = 2
    """Time that a connection stays open for the client to read: after an answer to an incomplete request, and after the
    server has ended a stream.
    """
    health_paths: AbstractSet[str] = frozenset({"/healthz", "/readyz", "/metrics"})
    streaming_paths: AbstractSet[str] = frozenset({"/ingest/mentions"})
    websocket_paths: AbstractSet[bytes] = frozenset({b"/graphql"})
    """The paths of WebSockets. On other paths, a request for one is answered like a request without the header."""
