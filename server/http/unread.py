"""The time since which a client has left bytes of the server unread."""

import time

from server.http.counted_transport import CountedTransport


class Unread:
    """The time since which a client has read too little. A client that reads so many bytes makes progress."""

    __slots__ = ("_progress_bytes", "_since", "_taken_bytes")

    def __init__(self, progress_bytes: int) -> None:
        self._progress_bytes = progress_bytes
        self._since: float | None = None
        self._taken_bytes = 0

    @property
    def since(self) -> float:
        """The time of the last progress. Now, if everything is read."""
        return self._since or time.monotonic()

    def clear(self) -> None:
        """Note that everything is read."""
        self._since = None

    def seconds(self, transport: CountedTransport, now: float) -> float:
        """Note what the client has read until now, and return the seconds since its last progress."""
        taken = transport.taken_bytes()
        if self._since is None or taken - self._taken_bytes >= self._progress_bytes:
            self._since, self._taken_bytes = now, taken
        return now - self._since
