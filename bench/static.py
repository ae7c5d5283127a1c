"""A server of prepared responses by operation name: the upper limit of the load generator and of a Python loop.

Standard input holds the responses as JSON, a text per name.
"""

import asyncio
import json
import sys
from typing import cast

import uvloop


class Answering(asyncio.Protocol):
    """A connection. Each request must arrive in one piece."""

    def __init__(self, answers: dict[bytes, bytes]) -> None:
        self._answers = answers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        name = data.partition(b'"operationName":"')[2].partition(b'"')[0]
        self._transport.write(self._answers[name])


def _answer(body: str) -> bytes:
    encoded = body.encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(encoded)}\r\n\r\n"
    return head.encode() + encoded


async def main(port: int) -> None:
    answers = {name.encode(): _answer(body) for name, body in json.load(sys.stdin).items()}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answering(answers), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
