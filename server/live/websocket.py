"""The protocol graphql-transport-ws: GraphQL operations over a WebSocket."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from resolvers.framework.errors import CallerError
from server.http import protocol
from server.http.auth import Authenticator
from server.http.known_hosts import is_known
from server.http.protocol import GraphQLRequest, RequestError
from server.http.request_limits import ANONYMOUS_BYTES
from server.live.answering import StreamRequest, request_of
from server.live.failures import errors_of
from server.live.frame import Frame
from server.live.groups import Write
from server.live.limits import LiveError, LiveLimits, TooManyError, formatted
from server.live.presence import Connected, Presence
from server.live.streams import Streams
from server.metrics.live import LiveMetrics
from services.accounts.viewer import Viewer
from services.rules.json_text import JsonTextError, parsed_exactly

logger = logging.getLogger("leadgraph")

SUBPROTOCOL: Final = "graphql-transport-ws"
BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, SUBPROTOCOL_NOT_ACCEPTABLE = 4400, 4401, 4403, 4406
INIT_TIMEOUT, SUBSCRIBER_EXISTS, TOO_MANY_INITS, INTERNAL = 4408, 4409, 4429, 4500
TRY_AGAIN_LATER: Final = 1013
LONGEST_REASON: Final = 123
"""The most bytes of the reason in a close frame."""
LONGEST_ID: Final = 256


class GoneError(Exception):
    """The client has left."""


class CloseError(Exception):
    """The connection must be closed with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:LONGEST_REASON].decode(errors="ignore")


@dataclass(frozen=True, slots=True)
class WebSocketEndpoint:
    """Serves the WebSockets of a process. With `hosts`, it refuses connections to other host names."""

    streams: Streams
    authenticator: Authenticator
    presence: Presence
    limits: LiveLimits
    metrics: LiveMetrics
    hosts: Collection[str] = ("*",)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # the handshake
        request = Request({**scope, "type": "http", "method": "GET"})
        if "*" not in self.hosts and not is_known(request.headers.get("host", ""), frozenset(self.hosts)):
            await send({"type": "websocket.close", "code": FORBIDDEN})
            return
        is_known_protocol = SUBPROTOCOL in scope["subprotocols"]
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL if is_known_protocol else None})
        session = _Session(self, request, receive, send)
        with self.metrics.connection("websocket"):
            try:
                if not is_known_protocol:
                    raise CloseError(
                        SUBPROTOCOL_NOT_ACCEPTABLE, f"Subprotocol not acceptable: use {SUBPROTOCOL}"
                    )
                await session.run()
            except GoneError:
                return
            except CloseError as close:
                await send({"type": "websocket.close", "code": close.code, "reason": close.reason})
            except Exception:
                logger.exception("a WebSocket failed")
                await send({"type": "websocket.close", "code": INTERNAL, "reason": "Internal server error"})
            finally:
                await session.end()


