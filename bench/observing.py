"""The processor time that logs and traces take per request, in turns of one process, so that noise meets all alike.

    python -m bench.observing [--scale 0.05] [--rounds 200]

The application is called without a socket, so the share of a served request is smaller than the ratios. A sink
receives the traces and reads none of them.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import process_time, thread_time
from typing import Any, TypeAlias

from starlette.types import ASGIApp, Message

from bench import servers
from bench.command import exit_code, show
from bench.data import Data
from bench.operations import NESTED, POINT, Operation
from bench.run import database
from bench.servers import ROOT, Server
from bench.table import markdown
from db.engine.pool import open_pool
from server.app import create_app
from server.runtime.garbage import short_collections
from server.runtime.logs import configure_logging
from server.runtime.observation import Observer
from server.runtime.request_log import SlowLog, log_request
from server.runtime.tracing import Tracing, database_of

REQUESTS = {POINT.name: 25, NESTED.name: 2}
"""The requests of a turn, which is short, so that other load on the machine meets neighbouring turns alike."""

Apps: TypeAlias = dict[str, ASGIApp]


class _Sink(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


@contextmanager
def sink() -> Iterator[str]:
    """Run a server that accepts everything, in a process of its own, and yield its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Sink) as server:
        child = os.fork()
        if child == 0:
            server.serve_forever()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            os.kill(child, 9)
            os.waitpid(child, 0)


async def ask(app: ASGIApp, server: Server, body: str) -> None:
    """Send a request. Raise `RuntimeError` unless the answer is 200."""
    content = body.encode()
    headers = {"content-type": "application/json", "content-length": str(len(content)), **server.headers}

    async def receive() -> Message:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: Message) -> None:
        if message.get("status", 200) != 200:  # noqa: PLR2004 - the status of success
            raise RuntimeError(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    await app(scope, receive, send)


async def turn(app: ASGIApp, server: Server, operation: Operation, data: Data) -> float:
    """Return the time of the processor in this thread, per request. The exporter has a thread of its own."""
    bodies = server.bodies(operation, data)
    number = REQUESTS[operation.name]
    began = thread_time()
    for each in range(number):
        await ask(app, server, bodies[each % len(bodies)])
    return (thread_time() - began) / number


async def measured(apps: Apps, data: Data, rounds: int) -> dict[str, dict[str, list[float]]]:
    """Return the times of each operation, by application."""
    server = next(each for each in servers.of_python(data) if each.name == "breadth")
    found: dict[str, dict[str, list[float]]] = {}
    for operation in (POINT, NESTED):
        times = found[operation.name] = {name: [] for name in apps}
        names = list(apps)
        for number in range(rounds + 1):  # the first round warms up
            for name in names[number % len(names) :] + names[: number % len(names)]:
                times[name].append(await turn(apps[name], server, operation, data))
    return {name: {app: values[1:] for app, values in times.items()} for name, times in found.items()}


async def compare(data: Data, address: str, rounds: int) -> dict[str, dict[str, list[float]]]:
    os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = address
    tracing = Tracing(database_of(data.url))
    chosen: dict[str, list[Observer]] = {
        "neither": [],
        "neither again": [],
        "slow log": [SlowLog(1000)],
        "JSON log": [log_request],
        "traces": [tracing],
        "both": [tracing, log_request],
    }
    pool = await open_pool(data.url)
    other = process_time() - thread_time()
    try:
        apps: Apps = {name: create_app(pool, observers=observers) for name, observers in chosen.items()}
        with short_collections():
            found = await measured(apps, data, rounds)
        traced = 2 * (rounds + 1) * sum(REQUESTS.values())
        exporter = (process_time() - thread_time() - other) / traced
        show(f"other threads: {exporter * 1e6:.0f} µs of processor time per traced request")
    finally:
        pool.terminate()
        tracing.close()
    return found


def report(found: dict[str, dict[str, list[float]]]) -> None:
    """Print a row per operation and application: its median time, and its ratio to the one that observes nothing."""
    rows = []
    for operation, times in found.items():
        base = times["neither"]
        for name, values in times.items():
            ratios = sorted(own / plain for own, plain in zip(values, base, strict=True))
            quartiles = (ratios[len(ratios) // 4], ratios[len(ratios) // 2], ratios[len(ratios) * 3 // 4])
            rows.append(
                [
                    f"{operation}, {name}",
                    f"{statistics.median(values) * 1e6:.0f}",
                    *(f"{one:.3f}" for one in quartiles),
                ]
            )
    show(
        markdown(["operation, log", "µs per request", "lower quartile", "÷ neither", "upper quartile"], rows)
    )


def bench(args: argparse.Namespace) -> None:
    with (
        sink() as address,
        database(args.home.absolute(), args.scale) as data,
        Path(os.devnull).open("w") as nothing,
        redirect_stderr(nothing),
    ):
        configure_logging("json")
        found = _runner()(compare(data, address, args.rounds))
        report(found)
    if args.json:
        args.json.write_text(json.dumps(found))


def _runner() -> Callable[[Any], Any]:
    try:
        import uvloop  # noqa: PLC0415 - absent on platforms that it does not support
    except ImportError:
        return asyncio.run
    return uvloop.run


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench.observing", description="Measure the cost of logs and traces."
    )
    parser.add_argument("--scale", type=float, default=0.05, help="amount of data")
    parser.add_argument("--rounds", type=int, default=200, help="number of rounds; ratios are medians")
    parser.add_argument("--json", type=Path, help="file for the results")
    parser.add_argument("--home", type=Path, default=ROOT / "build" / "bench", help="folder for the database")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(exit_code("bench.observing", lambda: bench(options(sys.argv[1:]))))
