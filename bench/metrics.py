"""Measure the processor time of requests with and without the observation of metrics, in one process.

    python -m bench.metrics --scale 0.1 --rounds 150

Rounds with and without metrics take turns, and the fastest ones count, since noise only adds time. The process runs the application without a
socket, and without the time of PostgreSQL. "alone" is the time of the observer itself, called again and again with
the observation of one request.
"""

import argparse
import asyncio
import gc
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.command import exit_code, say, show
from bench.data import Data
from bench.operations import NESTED, POINT, Operation
from bench.run import database
from bench.servers import ROOT
from bench.table import markdown
from db.engine.pool import Pool, open_pool
from resolvers.framework.global_id import encode
from server.app import Api, create_app
from server.http.endpoint import GraphQLEndpoint
from server.metrics.metrics import Metrics
from server.runtime.observation import Observation, Observer

OPERATIONS = ((POINT, 50), (NESTED, 2))
"""The operations, and the number of requests per round."""
CALLS = 20_000


class Switch:
    """An observer that can be switched on and off, and the callback of the pool."""

    def __init__(self, pool: Pool, metrics: Metrics, endpoint: GraphQLEndpoint) -> None:
        self._pool = pool
        self._endpoint = endpoint
        self._on_wait = pool.on_wait
        self._observers: tuple[Observer, ...] = (metrics.observe, self._keep)
        self.last: Observation | None = None

    def _keep(self, observation: Observation) -> None:
        self.last = observation

    def set(self, *, on: bool) -> None:
        self._endpoint._observers = self._observers[:1] if on else ()  # noqa: SLF001 - the bench's switch
        self._pool.on_wait = self._on_wait if on else None

    def keep(self) -> None:
        """Keep the observation of the next request."""
        self._endpoint._observers = self._observers  # noqa: SLF001


class Caller:
    """Sends a document to the application again and again."""

    def __init__(self, app: Api, data: Data, operation: Operation) -> None:
        self._app = app
        variables = {"id": encode("Lead", data.lead_ids[0])} if operation.by_id else {}
        self._body = json.dumps({"query": operation.documents["ours"], "variables": variables}).encode()
        self._scope = {
            "type": "http",
            "method": "POST",
            "path": "/graphql",
            "query_string": b"",
            "headers": [
                (b"authorization", f"Bearer {data.api_key}".encode()),
                (b"content-type", b"application/json"),
                (b"content-length", str(len(self._body)).encode()),
            ],
        }

    async def _receive(self) -> dict[str, Any]:
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.body":
            assert b'"errors"' not in message["body"], message["body"]  # noqa: S101 - an error is no measurement

    async def seconds(self, requests: int) -> float:
        """Return the processor seconds per request."""
        began = time.process_time()
        for _ in range(requests):
            await self._app(dict(self._scope), self._receive, self._send)
        return (time.process_time() - began) / requests


def alone(metrics: Metrics, observation: Observation) -> float:
    """Return the processor seconds of one observation, and of its waits for the pool."""
    observe: Callable[[Observation], None] = metrics.observe
    began = time.process_time()
    for _ in range(CALLS):
        observe(observation)
    return (time.process_time() - began) / CALLS


async def measured(data: Data, rounds: int) -> list[list[str]]:
    """Return a row of the table for each operation."""
    rows = []
    async with await open_pool(data.url, size=2) as pool:
        metrics = Metrics(pool)
        app = create_app(pool, metrics=metrics)
        assert isinstance(app, Api)  # noqa: S101
        assert app.endpoint is not None  # noqa: S101
        switch = Switch(pool, metrics, app.endpoint)
        gc.collect()
        gc.freeze()
        for operation, requests in OPERATIONS:
            caller = Caller(app, data, operation)
            switch.keep()
            await caller.seconds(3)
            found: dict[bool, list[float]] = {True: [], False: []}
            for number in range(rounds):
                for on in (True, False) if number % 2 else (False, True):
                    switch.set(on=on)
                    found[on].append(await caller.seconds(requests))
            assert switch.last is not None  # noqa: S101
            without, with_metrics = min(found[False]), min(found[True])
            by_itself = alone(metrics, switch.last)
            rows.append(
                [
                    operation.name,
                    f"{without * 1e6:,.0f} µs",
                    f"{with_metrics * 1e6:,.0f} µs",
                    f"{with_metrics / without:.3f}",
                    f"{by_itself * 1e6:.2f} µs",
                    f"{100 * by_itself / without:.2f} %",
                ]
            )
    return rows


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.metrics", description="Measure the cost of metrics.")
    parser.add_argument("--scale", type=float, default=0.1, help="amount of data")
    parser.add_argument(
        "--rounds", type=int, default=150, help="number of rounds; the table shows the fastest ones"
    )
    parser.add_argument("--home", type=Path, default=ROOT / "build" / "bench", help="folder for the database")
    return parser.parse_args(arguments)


def bench(args: argparse.Namespace) -> None:
    with database(args.home.absolute(), args.scale) as data:
        say("Measuring …")
        rows = asyncio.run(measured(data, args.rounds))
    head = [
        "operation",
        "without metrics",
        "with metrics",
        "ratio",
        "observer alone",
        "of the request",
    ]
    show(markdown(head, rows))


def main(arguments: Sequence[str]) -> int:
    args = options(arguments)
    return exit_code("bench.metrics", lambda: bench(args))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
