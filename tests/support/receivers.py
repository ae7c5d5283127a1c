"""Receivers of webhooks on loopback, which verify signatures and may fail."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks.webhooks import Webhook as Verifier

Status = Callable[["Receiver"], int]


@dataclass(frozen=True, slots=True)
class Received:
    """A request that a receiver got."""

    headers: Mapping[str, str]
    body: bytes
    status: int

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def payload(self) -> Any:
        return json.loads(self.body)

    def verify(self, secret: str) -> Any:
        """Return the payload. Raise the package's error for a wrong signature."""
        return Verifier(secret).verify(self.body, dict(self.headers))


@dataclass
class Receiver:
    """A server that answers each message with a status. `seconds` delays the answers."""

    status: Status = lambda _: 204
    seconds: float = 0
    extra: str = ""
    body: bytes = b""
    url: str = ""
    requests: list[Received] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    current: str = ""
    """The ID of the message that is answered now."""

    @property
    def accepted(self) -> list[Received]:
        return [each for each in self.requests if each.status // 100 == 2]

    async def until(self, accepted: int, *, seconds: float = 20) -> None:
        """Wait for a number of accepted messages."""
        async with asyncio.timeout(seconds):
            while len(self.accepted) < accepted:
                await asyncio.sleep(0.02)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                lines = [line.split(": ", 1) for line in head.split("\r\n")[1:] if line]
                headers = {name.lower(): value for name, value in lines}
                body = await reader.readexactly(int(headers["content-length"]))
                self.at_once += 1
                self.most_at_once = max(self.most_at_once, self.at_once)
                await asyncio.sleep(self.seconds)
                self.current = headers["webhook-id"]
                status = self.status(self)
                self.at_once -= 1
                self.requests.append(Received(headers, body, status))
                content = "" if status == 204 else f"Content-Length: {len(self.body)}\r\n"
                writer.write(f"HTTP/1.1 {status} Status\r\n{content}{self.extra}\r\n".encode())
                writer.write(b"" if status == 204 else self.body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiving(receiver: Receiver | None = None) -> AsyncIterator[Receiver]:
    """Run a receiver during the context. Its connections end with it."""
    made = receiver or Receiver()
    serving: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(made.serve(reader, writer))
        serving.add(task)
        task.add_done_callback(serving.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks"
    try:
        yield made
    finally:
        server.close()
        for task in serving:
            task.cancel()  # a client may keep its connection
        await asyncio.gather(*serving)


def failing(share: float, seed: int = 1) -> Status:
    """Return statuses of which a share are failures."""
    chance = random.Random(seed)  # noqa: S311 - the same failures in each run
    return lambda _: 503 if chance.random() < share else 204
