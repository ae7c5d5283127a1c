"""The body of a request, piece by piece as it comes: whoever does not ask for more lets the sender wait."""

import asyncio
import time
import zlib
from typing import Self

from starlette.types import Message, Receive

PIECE_BYTES = 65_536
MOST_EXPANSION = 100
"""How many times as long as it was sent a gzipped body may become, after its first megabyte."""
_FREE_BYTES = 1_000_000
_GZIP = 16 + zlib.MAX_WBITS


class DisconnectedError(Exception):
    """The client has gone before the end of its request."""


class EncodingError(Exception):
    """The body is not what its Content-Encoding says; the text says why."""


class Body:
    """Reads what an ASGI server receives. To be used in `async with`.

    `waited_seconds` is how long the client has been waited for, all in all.
    """

    def __init__(self, receive: Receive, *, gzipped: bool) -> None:
        self._receive = receive
        self._receiving: asyncio.Task[Message] | None = None
        self._inflating = Inflating() if gzipped else None
        self._ended = False
        self.waited_seconds = 0.0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._receiving is not None:
            self._receiving.cancel()

    async def read(self, seconds: float) -> bytes | None:
        """The next piece; empty at the end, None where none has come for so long.

        Raises `DisconnectedError` and `EncodingError`.
        """
        while True:
            piece = self._inflating.more() if self._inflating else b""
            if not piece and self._ended:
                return self._end()
            if not piece:
                message = await self._next(seconds)
                if message is None:
                    return None
                piece = self._taken(message)
            if piece:
                await asyncio.sleep(0)  # a little that was sent can make many pieces: others come in between
                return piece

    async def _next(self, seconds: float) -> Message | None:
        """The next message. Whoever gives up waiting finds the same one later: none is lost."""
        if self._receiving is None:
            self._receiving = asyncio.ensure_future(self._receive())
        began = time.monotonic()
        done, _ = await asyncio.wait({self._receiving}, timeout=seconds)
        self.waited_seconds += time.monotonic() - began
        if not done:
            return None
        message, self._receiving = self._receiving.result(), None
        return message

    def _taken(self, message: Message) -> bytes:
        if message["type"] == "http.disconnect":
            raise DisconnectedError
        self._ended = not message.get("more_body", False)
        body: bytes = message.get("body", b"")
        if self._inflating is None:
            return body
        self._inflating.feed(body)
        return b""

    def _end(self) -> bytes:
        if self._inflating is not None:
            self._inflating.end()
        return b""


class Inflating:
    """Inflates gzip, at most a piece at a time: what was sent small does not become large all at once."""

    def __init__(self) -> None:
        self._inflater = zlib.decompressobj(_GZIP)
        self._fed = b""
        self._has_more = False
        self._sent_bytes = self._made_bytes = 0

    def feed(self, part: bytes) -> None:
        self._fed += part
        self._sent_bytes += len(part)

    def more(self) -> bytes:
        """The next piece of what was fed; empty where more has to be fed. Raises `EncodingError`."""
        while self._fed or self._has_more:
            if self._inflater.eof:  # one gzip file may follow another
                self._inflater = zlib.decompressobj(_GZIP)
            piece = self._inflated()
            if piece:
                return piece
        return b""

    def _inflated(self) -> bytes:
        try:
            piece = self._inflater.decompress(self._fed, PIECE_BYTES)
        except zlib.error as damage:
            raise EncodingError(f"The body is not gzip, or is damaged: {damage}.") from damage
        self._fed = self._inflater.unconsumed_tail or self._inflater.unused_data
        self._has_more = len(piece) == PIECE_BYTES and not self._inflater.eof
        self._made_bytes += len(piece)
        if self._made_bytes > _FREE_BYTES + MOST_EXPANSION * self._sent_bytes:
            raise EncodingError(f"The body becomes more than {MOST_EXPANSION} times as long as it was sent.")
        return piece

    def end(self) -> None:
        """Raises `EncodingError` where the end was not sent."""
        if self._sent_bytes and not self._inflater.eof:
            raise EncodingError("The body ends in the middle of gzip's data.")
