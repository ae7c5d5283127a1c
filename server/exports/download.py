"""`GET /exports/{id}/download`: the file of an export, for its user alone. docs/guides/export.md says how.

The file is sent as it lies in the database: gzipped, piece by piece, without a connection that waits for the
client. What was sent can be asked for again from any byte on, and is the same.
"""

from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from db.engine.pool import Pool
from db.models import Export
from resolvers.export import is_ready, require_readable
from resolvers.framework.context import Viewer
from resolvers.framework.errors import CallerError, UnauthenticatedError, UserInputError
from resolvers.framework.global_id import row_id
from server.exports.range_header import ByteRange, UnsatisfiableRangeError, byte_range
from server.http import protocol
from server.http.auth import Authenticator
from services.export.download import find, read_from
from services.export.row_format import EXTENSIONS

MEDIA_TYPE = "application/gzip"


class NotFoundError(protocol.RequestError):
    code = "NOT_FOUND"


class NotReadyError(protocol.RequestError):
    code = "NOT_READY"


class ExpiredError(protocol.RequestError):
    code = "EXPIRED"


class GoneError(Exception):
    """The file has been deleted while it was sent."""


class DownloadEndpoint:
    """The ASGI application of the route."""

    def __init__(self, pool: Pool, authenticator: Authenticator) -> None:
        self._pool = pool
        self._authenticator = authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        request_id, headers = protocol.request_id(request)
        try:
            with protocol.asking_database():
                response = await self._response(request, headers)
        except (CallerError, protocol.RequestError) as refusal:
            response = protocol.refusal(refusal, request_id, headers)
        await response(scope, receive, send)

    async def _viewer(self, request: Request) -> Viewer:
        viewer = await self._authenticator.viewer(request)
        if viewer is None:
            raise UnauthenticatedError
        return viewer

    async def _response(self, request: Request, headers: dict[str, str]) -> Response:
        export = await self._export(request)
        headers = headers | _about(export)
        asked = _asked(request, export, headers["etag"])
        sent = asked or ByteRange(0, export.size_bytes)
        headers["content-length"] = str(sent.length)
        if asked is not None:
            headers["content-range"] = f"bytes {sent.first}-{sent.stop - 1}/{export.size_bytes}"
        status = 200 if asked is None else 206
        if request.method == "HEAD":
            return Response(status_code=status, headers=headers, media_type=MEDIA_TYPE)
        return StreamingResponse(
            self._pieces(request, export, sent), status_code=status, headers=headers, media_type=MEDIA_TYPE
        )

    async def _export(self, request: Request) -> Export:
        """Raises `RequestError` where there is none that the viewer may have, or it is not there yet, or no more."""
        viewer = await self._viewer(request)
        try:
            export_id = row_id(request.path_params["id"], Export)
        except UserInputError:
            export_id = 0
        export = await find(self._pool, viewer, export_id)
        if export is None:
            raise NotFoundError(404, "There is no such export.")
        require_readable(viewer, export.entity, export.columns)
        if export.finished_at is None:
            raise NotReadyError(409, "The export is not finished: ask for its `status`.")
        if not is_ready(export):
            raise ExpiredError(410, "The export has no file, or has none any more: ask for a new one.")
        return export

    async def _pieces(self, request: Request, export: Export, sent: ByteRange) -> AsyncIterator[bytes]:
        position = sent.first
        while position < sent.stop:
            viewer = await self._viewer(request)  # it may take hours, and the key may not last as long
            piece = await read_from(self._pool, viewer, export.id, position)
            if not piece:
                raise GoneError(export.id)
            yield piece[: sent.stop - position]
            position += len(piece)


def _about(export: Export) -> dict[str, str]:
    name = f"{export.entity.replace('_', '-')}-{export.created_at:%Y-%m-%d}.{EXTENSIONS[export.format]}.gz"
    return {
        "accept-ranges": "bytes",
        "cache-control": "private, no-store",
        "content-disposition": f'attachment; filename="{name}"',
        # The crc tells the content, and a file is never written again.
        "etag": f'"{export.id}-{export.size_bytes}-{export.content_crc:08x}"',
        "x-content-type-options": "nosniff",
    }


def _asked(request: Request, export: Export, etag: str) -> ByteRange | None:
    """The bytes that are asked for; None for all. Raises `RequestError`."""
    condition = request.headers.get("if-range")
    if condition is not None and condition.strip() != etag:
        return None
    try:
        return byte_range(request.headers.get("range"), export.size_bytes)
    except UnsatisfiableRangeError as nothing:
        size = export.size_bytes
        raise protocol.RequestError(
            416, f"The file has {size} bytes.", {"content-range": f"bytes */{size}"}
        ) from nothing
