"""Measurements in rounds over all servers, so that other load on the machine affects all alike."""

import asyncio
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from bench import processes
from bench.data import Data
from bench.operations import Operation, count_rows, difference, figures
from bench.servers import START_SECONDS, Running, ServerError

LOAD = Path(__file__).with_name("load.py")
COUNTED_REQUESTS = 10
CHECKED = 6
"""The number of compared responses per operation. It is even, as writes undo each other in pairs."""

_RESET = (
    "SELECT pg_stat_statements_reset(0, (SELECT oid FROM pg_database WHERE datname = current_database()))"
)
_COUNT = """
SELECT coalesce(sum(calls) FILTER (WHERE query ~* '^\\s*(select|with|insert|update|delete)'), 0) AS statements,
    coalesce(sum(calls), 0) AS round_trips, coalesce(sum(total_exec_time), 0) AS milliseconds
FROM pg_stat_statements
WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND query NOT LIKE '%pg_stat_statements%'
"""


@dataclass(frozen=True, slots=True)
class Effort:
    """The work of the database for one request. `other` counts BEGIN, ROLLBACK and the like."""

    statements: int
    other: int
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a case: requests of the heaviest operation per client, seconds, and clients."""

    requests: int
    seconds: float
    clients: int


@dataclass(slots=True)
class Case:
    """One operation of one server, with lists of one value per round. Times are in milliseconds."""

    server: str
    operation: str
    effort: Effort | None = None
    p50: list[float] = field(default_factory=list)
    p95: list[float] = field(default_factory=list)
    per_second: list[float] = field(default_factory=list)
    p50_together: list[float] = field(default_factory=list)
    p95_together: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def median(self, name: str) -> float | None:
        values: list[float] = getattr(self, name)
        return statistics.median(values) if values else None


def check(running: Sequence[Running], operations: Sequence[Operation], data: Data) -> dict[str, str]:
    """Return the first server's response to each operation. Raise `ServerError` if the figures of another server differ."""
    answers = {}
    for operation in operations:
        first: Any = None
        able = [each for each in running if operation.name in each.server.operations]
        for current in able:
            bodies = current.server.bodies(operation, data)
            texts = [current.ask(body) for body in bodies[:CHECKED]]
            found = [figures(json.loads(text)["data"]) for text in texts]
            if first is None:
                first, answers[operation.name] = found, texts[0]
                _require_rows(current, operation, found[0])
            elif differs := difference(first, found, operation.name):
                names = f"{able[0].server.name} and {current.server.name}"
                raise ServerError(f"The responses of {names} differ at {differs}.")
        asyncio.run(clean(operation, data))
    return answers


def _require_rows(current: Running, operation: Operation, answer: Any) -> None:
    counted = count_rows(answer)
    if any(counted.get(name) != number for name, number in operation.rows.items()):
        raise ServerError(f"{current.server.name} responds to {operation.name} with {counted} objects.")


