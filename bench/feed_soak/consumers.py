"""Consumers over HTTP that resume by their cursors: pollers of `changes`, WebSockets and event streams."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

import httpx
import orjson
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from bench.feed_soak.ledger import History, Row
from resolvers.framework.global_id import decode

CHANGES: Final = """query($after: String) {
    changes(first: 1000, after: $after, types: [KEYWORD, MENTION, LEAD, INTEGRATION]) {
        nodes { kind nodeId } pageInfo { hasNextPage endCursor }
    }
}"""
LEADS: Final = """subscription($after: String) {
    told: leadChanged(after: $after) { changes { kind id: leadId row: lead { company } } cursor }
}"""
INTEGRATIONS: Final = """subscription($after: String) {
    told: integrationChanged(after: $after) { changes { kind id: integrationId row: integration { name } } cursor }
}"""
MENTIONS: Final = """subscription($after: String) {
    told: mentionAdded(after: $after) { mentions { id } cursor }
}"""
START: Final = "{ keywords(first: 1) { pageInfo { changesAfter } } }"
LOST = (OSError, httpx.TransportError, WebSocketException, TimeoutError)
QUIET_SECONDS: Final = 600
TOO_SLOW: Final = "TOO_SLOW"
PASSING: Final = {"UNAVAILABLE", TOO_SLOW, "TIMEOUT"}


class WrongAnswerError(Exception):
    """An answer that the server must never give."""


class Consumer:
    """The history of one consumer, and the cursor from which it resumes, at any of the servers."""

    def __init__(self, name: str, key: str, origins: Sequence[str], choose: random.Random) -> None:
        self.name, self._origins, self._choose = name, origins, choose
        self._headers = {"authorization": f"Bearer {key}"}
        self._key = key
        self.history: History = {}
        self.content: dict[Row, object] = {}
        self.cursor: str | None = None
        self.interruptions = self.overflows = 0
        self.wrong: str | None = None

    async def start(self) -> None:
        """Begin after the present state."""
        async with httpx.AsyncClient(headers=self._headers, timeout=30) as client:
            response = await client.post(f"{self._origin()}/graphql", json={"query": START})
        self.cursor = response.json()["data"]["keywords"]["pageInfo"]["changesAfter"]

    async def run(self) -> None:
        """Consume until cancelled. Resume after each interruption."""
        while self.wrong is None:
            try:
                await self._consume()
            except LOST:
                self.interruptions += 1
                await asyncio.sleep(self._choose.uniform(0.02, 0.2))
            except WrongAnswerError as wrong:
                self.wrong = str(wrong)

    async def _consume(self) -> None:
        raise NotImplementedError

    def _origin(self) -> str:
        return self._choose.choice(self._origins)

    def _refused(self, errors: Sequence[Mapping[str, Any]]) -> None:
        """Raise for errors. Those of an outage and of a slow client let the consumer resume."""
        codes = {error.get("extensions", {}).get("code") for error in errors}
        if not codes <= PASSING:
            raise WrongAnswerError(f"{self.name}: {errors}")
        self.overflows += TOO_SLOW in codes
        raise ConnectionError(str(codes))

    def _note(self, id_: str, kind: str) -> Row:
        model, row_id = decode(id_)
        row = (model.__name__, row_id)
        self.history[row] = self.history.get(row, "") + kind[0].lower()
        return row

    def _take(self, told: Mapping[str, Any]) -> None:
        """Keep an event of a subscription together with its cursor."""
        for mention in told.get("mentions", ()):
            self._note(mention["id"], "created")
        for change in told.get("changes", ()):
            row = self._note(change["id"], change["kind"])
            self.content[row] = next(iter(change["row"].values())) if change["row"] else None
        self.cursor = told["cursor"]


class Poller(Consumer):
    """Reads pages of `changes`."""

    async def _consume(self) -> None:
        async with httpx.AsyncClient(headers=self._headers, timeout=30, base_url=self._origin()) as client:
            while True:
                body = {"query": CHANGES, "variables": {"after": self.cursor}}
                response = await client.post("/graphql", json=body)
                answer = orjson.loads(response.content)
                if answer.get("errors"):
                    self._refused(answer["errors"])
                page = answer["data"]["changes"]
                for change in page["nodes"]:
                    self._note(change["nodeId"], change["kind"])
                self.cursor = page["pageInfo"]["endCursor"]
                if not page["pageInfo"]["hasNextPage"]:
                    await asyncio.sleep(self._choose.uniform(0.01, 0.2))


class Subscriber(Consumer):
    """A consumer of a subscription."""

    def __init__(
        self, name: str, key: str, origins: Sequence[str], choose: random.Random, document: str
    ) -> None:
        super().__init__(name, key, origins, choose)
        self._document = document

    @property
    def _body(self) -> dict[str, Any]:
        return {"query": self._document, "variables": {"after": self.cursor}}

    def _result(self, payload: Mapping[str, Any]) -> None:
        if payload.get("errors"):
            self._refused(payload["errors"])
        self._take(payload["data"]["told"])


class SocketConsumer(Subscriber):
    """Subscribes over graphql-transport-ws."""

    async def _consume(self) -> None:
        address = self._origin().replace("http", "ws") + "/graphql"
        async with connect(
            address,
            subprotocols=[Subprotocol("graphql-transport-ws")],
            max_size=None,
            proxy=None,
            close_timeout=1,
        ) as connection:
            payload = {"Authorization": f"Bearer {self._key}"}
            await connection.send(orjson.dumps({"type": "connection_init", "payload": payload}).decode())
            await asyncio.wait_for(connection.recv(), 10)
            subscribe = {"type": "subscribe", "id": "1", "payload": self._body}
            await connection.send(orjson.dumps(subscribe).decode())
            while True:
                message = orjson.loads(await asyncio.wait_for(connection.recv(), QUIET_SECONDS))
                if message["type"] == "next":
                    self._result(message["payload"])
                elif message["type"] == "error":
                    self._refused(message["payload"])
                elif message["type"] == "complete":
                    raise WrongAnswerError(f"{self.name}: the server completed the subscription.")


class StreamConsumer(Subscriber):
    """Subscribes over graphql-sse."""

    async def _consume(self) -> None:
        headers = {**self._headers, "accept": "text/event-stream"}
        async with (
            httpx.AsyncClient(timeout=QUIET_SECONDS) as client,
            client.stream("POST", f"{self._origin()}/graphql", json=self._body, headers=headers) as response,
        ):
            if not response.headers["content-type"].startswith("text/event-stream"):
                self._refused(orjson.loads(await response.aread())["errors"])
            async for name, data in _events(response.aiter_lines()):
                if name == "next":
                    self._result(orjson.loads(data))
            raise ConnectionError("The stream has ended.")


async def _events(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, str]]:
    event: dict[str, str] = {}
    async for line in lines:
        if not line and event:
            yield event.get("event", "message"), event.get("data", "")
            event = {}
        name, _, value = line.partition(":")
        if name:
            event[name] = value.removeprefix(" ")
