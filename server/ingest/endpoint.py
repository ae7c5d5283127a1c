"""`POST /ingest/mentions`: streams of any length taken in, batch by batch, with a line of answer for each row.

The body is read as fast as its batches are written: while one is being written, the next is read, and no
more. Every batch is a transaction of its own, so that whatever ends a stream leaves whole batches; what was
taken in before is recognised when it is sent again. docs/guides/ingest.md is for those who send.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from weakref import WeakValueDictionary

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from db.engine.outage import is_lost, is_too_slow
from db.engine.pool import Pool
from resolvers.framework.context import Viewer
from resolvers.framework.errors import CallerError, ForbiddenError, UnauthenticatedError
from resolvers.framework.permission import require_scope
from server.http import protocol
from server.http.auth import Authenticator
from server.ingest.ndjson_response import NdjsonResponse, UnreadError
from server.ingest.options import options_of
from server.ingest.stream import IngestStream, StopError, Take
from server.ingest.streaming_body import Body, DisconnectedError
from services.accounts.api_key import WRITE_MENTIONS
from services.ingest.row import Row
from services.ingest.write import ErrorPolicy, RowResult, ingest
from services.matching.keyword_matchers import KeywordMatcher
from services.rules.user_errors import InactiveViewerError

logger = logging.getLogger("leadgraph")

MEDIA_TYPES = ("application/x-ndjson", "application/jsonl")


class IngestEndpoint:
    """The ASGI application of the route. Streams of one user take turns, batch by batch: they would wait for
    each other in the database, and hold a connection each.
    """

    def __init__(self, pool: Pool, authenticator: Authenticator) -> None:
        self._pool = pool
        self._authenticator = authenticator
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        request_id, headers = protocol.request_id(request)
        try:
            viewer = await self._viewer(request)
            options, gzipped = options_of(request.query_params), _is_gzipped(request)
        except (CallerError, protocol.RequestError) as refusal:
            await protocol.refusal(refusal, request_id, headers)(scope, receive, send)
            return
        async with Body(receive, gzipped=gzipped) as body, NdjsonResponse(send, headers) as answer:
            stream = IngestStream(body, answer, self._take(request, viewer, analyze=options.analyze), options)
            with suppress(DisconnectedError, UnreadError):  # nobody is there to be told anything
                stop = await _stopped(stream, request_id)
                if stop is not None and not answer.has_begun:
                    await protocol.refusal(stop, request_id, headers)(scope, receive, send)
                else:
                    await answer.write([_last_line(stream, stop)])
                    await answer.finish()

    async def _viewer(self, request: Request) -> Viewer:
        viewer = await self._authenticator.viewer(request)
        if viewer is None:
            raise UnauthenticatedError
        require_scope(viewer, WRITE_MENTIONS)
        return viewer

    def _take(self, request: Request, viewer: Viewer, *, analyze: bool) -> Take:
        matcher = KeywordMatcher(viewer.user_id)
        turn = self._turns.setdefault(viewer.user_id, asyncio.Lock())

        async def take_in_turn(rows: Sequence[Row], on_error: ErrorPolicy) -> list[RowResult]:
            await self._viewer(request)  # a stream may last for days, and its key may not
            async with turn:
                return await ingest(self._pool, matcher, rows, on_error, analyze=analyze)

        return take_in_turn


def _is_gzipped(request: Request) -> bool:
    """Raises `RequestError` for a body that is of another kind than can be read."""
    media_type, _, _ = request.headers.get("content-type", "").partition(";")
    if media_type.strip().lower() not in MEDIA_TYPES:
        raise protocol.RequestError(415, f"The request's Content-Type has to be {' or '.join(MEDIA_TYPES)}.")
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip"}:
        raise protocol.RequestError(415, "The request's Content-Encoding can only be gzip.")
    return encoding == "gzip"


async def _stopped(stream: IngestStream, request_id: str) -> StopError | None:
    """Runs the stream to its end; what ended it before, if anything did."""
    try:
        await stream.run()
    except StopError as stop:
        return stop
    except CallerError as refusal:
        return StopError(protocol.status_of(refusal), refusal.code, str(refusal))
    except InactiveViewerError:
        return StopError(403, ForbiddenError.code, "The user of this API key is not active any more.")
    except (DisconnectedError, UnreadError):
        raise
    except Exception as failure:  # noqa: BLE001 - whatever it is, the stream ends with a line
        return _failed(failure, request_id)
    return None


def _failed(failure: Exception, request_id: str) -> StopError:
    """The end of a stream that nobody who sent it can help; it is in the log."""
    if isinstance(failure, protocol.UnavailableError) or is_lost(failure):
        logger.warning("request %s: the database is away: %r", request_id, failure)
        return StopError(503, protocol.UnavailableError.code, protocol.AWAY)
    logger.error("request %s failed", request_id, exc_info=failure)
    if is_too_slow(failure):
        return StopError(503, protocol.TIMEOUT, protocol.SLOW)
    return StopError(500, "INTERNAL", f"Something went wrong here. It was logged as request {request_id}.")


def _last_line(stream: IngestStream, stop: StopError | None) -> dict[str, Any]:
    summary = {"summary": stream.summary(complete=stop is None)}
    return summary if stop is None else {"error": {"code": stop.code, "message": str(stop)}, **summary}
