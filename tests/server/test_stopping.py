"""The stop of the server: balancers are sent away first, requests under way are finished, late ones are refused."""

import asyncio
import json
import logging
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from db.engine.pool import Pool
from server.app import create_app
from server.runtime.stopping import Stopping
from tests.support.listening import ListeningServer, listening

STOPS = "The server stops. A write may or may not have happened. Retry with the same idempotency key."


@dataclass
class Slow:
    """An application whose answers wait for `go`."""

    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        await self.go.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def client_of(server: ListeningServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.origin, timeout=10) as client:
        yield client


def stop(server: ListeningServer, number: signal.Signals = signal.SIGTERM) -> float:
    server.handle_exit(number, None)
    return time.monotonic()


async def seconds_until_closed(client: httpx.AsyncClient, began: float) -> float:
    """Return the time from the signal until the server refuses connections."""
    with suppress(httpx.TransportError):
        while time.monotonic() - began < 20:
            await client.get("/healthz", headers={"connection": "close"})
            await asyncio.sleep(0.02)
    return time.monotonic() - began


async def test_a_draining_server_answers_and_sends_balancers_and_connections_away(pool: Pool) -> None:
    stopping = Stopping()
    app = create_app(pool, stopping=stopping)
    async with listening(app, stopping=stopping, drain_seconds=1.5) as server, client_of(server) as client:
        before = await client.get("/readyz")
        assert (before.status_code, "connection" in before.headers) == (200, False)
        began = stop(server)
        while not stopping.drains:
            await asyncio.sleep(0.01)
        ready = await client.get("/readyz")  # on the connection of the answer before
        assert (ready.status_code, ready.headers["connection"]) == (503, "close")
        assert ready.headers["retry-after"] == "1"
        [error] = ready.json()["errors"]
        assert error["message"] == "The server stops. Use another one."
        assert error["extensions"]["code"] == "UNAVAILABLE"
        assert (await client.get("/healthz")).status_code == 200
        answer = await client.post("/graphql", json={"query": "{ __typename }"})
        assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        assert answer.json() == {"data": {"__typename": "Query"}}
        assert await seconds_until_closed(client, began) > 1.4


@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGTERM, signal.SIGTERM]])
async def test_ctrl_c_and_a_second_signal_end_the_drain(signals: list[signal.Signals]) -> None:
    slow = Slow()
    slow.go.set()
    async with listening(slow, drain_seconds=60) as server, client_of(server) as client:
        for number in signals:
            began = stop(server, number)
        assert await seconds_until_closed(client, began) < 10


async def test_a_running_request_is_finished_and_its_connection_announces_the_end() -> None:
    slow = Slow()
    stopping = Stopping(30)
    async with listening(slow, stopping=stopping) as server, client_of(server) as client:
        running = asyncio.create_task(client.get("/"))
        while not server.server_state.tasks:
            await asyncio.sleep(0.01)
        stop(server)
        while not stopping.has_begun:
            await asyncio.sleep(0.01)
        assert not running.done()
        slow.go.set()
        answer = await running
    assert (answer.status_code, answer.text, answer.headers["connection"]) == (200, "ok", "close")


async def test_a_request_that_outlasts_the_grace_gets_503(caplog: pytest.LogCaptureFixture) -> None:
    async with listening(Slow(), stopping=Stopping(0.5)) as server, client_of(server) as client:
        late = asyncio.create_task(client.get("/"))
        while not server.server_state.tasks:
            await asyncio.sleep(0.01)
        began = stop(server)
        answer = await late
        assert time.monotonic() - began >= 0.5
    assert time.monotonic() - began < 4
    assert (answer.status_code, answer.headers["connection"]) == (503, "close")
    assert answer.headers["retry-after"] == "1"
    [error] = json.loads(answer.content)["errors"]
    assert (error["message"], error["extensions"]["code"]) == (STOPS, "UNAVAILABLE")
    messages = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert messages == ["1 requests were refused at the end of the server's grace"]
