"""Answers in one write equal those that uvicorn writes by messages."""

import asyncio
import json
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from server.http import whole_answer
from server.http.protocol import Answer
from tests.support.listening import listening

HEADERS = {"content-type": "application/json", "x-one": "1"}
BODY = b'{"data":null}'


def _application(wholes: list[bool], body: bytes, headers: dict[str, str]) -> Any:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        assert message["body"] == b"{}"
        made = Answer(body, 200, headers)
        if scope["path"] == "/whole":
            wholes.append(whole_answer.write(send, 200, made.raw_headers, body))
            if wholes[-1]:
                return
        await super(Answer, made).__call__(scope, receive, send)

    return answer


@pytest.fixture
def wholes() -> list[bool]:
    """The results of the attempts to write whole answers."""
    return []


async def _exchange(origin: str, path: str, *, head: str = "", method: str = "POST") -> bytes:
    host, _, port = origin.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    request = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n{head}\r\n{{}}"
    writer.write(request.encode() * 2)
    received = b""
    try:
        async with asyncio.timeout(0.5):
            while chunk := await reader.read(100_000):
                received += chunk
    except TimeoutError:
        pass
    writer.close()
    return b"\r\n".join(line for line in received.split(b"\r\n") if not line.startswith(b"date:"))


@pytest.mark.parametrize("body", [BODY, b"", b"x" * 200_000])
async def test_answers_equal_those_of_uvicorn(wholes: list[bool], body: bytes) -> None:
    async with listening(_application(wholes, body, HEADERS)) as server:
        whole = await _exchange(server.origin, "/whole")
        plain = await _exchange(server.origin, "/plain")
    assert whole == plain
    assert whole.count(b"HTTP/1.1 200 OK") == 2
    assert wholes == [True, True]


@pytest.mark.parametrize(
    ("head", "method"), [("Connection: close\r\n", "POST"), ("", "HEAD")], ids=["closing", "head"]
)
async def test_unusual_answers_are_left_to_uvicorn(wholes: list[bool], head: str, method: str) -> None:
    async with listening(_application(wholes, BODY, HEADERS)) as server:
        whole = await _exchange(server.origin, "/whole", head=head, method=method)
        plain = await _exchange(server.origin, "/plain", head=head, method=method)
    assert whole == plain
    assert True not in wholes
    assert wholes


@pytest.mark.parametrize("value", ["1\r\nset-cookie: a=b", "1\nx: y", "1\0"])
async def test_header_with_a_line_break_is_never_written(wholes: list[bool], value: str) -> None:
    async with listening(_application(wholes, BODY, {"x-one": value})) as server:
        answer = await _exchange(server.origin, "/whole")
    assert wholes[0] is False
    assert answer == b""


async def test_wrapped_send_is_left_to_its_wrapper() -> None:
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    await Answer(BODY, 200, HEADERS)({"type": "http"}, send, send)  # type: ignore[arg-type]
    assert [message["type"] for message in messages] == ["http.response.start", "http.response.body"]
    assert json.loads(messages[1]["body"]) == {"data": None}
