"""The HTTP client of webhooks, against receivers on loopback that behave in unusual ways."""

import asyncio
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from server.webhooks import connections
from server.webhooks.client import Client
from services.webhooks.addresses import Fence
from tests.services.webhooks.test_addresses import PRIVATE_ADDRESSES
from tests.support.certificates import certificate

OPEN = Fence(allow_private=True)
Handler = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def receiver(handle: Handler) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Yield the URL of a receiver, and the requests that it has received."""
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            requests.append(head + await reader.readexactly(length))
            await handle(requests[-1], writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/hooks", requests
    finally:
        server.close()
        await asyncio.sleep(0)


def answering(head: str, body: bytes = b"") -> Handler:
    async def handle(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()

    return handle


async def test_a_message_is_sent_as_one_post_with_its_headers() -> None:
    async with receiver(answering("204 No Content")) as (url, requests), Client(OPEN) as sender:
        outcome = await sender.send(url, {"webhook-id": "msg_1", "content-type": "application/json"}, b"{}")
    assert (outcome.status, outcome.error, outcome.is_success) == (204, "", True)
    (request,) = requests
    lines = request.split(b"\r\n")
    assert lines[0] == b"POST /hooks HTTP/1.1"
    assert url.split("/")[2].encode() in next(line for line in lines if line.lower().startswith(b"host:"))
    assert b"webhook-id: msg_1" in lines
    assert request.endswith(b"\r\n\r\n{}")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_a_failure_and_is_not_followed(status: int) -> None:
    async with receiver(answering("200 OK")) as (target, reached):
        head = f"{status} Moved\r\nLocation: {target}"
        async with receiver(answering(head)) as (url, requests), Client(OPEN) as sender:
            outcome = await sender.send(url, {}, b"{}")
    assert (outcome.status, outcome.is_success) == (status, False)
    assert outcome.error == "The client follows no redirects."
    assert (len(requests), reached) == (1, [])


async def test_a_huge_response_is_read_up_to_a_bound() -> None:
    written = 0

    async def flood(_: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while written < 200_000_000:
            writer.write(b"x" * 65_536)
            written += 65_536
            await writer.drain()

    async with receiver(flood) as (url, _), Client(OPEN) as sender:
        outcome = await sender.send(url, {}, b"{}")
    assert (outcome.status, len(outcome.body)) == (200, connections.EXCERPT_BYTES)
    assert written < 20_000_000


async def test_huge_headers_are_a_failure() -> None:
    async with (
        receiver(answering("200 OK\r\nX-Long: " + "x" * 1_000_000)) as (url, _),
        Client(OPEN) as sender,
    ):
        outcome = await sender.send(url, {}, b"{}")
    assert (outcome.status, outcome.error) == (None, "The response is not HTTP/1.1.")


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx"])
async def test_a_slow_receiver_is_a_failure_after_the_time_of_an_attempt(sent: bytes) -> None:
    async def drip(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        await writer.drain()
        await asyncio.sleep(2)

    async with receiver(drip) as (url, _), Client(OPEN, seconds=0.3) as sender:
        outcome = await sender.send(url, {}, b"{}")
    assert (outcome.status, outcome.error) == (None, "No response within 0.3 seconds.")
    assert 0.3 <= outcome.seconds < 1


async def test_a_closed_connection_and_a_closed_port_are_failures() -> None:
    async def close(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with receiver(close) as (url, _), Client(OPEN) as sender:
        outcome = await sender.send(url, {}, b"{}")
        assert (outcome.status, outcome.error) == (None, "The response is not HTTP/1.1.")
    async with Client(OPEN) as sender:
        outcome = await sender.send(url, {}, b"{}")
    assert (outcome.status, outcome.error) == (None, "The connection failed.")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120", 120), (" 7 ", 7), ("-1", None), ("soon", None), ("", None), ("9" * 30, 10**8)],
)
async def test_the_wait_of_retry_after_is_read(text: str, seconds: int | None) -> None:
    async with (
        receiver(answering(f"503 Busy\r\nRetry-After: {text}")) as (url, _),
        Client(OPEN) as sender,
    ):
        outcome = await sender.send(url, {}, b"{}")
    wait = None if outcome.retry_after is None else outcome.retry_after.total_seconds()
    assert (outcome.status, wait) == (503, seconds)


async def test_a_date_of_retry_after_is_a_wait_from_now() -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True)
    async with receiver(answering(f"503 Busy\r\nRetry-After: {at}")) as (url, _), Client(OPEN) as sender:
        outcome = await sender.send(url, {}, b"{}")
    assert outcome.retry_after is not None
    assert timedelta(minutes=4) < outcome.retry_after <= timedelta(minutes=5)


@pytest.mark.parametrize("address", [each for each in PRIVATE_ADDRESSES if "%" not in each])
async def test_a_name_with_a_private_address_is_refused_at_connection_time(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    connected = await connections_of(monkeypatch, [["8.8.8.8", address]])
    async with Client(Fence()) as sender:
        outcome = await sender.send("https://rebind.example.com/", {}, b"{}")
    assert outcome.status is None
    assert outcome.error == f"The fence refuses the URL. {address} is not an address of the public internet."
    assert connected == []


async def test_a_rebound_name_is_resolved_once_for_check_and_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A second resolution would give loopback. The client connects to the address that it has checked."""
    connected = await connections_of(monkeypatch, [["8.8.8.8"], ["127.0.0.1"]])
    async with Client(Fence()) as sender:
        first = await sender.send("https://rebind.example.com/", {}, b"{}")
        second = await sender.send("https://rebind.example.com/", {}, b"{}")
    assert connected == ["8.8.8.8"]
    assert first.error == "The connection failed."
    assert second.error == "The fence refuses the URL. 127.0.0.1 is not an address of the public internet."