class _Session:
    """One WebSocket."""

    def __init__(self, endpoint: WebSocketEndpoint, request: Request, receive: Receive, send: Send) -> None:
        self._endpoint = endpoint
        self._request = request
        self._receive = receive
        self._send = send
        self._connected: Connected | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ending: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Answer messages until the client leaves. Raise `CloseError`."""
        try:
            async with asyncio.timeout(self._endpoint.limits.init_seconds):
                while self._connected is None:
                    if not await self._next():
                        return
        except TimeoutError:
            raise CloseError(INIT_TIMEOUT, "Connection initialisation timeout") from None
        reading = asyncio.ensure_future(self._read())
        try:
            await asyncio.wait({reading, self._ending}, return_when=asyncio.FIRST_COMPLETED)
            if self._ending.done():
                await self._ending
            await reading
        finally:
            reading.cancel()

    async def end(self) -> None:
        """Stop all operations of the connection."""
        if self._connected is not None:
            self._endpoint.presence.leave(self._connected)
        self._ending.cancel()
        tasks = self._cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _cancel(self) -> list[asyncio.Task[None]]:
        """Cancel all operations, and return their tasks."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        return tasks

    def _end_with(self, reason: str) -> None:
        """Close the connection because its credential does not work any more. Its operations send nothing from now on."""
        self._cancel()
        if not self._ending.done():
            self._ending.set_exception(CloseError(FORBIDDEN, reason))

    async def _read(self) -> None:
        while await self._next():
            pass

    async def _next(self) -> bool:
        """Answer the next message. Return False if the client has left."""
        received = await self._receive()
        if received["type"] == "websocket.disconnect":
            return False
        text = received.get("text")
        if text is None:
            raise CloseError(BAD_REQUEST, "Messages must be text.")
        if self._connected is None and len(text) > ANONYMOUS_BYTES:
            raise CloseError(
                BAD_REQUEST, f"A message before the acknowledgement exceeds {ANONYMOUS_BYTES:,} bytes."
            )
        message = _message(text)
        answer = self._ANSWERS.get(message["type"])
        if answer is None:
            raise CloseError(BAD_REQUEST, f"Invalid message type {str(message['type'])[:40]!r}.")
        await answer(self, message)
        return True

    # Messages

    async def _initialise(self, message: Mapping[str, Any]) -> None:
        if self._connected is not None:
            raise CloseError(TOO_MANY_INITS, "Too many initialisation requests")
        payload = message.get("payload")
        if payload is not None and not isinstance(payload, dict):
            raise CloseError(BAD_REQUEST, "The payload of `connection_init` must be an object.")
        header = _authorization(payload or {}) or self._request.headers.get("authorization")
        try:
            self._endpoint.presence.require_room()
            viewer = await self._viewer(header)
            token = None if header is None else header.rpartition(" ")[2]
            connected = Connected(viewer, self._end_with, token)
            self._endpoint.presence.enter(connected)
        except LiveError as full:
            raise CloseError(TRY_AGAIN_LATER, str(full)) from full
        except (CallerError, RequestError) as refused:
            code = TRY_AGAIN_LATER if getattr(refused, "status", 0) == 503 else FORBIDDEN  # noqa: PLR2004
            raise CloseError(code, str(refused)) from refused
        self._connected = connected
        await self._tell({"type": "connection_ack"})

    async def _viewer(self, header: str | None) -> Viewer:
        """Return the viewer of the credential in the payload, or else of the handshake: its header or its session."""
        headers = [each for each in self._request.scope["headers"] if each[0] != b"authorization"]
        if header is not None:
            headers.append((b"authorization", header.encode("latin-1", "replace")))
        request = request_of(Request({**self._request.scope, "headers": headers}), "GET")
        viewer = await self._endpoint.authenticator.viewer(request)
        if viewer is None:
            raise CloseError(
                FORBIDDEN,
                "Send an API key as `Authorization` in the payload of `connection_init`, or a session.",
            )
        return viewer

    async def _ping(self, message: Mapping[str, Any]) -> None:
        payload = message.get("payload")
        await self._tell({"type": "pong"} if payload is None else {"type": "pong", "payload": payload})

    async def _pong(self, _: Mapping[str, Any]) -> None:
        """Take note of nothing: the answer to a ping needs no answer."""

    async def _subscribe(self, message: Mapping[str, Any]) -> None:
        if self._connected is None:
            raise CloseError(UNAUTHORIZED, "Unauthorized")
        id_ = _id(message)
        if id_ in self._tasks:
            raise CloseError(SUBSCRIBER_EXISTS, f"Subscriber for {id_} already exists")
        payload = message.get("payload")
        if not isinstance(payload, dict):
            raise CloseError(BAD_REQUEST, "The payload of `subscribe` must be an object.")
        viewer, most = self._connected.viewer, self._endpoint.limits.operations
        if len(self._tasks) >= most:
            limited = TooManyError(f"This connection has too many operations; the limit is {most}.")
            await self._tell_errors(id_, [formatted(limited, protocol.new_request_id()[0])])
            return
        task = asyncio.get_running_loop().create_task(self._run(id_, payload, viewer))
        self._tasks[id_] = task
        task.add_done_callback(partial(self._forget, id_))

    def _forget(self, id_: str, task: asyncio.Task[None]) -> None:
        """Forget an operation that has ended. Another one may have its id by now."""
        if self._tasks.get(id_) is task:
            del self._tasks[id_]

    async def _complete(self, message: Mapping[str, Any]) -> None:
        task = self._tasks.pop(_id(message), None)
        if task is not None:
            task.cancel()

    _ANSWERS: Final[Mapping[str, Callable[..., Any]]] = {
        "connection_init": _initialise,
        "ping": _ping,
        "pong": _pong,
        "subscribe": _subscribe,
        "complete": _complete,
    }

    # Operations

    async def _run(self, id_: str, payload: dict[str, Any], viewer: Viewer) -> None:
        request_id = protocol.new_request_id()[0]
        try:
            opening = f'{{"id":{json.dumps(id_)},"type":"next","payload":'.encode()
            write = self._writing(opening)
            async with aclosing(self._frames(payload, viewer, request_id, write)) as frames:
                async for frame in frames:
                    if write is None or not write(frame):
                        await self._send_text(frame.message(opening).decode())
        except GoneError:
            return
        except Exception as failure:  # noqa: BLE001 - each failure ends the operation with its error
            await self._tell_errors(id_, errors_of(failure, request_id))
        else:
            self._tasks.pop(id_, None)
            await self._tell({"id": id_, "type": "complete"})

    def _writing(self, opening: bytes) -> Write | None:
        """Return the way to write frames without waiting; None if the server has no such way."""
        write_at_once = getattr(getattr(self._send, "__self__", None), "write_at_once", None)
        return None if write_at_once is None else lambda frame: bool(write_at_once(frame.sent(opening)))

    def _frames(
        self, payload: dict[str, Any], viewer: Viewer, request_id: str, write: Write | None
    ) -> AsyncGenerator[Frame, None]:
        parsed: GraphQLRequest = protocol.checked(payload)
        stream = StreamRequest(viewer, request_of(self._request), request_id)
        return self._endpoint.streams.open(parsed, stream, write=write)

    async def _tell_errors(self, id_: str, errors: list[dict[str, Any]]) -> None:
        """End an operation with errors. Its id is free again before the client knows."""
        self._tasks.pop(id_, None)
        await self._tell({"id": id_, "type": "error", "payload": errors})

    async def _tell(self, message: Mapping[str, Any]) -> None:
        await self._send_text(json.dumps(message, separators=(",", ":"), ensure_ascii=False))

    async def _send_text(self, text: str) -> None:
        try:
            await self._send({"type": "websocket.send", "text": text})
        except OSError as gone:  # uvicorn's word for a client who has left
            raise GoneError from gone


def _message(text: str) -> dict[str, Any]:
    try:
        message = parsed_exactly(text)
    except JsonTextError as error:
        raise CloseError(BAD_REQUEST, f"The message is not JSON: {error}") from error
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise CloseError(BAD_REQUEST, "A message must be an object with a `type`.")
    return message


def _id(message: Mapping[str, Any]) -> str:
    id_ = message.get("id")
    if not isinstance(id_, str) or not 0 < len(id_) <= LONGEST_ID:
        raise CloseError(
            BAD_REQUEST, f"The `id` of a message must be a text of 1 to {LONGEST_ID} characters."
        )
    return id_


def _authorization(payload: Mapping[str, Any]) -> str | None:
    """Return the credential of a payload, on its own or among headers, as clients send it."""
    headers = payload.get("headers")
    for given in (payload, headers if isinstance(headers, dict) else {}):
        for name, value in given.items():
            if name.lower() == "authorization" and isinstance(value, str):
                return value
    return None
