"""The limits of live connections, and the errors for those that exceed one."""

from dataclasses import dataclass
from typing import Any

from resolvers.framework.errors import RATE_LIMITED, UNAVAILABLE, CallerError
from server.http.protocol import RequestError


@dataclass(frozen=True, slots=True)
class LiveLimits:
    """The limits of WebSockets and event streams of one process. docs/guides/deployment.md explains them."""

    connections: int = 1000
    """0 turns subscriptions and live queries off."""
    user_connections: int = 100
    operations: int = 100
    """Operations of one WebSocket at a time."""
    buffered_events: int = 10_000
    """Events that wait for a subscriber who is slower than they come."""
    ping_seconds: float = 20
    init_seconds: float = 10
    """Time from the handshake of a WebSocket to `connection_init`."""
    check_seconds: float = 30
    """The longest time until the credentials of all connections are looked up again, by one statement, also if nothing
    told of an end.
    """
    query_seconds: float = 0.1
    """The least time between two runs of a live query."""


class LiveError(CallerError):
    """A stream that cannot begin, or that ends before its client ended it. The message says how to go on."""

    def __init__(self, message: str, cursor: str | None = None) -> None:
        super().__init__(message)
        self._more: dict[str, object] = {} if cursor is None else {"cursor": cursor}

    @property
    def extensions(self) -> dict[str, object]:
        return super().extensions | self._more


class NoStreamsError(LiveError):
    """The server has no live connections."""

    code = "BAD_REQUEST"

    def __init__(self) -> None:
        super().__init__(
            "This server has no subscriptions and live queries. Send a query again to learn of changes."
        )


class CrowdedError(LiveError):
    """The server has too many live connections."""

    code = UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("The server has too many live connections. Retry later.")


class TooManyError(LiveError):
    """The user has too many connections, or a connection has too many operations."""

    code = RATE_LIMITED


class TooSlowError(LiveError):
    """Too many events wait for the subscriber."""

    code = "TOO_SLOW"

    def __init__(self, cursor: str | None) -> None:
        super().__init__(
            f"Events came faster than this client read them. Subscribe again{_resuming(cursor)}.", cursor
        )


class StoppedError(LiveError):
    """The stream ends with its server."""

    code = UNAVAILABLE

    def __init__(self, cursor: str | None) -> None:
        super().__init__(
            f"The server stops. Connect to another one and send the operation again{_resuming(cursor)}.",
            cursor,
        )


class EndedError(LiveError):
    """The credential of the stream has ended or has changed."""

    code = "UNAUTHENTICATED"


def _resuming(cursor: str | None) -> str:
    return "" if cursor is None else " with `after` and the cursor of this error, to miss no event"


def formatted(error: CallerError | RequestError, request_id: str) -> dict[str, Any]:
    """Return an error of a whole stream as clients see it."""
    more = error.extensions if isinstance(error, CallerError) else {}
    return {"message": str(error), "extensions": {**more, "code": error.code, "requestId": request_id}}