async def connections_of(monkeypatch: pytest.MonkeyPatch, answers: list[list[str]]) -> list[str]:
    """Let names resolve to the answers, one after the other, and return the addresses of refused connections."""
    connected: list[str] = []
    remaining = iter(answers)

    async def getaddrinfo(_: Any, port: int, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in next(remaining)]

    async def connect(host: str, *_: Any, **__: Any) -> None:
        connected.append(host)
        raise OSError("refused")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(asyncio, "open_connection", connect)
    return connected


async def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    async with (
        receiver(answering("502 Proxy")) as (proxy, proxied),
        receiver(answering("200 OK")) as (url, sent),
    ):
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy)
        async with Client(OPEN) as sender:
            assert (await sender.send(url, {}, b"{}")).status == 200
    assert (len(sent), proxied) == (1, [])


def test_a_process_loads_the_library_only_when_it_sends() -> None:
    code = "import sys, server.serving, server.webhooks.client; print('server.webhooks.connections' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


async def test_a_connection_is_kept_and_replaced_when_the_receiver_has_closed_it() -> None:
    made: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.append(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            for _ in range(3):
                await reader.readuntil(b"\r\n\r\n{}")
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            await reader.readuntil(b"\r\n\r\n{}")  # the fourth message gets no response
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks"
    async with server, Client(OPEN) as sender:
        found = [await sender.send(url, {}, b"{}") for _ in range(8)]
        assert [(each.status, each.body) for each in found] == [(200, b"ok")] * 8
        assert len(made) == 3


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.0 200 OK\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ],
)
async def test_other_forms_of_responses_are_read(response: bytes) -> None:
    async def handle(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(response)
        await writer.drain()

    async with receiver(handle) as (url, _), Client(OPEN) as sender:
        for _ in range(2):
            outcome = await sender.send(url, {}, b"{}")
            assert (outcome.status, outcome.body, outcome.error) == (200, b"ok", "")


async def test_a_reset_connection_is_a_failure() -> None:
    async def reset(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with receiver(reset) as (url, _), Client(OPEN) as sender:
        outcome = await sender.send(url, {}, b"{}")
    assert outcome.status is None
    assert outcome.error in {"The receiver closed the connection.", "The response is not HTTP/1.1."}


async def test_a_certificate_of_another_name_is_refused(tmp_path: Path) -> None:
    """The certificate is trusted, and is for another name than that of the URL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path, "other.example.com"))
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    async with server, Client(OPEN) as sender:
        outcome = await sender.send(f"https://127.0.0.1:{port}/", {}, b"{}")
    assert (outcome.status, outcome.error) == (None, "The certificate of the host is not valid.")
