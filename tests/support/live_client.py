"""A client of graphql-transport-ws, which sends and expects messages one by one, and one of event streams."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

SECONDS = 10


@dataclass
class Socket:
    """A WebSocket that expects an answer within ten seconds."""

    connection: ClientConnection

    async def send(self, **message: object) -> None:
        await self.connection.send(json.dumps(message))

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(SECONDS):
            found: dict[str, Any] = json.loads(await self.connection.recv())
        return found

    async def init(self, key: str | None) -> None:
        payload = {} if key is None else {"Authorization": f"Bearer {key}"}
        await self.send(type="connection_init", payload=payload)
        assert await self.next() == {"type": "connection_ack"}

    async def subscribe(self, id_: str, query: str, **variables: object) -> None:
        await self.send(type="subscribe", id=id_, payload={"query": query, "variables": variables})

    async def data(self, id_: str) -> Any:
        """Return the data of the next result of an operation."""
        message = await self.next()
        assert (message["type"], message["id"]) == ("next", id_), message
        assert "errors" not in message["payload"], message
        return message["payload"]["data"]

    async def nothing(self, seconds: float = 0.3) -> None:
        """Require that no message comes for a while."""
        try:
            async with asyncio.timeout(seconds):
                message = await self.connection.recv()
        except TimeoutError:
            return
        raise AssertionError(message)

    async def closed(self) -> tuple[int, str]:
        """Return the code and the reason of the close. Messages before it are discarded."""
        with suppress(ConnectionClosed):
            async with asyncio.timeout(SECONDS):
                while True:
                    await self.connection.recv()
        return self.connection.close_code or 0, self.connection.close_reason or ""


@asynccontextmanager
async def socket(
    origin: str,
    key: str | None = None,
    *,
    init: bool = True,
    subprotocols: Sequence[str] = ("graphql-transport-ws",),
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[Socket]:
    address = origin.replace("http", "ws") + "/graphql"
    async with connect(
        address,
        subprotocols=[Subprotocol(each) for each in subprotocols] or None,
        additional_headers=headers,
        max_size=None,
        proxy=None,
    ) as connection:
        made = Socket(connection)
        if init:
            await made.init(key)
        yield made


@dataclass
class Stream:
    """An event stream. `next` returns the name, the ID and the data of the next event."""

    lines: AsyncIterator[str]

    async def next(self) -> tuple[str, str | None, Any]:
        event: dict[str, str] = {}
        async with asyncio.timeout(SECONDS):
            async for line in self.lines:
                if not line and event:
                    data = event.get("data", "")
                    return event.get("event", "message"), event.get("id"), json.loads(data) if data else None
                name, _, value = line.partition(": ")
                if name and not line.startswith(":"):  # a comment keeps the connection open
                    event[name.removesuffix(":")] = value
        raise AssertionError("The stream has ended.")


@asynccontextmanager
async def event_stream(
    origin: str, key: str | None, query: str, *, after: str | None = None, **variables: object
) -> AsyncIterator[Stream]:
    headers = {"accept": "text/event-stream"}
    if key is not None:
        headers["authorization"] = f"Bearer {key}"
    if after is not None:
        headers["last-event-id"] = after
    body = {"query": query, "variables": variables}
    async with (
        httpx.AsyncClient(timeout=SECONDS) as client,
        client.stream("POST", f"{origin}/graphql", json=body, headers=headers) as response,
    ):
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        yield Stream(response.aiter_lines())
