"""Whole answers: head and body of a response in one write, as uvicorn would write them by two messages."""

from typing import Any, Final

from starlette.types import Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

LARGEST_JOINED: Final = 64_000
"""The largest body that is copied behind its head."""


def write(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> bool:
    """Write the answer to the request of `send` if nothing stands in the way, and return whether.

    Nothing does if `send` is uvicorn's own, no part of an answer has been sent, the client reads, and the connection
    stays open. The caller has given the content length, and bodies belong to the status.
    """
    if getattr(send, "__func__", None) is not RequestResponseCycle.send:
        return False  # a middleware changes the answer
    cycle: Any = send.__self__  # type: ignore[attr-defined]
    if cycle.flow.write_paused or cycle.disconnected or cycle.response_started or not cycle.keep_alive:
        return False
    if cycle.access_log or cycle.scope["method"] == "HEAD":
        return False
    head = _head(status, cycle.default_headers + headers)
    if head is None:
        return False
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    if len(body) > LARGEST_JOINED:
        cycle.transport.write(head)
        cycle.transport.write(body)
    else:
        cycle.transport.write(head + body)
    cycle.message_event.set()
    cycle.on_response()
    return True


def _head(status: int, headers: list[tuple[bytes, bytes]]) -> bytes | None:
    """Return the head; None for one that only uvicorn can write or refuse, such as a line break in a header."""
    lines = [name + b": " + value for name, value in headers]  # a format would take twice the time
    head = STATUS_LINE[status] + b"\r\n".join(lines) + b"\r\n\r\n"
    breaks = len(headers) + 2
    if head.count(b"\n") != breaks or head.count(b"\r") != breaks or b"\0" in head:
        return None
    return None if b"\r\nconnection:" in head else head
