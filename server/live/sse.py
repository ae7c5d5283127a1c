"""The protocol graphql-sse, in its mode of distinct connections: one operation per event stream."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, Final

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from resolvers.framework.errors import UNAVAILABLE
from server.http import protocol
from server.http.farewell import say_farewell
from server.http.fast_request import FastRequest
from server.http.protocol import GraphQLRequest, RequestError
from server.live.answering import StreamRequest, request_of
from server.live.failures import errors_of
from server.live.frame import Frame
from server.live.limits import EndedError, LiveError, LiveLimits, StoppedError, formatted
from server.live.presence import Connected, Presence
from server.live.streams import Streams
from server.metrics.live import LiveMetrics
from server.runtime.observation import Observation
from server.runtime.stopping import Stopping
from services.accounts.viewer import Viewer

COMPLETE: Final = b"event: complete\ndata: \n\n"
PING: Final = b":\n\n"
HEADERS: Final = {"content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no"}
"""The second header lets proxies pass each event on at once."""


@dataclass(frozen=True, slots=True)
class EventStreams:
    """Makes the event streams of a process."""

    streams: Streams
    presence: Presence
    limits: LiveLimits
    stopping: Stopping
    metrics: LiveMetrics

    def __call__(
        self, parsed: GraphQLRequest, viewer: Viewer | None, request: FastRequest, observation: Observation
    ) -> Response:
        """Return the response to a request. Raise `RequestError` if the process has too many connections."""
        request_id, headers = protocol.request_id(request)
        method = request.method if request.method in protocol.READING else protocol.STREAM
        stream = StreamRequest(viewer, request_of(request, method), request_id, observation)
        connected = None
        if viewer is not None:
            connected = Connected(
                viewer, lambda _: None, request.headers.get("authorization", "").rpartition(" ")[2]
            )
            try:
                self.presence.enter(connected)
            except LiveError as full:
                status = 503 if full.code == UNAVAILABLE else 429
                raise _FullError(full, status) from full
        return EventStream(self, parsed, stream, connected, request.headers.get("last-event-id"), headers)


class _FullError(RequestError):
    def __init__(self, full: LiveError, status: int) -> None:
        self.code = full.code
        super().__init__(status, str(full), dict(protocol.RETRY_SOON))


class EventStream(Response):
    """The response with the results of one operation."""

    def __init__(
        self,
        served: EventStreams,
        parsed: GraphQLRequest,
        stream: StreamRequest,
        connected: Connected | None,
        after: str | None,
        headers: dict[str, str],
    ) -> None:
        super().__init__(status_code=200, headers={**protocol.SAFE_HEADERS, **headers, **HEADERS})
        del self.headers["content-length"]
        self._served = served
        self._parsed = parsed
        self._stream = stream
        self._connected = connected
        self._cursor = after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        served = self._served
        ending: asyncio.Future[LiveError] = asyncio.get_running_loop().create_future()

        def end(failure: LiveError) -> None:
            if not ending.done():
                ending.set_result(failure)

        def end_credential(reason: str) -> None:
            say_farewell(scope)
            end(EndedError(reason))

        if self._connected is not None:
            self._connected.end = end_credential
        try:
            with (
                served.metrics.connection("sse"),
                served.stopping.calling(lambda: end(StoppedError(self._cursor))),
            ):
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                await self._respond(receive, send, ending)
        finally:
            if self._connected is not None:
                served.presence.leave(self._connected)

    async def _respond(self, receive: Receive, send: Send, ending: asyncio.Future[LiveError]) -> None:
        loop = asyncio.get_running_loop()
        sending = loop.create_task(self._send_results(send))
        leaving = loop.create_task(_left(receive))
        pinging = loop.create_task(self._ping(send))
        tasks = {sending, leaving, pinging}
        waiting: set[asyncio.Future[Any]] = {*tasks, ending}
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        if leaving.done() and not leaving.cancelled() and not sending.done():
            return
        if ending.done() and (sending.cancelled() or not sending.done()):
            failure = ending.result()
            await send(_body(_next(_errors([formatted(failure, self._stream.request_id)]), None)))
            await send(_body(COMPLETE))
        with suppress(OSError):
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _ping(self, send: Send) -> None:
        while True:
            await asyncio.sleep(self._served.limits.ping_seconds)
            await send(_body(PING))

    async def _send_results(self, send: Send) -> None:
        """Send all results and the end of the operation, or the errors for which it does not run."""
        try:
            async with aclosing(self._frames()) as frames:
                async for frame in frames:
                    self._cursor = frame.cursor or self._cursor
                    await send(_body(_next(frame.json, frame.cursor)))
        except Exception as failure:  # noqa: BLE001 - each failure ends the stream with its error
            await send(_body(_next(_errors(errors_of(failure, self._stream.request_id)), None)))
        await send(_body(COMPLETE))

    def _frames(self) -> AsyncGenerator[Frame, None]:
        return self._served.streams.open(self._parsed, self._stream, self._cursor)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _next(json: bytes, cursor: str | None) -> bytes:
    """Return the event of a result. JSON without line breaks is one line of data."""
    head = b"" if cursor is None else b"id: %b\n" % cursor.encode()
    return b"event: next\n%bdata: %b\n\n" % (head, json)


def _body(data: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": True}


def _errors(errors: list[dict[str, Any]]) -> bytes:
    return orjson.dumps({"errors": errors})
