"""The compared servers, each one process on loopback."""

import json
import os
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx

from bench.dashboard import DASHBOARD, OPERATIONS
from bench.data import Data
from bench.further.operations import FURTHER
from bench.operations import READS, Dialect, Operation

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 60
STOP_SECONDS = 15
PORT = "{port}"
EVERY, RELATIONS, BY_KEY = (
    frozenset(each.name for each in some) for some in ((*OPERATIONS, *FURTHER), READS, (*READS, *FURTHER))
)
PAGE = frozenset({DASHBOARD.name})


class ServerError(Exception):
    """A server does not start or does not respond correctly."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server. `operations` are the names of its operations. `variables` makes the variables of an operation from the
    row IDs of a user and a lead. `PORT` in a command is replaced. `feed` is its standard input.
    """

    name: str
    title: str
    command: tuple[str, ...]
    operations: frozenset[str] = RELATIONS
    environment: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    dialect: Dialect = "ours"
    variables: Callable[[int, int], dict[str, Any]] = lambda _, lead: {"id": str(lead)}
    folder: Path = ROOT
    path: str = "/graphql"
    feed: str = ""

    def bodies(self, operation: Operation, data: Data) -> list[str]:
        """Return the request bodies of an operation: one, one per lead, or one per element of its variables."""
        if operation.variables is not None:
            return [self._with(operation, dict(variables)) for variables in operation.variables(data)]
        leads = data.lead_ids if operation.by_id else data.lead_ids[:1]
        return [self._with(operation, self.variables(data.user_id, lead)) for lead in leads]

    def _with(self, operation: Operation, variables: dict[str, Any]) -> str:
        request = {"operationName": operation.name, "query": operation.documents[self.dialect]}
        return json.dumps({**request, "variables": variables}, separators=(",", ":"))


@dataclass(slots=True)
class Running:
    """A running server process."""

    server: Server
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def ask(self, body: str) -> str:
        """Return the response's text. Raise `ServerError` for a failed request."""
        url = f"http://127.0.0.1:{self.port}{self.server.path}"
        headers = {"content-type": "application/json", "accept": "application/json", **self.server.headers}
        try:
            answer = httpx.post(url, content=body, headers=headers, timeout=START_SECONDS)
        except httpx.HTTPError as problem:
            raise ServerError(
                f"{self.server.name} does not respond ({problem!r}). See {self.log}."
            ) from problem
        if answer.status_code != httpx.codes.OK or "errors" in answer.json():
            raise ServerError(f"{self.server.name} responds {answer.status_code} {answer.text[:500]}")
        return answer.text

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def global_id(_: int, lead: int) -> dict[str, Any]:
    return {"id": b64encode(f"Lead:{lead}".encode()).decode()}


def of_python(data: Data) -> list[Server]:
    """Return the floor, Leadgraph with each executor, and the two servers of Strawberry."""
    user = {"x-user-id": str(data.user_id)}

    def with_executor(executor: str) -> Server:
        title = f"Leadgraph, {executor} executor"
        return ours(data, executor, title, {"LEADGRAPH_EXECUTOR": executor}, BY_KEY)

    return [
        Server("floor", "floor: ASGI, asyncpg, orjson", _module("floor"), EVERY, headers=user),
        with_executor("breadth"),
        with_executor("reference"),
        ours(data, "fenced", "Leadgraph, row-level security", {"LEADGRAPH_ROW_SECURITY": "on"}),
        Server("stock", "stock Strawberry, SQLAlchemy ORM, DataLoader", _module("stock"), headers=user),
        Server("tuned", "tuned Strawberry, asyncpg, DataLoader", _module("tuned"), headers=user),
    ]


