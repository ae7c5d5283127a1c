"""A server of several processes: what fails when one dies, how all stop, and what their metrics tell."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from db.engine.pool import Pool
from server.runtime.connection_budget import pool_size
from server.runtime.errors import CommandError
from server.runtime.processes import LONGEST_PAUSE, pause_after
from server.runtime.settings import Settings
from tests.support.haproxy import CHECKS_MILLISECONDS, PROGRAM, balanced
from tests.support.live_client import event_stream, socket
from tests.support.locks import locked
from tests.support.ports import free_port
from tests.support.processes import children, is_running, peers, threads
from tests.support.rows import add_key, add_mention
from tests.support.serving import served

READ = "{ keywords { nodes { keyword } } }"
DATA = {"data": {"keywords": {"nodes": [{"keyword": "words"}]}}}
FOLLOW = "subscription { mentionAdded { mentions { externalId } cursor } }"


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not reached():
            await asyncio.sleep(0.01)


@dataclass
class Clients:
    """Clients with one connection each, which send requests until told to stop, and note failures."""

    origin: str
    key: str
    number: int
    pause: float = 0.02
    requests: int = 0
    failures: dict[int, list[str]] = field(default_factory=dict)
    """The failures of each client, by its number."""
    ports: dict[int, int] = field(default_factory=dict)
    """The clients by the local ports of their connections."""
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            for number in range(self.number):
                group.create_task(self._run(number))
            try:
                yield
            finally:
                self._stop.set()

    async def _run(self, number: int) -> None:
        headers = {"authorization": f"Bearer {self.key}"}
        limits = httpx.Limits(max_connections=1)
        async with httpx.AsyncClient(
            base_url=self.origin, headers=headers, timeout=30, limits=limits
        ) as client:
            while not self._stop.is_set():
                await self._ask(client, number)
                await asyncio.sleep(self.pause)

    async def _ask(self, client: httpx.AsyncClient, number: int) -> None:
        try:
            answer = await client.post("/graphql", json={"query": READ})
        except httpx.HTTPError as failure:
            self.failures.setdefault(number, []).append(repr(failure))
            return
        self.requests += 1
        with suppress(OSError):  # the server has closed the connection meanwhile
            self.ports[answer.extensions["network_stream"].get_extra_info("client_addr")[1]] = number
        if answer.status_code != 200 or answer.json() != DATA:
            self.failures.setdefault(number, []).append(f"{answer.status_code} {answer.text}")


async def sessions_of(pool: Pool, like: str = "%") -> int:
    """Return the number of other sessions of the database with such a last statement."""
    found: int = await pool.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND query LIKE $1",
        like,
    )
    return found


@pytest.mark.skipif(PROGRAM is None, reason="HAProxy is not installed.")
async def test_rolling_restarts_fail_no_request_of_64_clients(
    three_users: Pool, database_url: str, server_folder: Path
) -> None:
    ports = [free_port(), free_port()]
    key = await add_key(three_users, 1)

    async def start(place: int) -> AsyncExitStack:
        stack = AsyncExitStack()
        settings = {
            "PORT": str(ports[place]),
            "PROCESSES": "2",
            "DRAIN_SECONDS": str(4 * CHECKS_MILLISECONDS / 1000),
            "WORKERS": "0",
        }
        await stack.enter_async_context(served(database_url, server_folder / str(place), settings))
        await asyncio.sleep(3 * CHECKS_MILLISECONDS / 1000)  # HAProxy notices the server
        return stack

    running = list(await asyncio.gather(start(0), start(1)))
    async with balanced(ports, server_folder) as origin:
        clients = Clients(origin, key, 64, pause=0.5)
        async with clients.running():
            for place in (0, 1):
                before = clients.requests
                await running[place].aclose()  # SIGTERM, as a supervisor of services sends it
                running[place] = await start(place)
                assert clients.requests > before + 64
        for stack in running:
            await stack.aclose()
    assert clients.failures == {}
    assert await sessions_of(three_users) <= 9  # those of the test's own pool


async def test_a_killed_process_fails_only_its_own_requests_and_a_stopped_one_none(
    three_users: Pool, database_url: str, server_folder: Path
) -> None:
    key = await add_key(three_users, 1)
    settings = {"PROCESSES": "3", "DRAIN_SECONDS": "0.5"}
    async with served(database_url, server_folder, settings) as (origin, supervisor):
        port = urlsplit(origin).port or 0
        assert threads(supervisor) == 1
        before = children(supervisor)
        assert len(before) == 3
        clients = Clients(origin, key, 24)
        async with clients.running():
            await until(lambda: len(set(clients.ports.values())) == 24)
            held = {pid: peers(pid, port) for pid in before}
            shares = sorted(len(each) for each in held.values())
            assert sum(shares) == 24
            assert shares[0] >= 6, "Each process has about a third of the connections."
            victim = max(before, key=lambda pid: len(held[pid]))
            os.kill(victim, signal.SIGKILL)
            await until(lambda: len(children(supervisor)) == 3 and victim not in children(supervisor))
            await asyncio.sleep(0.5)
            asked = clients.requests
            await until(lambda: clients.requests > asked + 100)
            failures = dict(clients.failures)
            stopped = next(pid for pid in before if pid != victim)
            os.kill(stopped, signal.SIGTERM)
            await until(lambda: len(children(supervisor)) == 3 and stopped not in children(supervisor))
        assert clients.failures == failures
        assert set(clients.failures) <= {
            clients.ports[each] for each in held[victim] if each in clients.ports
        }
        assert all(len(each) == 1 for each in clients.failures.values())
        assert len(set(before) & set(children(supervisor))) == 1


async def test_sigterm_finishes_requests_and_tells_streams_to_resume(
    three_users: Pool, database_url: str, server_folder: Path
) -> None:
    key = await add_key(three_users, 1)
    settings = {"PROCESSES": "2", "SHUTDOWN_SECONDS": "10"}
    headers = {"authorization": f"Bearer {key}"}
    async with AsyncExitStack() as stack:
        origin, supervisor = await stack.enter_async_context(served(database_url, server_folder, settings))
        processes = children(supervisor)
        sockets = [await stack.enter_async_context(socket(origin, key)) for _ in range(6)]
        for each in sockets:
            await each.subscribe("k", FOLLOW)
        streams = [await stack.enter_async_context(event_stream(origin, key, FOLLOW)) for _ in range(6)]
        await asyncio.sleep(0.5)
        await add_mention(three_users, 1, external_id="new")
        for each in sockets:  # each process tells its own subscribers
            assert (await each.data("k"))["mentionAdded"]["mentions"] == [{"externalId": "new"}]
        for stream in streams:
            event = (await stream.next())[2]["data"]["mentionAdded"]
            assert event["mentions"] == [{"externalId": "new"}]
        clients = [httpx.AsyncClient(timeout=20, headers=headers) for _ in range(8)]
        async with locked(database_url, "keywords"):
            body = {"query": READ}
            running = [asyncio.create_task(each.post(f"{origin}/graphql", json=body)) for each in clients]
            async with asyncio.timeout(10):
                while await sessions_of(three_users, "%FROM keywords%") < 3:
                    await asyncio.sleep(0.05)
            os.kill(supervisor, signal.SIGTERM)
            for each in sockets:
                assert (await each.closed())[0] == 1012
            for stream in streams:
                _, _, ended = await stream.next()
                assert ended["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
            with pytest.raises(httpx.ConnectError):
                httpx.get(f"{origin}/healthz")
            assert not any(each.done() for each in running)
        answers = [await each for each in running]
        assert [each.status_code for each in answers] == [200] * 8
        assert {frozenset(each.json()) for each in answers} == {frozenset({"data"})}
        for client in clients:
            await client.aclose()
    assert not any(map(is_running, processes))
    assert await sessions_of(three_users, "%leadgraph: %") == 0


async def test_processes_end_by_themselves_when_their_supervisor_is_killed(
    database_url: str, server_folder: Path
) -> None:
    async def kill() -> None:
        async with served(database_url, server_folder, {"PROCESSES": "2"}) as (origin, supervisor):
            processes = children(supervisor)
            assert len(processes) == 2
            os.kill(supervisor, signal.SIGKILL)
            await until(lambda: not any(map(is_running, processes)))
            with pytest.raises(httpx.ConnectError):
                httpx.get(f"{origin}/healthz")
            ends.append(True)

    ends: list[bool] = []
    with pytest.raises(AssertionError):  # the exit code of the supervisor
        await kill()
    assert ends == [True]


async def test_each_process_tells_the_metrics_of_all_and_one_runs_the_jobs(
    three_users: Pool, database_url: str, server_folder: Path
) -> None:
    key = await add_key(three_users, 1)
    async with served(database_url, server_folder, {"PROCESSES": "3"}) as (origin, supervisor):
        clients = Clients(origin, key, 24)
        async with clients.running():
            await until(lambda: clients.requests > 200)
        assert clients.failures == {}
        async with asyncio.timeout(10):
            while not await sessions_of(three_users, "%LISTEN%"):
                await asyncio.sleep(0.05)
        assert await sessions_of(three_users, "%LISTEN%") == 1  # the jobs of one process
        name = "leadgraph_request_seconds_count"
        told = [httpx.get(f"{origin}/metrics").text for _ in range(8)]  # each on a connection of its own
        for text in told:
            answered = samples(text, name, 'outcome="answered"', 'route="graphql"')
            assert sorted(answered) == ["0", "1", "2"]
            assert sum(answered.values()) == clients.requests
            assert len(re.findall(rf"^# TYPE {name.removesuffix('_count')} ", text, re.MULTILINE)) == 1
            assert samples(text, "leadgraph_process_up") == {"0": 1, "1": 1, "2": 1}
            assert sorted(samples(text, "leadgraph_job_depth", 'kind="write_exports"', 'state="queued"')) == [
                "0"
            ]
        victim = children(supervisor)[1]
        os.kill(victim, signal.SIGSTOP)  # a process that hangs
        try:
            hung = [text for text in await asyncio.gather(*[_metrics(origin) for _ in range(6)]) if text]
        finally:
            os.kill(victim, signal.SIGCONT)
        assert hung
        for text in hung:
            assert sum(samples(text, "leadgraph_process_up").values()) == 2


async def _metrics(origin: str) -> str:
    """Return the metrics, or nothing if the process that hangs has taken the connection."""
    async with httpx.AsyncClient(timeout=5) as client:
        try:
            return (await client.get(f"{origin}/metrics")).text
        except httpx.ReadTimeout:
            return ""


def samples(text: str, name: str, *labels: str) -> dict[str, float]:
    """Return the values of a metric by process."""
    found = {}
    for line in text.splitlines():
        if line.startswith(name + "{") and all(label in line for label in labels):
            place = re.search(r'process="(\d+)"', line)
            assert place is not None
            found[place[1]] = float(line.rpartition(" ")[2])
    return found


async def test_the_option_starts_so_many_processes(
    three_users: Pool, database_url: str, server_folder: Path
) -> None:
    del three_users
    variables = {
        "LEADGRAPH_DATABASE_URL": database_url,
        "LEADGRAPH_HOME": str(server_folder),
        "LEADGRAPH_PORT": str(free_port()),
        "LEADGRAPH_DRAIN_SECONDS": "0",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server.cli", "serve", "--workers", "2"),
        env={**os.environ, **variables},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        assert (await process.stdout.readline()).endswith(b"/graphql in 2 processes\n")
        assert len(children(process.pid)) == 2
    finally:
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 0


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"PROCESSES": "8", "POOL_SIZE": "20"},
            "8 processes of this server need up to 181 connections, but the database allows 97 in total. Set LEADGRAPH_POOL_SIZE to 9 or less, or increase max_connections.",
        ),
        (
            {"PROCESSES": "30"},
            "30 processes of this server need up to 125 connections, but the database allows 97 in total. Use fewer processes, or increase max_connections.",
        ),
    ],
)
def test_a_server_refuses_more_connections_than_the_database_allows(
    database_url: str, server_folder: Path, settings: dict[str, str], sentence: str
) -> None:
    given = {"DATABASE_URL": database_url, "HOME": str(server_folder), "PORT": str(free_port()), **settings}
    ended = subprocess.run(
        [sys.executable, "-m", "server.cli", "serve"],
        env={**os.environ, **{f"LEADGRAPH_{name}": value for name, value in given.items()}},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (1, f"leadgraph: {sentence}\n")


@pytest.mark.parametrize(
    ("processes", "workers", "allowed", "expected"),
    [
        (1, 1, 97, 10),
        (4, 1, 97, 10),
        (6, 1, 97, 9),
        (8, 1, 97, 6),
        (8, 0, 97, 7),
        (1, 1, 22, 9),
        (1, 1, 10, 2),
    ],
)
def test_the_pool_is_a_share_of_the_connections(
    processes: int, workers: int, allowed: int, expected: int
) -> None:
    assert pool_size(Settings(processes=processes, workers=workers), allowed) == expected


def test_a_pool_of_a_setting_keeps_its_size(caplog: pytest.LogCaptureFixture) -> None:
    assert pool_size(Settings(processes=2, pool_size=40), 97) == 40
    assert caplog.messages == []
    assert pool_size(Settings(pool_size=100), 97) == 100
    assert caplog.messages == [
        "A process of this server needs up to 107 connections, but the database allows 97 in total. Requests share those that can be opened."
    ]
    with pytest.raises(CommandError, match="Use fewer processes, or increase max_connections"):
        pool_size(Settings(processes=50, pool_size=1), 97)


def test_pauses_between_restarts_grow() -> None:
    assert [pause_after(deaths) for deaths in range(1, 11)] == [
        0,
        0,
        0,
        1,
        2,
        4,
        8,
        16,
        LONGEST_PAUSE,
        LONGEST_PAUSE,
    ]


DYING = """
import logging, os, sys, time
from server.runtime.errors import CommandError
from server.runtime.processes import Supervisor

