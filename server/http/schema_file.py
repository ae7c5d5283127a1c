"""`GET /schema.graphql`: the schema for code generators and editors, open like introspection."""

import asyncio
import gzip
import hashlib
from collections.abc import Callable, Mapping
from typing import Final

import brotli
import zstandard
from starlette.requests import Request
from starlette.responses import Response

from server.http import protocol
from server.http.compression import coding_of
from server.http.etags import matches

PATH: Final = "/schema.graphql"
_CODINGS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "br": lambda text: brotli.compress(text, quality=9),
    "zstd": lambda text: zstandard.ZstdCompressor(level=12).compress(text),
    "gzip": lambda text: gzip.compress(text, compresslevel=9, mtime=0),
}


class SchemaFile:
    """The schema's text. Each coding is made once, in a thread, when a client first accepts it."""

    def __init__(self, text: Callable[[], str]) -> None:
        self._text = text
        self._bodies: dict[str | None, bytes] = {}
        self._one_at_a_time = asyncio.Lock()

    async def respond(self, request: Request) -> Response:
        """Respond with the schema, or with 304 if the client has it."""
        coding = coding_of(request.headers.get("accept-encoding", ""), tuple(_CODINGS))
        async with self._one_at_a_time:
            if coding not in self._bodies:
                await asyncio.to_thread(self._make, coding)
        body = self._bodies[coding]
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {
            "etag": etag,
            "cache-control": "public, no-cache",
            "vary": "accept-encoding",
            **protocol.request_id(request)[1],
        }
        if matches(request.headers.get("if-none-match", ""), etag):
            return Response(status_code=304, headers=headers)
        if coding is not None:
            headers["content-encoding"] = coding
        return Response(body, headers=headers | {"content-type": "application/graphql; charset=utf-8"})

    def _make(self, coding: str | None) -> None:
        text = self._bodies[None] = self._bodies.get(None) or self._text().encode()
        if coding is not None:
            self._bodies[coding] = _CODINGS[coding](text)
