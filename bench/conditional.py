"""The latency of a 304 against the whole answer and a static route, in turns of one process.

    python -m bench.conditional [--scale 0.05] [--rounds 300]

The application is called without a socket, so that the ratios are those of the server's own work.
"""

import argparse
import asyncio
import statistics
import sys
from pathlib import Path
from time import perf_counter

from starlette.types import ASGIApp, Message

from bench import servers
from bench.command import exit_code, show
from bench.dashboard import DASHBOARD
from bench.data import Data
from bench.operations import NESTED, POINT
from bench.run import database
from bench.servers import ROOT, ServerError
from db.engine.pool import open_pool
from server.app import create_app
from server.http.auth import Authenticator
from services.accounts.api_keys import ApiKeys

Sent = tuple[int, dict[bytes, bytes]]


async def send(app: ASGIApp, path: str, headers: dict[str, str], body: bytes = b"") -> Sent:
    """Return the status and the headers of an answer."""
    seen: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def take(message: Message) -> None:
        seen.append(message)

    scope = {
        "type": "http",
        "method": "QUERY" if body else "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    await app(scope, receive, take)
    return seen[0]["status"], dict(seen[0]["headers"])


async def measured(data: Data, rounds: int) -> dict[str, list[float]]:
    """Return the milliseconds of each kind of request, in rounds."""
    server = next(each for each in servers.of_python(data) if each.name == "breadth")
    found: dict[str, list[float]] = {"static": []}
    async with await open_pool(data.url, size=2) as pool:
        authenticator = Authenticator(ApiKeys(pool), trust_seconds=3600)
        app = create_app(pool, authenticator=authenticator)
        cases = [("static", "/healthz", dict[str, str](), b"", 200)]
        own = {**server.headers, "content-type": "application/json"}
        documents = (POINT, NESTED, DASHBOARD)
        bodies = [server.bodies(operation, data)[0].encode() for operation in documents]
        for body in bodies:
            await send(app, "/graphql", own, body)
        await authenticator.close()  # the first use of a key changes the row of the user
        for operation, body in zip(documents, bodies, strict=True):
            status, answered = await send(app, "/graphql", own, body)
            tag = answered.get(b"etag", b"").decode()
            if status != 200 or not tag:  # noqa: PLR2004 - the status of success
                show(f"{operation.name}: no entity tag")
                continue
            cases.append((f"{operation.name}, whole", "/graphql", own, body, 200))
            cases.append((f"{operation.name}, 304", "/graphql", {**own, "if-none-match": tag}, body, 304))
        for _ in range(rounds + 1):
            for name, path, headers, body, expected in cases:
                began = perf_counter()
                status, _ = await send(app, path, headers, body)
                if status != expected:
                    raise ServerError(f"{name}: the status is {status}")
                found.setdefault(name, []).append(1000 * (perf_counter() - began))
    return {name: values[1:] for name, values in found.items()}


def report(found: dict[str, list[float]]) -> str:
    medians = {name: statistics.median(values) for name, values in found.items()}
    lines = [
        f"| {name} | {median:.2f} | {median / medians['static']:.1f} |" for name, median in medians.items()
    ]
    return "\n".join(["| request | p50 in ms | times the static route |", "|---|---|---|", *lines])


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench.conditional", description="Measure the latency of a 304.")
    parser.add_argument("--scale", type=float, default=0.05)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--home", type=Path, default=ROOT / "build" / "bench-conditional")
    given = parser.parse_args(arguments)

    def work() -> None:
        with database(given.home, given.scale) as data:
            show(report(asyncio.run(measured(data, given.rounds))))

    return exit_code("bench.conditional", work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