logging.basicConfig(format="%(message)s")

def work(line):
    os.write(1, f"begun {{line.place}}\\n".encode())
    if {fails}:
        raise CommandError("There is no room.")
    line.say_ready()
    time.sleep(0.3)
    os._exit(7)

try:
    Supervisor(work, 2, when_ready=lambda: print("ready", flush=True)).run()
except CommandError as problem:
    print(problem)
    sys.exit(1)
"""


def supervised(*, fails: bool) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", DYING.format(fails=fails)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_server_whose_processes_keep_dying_ends_with_a_sentence() -> None:
    ended = supervised(fails=False)
    lines = ended.stdout.splitlines()
    assert ended.returncode == 1
    assert lines.count("ready") == 1
    assert 5 <= len([line for line in lines if line.startswith("begun")]) <= 6
    assert re.fullmatch(
        r"All processes of the server have ended, \d times within a minute in total. "
        "Read the lines of the log before this one.",
        lines[-1],
    )
    assert "ended (exit code 7). Another one starts now" in ended.stderr


def test_a_server_that_cannot_start_says_so_once() -> None:
    ended = supervised(fails=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (
        1,
        "begun 0\n",
        "leadgraph: There is no room.\n",
    )


CROWDED = """
import logging, os, sys, time
from multiprocessing.context import ForkProcess
from server.runtime.errors import CommandError
from server.runtime.processes import Supervisor