def load(
    running: Running, operation: Operation, data: Data, *, clients: int, requests: int, seconds: float
) -> dict[str, float]:
    """Run the load generator. Raise `ServerError` if it fails."""
    task = {
        "port": running.port,
        "path": running.server.path,
        "headers": dict(running.server.headers),
        "bodies": running.server.bodies(operation, data),
        "clients": clients,
        "requests": max(requests, clients),
        "seconds": seconds,
    }
    command = [sys.executable, "-I", str(LOAD)]
    done = subprocess.run(  # noqa: S603 - our own program
        command, input=json.dumps(task), capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        raise ServerError(f"{running.server.name} under {operation.name}: {last} Read {running.log}.")
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


async def clean(operation: Operation, data: Data) -> None:
    """Delete what requests of the operation have written."""
    if operation.after:
        connection = await asyncpg.connect(data.url)
        try:
            await connection.execute(operation.after, data.user_id)
            await connection.execute("VACUUM mentions")  # dead rows would make the next reads slow
        finally:
            await connection.close()


async def effort(current: Running, operation: Operation, data: Data) -> Effort | None:
    """Return the database's work for one request, or None without pg_stat_statements."""
    connection = await asyncpg.connect(data.url)
    try:
        await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        await connection.execute(_RESET)
        done = load(current, operation, data, clients=1, requests=COUNTED_REQUESTS, seconds=START_SECONDS)
        row = await connection.fetchrow(_COUNT)
    except (asyncpg.UndefinedFileError, asyncpg.ObjectNotInPrerequisiteStateError):
        return None
    finally:
        await connection.close()
        await clean(operation, data)
    assert row is not None  # noqa: S101 - an aggregate has a row
    # A few requests need more statements, for an API key lookup or a new connection.
    requests = int(done["requests"])  # fewer than COUNTED_REQUESTS if a slow machine reached the time limit
    statements, round_trips = (int(row[name]) // requests for name in ("statements", "round_trips"))
    return Effort(statements, round_trips - statements, row["milliseconds"] / requests)


def rounds(
    running: Sequence[Running],
    operations: Sequence[Operation],
    data: Data,
    limits: Limits,
    number: int,
    say: Callable[[str], None],
) -> list[Case]:
    """Warm up each server, count its statements, and measure `number` rounds."""
    cases: dict[tuple[str, str], Case] = {}
    for operation, current in _turns(operations, running, 0):
        cases[current.server.name, operation.name] = Case(current.server.name, operation.name)
        requests = limits.requests * operation.weight
        load(current, operation, data, clients=limits.clients, requests=requests, seconds=limits.seconds)
        asyncio.run(clean(operation, data))
        case = cases[current.server.name, operation.name]
        case.effort = asyncio.run(effort(current, operation, data))
    say("Warmed up.")
    for turn in range(number):
        for operation, current in _turns(operations, running, turn):
            _measure(cases[current.server.name, operation.name], current, operation, data, limits)
        say(f"Round {turn + 1} of {number} done.")
    return list(cases.values())


def _turns(
    operations: Sequence[Operation], running: Sequence[Running], turn: int
) -> Iterator[tuple[Operation, Running]]:
    """Yield the cases of a round. Each round starts with another server."""
    shift = turn % len(running)
    order = [*running[shift:], *running[:shift]]
    pairs = ((operation, current) for operation in operations for current in order)
    return (
        (operation, current) for operation, current in pairs if operation.name in current.server.operations
    )


@dataclass(frozen=True, slots=True)
class Memory:
    """The memory of a server: after one request, and the peak with all clients."""

    server: str
    idle_bytes: int | None
    peak_bytes: int | None


def memory(fresh: Running, operation: Operation, data: Data, limits: Limits) -> Memory:
    """Measure the memory of a newly started server."""
    fresh.ask(fresh.server.bodies(operation, data)[0])
    idle = processes.resident_bytes(fresh.process.pid)
    processes.forget_peak(fresh.process.pid)
    requests = 4 * limits.requests * operation.weight
    load(fresh, operation, data, clients=limits.clients, requests=requests, seconds=limits.seconds)
    return Memory(fresh.server.name, idle, processes.peak_bytes(fresh.process.pid))


def _measure(case: Case, current: Running, operation: Operation, data: Data, limits: Limits) -> None:
    requests = limits.requests * operation.weight
    alone = load(current, operation, data, clients=1, requests=requests, seconds=limits.seconds)
    case.p50.append(alone["p50"] * 1000)
    case.p95.append(alone["p95"] * 1000)
    before = processes.cpu_seconds(current.process.pid)
    together = load(
        current, operation, data, clients=limits.clients, requests=4 * requests, seconds=limits.seconds
    )
    after = processes.cpu_seconds(current.process.pid)
    case.per_second.append(together["per_second"])
    case.p50_together.append(together["p50"] * 1000)
    case.p95_together.append(together["p95"] * 1000)
    asyncio.run(clean(operation, data))
    if before is not None and after is not None:
        case.cpu.append((after - before) / together["requests"] * 1000)
