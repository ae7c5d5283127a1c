"""The body of a request, read piece by piece. The client cannot send faster than the server reads."""

import asyncio
import time
import zlib
from typing import Self

from starlette.types import Message, Receive

from server.runtime.stopping import Stopping

PIECE_BYTES = 65_536
MOST_EXPANSION = 100
"""Limit of inflated bytes per sent byte of a gzipped body, after its first megabyte."""
_FREE_BYTES = 1_000_000
_GZIP = 16 + zlib.MAX_WBITS


class DisconnectedError(Exception):
    """The client disconnected before the end of the request."""


class EncodingError(Exception):
    """The body contradicts its Content-Encoding. The message gives the reason."""


class StreamingBody:
    """The body of an ASGI request, an asynchronous context manager.

    `waited_seconds` is the total time spent waiting for the client. When streams must end, `read` stops waiting.
    """

    def __init__(self, receive: Receive, *, gzipped: bool, stopping: Stopping) -> None:
        self._receive = receive
        self._receiving: asyncio.Task[Message] | None = None
        self._stopping = asyncio.ensure_future(stopping.wait())
        self._inflater = GzipInflater() if gzipped else None
        self._ended = False
        self.waited_seconds = 0.0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._receiving is not None:
            self._receiving.cancel()
        self._stopping.cancel()

    async def read(self, seconds: float) -> bytes | None:
        """Return the next piece, an empty one at the end, or None if no piece arrives within `seconds`.

        Pieces of gzip may arrive without completing a piece of the text. Raise `DisconnectedError` or `EncodingError`.
        """
        until = time.monotonic() + seconds
        while True:
            piece = self._inflater.more() if self._inflater else b""
            if not piece and self._ended:
                return self._end()
            if not piece:
                message = await self._next(max(0.0, until - time.monotonic()))
                if message is None:
                    return None
                piece = self._piece_of(message)
            if piece:
                await asyncio.sleep(0)  # other tasks run between the many pieces of a well compressed body
                return piece

    async def _next(self, seconds: float) -> Message | None:
        """Return the next message, or None after the timeout. A message that arrives later is kept."""
        if self._receiving is None:
            self._receiving = asyncio.ensure_future(self._receive())
        began = time.monotonic()
        waiting = {self._receiving, self._stopping}
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        self.waited_seconds += time.monotonic() - began
        if not self._receiving.done():
            return None
        message, self._receiving = self._receiving.result(), None
        return message

    def _piece_of(self, message: Message) -> bytes:
        if message["type"] == "http.disconnect":
            raise DisconnectedError
        self._ended = not message.get("more_body", False)
        body: bytes = message.get("body", b"")
        if self._inflater is None:
            return body
        self._inflater.feed(body)
        return b""

    def _end(self) -> bytes:
        if self._inflater is not None:
            self._inflater.end()
        return b""


class GzipInflater:
    """Inflates gzip in pieces of bounded size, so that a small body cannot fill the memory."""

    def __init__(self) -> None:
        self._inflater = zlib.decompressobj(_GZIP)
        self._fed = b""
        self._has_more = False
        self._sent_bytes = self._made_bytes = 0

    def feed(self, part: bytes) -> None:
        self._fed += part
        self._sent_bytes += len(part)

    def more(self) -> bytes:
        """Return the next inflated piece, empty if more input is needed. Raise `EncodingError`."""
        while self._fed or self._has_more:
            if self._inflater.eof:  # several gzip members may follow each other
                self._inflater = zlib.decompressobj(_GZIP)
            piece = self._inflated()
            if piece:
                return piece
        return b""

    def _inflated(self) -> bytes:
        try:
            piece = self._inflater.decompress(self._fed, PIECE_BYTES)
        except zlib.error as damage:
            raise EncodingError(
                "The body is not valid gzip. Compress it again, or send it without Content-Encoding."
            ) from damage
        self._fed = self._inflater.unconsumed_tail or self._inflater.unused_data
        self._has_more = len(piece) == PIECE_BYTES and not self._inflater.eof
        self._made_bytes += len(piece)
        if self._made_bytes > _FREE_BYTES + MOST_EXPANSION * self._sent_bytes:
            raise EncodingError(
                f"The body inflates to more than {MOST_EXPANSION} times its size. Send it less compressed."
            )
        return piece

    def end(self) -> None:
        """Raise `EncodingError` unless the gzip data is complete."""
        if self._sent_bytes and not self._inflater.eof:
            raise EncodingError("The gzip data of the body is incomplete. Send the body again.")