logging.basicConfig(format="%(message)s")
begin, begun = ForkProcess.start, []

def start(process):
    begun.append(process)
    if len(begun) == {refused}:
        raise BlockingIOError(11, "Resource temporarily unavailable")
    begin(process)

ForkProcess.start = start

def work(line):
    os.write(1, f"begun {{line.place}} {{len(begun)}}\\n".encode())
    line.say_ready()
    while not (orders := line.orders()):
        time.sleep(0.05)
        if line.place == 1 and len(begun) == 2:
            os._exit(7)
        if len(begun) == 4:
            begun.clear()
            os.kill(os.getppid(), 15)
    os.write(1, f"ended {{line.place}} {{orders}}\\n".encode())

try:
    Supervisor(work, 2).run()
except CommandError as problem:
    print(problem)
    sys.exit(1)
"""


def crowded(refused: int) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-c", CROWDED.format(refused=refused)]
    return subprocess.run(program, capture_output=True, text=True, timeout=30, check=False)


def test_a_process_that_the_system_refuses_is_tried_again_while_the_others_serve() -> None:
    ended = crowded(refused=3)
    assert ended.returncode == 0, ended.stderr
    assert sorted(ended.stdout.splitlines()) == [
        "begun 0 1",
        "begun 1 2",
        "begun 1 4",
        "ended 0 b'd'",
        "ended 1 b'd'",
    ]
    assert (
        "Process 1 of the server cannot start ([Errno 11] Resource temporarily unavailable)" in ended.stderr
    )


def test_a_server_that_gets_too_few_processes_at_the_start_ends_with_a_sentence() -> None:
    ended = crowded(refused=2)
    refusal = "[Errno 11] Resource temporarily unavailable"
    sentence = f"A process of the server cannot start ({refusal}). Read the lines of the log before this one."
    assert (ended.returncode, ended.stdout.splitlines()) == (1, ["begun 0 1", "ended 0 b'n'", sentence])
