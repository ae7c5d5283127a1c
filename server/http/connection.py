"""A connection with limits: uvicorn's protocol, which bounds neither the bytes of a head nor the time of a client."""

import asyncio
import time
from collections.abc import Collection, Iterable
from collections.abc import Set as AbstractSet
from functools import partial
from itertools import chain
from typing import Any, cast

import httptools
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from server.http import cors, protocol
from server.http.connections import Connections
from server.http.counted_transport import CountedTransport
from server.http.farewell import farewell_of
from server.http.interruption import client_left
from server.http.unread import Unread

STOPS = "The server stops. A write may or may not have happened. Retry with the same idempotency key."


class _RefusedError(Exception):
    """The request exceeds a limit."""


class TooLongError(protocol.RequestError):
    """The URL or the headers of the request exceed a limit."""

    code = "TOO_LARGE"


class TooSlowError(protocol.RequestError):
    """The request did not arrive in time."""

    code = "TIMEOUT"


class CrowdedError(protocol.RequestError):
    """The server has too many connections."""

    code = "UNAVAILABLE"

    def __init__(self) -> None:
        message = "The server has too many connections. Retry later."
        super().__init__(503, message, {"retry-after": "1"})


class Connection(HttpToolsProtocol):
    """One connection of a client."""

    transport: CountedTransport

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        all_connections: Connections,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._all = all_connections
        self._limits = all_connections.limits
        now = time.monotonic()
        self._waits_since = self._received_at = self._request_at = now
        self._unread = Unread(self._limits.least_read_bytes)
        self._empty_since: float | None = None
        self._head_bytes = 0
        """Bytes received since the last head or piece of a body."""
        self._most_head_bytes = 0
        """An upper bound of the bytes of the current head."""
        self._progressed = self._streams = False
        self._running: RequestResponseCycle | None = None
        self._refusal: protocol.RequestError | None = None

    # The life of the connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(CountedTransport(transport, self._close))
        self._all.add(self)
        if self._all.are_overfull:
            self._refuse(CrowdedError())
        elif self._all.are_full:
            self.app = _Crowded(self.app, self._limits.health_paths, self._all.origins)

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.remove(self)
        if self._running is not None and not self._running.response_complete:
            client_left(cast(Scope, self._running.scope))
        self._unset_keepalive_if_required()
        super().connection_lost(exc)
        self._free()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        if cycle.scope["path"] in self._limits.health_paths:
            super()._start_asgi_task(cycle, app)
        else:
            start = partial(self._start_in_turn, cycle, app)
            scope: Any = cycle.scope
            self._all.turnstile.pass_through(scope, start)

    def _start_in_turn(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Start a request unless its client has left meanwhile."""
        if not self.transport.is_closing():
            super()._start_asgi_task(cycle, _behind_proxy_headers(app, cycle.scope["headers"]))

    def _free(self) -> None:
        """Drop what refers back to the connection, so that no garbage collection is needed to free it."""
        self.transport.forget_owner()
        self.cycle = None  # type: ignore[assignment]
        self._running = None

    def data_received(self, data: bytes) -> None:
        self._received_at = time.monotonic()
        if self.transport.is_closing():
            return
        self._unset_keepalive_if_required()
        self._progressed = False
        self._most_head_bytes = self._head_bytes + len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():
                self._upgrade()
                return
            # otherwise the request was answered like one without the header
        except httptools.HttpParserError:
            invalid = protocol.RequestError(400, "The request is not valid HTTP/1.1.")
            self._refuse(self._refusal or invalid)
            return
        self._head_bytes = 0 if self._progressed else self._head_bytes + len(data)
        if self._head_bytes > self._limits.url_bytes + self._limits.header_bytes:
            self._refuse(self._too_long())

    # WebSockets

    def _should_upgrade_to_ws(self) -> bool:
        """Return whether the request may become a WebSocket: on its path, as the only request of the connection."""
        is_alone = self.cycle is None or self.cycle.response_complete
        may_have_one = is_alone and not isinstance(self.app, _Crowded)
        return may_have_one and self.url.partition(b"?")[0] in self._limits.websocket_paths

    def _upgrade(self) -> None:
        """Leave the connection to a WebSocket."""
        from server.http.websocket import WebSocket, take_over  # noqa: PLC0415 - its library takes 0.5 MB

        lines = [b"%b %b HTTP/1.1" % (self.scope["method"].encode(), self.url)]
        lines += [b"%b: %b" % header for header in self.scope["headers"]]
        head, transport = b"\r\n".join([*lines, b"", b""]), self.transport
        self._all.remove(self)
        self.connections.discard(self)
        self._unset_keepalive_if_required()
        made = WebSocket(self.config, self.server_state, self.app_state, all_connections=self._all)
        take_over(transport, made, head)
        self._free()
        self.parser = None  # type: ignore[assignment]

    # Callbacks of the parser

    def on_headers_complete(self) -> None:
        self._progressed = True
        refusal = self._head_refusal()
        if refusal is not None:
            self._refusal = refusal
            raise _RefusedError  # the parser stops
        if self.parser.should_upgrade() and self._should_upgrade():
            super().on_headers_complete()
            return
        self._all.work(self)
        self._request_at = time.monotonic()
        super().on_headers_complete()
        if self._all.close_after_answers:
            self.close_after_answer()
        self._streams = self.scope["path"] in self._limits.streaming_paths
        self.headers = []  # trailers must not change the headers of the running request

    def on_body(self, body: bytes) -> None:
        self._progressed = True
        super().on_body(body)

    def on_response_complete(self) -> None:
        """Begin the next request of the pipeline, or wait for one. Idle connections share a timer, unlike uvicorn's."""
        self.server_state.total_requests += 1
        if not self.pipeline:
            self._waits_since = time.monotonic()
            self._all.wait(self)
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self._all.idle.add(self, self.timeout_keep_alive)

    def _unset_keepalive_if_required(self) -> None:
        self._all.idle.remove(self)

    # Refusals

    def _head_refusal(self) -> protocol.RequestError | None:
        """Return the error of a head that exceeds a limit."""
        limits = self._limits
        if len(self.url) > limits.url_bytes or len(self.headers) > limits.headers:
            return self._too_long()
        may_exceed = self._most_head_bytes > limits.header_bytes
        if may_exceed and sum(map(len, chain.from_iterable(self.headers))) > limits.header_bytes:
            return self._too_long()
        if len(self.pipeline) >= limits.pipelined_requests:
            return protocol.RequestError(400, "Wait for answers before you send further requests.")
        return None

    def _too_long(self) -> protocol.RequestError:
        limits = self._limits
        if len(self.url) > limits.url_bytes:
            message = f"The URL must have at most {limits.url_bytes:,} bytes. Send the operation by POST."
            return TooLongError(414, message)
        message = (
            f"The request must have at most {limits.headers} headers with {limits.header_bytes:,} bytes."
        )
        return TooLongError(431, message)

    def _refuse(self, error: protocol.RequestError) -> None:
        """Send the error unless another answer has begun, and end the connection."""
        running = self.cycle if self.cycle is not None and not self.cycle.response_complete else None
        has_answer = running is not None and (running.response_started or bool(self.pipeline))
        if running is not None:
            running.disconnected = True
            running.message_event.set()
        if not has_answer:
            self.transport.write(
                _raw(error, [*self.server_state.default_headers, *self._permissions(running)])
            )
        self._linger()

    def _permissions(self, running: RequestResponseCycle | None) -> list[tuple[bytes, bytes]]:
        """Return the headers of CORS of a refusal: without them, no page could read it."""
        scope: Any = self.scope if running is None else running.scope
        headers = cors.permissions(() if scope is None else scope["headers"], self._all.origins)
        return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]

    def close_after_answer(self) -> None:
        """Announce the end of the connection in the answer to the running request."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False

    def refuse_running(self) -> bool:
        """Refuse a request without a complete answer, and return whether the connection has one."""
        is_running = self.cycle is not None and not self.cycle.response_complete
        if is_running and not self.transport.is_closing():
            self._refuse(protocol.UnavailableError(STOPS))
        return is_running

    def _close(self) -> None:
        """Close the connection. Let the client read the answer first if it is still sending."""
        if self.cycle is not None and self.cycle.more_body and not self.transport.is_closing():
            self._linger()
        else:
            self.transport.close_now()

    def _linger(self) -> None:
        """End the answer, but discard the rest of the request for a while.

        If a connection is closed with unread bytes, the client's side drops the answer.
        """
        if not self.transport.is_closing():
            self.transport.ends = True
            self._all.work(self)
            self.flow.resume_reading()
            self.transport.write_eof()

    # Time limits

    @property
    def unread_bytes(self) -> int:
        return self.transport.get_write_buffer_size()

    @property
    def unread_since(self) -> float:
        return self._unread.since

    def abort(self) -> None:
        self.transport.abort()

    def check(self, now: float) -> None:
        """End the connection if it exceeds a time limit."""
        if self.unread_bytes:
            self._check_reader(now)
            return
        self._unread.clear()
        if self.transport.ends:
            self._check_end(now)
        elif self.cycle is None or self.cycle.response_complete:
            self._check_head(now)
        elif self.cycle.more_body:
            self._check_body(now)

    def _check_reader(self, now: float) -> None:
        """Abort a connection whose client does not read, and does not send a stream either."""
        if self._is_after_farewell(now):
            self.abort()
            return
        unread_seconds = self._unread.seconds(self.transport, now)
        if unread_seconds > self._limits.unread_seconds and not self._is_streaming(now):
            self.abort()

    def _is_after_farewell(self, now: float) -> bool:
        said_at = None if self.cycle is None else farewell_of(cast(Scope, self.cycle.scope))
        return said_at is not None and now - said_at > self._limits.linger_seconds

    def _is_streaming(self, now: float) -> bool:
        """Return whether the client sends a stream, or waits for the server to read more of it."""
        is_open = self._streams and self.cycle.more_body and not self.cycle.response_complete
        is_active = self.flow.read_paused or now - self._received_at <= self._limits.silence_seconds
        return is_open and is_active

    def _check_end(self, now: float) -> None:
        self._empty_since = self._empty_since or now
        if now - self._empty_since >= self._limits.linger_seconds:
            self.transport.close_now()

    def _check_head(self, now: float) -> None:
        waited, limits = now - self._waits_since, self._limits
        if waited <= limits.head_seconds + (0 if self.cycle is None else limits.idle_seconds):
            return
        if self._waits_since >= self._received_at or (self.cycle is not None and self.cycle.more_body):
            self.transport.close_now()
        else:
            message = f"The headers of the request did not arrive within {limits.head_seconds:.0f} seconds."
            self._refuse(TooSlowError(408, message))

    def _check_body(self, now: float) -> None:
        if self._streams:
            is_late = not self.flow.read_paused and now - self._received_at > self._limits.silence_seconds
        else:
            is_late = not self.cycle.response_started and now - self._request_at > self._limits.body_seconds
        if is_late:
            seconds = self._limits.silence_seconds if self._streams else self._limits.body_seconds
            message = f"The body of the request did not arrive within {seconds:.0f} seconds."
            self._refuse(TooSlowError(408, message))


class _Crowded:
    """The application of a connection beyond the limit: it answers health checks, and refuses other requests.

    Preflights pass: a browser shows its page a refusal only after a preflight has succeeded.
    """

    def __init__(self, app: ASGIApp, health_paths: AbstractSet[str], origins: Collection[str]) -> None:
        self._app = app
        self._health_paths = health_paths
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        passes = scope["path"] in self._health_paths or (self._origins and cors.is_preflight(scope))
        app = self._app if passes else self._refusal(scope)
        await app(scope, receive, send)

    def _refusal(self, scope: Scope) -> ASGIApp:
        request_id, headers = protocol.request_id(Request(scope))
        headers |= cors.permissions(scope["headers"], self._origins)
        return protocol.refusal(CrowdedError(), request_id, headers | {"connection": "close"})


def _behind_proxy_headers(app: ASGI3Application, headers: Iterable[tuple[bytes, bytes]]) -> ASGI3Application:
    """Return the application; without uvicorn's middleware for headers of proxies, if the request lacks such headers."""
    if type(app) is not ProxyHeadersMiddleware:
        return app
    for name, _ in headers:
        if name.startswith(b"x-forwarded-"):
            return app
    return app.app


def _raw(error: protocol.RequestError, default_headers: list[tuple[bytes, bytes]]) -> bytes:
    """Return the answer as bytes, for a request that no application gets."""
    answer = protocol.refusal(error, *protocol.new_request_id())
    headers = [*default_headers, *answer.raw_headers, (b"connection", b"close")]
    head = b"".join(b"%b: %b\r\n" % header for header in headers)
    return STATUS_LINE[error.status] + head + b"\r\n" + answer.body
