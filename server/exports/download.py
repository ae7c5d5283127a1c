"""`GET /exports/{id}/download`: the file of an export, for its user alone (docs/guides/export.md).

The response streams the stored gzip file part by part, and holds no database connection while it waits for the
client. Range requests return the same bytes at any time.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from db.engine.pool import Pool
from db.models import Export
from resolvers.export import is_ready, require_readable
from resolvers.framework.errors import CallerError, UserInputError
from resolvers.framework.global_id import row_id
from server.exports.range_header import ByteRange, UnsatisfiableRangeError, parse_range
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
    """The file was deleted during the download."""


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

    async def _response(self, request: Request, headers: dict[str, str]) -> Response:
        export = await self._export(request)
        headers = headers | _file_headers(export)
        requested = _requested_range(request, export, headers["etag"])
        selected = requested or ByteRange(0, export.size_bytes)
        headers["content-length"] = str(selected.length)
        if requested is not None:
            headers["content-range"] = f"bytes {selected.first}-{selected.stop - 1}/{export.size_bytes}"
        status = 200 if requested is None else 206
        if request.method == "HEAD":
            return Response(status_code=status, headers=headers, media_type=MEDIA_TYPE)
        return StreamingResponse(
            self._content(request, export, selected),
            status_code=status,
            headers=headers,
            media_type=MEDIA_TYPE,
        )

    async def _export(self, request: Request) -> Export:
        """Return the requested export. Raise `RequestError` if its file is missing, unfinished or expired."""
        viewer = await self._authenticator.required_viewer(request)
        try:
            export_id = row_id(request.path_params["id"], Export)
        except UserInputError:
            export_id = 0
        export = await find(self._pool, viewer, export_id)
        if export is None:
            raise NotFoundError(404, "The export does not exist.")
        require_readable(viewer, export.entity, export.columns)
        if export.finished_at is None:
            raise NotReadyError(409, "The export is not finished. Query its `status`, and retry later.")
        if not is_ready(export, datetime.now(UTC)):
            raise ExpiredError(410, "The export file does not exist or has expired. Create a new export.")
        return export

    async def _content(self, request: Request, export: Export, selected: ByteRange) -> AsyncIterator[bytes]:
        position = selected.first
        while position < selected.stop:
            viewer = await self._authenticator.required_viewer(
                request
            )  # the key may expire during a long download
            part = await read_from(self._pool, viewer, export.id, position)
            if not part:
                raise GoneError(export.id)
            yield part[: selected.stop - position]
            position += len(part)


def _file_headers(export: Export) -> dict[str, str]:
    name = f"{export.entity.replace('_', '-')}-{export.created_at:%Y-%m-%d}.{EXTENSIONS[export.format]}.gz"
    return {
        "accept-ranges": "bytes",
        "cache-control": "private, no-store",
        "content-disposition": f'attachment; filename="{name}"',
        # A file is never rewritten, and its CRC identifies the content.
        "etag": f'"{export.id}-{export.size_bytes}-{export.content_crc:08x}"',
        "x-content-type-options": "nosniff",
    }


def _requested_range(request: Request, export: Export, etag: str) -> ByteRange | None:
    """Return the requested range of bytes, or None for the whole file. Raise `RequestError`."""
    condition = request.headers.get("if-range")
    if condition is not None and condition.strip() != etag:
        return None
    try:
        return parse_range(request.headers.get("range"), export.size_bytes)
    except UnsatisfiableRangeError as beyond:
        size = export.size_bytes
        message = f"The range must start within the {size} bytes of the file."
        raise protocol.RequestError(416, message, {"content-range": f"bytes */{size}"}) from beyond
