"""The load generator: a closed loop of one or several clients over persistent connections.

A process of the standard library alone. It reads a task as JSON from standard input and prints its measurements. Each
response must have the status 200 and the length of the first response to the same request.
"""

import gc
import json
import re
import selectors
import socket
import statistics
import sys
import time
from dataclasses import dataclass, field
from typing import Any

LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)
BUFFER_BYTES = 1_000_000
PATIENCE_SECONDS = 60


@dataclass
class Client:
    """One connection. `request` is the number of the current request, `missing` the number of bytes still to read."""

    socket: socket.socket
    buffer: memoryview = field(default_factory=lambda: memoryview(bytearray(BUFFER_BYTES)))
    request: int = 0
    sent_at: float = 0
    received: int = 0
    missing: int = -1
    length: int = 0

    def send(self, number: int, request: bytes) -> None:
        self.request, self.received, self.missing = number, 0, -1
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> int | None:
        """Return the size of the response body once it is complete."""
        if self.missing < 0:
            count = self.socket.recv_into(self.buffer[self.received :])
            self.received += count
            self._read_head()
        else:
            count = self.socket.recv_into(self.buffer)
            self.received += count
            self.missing -= count
        if count == 0:
            raise ConnectionError("The server closed a connection.")
        return self.length if self.missing == 0 else None

    def _read_head(self) -> None:
        start = bytes(self.buffer[: min(self.received, 4000)])
        end = start.find(b"\r\n\r\n")
        if end < 0:
            return
        length = LENGTH.search(start, 0, end + 2)
        if not start.startswith(b"HTTP/1.1 200") or length is None:
            raise ConnectionError(f"The server answered {start[:300]!r}.")
        self.length = int(length[1])
        self.missing = end + 4 + self.length - self.received


class Load:
    """The requests of one task, up to a number or a time limit."""

    def __init__(self, task: dict[str, Any]) -> None:
        self.requests = [_request(task, body) for body in task["bodies"]]
        self.sizes: dict[int, int] = {}
        self.latencies: list[float] = []
        self.left = int(task["requests"])
        self.sent = 0
        self.give_up_at = time.perf_counter() + float(task["seconds"])

    def next(self, client: Client) -> bool:
        """Send the client's next request, if any is left."""
        if self.left == 0 or time.perf_counter() > self.give_up_at:
            return False
        number = self.sent % len(self.requests)
        self.left, self.sent = self.left - 1, self.sent + 1
        client.send(number, self.requests[number])
        return True

    def answered(self, client: Client, size: int) -> None:
        self.latencies.append(time.perf_counter() - client.sent_at)
        if size != self.sizes.setdefault(client.request, size):
            raise ConnectionError(f"A response has {size} bytes, the first had {self.sizes[client.request]}.")


def _request(task: dict[str, Any], body: str) -> bytes:
    encoded = body.encode()
    headers = {
        "host": f"127.0.0.1:{task['port']}",
        "content-type": "application/json",
        "accept": "application/json",
        "content-length": len(encoded),
        **task["headers"],
    }
    lines = [f"POST {task['path']} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + encoded


def run(task: dict[str, Any]) -> dict[str, float]:
    """Return medians in seconds, and requests per second."""
    load = Load(task)
    with selectors.DefaultSelector() as ready:
        address = ("127.0.0.1", task["port"])
        clients = [
            Client(socket.create_connection(address, PATIENCE_SECONDS)) for _ in range(task["clients"])
        ]
        for client in clients:
            client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ready.register(client.socket, selectors.EVENT_READ, client)
        began = time.perf_counter()
        busy = sum(load.next(client) for client in clients)
        while busy:
            events = ready.select(PATIENCE_SECONDS)
            if not events:
                raise TimeoutError(f"No response for {PATIENCE_SECONDS} seconds.")
            for key, _ in events:
                size = key.data.receive()
                if size is not None:
                    load.answered(key.data, size)
                    if not load.next(key.data):
                        # The server may close an idle connection, while others still wait for their last response.
                        ready.unregister(key.fileobj)
                        busy -= 1
        seconds = time.perf_counter() - began
        for client in clients:
            client.socket.close()
    return _measured(load.latencies, seconds)


def _measured(latencies: list[float], seconds: float) -> dict[str, float]:
    ordered = sorted(latencies)
    return {
        "requests": len(ordered),
        "per_second": len(ordered) / seconds,
        "p50": statistics.median(ordered),
        "p95": ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))],
    }


if __name__ == "__main__":
    gc.disable()
    json.dump(run(json.load(sys.stdin)), sys.stdout)
