"""A receiver of webhooks that fails at times, and keeps each accepted message once by its ID."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bench.feed_soak.ledger import History
from resolvers.framework.global_id import decode

FAILS = 0.1
"""Share of messages whose first attempt fails."""


class Receiver:
    """The accepted messages of one webhook. `repeated` counts those that came again."""

    def __init__(self, name: str, choose: random.Random) -> None:
        self.name, self._choose = name, choose
        self.history: History = {}
        self.url = ""
        self.failed = self.repeated = 0
        self._accepted: set[str] = set()
        self._refused: set[str] = set()

    def take(self, message_id: str, payload: Any) -> bool:
        """Keep a message. Return whether it is accepted."""
        if message_id in self._accepted:
            self.repeated += 1
            return True
        if message_id not in self._refused and self._choose.random() < FAILS:
            self._refused.add(message_id)
            self.failed += 1
            return False
        self._accepted.add(message_id)
        model, row_id = decode(payload["data"]["id"])
        row = (model.__name__, row_id)
        self.history[row] = self.history.get(row, "") + payload["type"].partition(".")[2][0]
        return True

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                lines = [line.split(": ", 1) for line in head.split("\r\n")[1:] if line]
                headers = {name.lower(): value for name, value in lines}
                body = await reader.readexactly(int(headers["content-length"]))
                accepted = self.take(headers["webhook-id"], json.loads(body))
                status = "204 No Content" if accepted else "503 Unavailable\r\nContent-Length: 0"
                writer.write(f"HTTP/1.1 {status}\r\n\r\n".encode())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiving(receiver: Receiver) -> AsyncIterator[Receiver]:
    """Run the receiver on loopback during the context."""
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks"
    try:
        yield receiver
    finally:
        server.close()
