"""A request with the interface of Starlette's, faster where the endpoint reads it."""

from collections.abc import Mapping, Sequence
from typing import Final

from starlette.requests import ClientDisconnect, Request, empty_send
from starlette.types import Receive, Scope

from server.http.protocol import TooLargeError

_MOST_DIGITS: Final = 15  # of a length


_SEPARATORS: Final[Mapping[bytes, bytes]] = {
    b"accept": b", ",
    b"accept-encoding": b", ",
    b"cookie": b"; ",
    b"if-none-match": b", ",
    b"prefer": b", ",
}
"""The headers that are lists, and may therefore come in several lines."""


class PlainHeaders(dict[str, str]):
    """Headers by lower-case name.

    The lines of a list are joined. Of all other headers, the first one of a name wins: Starlette and the turnstile read
    that one, too, and all parts of the server must see the same credential and the same origin.
    """

    @classmethod
    def of(cls, scope: Scope) -> "PlainHeaders":
        lines = scope["headers"]
        found = cls({name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(lines)})
        if len(found) != len(lines):
            found._join(lines)
        return found

    def _join(self, lines: Sequence[tuple[bytes, bytes]]) -> None:
        for name, separator in _SEPARATORS.items():
            values = [value for each, value in lines if each == name]
            if len(values) > 1:
                self[name.decode("latin-1")] = separator.join(values).decode("latin-1")


class FastRequest(Request):
    """A request with plain headers and a limit on its body."""

    headers: PlainHeaders = PlainHeaders()  # type: ignore[assignment]
    method = ""

    def __init__(self, scope: Scope, receive: Receive, *, largest_body_bytes: int) -> None:
        # All that Starlette's constructors do; a test compares them.
        self.scope = scope
        self._receive = receive
        self._send = empty_send
        self._stream_consumed = self._is_disconnected = False
        self._form = None
        self.headers = PlainHeaders.of(scope)
        self.method = scope["method"]
        self._largest_body_bytes = largest_body_bytes
        self._because = ""

    def limit_body(self, largest_body_bytes: int, because: str) -> None:
        """Lower the limit on the body, which has not been read yet. The error of a larger body gives the reason."""
        self._largest_body_bytes, self._because = largest_body_bytes, because

    async def body(self) -> bytes:
        """Return the body. Raise `TooLargeError` for a body that is too large, and `ClientDisconnect`."""
        declared = self.headers.get("content-length", "0")
        if declared.isdecimal() and (
            len(declared) > _MOST_DIGITS or int(declared) > self._largest_body_bytes
        ):
            raise TooLargeError(self._largest_body_bytes, self._because)
        body, more = b"", True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            body, more = body + message.get("body", b""), message.get("more_body", False)
            if len(body) > self._largest_body_bytes:
                raise TooLargeError(self._largest_body_bytes, self._because)
        return body
