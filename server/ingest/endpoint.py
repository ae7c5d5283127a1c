"""`POST /ingest/mentions`: store streams of mentions of any length, with one response line per row.

The server reads the next batch while it writes one, and no more, so a client cannot send faster than the database
writes. Each batch is a transaction, so an interrupted stream leaves whole batches. Rows that a client sends again
are recognised as duplicates. docs/guides/ingest.md describes the protocol.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from db.engine.author import Author
from db.engine.pool import Pool
from db.engine.steps import Steps
from resolvers.framework.context import Viewer
from resolvers.framework.errors import (
    INTERNAL,
    TIMEOUT,
    UNAVAILABLE,
    CallerError,
    ForbiddenError,
    code_of,
)
from resolvers.framework.permission import require_permission
from server.http import protocol
from server.http.admission import Admission
from server.http.auth import Authenticator
from server.http.rate_headers import RateLimitedError, rate_headers
from server.ingest.ndjson_response import NdjsonResponse, UnreadError
from server.ingest.options import options_of
from server.ingest.step_turns import StepTurns
from server.ingest.stream import STOPPING, IngestBatch, IngestStream, StreamError
from server.ingest.streaming_body import DisconnectedError, StreamingBody
from server.runtime.observation import Observation, Observer
from server.runtime.stopping import Stopping
from server.runtime.trace_context import trace_context
from services.accounts.api_key import WRITE_MENTIONS
from services.accounts.rate_limit import RateLimits, points_of
from services.ingest.row import Row
from services.ingest.write import ErrorPolicy, RowResult, ingest
from services.matching.keyword_matchers import KeywordMatcher
from services.rules.user_errors import InactiveViewerError

logger = logging.getLogger("leadgraph")

MEDIA_TYPES = ("application/x-ndjson", "application/jsonl")


class IngestEndpoint:
    """The ASGI application of the route.

    Streams of one user take turns, batch by batch. Otherwise each would hold a connection while it waits for the
    user lock.
    """

    def __init__(
        self,
        pool: Pool,
        authenticator: Authenticator,
        admission: Admission,
        stopping: Stopping,
        observers: Sequence[Observer] = (),
        rate_limits: RateLimits | None = None,
    ) -> None:
        self._rate_limits = rate_limits
        self._pool = pool
        self._authenticator = authenticator
        self._admission = admission
        self._stopping = stopping
        self._observers = observers
        self._step_turns = StepTurns(lambda: admission.used_at)
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        observation = Observation("ingest")
        try:
            status = await self._respond(Request(scope), receive, send, observation)
        except Exception as failure:
            observation.fail(code_of(failure), self._observers)
            raise
        observation.finish(status, self._observers)

    async def _respond(self, request: Request, receive: Receive, send: Send, observation: Observation) -> int:
        """Send the response, and return its status."""
        scope = request.scope
        request_id, headers = protocol.request_id(request)
        observation.begin(request.method, request_id, trace_context(request.headers))
        try:
            viewer = await self._viewer(request)
            observation.user_id = viewer.user_id
            headers |= self._charge(viewer, 0)
            options, gzipped = options_of(request.query_params), _is_gzipped(request)
        except (CallerError, protocol.RequestError) as error:
            observation.note_code(error.code)
            refusal = protocol.refusal(error, request_id, headers)
            await refusal(scope, receive, send)
            return refusal.status_code
        async with (
            StreamingBody(receive, gzipped=gzipped, stopping=self._stopping) as body,
            NdjsonResponse(send, headers) as response,
        ):
            ingest = self._ingest_in_turn(request, viewer, observation, analyze=options.analyze)
            steps = partial(Steps, partial(self._step_turns.read, viewer.user_id))
            stream = IngestStream(body, response, ingest, options, self._stopping, steps)
            with suppress(DisconnectedError, UnreadError):  # the client has gone
                ended_by = await _run(stream, self._stopping, request_id)
                if ended_by is not None:
                    observation.note_code(ended_by.code)
                if ended_by is not None and not response.has_begun:
                    refusal = protocol.refusal(ended_by, request_id, headers)
                    await refusal(scope, receive, send)
                    return refusal.status_code
                await response.write([_last_line(stream, ended_by)])
                await response.finish()
        return 200

    async def _viewer(self, request: Request) -> Viewer:
        viewer = await self._authenticator.required_viewer(request)
        require_permission(viewer, WRITE_MENTIONS)
        return viewer

    def _charge(self, viewer: Viewer, rows: int) -> dict[str, str]:
        """Charge a request or a batch of it, and return the headers. Raise `RateLimitedError`."""
        if self._rate_limits is None:
            return {}
        state = self._rate_limits.charge(viewer, points_of(rows))
        if state.refused:
            raise RateLimitedError(state)
        return rate_headers(state)

    def _ingest_in_turn(
        self, request: Request, viewer: Viewer, observation: Observation, *, analyze: bool
    ) -> IngestBatch:
        matcher = KeywordMatcher(viewer.user_id)
        turn = self._turns.setdefault(viewer.user_id, asyncio.Lock())
        author = Author(viewer.user_id, viewer.key_id, observation.request_id)
        steps = Steps(self._step_turns.write)

        async def ingest_batch(rows: Sequence[Row], on_error: ErrorPolicy) -> list[RowResult]:
            await self._viewer(request)  # the key may expire during a long stream
            self._charge(viewer, len(rows))
            async with turn, self._admission.slot(viewer.user_id, patient=True):
                with observation.part():
                    return await ingest(
                        self._pool, matcher, rows, on_error, analyze=analyze, steps=steps, author=author
                    )

        return ingest_batch


def _is_gzipped(request: Request) -> bool:
    """Return whether the body is gzipped. Raise `RequestError` for an unsupported media type or encoding."""
    media_type, _, _ = request.headers.get("content-type", "").partition(";")
    if media_type.strip().lower() not in MEDIA_TYPES:
        raise protocol.RequestError(415, f"The Content-Type must be {' or '.join(MEDIA_TYPES)}.")
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip"}:
        raise protocol.RequestError(415, "The Content-Encoding must be gzip or missing.")
    return encoding == "gzip"


async def _run(stream: IngestStream, stopping: Stopping, request_id: str) -> StreamError | None:
    """Run the stream, and return the error that ended it early, if any."""
    try:
        async with stopping.limit():
            await stream.run()
    except StreamError as error:
        return error
    except CallerError as error:
        return StreamError(protocol.status_of(error), error.code, str(error))
    except InactiveViewerError:
        return StreamError(403, ForbiddenError.code, "The user of this API key is no longer active.")
    except (DisconnectedError, UnreadError):
        raise
    except Exception as failure:  # noqa: BLE001 - after any failure, the response ends with a summary
        is_late = stopping.has_begun and isinstance(failure, TimeoutError)
        return StreamError(503, UNAVAILABLE, STOPPING) if is_late else _server_error(failure, request_id)
    return None


def _server_error(failure: Exception, request_id: str) -> StreamError:
    """Log a failure of the server or the database, and return its public error."""
    if isinstance(failure, protocol.RequestError):  # the key could not be checked, or has no points left
        return StreamError(failure.status, failure.code, str(failure), failure.headers)
    code = code_of(failure)
    if code == UNAVAILABLE:
        logger.warning("request %s: the database is unavailable: %r", request_id, failure)
        return StreamError(503, code, protocol.unavailable_message(failure))
    logger.error("request %s failed", request_id, exc_info=failure)
    if code == TIMEOUT:
        return StreamError(503, code, protocol.TIMED_OUT)
    return StreamError(500, INTERNAL, protocol.internal_message(request_id))


def _last_line(stream: IngestStream, error: StreamError | None) -> dict[str, Any]:
    summary = {"summary": stream.summary(complete=error is None)}
    return summary if error is None else {"error": {"code": error.code, "message": str(error)}, **summary}
