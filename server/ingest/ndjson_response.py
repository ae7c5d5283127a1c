"""An answer of JSON Lines that is sent while the request is still coming in.

Many clients do not read before they have sent everything. If the server waited for them to read, and they
for the server to go on reading, neither would ever move: so what a client does not take yet is kept for it,
first in memory and then in a temporary file, up to a bound.
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
"""What is kept for a client that does not read: the results of about a million rows."""
PATIENCE_SECONDS = 30.0
_PIECE_BYTES = 65_536


class UnreadError(Exception):
    """The client does not read its answer, and no more is kept for it."""


class Backlog:
    """Bytes that come in and go out in order. Beyond `MEMORY_BYTES` they lie in a temporary file."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=MEMORY_BYTES)  # noqa: SIM115 - closed with this
        self._read = self._written = 0

    def __len__(self) -> int:
        return self._written - self._read

    def put(self, data: bytes) -> None:
        self._file.seek(self._written)
        self._written += self._file.write(data)

    def take(self) -> bytes:
        """The next bytes, at most a piece; empty where there are none."""
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
    """To be used in `async with`; the answer begins with the first line."""

    def __init__(self, send: Send, headers: Mapping[str, str]) -> None:
        self.status = 200
        self._send = send
        self._headers = headers
        self._backlog = Backlog()
        self._more = asyncio.Event()
        self._went = asyncio.Event()
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
        """Sends the lines as soon as the client takes them. Waits only where too much is kept for it already,
        and raises `UnreadError` when that does not help.
        """
        self._backlog.put(b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines))
        self._more.set()
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_all())
        while len(self._backlog) > MOST_BYTES:
            await self._wait_until_something_went()

    async def finish(self) -> None:
        """Returns when the client has got everything. Raises `UnreadError` when it takes nothing for long."""
        self._finished = True
        self._more.set()
        while self._sending is not None and not self._sending.done():
            await self._wait_until_something_went()

    async def _wait_until_something_went(self) -> None:
        self._went.clear()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._went.wait()
        except TimeoutError as patience:
            raise UnreadError from patience

    async def _send_all(self) -> None:
        with suppress(OSError):  # the client has gone: who reads the request learns that, too
            await self._send_lines()

    async def _send_lines(self) -> None:
        headers = MutableHeaders({"content-type": MEDIA_TYPE, **self._headers})
        await self._send({"type": "http.response.start", "status": self.status, "headers": headers.raw})
        while True:
            data = self._backlog.take()
            if data:
                await self._send({"type": "http.response.body", "body": data, "more_body": True})
                self._went.set()
            elif self._finished:
                break
            else:
                self._more.clear()
                await self._more.wait()
        await self._send({"type": "http.response.body", "body": b""})
        self._went.set()
