"""`GET /exports/{id}/download`: the file of an export, for its user alone (docs/guides/export.md).

The user is that of the API key, or of the link's token. The response streams the stored gzip file part by part, and
holds no database connection while it waits for the client. Range requests return the same bytes at any time. With
`gzip=false`, the response is the plain file, which has no ranges.
"""

import asyncio
import logging
import zlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from db.engine.pool import Pool
from db.models import Export, ExportFormat
from resolvers.export import is_ready, require_readable
from resolvers.framework.errors import UNAVAILABLE, CallerError, UserInputError, code_of
from resolvers.framework.global_id import row_id
from server.exports.range_header import ByteRange, UnsatisfiableRangeError, parse_range
from server.http import protocol
from server.http.admission import Admission
from server.http.auth import Authenticator
from server.http.compression import coding_of
from server.http.rate_headers import RateLimitedError, rate_headers
from server.runtime.observation import Observation, Observer
from server.runtime.stopping import Stopping
from server.runtime.trace_context import trace_context
from services.accounts.rate_limit import RateLimits
from services.accounts.viewer import Viewer
from services.export.download import find, read_from
from services.export.download_link import DownloadLink, LinkSigner
from services.export.row_format import EXTENSIONS

logger = logging.getLogger("leadgraph")

GZIP = "application/gzip"
BYTES_PER_POINT = 1_000_000
PLAIN = {ExportFormat.JSON_LINES: "application/x-ndjson", ExportFormat.CSV: "text/csv; charset=utf-8"}
INVALID_LINK = "The download link is invalid. Query `downloadUrl` again."
EXPIRED_LINK = "The download link has expired. Query `downloadUrl` again."
# A browser must not store a file, and must not tell another site the address of a link.
PRIVATE = {"cache-control": "private, no-store", "referrer-policy": "no-referrer"}
_GZIP_FORMAT = 16 + zlib.MAX_WBITS


class NotFoundError(protocol.RequestError):
    code = "NOT_FOUND"


class NotReadyError(protocol.RequestError):
    code = "NOT_READY"


class ExpiredError(protocol.RequestError):
    code = "EXPIRED"


class InvalidLinkError(protocol.RequestError):
    code = "FORBIDDEN"


class GoneError(Exception):
    """The file was deleted during the download."""


