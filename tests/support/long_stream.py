"""A client that sends one long ingest stream, and resumes it as the guide says when a server ends it."""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

PAUSE_SECONDS = 0.1
HEAD = (
    "POST /ingest/mentions?firstLine={first} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
    "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
)


@dataclass
class LongStream:
    """Rows sent one by one until told to stop. The response is read meanwhile.

    A server may end the stream only with status 200, a summary and the code UNAVAILABLE, or with status 503 before the
    first answer. The client then sends the rows without an answer again. `may_break` allows a lost connection.
    """

    origin: str
    key: str
    keyword_id: str
    stop: asyncio.Event
    answered: list[str] = field(default_factory=list)
    """The outcome of each row, by its line number minus one."""
    resumed: int = 0
    broken: int = 0
    may_break: bool = False
    failures: list[str] = field(default_factory=list)

    async def run(self) -> None:
        is_complete = False
        while not (is_complete or self.failures):
            is_complete = await self._send()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _send(self) -> bool:
        """Send a stream of the rows without an answer. Return whether it is complete."""
        host = urlsplit(self.origin)
        try:
            reader, writer = await asyncio.open_connection(host.hostname, host.port)
        except OSError as refused:
            return self._note_break(repr(refused))
        answer = asyncio.create_task(reader.read())
        try:
            await self._write(writer, answer)
            return self._judge(await asyncio.wait_for(answer, 60))
        except OSError as lost:
            return self._note_break(repr(lost))
        finally:
            answer.cancel()
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _write(self, writer: asyncio.StreamWriter, answer: "asyncio.Task[bytes]") -> None:
        number = len(self.answered)
        head = HEAD.format(first=number + 1, host=urlsplit(self.origin).netloc, key=self.key)
        writer.write(head.encode())
        with suppress(ConnectionError):  # the server has ended the stream: its answer says why
            while not (self.stop.is_set() or answer.done()):
                row = {"keywordId": self.keyword_id, "platform": "WEB", "externalId": f"streamed {number}"}
                line = json.dumps({**row, "url": "https://x.example", "content": "text"}).encode() + b"\n"
                writer.write(b"%x\r\n%s\r\n" % (len(line), line))
                await writer.drain()
                number += 1
                await asyncio.wait({answer}, timeout=PAUSE_SECONDS)
            writer.write(b"0\r\n\r\n")
            await writer.drain()

    def _judge(self, answer: bytes) -> bool:
        """Take the answered rows. Return whether the stream is complete, and note what must not happen."""
        head, _, body = answer.partition(b"\r\n\r\n")
        if not head:
            return self._note_break("no answer")
        status = head.split()[1]
        content = _unchunked(body)
        if status == b"503" and b"UNAVAILABLE" not in content:  # HAProxy has no server
            return self._note_break(content[:100].decode())
        lines = [json.loads(line) for line in content.splitlines() if line]
        self._take([line for line in lines if "line" in line])
        last: dict[str, Any] = lines[-1] if lines else {}
        if status == b"200" and last.get("summary", {}).get("complete"):
            return True
        code = last.get("error", {}).get("code")
        if status == b"200" and code is None:
            return self._note_break("no summary")
        if code == "UNAVAILABLE" or status == b"503":
            self.resumed += 1
        else:
            self.failures.append(f"{status.decode()} {body[-300:].decode()}")
        return False

    def _take(self, results: list[dict[str, Any]]) -> None:
        for result in results:
            if result["line"] != len(self.answered) + 1:
                self.failures.append(f"line {result['line']} after {len(self.answered)} rows")
            self.answered.append(result["outcome"])

    def _note_break(self, why: str) -> bool:
        self.broken += 1
        if not self.may_break:
            self.failures.append(f"the connection broke: {why}")
        return False


def _unchunked(body: bytes) -> bytes:
    """Return the content of a chunked body, as far as it has arrived."""
    content = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        try:
            length = int(size, 16)
        except ValueError:  # not chunked
            return size
        content, body = content + body[:length], body[length + 2 :]
    return content
