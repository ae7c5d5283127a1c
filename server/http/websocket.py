"""A WebSocket connection with limits: uvicorn's protocol, which bounds neither unread bytes nor pieces of messages."""

import time
from asyncio import BaseTransport
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.exceptions import InvalidState
from websockets.frames import Frame
from websockets.protocol import State

from server.http.connections import Connections
from server.http.counted_transport import CountedTransport
from server.http.text_frame import text_frame
from server.http.unread import Unread

STOPS = "The server stops. Connect again, and resume with the last cursor."
RESTARTS = 1012
TOO_MANY_PIECES = 1008
MOST_PIECES = 1000
"""The most frames of one message. Empty frames add nothing to its size."""
MOST_UNREAD_BYTES = 16_000_000
"""The most bytes that the server writes without the client reading. Answers to pings come on top of messages."""


class WebSocket(WebSocketsSansIOProtocol):
    """One WebSocket of a client, after the HTTP request that asked for it."""

    transport: CountedTransport

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        *,
        all_connections: Connections,
    ) -> None:
        super().__init__(config, server_state, app_state)
        self._all = all_connections
        self._unread = Unread(all_connections.limits.least_read_bytes)
        self._closing_at: float | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        self._all.add(self)
        self._all.work(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.unread_bytes > MOST_UNREAD_BYTES:
            self.abort()

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) >= MOST_PIECES:
            self.conn.fail(TOO_MANY_PIECES, "A message must have at most 1,000 frames.")
            self.handle_parser_exception()
            return
        super().handle_cont(event)

    def handle_parser_exception(self) -> None:
        if self.conn.close_sent is not None:  # a second broken frame after the first
            super().handle_parser_exception()
        else:
            self.transport.close()

    async def send(self, message: Any) -> None:
        """Send a message: its frame at once if nothing stands in the way, and else by uvicorn's protocol.

        uvicorn takes four times as long for a frame. It sends a close only after the client has read.
        """
        if message["type"] == "websocket.close":
            self._closing_at = self._closing_at or time.monotonic()
        text = message.get("text")
        if text is None or not self.write_at_once(text_frame(text.encode())):
            await super().send(message)

    def write_at_once(self, frame: bytes) -> bool:
        """Write a whole frame. Return False if something stands in the way, such as bytes that the client leaves unread.

        A result goes to hundreds of subscribers in a moment, without a task of any of them.
        """
        is_open = self.handshake_complete and not self.close_sent and self.conn.state is State.OPEN
        if not is_open or self.disconnected or not self.writable.is_set():
            return False
        self.transport.write(frame)
        return True

    def shutdown(self) -> None:
        """Tell the client that the server stops, with the code after which clients connect again."""
        if self.handshake_complete and not self.close_sent:
            self.stop_keepalive()
            self.queue.put_nowait({"type": "websocket.disconnect", "code": RESTARTS, "reason": STOPS})
            try:
                self.conn.send_close(RESTARTS, STOPS)
                self.transport.write(b"".join(self.conn.data_to_send()))
            except InvalidState:
                pass  # the client has closed meanwhile
            self.close_sent = True
            self.transport.close()
        else:
            super().shutdown()

    # As `Connections` sees it

    @property
    def unread_bytes(self) -> int:
        return self.transport.get_write_buffer_size()

    @property
    def unread_since(self) -> float:
        return self._unread.since

    def abort(self) -> None:
        self.transport.abort()

    def close_after_answer(self) -> None:
        """Stay open: the server tells all clients when it stops."""

    def refuse_running(self) -> bool:
        """End the connection if it is still open."""
        if not self.transport.is_closing():
            self.abort()
        return False

    def check(self, now: float) -> None:
        """Abort a connection whose client does not read. After a close, the client has only a moment to do so."""
        limits = self._all.limits
        if not self.unread_bytes:
            self._unread.clear()
            return
        is_late = self._closing_at is not None and now - self._closing_at > limits.linger_seconds
        if is_late or self._unread.seconds(self.transport, now) > limits.unread_seconds:
            self.abort()


def take_over(transport: CountedTransport, protocol: WebSocket, head: bytes) -> None:
    """Let the WebSocket have the connection of a request, whose head it reads again."""
    transport.forget_owner()
    protocol.connection_made(cast("BaseTransport", transport))
    protocol.data_received(head)
    transport.set_protocol(protocol)