class DownloadEndpoint:
    """The ASGI application of the route."""

    def __init__(
        self,
        pool: Pool,
        authenticator: Authenticator,
        admission: Admission,
        links: LinkSigner,
        stopping: Stopping,
        observers: Sequence[Observer] = (),
        rate_limits: RateLimits | None = None,
    ) -> None:
        self._rate_limits = rate_limits
        self._pool = pool
        self._authenticator = authenticator
        self._admission = admission
        self._links = links
        self._stopping = stopping
        self._observers = observers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        observation = Observation("download")
        try:
            status = await self._respond(Request(scope, receive), send, observation)
        except ClientDisconnect:
            raise
        except Exception as failure:
            observation.fail(code_of(failure), self._observers)
            raise
        observation.finish(status, self._observers)

    async def _respond(self, request: Request, send: Send, observation: Observation) -> int:
        """Send the response, and return its status."""
        request_id, headers = protocol.request_id(request)
        observation.begin(request.method, request_id, trace_context(request.headers))
        headers |= PRIVATE
        try:
            with protocol.asking_database():
                response = await self._response(request, headers, observation)
        except (CallerError, protocol.RequestError) as refusal:
            response = protocol.refusal(refusal, observation.request_id, headers)
            observation.note_code(refusal.code)
        try:
            async with self._stopping.limit():
                await response(request.scope, request.receive, send)
        except TimeoutError:
            if not self._stopping.has_begun:
                raise
            observation.note_code(UNAVAILABLE)
            logger.warning(
                "request %s: the download was interrupted, since the server stops", observation.request_id
            )
        return response.status_code

    async def _response(
        self, request: Request, headers: dict[str, str], observation: Observation
    ) -> Response:
        is_plain = _is_plain(request)
        link = self._link(request)
        viewer = await self._viewer(request, link)
        observation.user_id = viewer.user_id
        async with self._admission.slot(viewer.user_id):
            with observation.part():
                export = await self._export(request, viewer)
        headers = headers | _file_headers(export)
        requested = None if is_plain else _requested_range(request, export, headers["etag"])
        selected = requested or ByteRange(0, export.size_bytes)
        headers |= self._charge(viewer, selected)
        if is_plain:
            return self._plain_response(request, export, link, headers, observation)
        headers["content-length"] = str(selected.length)
        if requested is not None:
            headers["content-range"] = f"bytes {selected.first}-{selected.stop - 1}/{export.size_bytes}"
        status = 200 if requested is None else 206
        return _streamed(
            request, self._content(request, link, export, selected, observation), status, headers, GZIP
        )

    def _charge(self, viewer: Viewer, selected: ByteRange) -> dict[str, str]:
        """Charge a download by the number of its bytes, and return the headers. Raise `RateLimitedError`."""
        if self._rate_limits is None:
            return {}
        state = self._rate_limits.charge(viewer, 1 + selected.length // BYTES_PER_POINT)
        if state.refused:
            raise RateLimitedError(state)
        return rate_headers(state)

    def _plain_response(
        self,
        request: Request,
        export: Export,
        link: DownloadLink | None,
        headers: dict[str, str],
        observation: Observation,
    ) -> Response:
        """Return the plain file. It travels compressed if the client accepts gzip."""
        packed = coding_of(request.headers.get("accept-encoding", ""), ("gzip",)) is not None
        content = self._content(request, link, export, ByteRange(0, export.size_bytes), observation)
        headers = headers | {
            "accept-ranges": "none",
            "content-disposition": headers["content-disposition"].replace('.gz"', '"'),
            "content-length": str(export.size_bytes if packed else export.content_bytes),
            "etag": f'{headers["etag"][:-1]}-{"packed" if packed else "plain"}"',
            "vary": "accept-encoding",
        }
        if packed:
            headers["content-encoding"] = "gzip"
        else:
            content = _unpacked(content)
        return _streamed(request, content, 200, headers, PLAIN[export.format])

    def _link(self, request: Request) -> DownloadLink | None:
        """Return the link of a request with a token. Raise `RequestError` for an invalid or expired link."""
        token = request.query_params.get("token")
        if token is None:
            return None
        link = self._links.link(token)
        if link is None or link.export_id != _export_id(request):
            raise InvalidLinkError(403, INVALID_LINK)
        if link.expires_at <= datetime.now(UTC).timestamp():
            raise ExpiredError(410, EXPIRED_LINK)
        return link

    async def _viewer(self, request: Request, link: DownloadLink | None) -> Viewer:
        """Return the viewer of the link, or of the API key. Raise `CallerError` or `RequestError`."""
        if link is None:
            return await self._authenticator.required_viewer(request)
        viewer = await self._authenticator.viewer_of_key(link.key_id)
        if viewer.user_id != link.user_id:
            raise InvalidLinkError(403, INVALID_LINK)
        return viewer

    async def _export(self, request: Request, viewer: Viewer) -> Export:
        """Return the requested export. Raise `RequestError` if its file is missing, unfinished or expired."""
        export = await find(self._pool, viewer, _export_id(request))
        if export is None:
            raise NotFoundError(404, "The export does not exist.")
        require_readable(viewer, export.entity, export.columns)
        if export.finished_at is None:
            raise NotReadyError(409, "The export is not finished. Query its `status`, and retry later.")
        if not is_ready(export, datetime.now(UTC)):
            raise ExpiredError(410, "The export file does not exist or has expired. Create a new export.")
        return export

    async def _content(
        self,
        request: Request,
        link: DownloadLink | None,
        export: Export,
        selected: ByteRange,
        observation: Observation,
    ) -> AsyncIterator[bytes]:
        position = selected.first
        while position < selected.stop:
            viewer = await self._viewer(request, link)  # the key may expire during a long download
            async with self._admission.slot(viewer.user_id, patient=True):
                with observation.part():
                    part = await read_from(self._pool, viewer, export.id, position)
            if not part:
                raise GoneError(export.id)
            yield part[: selected.stop - position]
            position += len(part)


def _export_id(request: Request) -> int:
    """Return the ID in the path, or 0, which no export has."""
    try:
        return row_id(request.path_params["id"], Export)
    except UserInputError:
        return 0


def _is_plain(request: Request) -> bool:
    gzip = request.query_params.get("gzip", "true")
    if gzip not in {"true", "false"}:
        raise protocol.RequestError(400, "The parameter gzip must be true or false.")
    return gzip == "false"


def _streamed(
    request: Request, content: AsyncIterator[bytes], status: int, headers: dict[str, str], media_type: str
) -> Response:
    headers = headers | {"content-type": media_type}
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    return StreamingResponse(content, status_code=status, headers=headers)


async def _unpacked(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    inflater = zlib.decompressobj(_GZIP_FORMAT)
    async for part in content:
        yield await asyncio.to_thread(inflater.decompress, part)


def _file_headers(export: Export) -> dict[str, str]:
    name = f"{export.entity.replace('_', '-')}-{export.created_at:%Y-%m-%d}.{EXTENSIONS[export.format]}.gz"
    return {
        "accept-ranges": "bytes",
        "content-disposition": f'attachment; filename="{name}"',
        # A file is never rewritten, and its CRC identifies the content.
        "etag": f'"{export.id}-{export.size_bytes}-{export.content_crc:08x}"',
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
