"""Attack a server, and measure what its other callers notice.

    python -m bench.pressure                          every attack, on this checkout
    python -m bench.pressure --checkout DIR unread    one attack, on another checkout with its own .venv

Each attack meets a fresh `leadgraph demo`. While it lasts, another process asks `/healthz` on new connections. The
longest of these answers bounds the longest pause of the event loop. Attacks last some seconds and end by themselves.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 20.0
PAUSE_SECONDS = 0.02
START_SECONDS = 120.0
PATIENCE_SECONDS = 30.0

Body = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Target:
    """The attacked server."""

    port: int
    pid: int
    key: str


def _query(document: str) -> bytes:
    return json.dumps({"query": document}).encode()


def _request(target: Target, body: bytes, *, key: bool) -> bytes:
    credential = f"authorization: Bearer {target.key}\r\n" if key else ""
    head = (
        f"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1:{target.port}\r\ncontent-type: application/json\r\n"
        f"{credential}content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body


async def _exchange(target: Target, parts: AsyncIterator[bytes] | bytes) -> str:
    """Send a request, read its whole response, and return the status."""
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    try:
        if isinstance(parts, bytes):
            writer.write(parts)
        else:
            async for part in parts:
                writer.write(part)
                await writer.drain()
        first = await reader.read(65_536)
        while await reader.read(1_000_000):
            pass
        return first[9:12].decode(errors="replace") or "closed"
    finally:
        writer.close()


async def _repeat(target: Target, body: Body, *, at_once: int, key: bool, most: int) -> Counter[str]:
    """Send documents until the time ends or `most` are sent, some at once. Return the number of each status."""
    seen: Counter[str] = Counter()
    numbers: Iterator[int] = iter(range(most))
    until = time.monotonic() + SECONDS

    async def send() -> None:
        for number in numbers:
            if time.monotonic() > until:
                return
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    seen[await _exchange(target, _request(target, body(number), key=key))] += 1
            except (OSError, TimeoutError) as failure:
                seen[type(failure).__name__] += 1

    await asyncio.gather(*(send() for _ in range(at_once)))
    return seen


async def _values(target: Target) -> Counter[str]:
    """Documents with their values written into the text: each is new to the server."""

    def body(number: int) -> bytes:
        words = " ".join(
            f'a{n}: keywords(first: 1, filter: {{ keyword: {{ eq: "k{number}x{n}" }} }}) {{ nodes {{ id }} }}'
            for n in range(10)
        )
        return _query(f"{{ {words} }}")

    return await _repeat(target, body, at_once=8, key=True, most=1_000_000)


def _large(number: int) -> bytes:
    return _query("{ " + " ".join(f"f{number}x{n}: __typename" for n in range(3900)) + " }")


async def _large_documents(target: Target) -> Counter[str]:
    """Documents of 82 kB without an API key."""
    return await _repeat(target, _large, at_once=8, key=False, most=150)


async def _large_documents_with_key(target: Target) -> Counter[str]:
    """Documents of 82 kB with an API key."""
    return await _repeat(target, _large, at_once=8, key=True, most=150)


async def _empty_filters(target: Target) -> Counter[str]:
    """Filters without a condition, 150 kB a document."""

    def body(number: int) -> bytes:
        empty = ",".join("{}" for _ in range(50_000))
        return _query(
            f"query Q{number} {{ mentions(first: 1, filter: {{ or: [{empty}] }}) {{ totalCount }} }}"
        )

    return await _repeat(target, body, at_once=4, key=True, most=1000)


async def _introspection(target: Target) -> Counter[str]:
    """The whole schema many times in one document."""

    def body(number: int) -> bytes:
        part = "types { name fields { name args { name type { name ofType { name } } } type { name } } }"
        return _query("{ " + " ".join(f"i{number}x{n}: __schema {{ {part} }}" for n in range(100)) + " }")

    return await _repeat(target, body, at_once=4, key=True, most=1000)


async def _leaves(target: Target) -> Counter[str]:
    """One large page with the same text under many names."""

    def body(number: int) -> bytes:
        names = " ".join(f"c{n}: content" for n in range(250))
        return _query(f"query Q{number} {{ mentions(first: 100) {{ nodes {{ {names} }} }} }}")

    return await _repeat(target, body, at_once=4, key=True, most=1000)


async def _pages(target: Target) -> Counter[str]:
    """Nineteen nested pages of 100 times 100 mentions."""

    def body(_: int) -> bytes:
        page = "keywords(first: 100) { nodes { mentions(first: 100) { nodes { id content author sourceUrl } } } }"
        return _query("{ " + " ".join(f"a{n}: {page}" for n in range(19)) + " }")

    return await _repeat(target, body, at_once=4, key=True, most=1000)


async def _headers(target: Target) -> Counter[str]:
    """Headers of 60 MB, on twenty connections."""

    async def parts() -> AsyncIterator[bytes]:
        yield b"GET /healthz HTTP/1.1\r\nhost: x\r\n"
        for number in range(60):
            yield b"x%d: " % number + b"y" * 1_000_000 + b"\r\n"
        yield b"\r\n"

    async def send() -> str:
        try:
            async with asyncio.timeout(SECONDS):
                return await _exchange(target, parts())
        except (OSError, TimeoutError) as failure:
            return type(failure).__name__

    return Counter(await asyncio.gather(*(send() for _ in range(20))))


async def _hold(
    target: Target, data: bytes, connections: int, *, receive_bytes: int | None = None
) -> Counter[str]:
    """Send data on many connections, and read nothing until the time ends."""
    loop = asyncio.get_running_loop()

    async def hold() -> str:
        with socket.socket() as connection:
            if receive_bytes is not None:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
            connection.setblocking(False)
            try:
                async with asyncio.timeout(SECONDS):
                    await loop.sock_connect(connection, ("127.0.0.1", target.port))
                    if data:
                        await loop.sock_sendall(connection, data)
            except (OSError, TimeoutError) as failure:
                return type(failure).__name__
            await asyncio.sleep(SECONDS)
            return "held"

    return Counter(await asyncio.gather(*(hold() for _ in range(connections))))


async def _silent(target: Target) -> Counter[str]:
    """3,000 connections that send nothing."""
    return await _hold(target, b"", 3000)


async def _unread(target: Target) -> Counter[str]:
    """300 large responses with an API key, never read."""
    part = "types { name description fields { name description args { name description } } }"
    body = _query(f"{{ __schema {{ {part} }} }}")
    return await _hold(target, _request(target, body, key=True), 300, receive_bytes=4096)


ATTACKS: dict[str, Callable[[Target], Coroutine[Any, Any, Counter[str]]]] = {
    "values": _values,
    "large-documents": _large_documents,
    "large-documents-with-key": _large_documents_with_key,
    "empty-filters": _empty_filters,
    "introspection": _introspection,
    "leaves": _leaves,
    "pages": _pages,
    "headers": _headers,
    "silent": _silent,
    "unread": _unread,
}


def _run_attack(name: str, target: Target, results: Any) -> None:
    results.put(dict(asyncio.run(ATTACKS[name](target))))


@contextmanager
def _demo(checkout: Path) -> Iterator[Target]:
    """Run the demo of a checkout with data of its own."""
    with tempfile.TemporaryDirectory(prefix="leadgraph-pressure-") as home, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        environment = {
            **os.environ,
            "LEADGRAPH_HOME": home,
            "LEADGRAPH_PORT": str(port),
            "LEADGRAPH_DRAIN_SECONDS": "0",
        }
        log = Path(home) / "server.log"
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - the command of a checkout
                [checkout / ".venv/bin/leadgraph", "demo", "--scale", "1"],
                cwd=checkout,
                env=environment,
                stdout=output,
                stderr=output,
            )
        try:
            yield Target(port, process.pid, _key(Path(home) / "demo.json", process, log))
        finally:
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(60)
            if process.poll() is None:
                process.kill()
                process.wait()


def _key(facts: Path, process: "subprocess.Popen[bytes]", log: Path) -> str:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if facts.exists():
            return str(json.loads(facts.read_text())["api_key"])
        time.sleep(0.2)
    raise SystemExit(f"The demo did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _health_seconds(port: int) -> float:
    """Return the seconds until `/healthz` has answered, at most `PATIENCE_SECONDS`."""
    began = time.perf_counter()
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as connection:
        connection.settimeout(PATIENCE_SECONDS)
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")
        if b" 200 " in connection.recv(1000)[:20]:
            return time.perf_counter() - began
    return PATIENCE_SECONDS


def _memory_mb(pid: int, name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) // 1024 if found else 0


def _measure(name: str, checkout: Path) -> str:
    """Return one line about an attack."""
    with _demo(checkout) as target:
        before = _memory_mb(target.pid, "VmRSS")
        results: Any = multiprocessing.Queue()
        attack = multiprocessing.Process(target=_run_attack, args=(name, target, results))
        attack.start()
        waits: list[float] = []
        seen: dict[str, int] | None = None
        while seen is None:
            waits.append(_health_seconds(target.port))
            time.sleep(PAUSE_SECONDS)
            with suppress(Empty):
                seen = results.get_nowait()
            if seen is None and not attack.is_alive():
                seen = {"attack failed": 1}
        attack.join()
        waits.sort()
        figures = (waits[len(waits) // 2], waits[int(len(waits) * 0.99)], waits[-1])
        shown = " | ".join(f"{1000 * seconds:,.0f}" for seconds in figures)
        failed = sum(wait >= PATIENCE_SECONDS for wait in waits)
        peak = _memory_mb(target.pid, "VmHWM")
        return f"| {name} | {shown} | {failed} of {len(waits)} | {before} → {peak} | {seen} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Attack a server, and measure what its other callers notice."
    )
    parser.add_argument(
        "attacks", nargs="*", metavar="ATTACK", help=f"of {', '.join(ATTACKS)}; by default all"
    )
    parser.add_argument("--checkout", type=Path, default=ROOT, help="a checkout with its own .venv")
    given = parser.parse_args()
    unknown = set(given.attacks) - set(ATTACKS)
    if unknown:
        parser.error(f"unknown attack: {', '.join(sorted(unknown))}")
    sys.stdout.write(
        "| attack | /healthz ms, median | 99th percentile | longest | unanswered | memory MB | responses |\n"
        "|---|---|---|---|---|---|---|\n"
    )
    for name in given.attacks or ATTACKS:
        sys.stdout.write(_measure(name, given.checkout.resolve()) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
