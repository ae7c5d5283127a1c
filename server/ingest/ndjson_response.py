"""A response of JSON Lines, sent while the request body is still arriving.

Many clients read the response only after they have sent the whole request. A server that waits for such a client to
read would wait for ever. The server therefore buffers unread lines, first in memory and then in a temporary file, up
to a limit.
"""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Self

import orjson
from starlette.datastructures import MutableHeaders
from starlette.types import Send

MEDIA_TYPE = "application/x-ndjson"
MEMORY_BYTES = 256_000
MOST_BYTES = 64_000_000
"""Limit of unread bytes per client: the results of about a million rows."""
PATIENCE_SECONDS = 30.0
_PIECE_BYTES = 65_536


class UnreadError(Exception):
    """The client does not read the response, and the buffer is full."""


class Backlog:
    """A queue of bytes. Beyond `MEMORY_BYTES`, the bytes are stored in a temporary file."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=MEMORY_BYTES)  # noqa: SIM115 - closed with this
        self._read = self._written = 0

    def __len__(self) -> int:
        return self._written - self._read

    def put(self, data: bytes) -> None:
        self._file.seek(self._written)
        self._written += self._file.write(data)

    def take(self) -> bytes:
        """Return the next bytes, at most `_PIECE_BYTES`; empty if the queue is empty."""
        self._file.seek(self._read)
        data = self._file.read(_PIECE_BYTES)
        self._read += len(data)
        if self._read == self._written:
            self._read = self._written = 0
            self._file.seek(0)
            self._file.truncate()
        return data

    def close(self) -> None:
        self._file.close()


class NdjsonResponse:
    """The response, an asynchronous context manager. It starts with the first line."""

    def __init__(self, send: Send, headers: Mapping[str, str]) -> None:
        self.status = 200
        self._send = send
        self._headers = headers
        self._backlog = Backlog()
        self._added = asyncio.Event()
        self._sent = asyncio.Event()
        self._finished = False
        self._sending: asyncio.Task[None] | None = None

    @property
    def has_begun(self) -> bool:
        return self._sending is not None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._sending is not None:
            self._sending.cancel()
            with suppress(asyncio.CancelledError):
                await self._sending
        self._backlog.close()

    async def write(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Send the lines as soon as the client reads them. If the buffer is full, wait for the client.

        Raise `UnreadError` if the client reads nothing for `PATIENCE_SECONDS`.
        """
        self._backlog.put(b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines))
        self._added.set()
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_all())
        while len(self._backlog) > MOST_BYTES:
            await self._wait_for_client()

    async def finish(self) -> None:
        """Return when the client has read everything. Raise `UnreadError` if it reads nothing for too long."""
        self._finished = True
        self._added.set()
        while self._sending is not None and not self._sending.done():
            await self._wait_for_client()

    async def _wait_for_client(self) -> None:
        self._sent.clear()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._sent.wait()
        except TimeoutError as timeout:
            raise UnreadError from timeout

    async def _send_all(self) -> None:
        with suppress(OSError):  # the client has gone, which reading the request reports as well
            await self._send_lines()

    async def _send_lines(self) -> None:
        headers = MutableHeaders({"content-type": MEDIA_TYPE, **self._headers})
        await self._send({"type": "http.response.start", "status": self.status, "headers": headers.raw})
        while True:
            data = self._backlog.take()
            if data:
                await self._send({"type": "http.response.body", "body": data, "more_body": True})
                self._sent.set()
            elif self._finished:
                break
            else:
                self._added.clear()
                await self._added.wait()
        await self._send({"type": "http.response.body", "body": b""})
        self._sent.set()
