"""python -m bench.webhooks.receiver: a receiver that verifies each message and fails a share of the attempts.

The first line of the standard input is the plan. The end of the standard input ends the receiver, which then prints its
report. A failed attempt has an error, a reset connection, no response, or a reset after the message was handled.
"""

import asyncio
import base64
import json
import random
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, TypedDict

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks.webhooks import Webhook

_FAILURES: Final = ("error", "error", "error", "busy", "busy", "reset", "reset", "reset", "handled", "silent")
_RESPONSES: Final = {
    "ok": b"HTTP/1.1 204 No Content\r\n\r\n",
    "error": b"HTTP/1.1 500 Error\r\nContent-Length: 5\r\n\r\nerror",
    "busy": b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",
}
_PLAN_BYTES: Final = 1_000_000


class Keys(TypedDict):
    """The keys of a webhook."""

    secret: str
    public_key: str | None


class Plan(TypedDict):
    """The keys of the webhooks, whose path is their index, and the share of failed attempts."""

    keys: list[Keys]
    failing: float
    seed: int
    node: list[str]


@dataclass
class Report:
    """The handled messages of each webhook in the order of their first arrival, and counts."""

    handled: list[list[str]]
    attempts: int = 0
    verified_v1: int = 0
    verified_v1a: int = 0
    wrong_signatures: int = 0
    changed_bodies: int = 0
    repeated: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    npm: dict[str, int] = field(default_factory=dict)


class Receiver:
    """Receives the messages of several webhooks."""

    def __init__(self, plan: Plan, node: asyncio.subprocess.Process) -> None:
        self._keys, self._failing = plan["keys"], plan["failing"]
        self._chance = random.Random(plan["seed"])  # noqa: S311 - repeats a run
        self._verifiers = [Webhook(keys["secret"]) for keys in self._keys]
        self._public = [_public(keys["public_key"]) for keys in self._keys]
        self._node = node
        self._bodies: list[dict[str, bytes]] = [{} for _ in self._keys]
        self._seen: list[set[str]] = [set() for _ in self._keys]
        self.report = Report([[] for _ in self._keys])

    def receive(self, index: int, headers: Mapping[str, str], body: bytes) -> str:
        """Verify and note a message, and return the outcome of the attempt."""
        self.report.attempts += 1
        self._verify(index, headers, body)
        message_id = headers["webhook-id"]
        known = self._bodies[index].setdefault(message_id, sha256(body).digest())
        self.report.changed_bodies += known != sha256(body).digest()
        outcome = self._chance.choice(_FAILURES) if self._chance.random() < self._failing else "ok"
        self.report.outcomes[outcome] += 1
        if outcome in {"ok", "handled"}:
            self._handle(index, message_id)
        return outcome

    def _handle(self, index: int, message_id: str) -> None:
        if message_id in self._seen[index]:
            self.report.repeated += 1
            return
        self._seen[index].add(message_id)
        self.report.handled[index].append(message_id)

    def _verify(self, index: int, headers: Mapping[str, str], body: bytes) -> None:
        keys, public = self._keys[index], self._public[index]
        signed = {name: headers[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
        try:
            self._verifiers[index].verify(body, signed)
            self.report.verified_v1 += 1
            if public is not None:
                _verify_v1a(public, signed, body)
                self.report.verified_v1a += 1
        except Exception as wrong:  # noqa: BLE001 - each failure is a wrong signature
            self.report.wrong_signatures += 1
            sys.stderr.write(f"{wrong!r}\n")
        line = {**keys, "publicKey": keys["public_key"], "headers": signed, "body": body.decode()}
        assert self._node.stdin is not None  # noqa: S101 - the pipe is asked for
        self._node.stdin.write(json.dumps(line).encode() + b"\n")


class Protocol(asyncio.Protocol):
    """A connection of a sender."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver, self._received = receiver, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - of a TCP server
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, rest = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        length = int(headers["content-length"])
        if len(rest) < length:
            return
        self._received = rest[length:]
        outcome = self._receiver.receive(int(first.split()[1].lstrip("/")), headers, rest[:length])
        if outcome in _RESPONSES:
            self._transport.write(_RESPONSES[outcome])
        elif outcome != "silent":
            self._transport.abort()


def _public(text: str | None) -> Ed25519PublicKey | None:
    if text is None:
        return None
    return Ed25519PublicKey.from_public_bytes(base64.b64decode(text.removeprefix("whpk_")))


def _verify_v1a(public: Ed25519PublicKey, headers: Mapping[str, str], body: bytes) -> None:
    """Raise an error if the header has no valid signature `v1a`. The package of PyPI verifies `v1` alone."""
    signatures: Sequence[str] = headers["webhook-signature"].split(" ")
    (given,) = [each.removeprefix("v1a,") for each in signatures if each.startswith("v1a,")]
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    public.verify(base64.b64decode(given), content)


async def main() -> None:
    """Receive until the standard input ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_PLAN_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    plan: Plan = json.loads(await reader.readline())
    node = await asyncio.create_subprocess_exec(
        *plan["node"], stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    receiver = Receiver(plan, node)
    server = await loop.create_server(lambda: Protocol(receiver), "127.0.0.1", 0)
    _say({"port": server.sockets[0].getsockname()[1]})
    await reader.read()
    server.close()
    counted, _ = await node.communicate(b"")
    receiver.report.npm = json.loads(counted)
    _say(vars(receiver.report))


def _say(answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