def of_dashboards(data: Data, redis_url: str) -> list[Server]:
    """Return Leadgraph with a warm cache in memory, with a warm cache in Valkey and without a cache, and the naive
    server.
    """
    shared = {"LEADGRAPH_REDIS_URL": redis_url}
    user = {"x-user-id": str(data.user_id)}
    return [
        ours(data, "warm", "Leadgraph, warm, in-process cache", operations=PAGE, variables=_nothing),
        ours(data, "valkey", "Leadgraph, warm, Valkey", shared, operations=PAGE, variables=_nothing),
        ours(data, "cold", "Leadgraph, cold (maxAge: 0)", operations=PAGE, variables=_no_age),
        Server("naive", "naive: ORM, lazy loads, COUNTs", _module("naive"), PAGE, headers=user),
    ]


def ours(
    data: Data,
    name: str,
    title: str,
    environment: Mapping[str, str] | None = None,
    operations: frozenset[str] = RELATIONS,
    variables: Callable[[int, int], dict[str, Any]] = global_id,
) -> Server:
    return Server(
        name,
        title,
        (sys.executable, "-m", "server.cli", "serve"),
        operations,
        environment={
            "LEADGRAPH_PORT": PORT,
            # Only requests are measured.
            "LEADGRAPH_AUDIT_EVERY_SECONDS": "0",
            "LEADGRAPH_WORKERS": "0",
            "LEADGRAPH_DRAIN_SECONDS": "0",
            # One user sends all requests. No other server gives users a share of itself.
            "LEADGRAPH_RATE_POINTS": "0",
            "LEADGRAPH_USER_OPERATIONS": "9",
            **(environment or {}),
        },
        headers={"authorization": f"Bearer {data.api_key}"},
        variables=variables,
    )


def _nothing(*_: int) -> dict[str, Any]:
    return {}


def _no_age(*_: int) -> dict[str, Any]:
    return {"maxAge": 0}


def of_node(data: Data, node: Path, folder: Path) -> list[Server]:
    user = {"x-user-id": str(data.user_id)}

    def started_by(name: str, title: str, **options: Any) -> Server:
        production = {"NODE_ENV": "production", "GRAPHILE_ENV": "production"}
        command = (str(node), f"{name}.js", PORT)
        return Server(name, title, command, environment=production, folder=folder, **options)

    return [
        started_by("mercurius", "Mercurius, graphql-jit, DataLoader", headers=user),
        started_by("yoga", "GraphQL Yoga, graphql-jit, DataLoader", headers=user),
        started_by("apollo", "Apollo Server, DataLoader", headers=user),
        started_by(
            "postgraphile",
            "PostGraphile",
            dialect="postgraphile",
            variables=lambda user, lead: {"user": str(user), "id": str(lead)},
        ),
    ]


def static(answers: Mapping[str, str]) -> Server:
    """Return the server that sends prepared responses by operation."""
    return Server("static", "static answers", _module("static"), EVERY, feed=json.dumps(answers))


def _module(name: str) -> tuple[str, ...]:
    return (sys.executable, "-m", f"bench.{name}", PORT)


def start(server: Server, data: Data, home: Path) -> Running:
    """Start a server, and return when it accepts connections. Raise `ServerError` if it does not start."""
    port = _free_port()
    log = home / f"{server.name}.log"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LEADGRAPH_")}
    settings = {"LEADGRAPH_DATABASE_URL": data.url, "LEADGRAPH_HOME": str(home), **server.environment}
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - the commands stand above
            [word.replace(PORT, str(port)) for word in server.command],
            env={**kept, **{name: value.replace(PORT, str(port)) for name, value in settings.items()}},
            cwd=server.folder,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    running = Running(server, port, process, log)
    try:
        _feed(process.stdin, server.feed)
        _wait(running)
    except BaseException:
        running.stop()
        raise
    return running


def _feed(stdin: IO[bytes] | None, text: str) -> None:
    if stdin is not None:
        stdin.write(text.encode())
        stdin.close()


def _wait(running: Running) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up_at and running.process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", running.port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise ServerError(f"{running.server.name} does not start. See {running.log}.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
