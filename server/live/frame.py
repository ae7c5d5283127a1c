"""The results of a stream, and the error of a stream that cannot begin."""

from collections.abc import Sequence
from typing import Any

from server.http.text_frame import text_frame


class Frame:
    """A result as JSON, and the cursor from which a client can resume after it. Subscribers share it."""

    __slots__ = ("_opening", "_sent", "cursor", "json")

    def __init__(self, json: bytes, cursor: str | None = None) -> None:
        self.json = json
        self.cursor = cursor
        self._opening = self._sent = b""

    def message(self, opening: bytes) -> bytes:
        """Return the message of a WebSocket. The opening has the ID of the operation."""
        return b"%b%b}" % (opening, self.json)

    def sent(self, opening: bytes) -> bytes:
        """Return the message as it is sent. The last one is kept: many clients give their operations the same ID."""
        if opening != self._opening:
            self._opening, self._sent = opening, text_frame(self.message(opening))
        return self._sent


class RefusedError(Exception):
    """The operation does not run. `errors` are those of its answer."""

    def __init__(self, errors: Sequence[dict[str, Any]]) -> None:
        super().__init__()
        self.errors = list(errors)
