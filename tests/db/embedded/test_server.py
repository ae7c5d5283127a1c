"""Sharing the server between processes, and recovery after kills, with real servers and real kills."""

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from db.embedded import EmbeddedError, EmbeddedPostgres, server
from db.embedded.account import account_for
from db.embedded.cluster import postmaster_of

# A process that uses the server until its standard input ends.
USER = """
import sys
from pathlib import Path
from db.embedded import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1])).running() as server:
    print(server.url("postgres"), flush=True)
    sys.stdin.read()
"""


async def ask(postgres: EmbeddedPostgres, statement: str) -> Any:
    """Return the first column of the statement's only row."""
    connection = await asyncpg.connect(postgres.url("postgres"))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def keep_row(postgres: EmbeddedPostgres) -> None:
    await ask(postgres, "DROP TABLE IF EXISTS kept")
    await ask(postgres, "CREATE TABLE kept AS SELECT 41 + 1 AS row")


def pid_of(home: Path) -> int:
    running = postmaster_of(home / "data")
    assert running is not None
    return running.pid


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refusal(postgres: EmbeddedPostgres) -> str:
    with pytest.raises(EmbeddedError) as refused:
        postgres.start()
    return str(refused.value)


def python(script: str, *arguments: object, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options,
    )  # fmt: skip


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end(process: subprocess.Popen[str]) -> str:
    """Wait until the process succeeds, and return the rest of its output."""
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    return output


async def test_rows_survive_a_stop_and_a_start(home: Path) -> None:
    with EmbeddedPostgres(home).running() as postgres:
        await keep_row(postgres)
        url = postgres.url("postgres")
    assert postmaster_of(home / "data") is None
    with EmbeddedPostgres(home).running() as postgres:
        assert await ask(postgres, "SELECT row FROM kept") == 42
        assert postgres.url("postgres") == url


def test_a_started_server_runs_until_stop_although_other_users_leave(home: Path) -> None:
    starter, other = EmbeddedPostgres(home), EmbeddedPostgres(home)
    starter.start()
    pid = pid_of(home)
    starter.start()
    with other.running() as joined:
        assert joined.url("postgres") == starter.url("postgres")
    assert pid_of(home) == pid
    starter.stop()
    assert postmaster_of(home / "data") is None


def test_concurrent_processes_share_one_server_and_the_last_one_stops_it(new_home: Path) -> None:
    users = [python(USER, new_home) for _ in range(4)]
    assert {line_of(user) for user in users} == {EmbeddedPostgres(new_home).url("postgres")}
    pid = pid_of(new_home)
    for user in users[:3]:
        end(user)
        assert pid_of(new_home) == pid
    end(users[3])
    assert postmaster_of(new_home / "data") is None


def test_a_process_that_starts_while_the_server_stops_gets_a_new_server(home: Path) -> None:
    script = """
import asyncio, sys
from pathlib import Path
import asyncpg
from db.embedded import EmbeddedPostgres
async def ask(url):
    connection = await asyncpg.connect(url)
    print(await connection.fetchval("SELECT 7"))
    await connection.close()
for _ in range(4):
    with EmbeddedPostgres(Path(sys.argv[1])).running() as server:
        asyncio.run(ask(server.url("postgres")))
"""
    users = [python(script, home) for _ in range(3)]
    assert [end(user) for user in users] == ["7\n" * 4] * 3
    assert postmaster_of(home / "data") is None


def test_the_next_process_stops_the_server_of_a_killed_process(home: Path) -> None:
    user = python(USER, home)
    line_of(user)
    pid = pid_of(home)
    user.kill()
    user.communicate()
    with EmbeddedPostgres(home).running():
        assert pid_of(home) == pid
    assert postmaster_of(home / "data") is None


def test_the_server_outlives_a_process_that_only_started_it(home: Path) -> None:
    script = """
import sys
from pathlib import Path
from db.embedded import EmbeddedPostgres
EmbeddedPostgres(Path(sys.argv[1])).start()
"""
    end(python(script, home))
    assert pid_of(home)


def test_ctrl_c_ends_the_process_and_not_the_server(home: Path) -> None:
    script = """
import sys
from pathlib import Path
from db.embedded import EmbeddedPostgres
EmbeddedPostgres(Path(sys.argv[1])).start()
print("started", flush=True)
sys.stdin.read()
"""
    user = python(script, home, start_new_session=True)
    assert line_of(user) == "started"
    pid = pid_of(home)
    os.killpg(user.pid, signal.SIGINT)
    output, _ = user.communicate(timeout=30)
    assert output.splitlines()[-1] == "KeyboardInterrupt"
    assert pid_of(home) == pid
    with EmbeddedPostgres(home).running():
        assert pid_of(home) == pid


async def test_rows_survive_a_killed_postmaster(home: Path) -> None:
    with EmbeddedPostgres(home).running() as postgres:
        await keep_row(postgres)
        killed = pid_of(home)
        os.kill(killed, signal.SIGKILL)
        postgres.start()
        assert pid_of(home) != killed
        assert await ask(postgres, "SELECT row FROM kept") == 42
    assert postmaster_of(home / "data") is None


async def test_rows_survive_a_killed_backend(home: Path) -> None:
    with EmbeddedPostgres(home).running() as postgres:
        await keep_row(postgres)
        pid = pid_of(home)
        connection = await asyncpg.connect(postgres.url("postgres"))
        os.kill(await connection.fetchval("SELECT pg_backend_pid()"), signal.SIGKILL)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await connection.fetchval("SELECT 1")
        connection.terminate()
        postgres.start()
        assert pid_of(home) == pid
        assert await ask(postgres, "SELECT row FROM kept") == 42


async def test_a_start_waits_for_the_processes_of_a_killed_server(home: Path) -> None:
    """A busy backend notices the death of its postmaster only at the end of its query."""
    with EmbeddedPostgres(home).running() as postgres:
        connection = await asyncpg.connect(postgres.url("postgres"))
        query = asyncio.create_task(connection.fetchval("SELECT count(*) FROM generate_series(1, 3000000)"))
        running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%3000000)'"
        while await ask(postgres, running) == 0:
            await asyncio.sleep(0.01)
        os.kill(pid_of(home), signal.SIGKILL)
        postgres.start()
        assert await ask(postgres, "SELECT 1") == 1
        with suppress(asyncpg.PostgresError, OSError):
            await query
        connection.terminate()


def test_remaining_processes_of_a_killed_server_are_reported(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "LEFTOVER_SECONDS", 0)
    data = home / "data"
    holder = os.open(home / "server.lock", os.O_RDWR)
    try:
        with subprocess.Popen(["sleep", "60"], cwd=data) as leftover:
            fcntl.flock(holder, fcntl.LOCK_EX)
            assert refusal(EmbeddedPostgres(home)) == (
                f"Processes of an earlier PostgreSQL still use {data} ({leftover.pid}): end them, or the "
                "container that they run in, and start again."
            )
            leftover.kill()
    finally:
        os.close(holder)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process adopt orphans")
def test_a_killed_postmaster_that_is_a_zombie_does_not_count_as_a_server(home: Path) -> None:
    script = """
import ctypes, os, signal, sys, time
from pathlib import Path
from db.embedded import EmbeddedPostgres
from db.embedded.cluster import postmaster_of
PR_SET_CHILD_SUBREAPER = 36  # orphans become children of this process, which never waits for them
assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
home = Path(sys.argv[1])
with EmbeddedPostgres(home).running() as server:
    pid = postmaster_of(home / "data").pid
    os.kill(pid, signal.SIGKILL)
    while (state := Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]) != "Z":
        time.sleep(0.01)
    assert int((home / "data" / "postmaster.pid").read_text().split()[0]) == pid
    assert postmaster_of(home / "data") is None
    server.start()
    assert postmaster_of(home / "data").pid != pid
    print(state, Path(f"/proc/{pid}").exists())
"""
    assert end(python(script, home)) == "Z True\n"


def test_a_stale_pid_file_with_the_pid_of_another_program_is_ignored(home: Path) -> None:
    account = account_for(home / "data")
    with subprocess.Popen(["sleep", "60"], cwd="/", user=account.uid, group=account.gid) as foreign:
        stale = f"{foreign.pid}\n{home / 'data'}\n1\n5432\n\n127.0.0.1\n  1 1\nready\n"
        (home / "data" / "postmaster.pid").write_text(stale)
        with EmbeddedPostgres(home).running():
            assert pid_of(home) != foreign.pid
        assert foreign.poll() is None
        foreign.kill()


@pytest.mark.parametrize("content", ["", "not a number\n"])
def test_a_broken_pid_file_is_ignored(home: Path, content: str) -> None:
    (home / "data" / "postmaster.pid").write_text(content)
    with EmbeddedPostgres(home).running():
        assert pid_of(home)


def kill_initdb(home: Path) -> None:
    user = python(USER, home, start_new_session=True)
    while not list(home.glob("data.new-*/PG_VERSION")):
        assert user.poll() is None
        time.sleep(0.001)
    os.killpg(user.pid, signal.SIGKILL)
    user.communicate()


async def test_a_killed_initdb_leaves_no_data_folder(new_home: Path) -> None:
    kill_initdb(new_home)
    assert [name[:9] for name in names(new_home)] == ["data.new-", "in-use.lo", "password", "start-sto"]
    with EmbeddedPostgres(new_home).running() as postgres:
        assert await ask(postgres, "SELECT 1") == 1
    assert names(new_home) == [
        "data", "in-use.lock", "password", "port", "postgres.log", "server.lock", "start-stop.lock",
    ]  # fmt: skip


def test_a_server_that_never_ran_has_no_url(new_home: Path) -> None:
    with pytest.raises(EmbeddedError) as refused:
        EmbeddedPostgres(new_home).url("postgres")
    assert str(refused.value) == f"The PostgreSQL in {new_home} was never started: start it first."


def test_stop_without_a_running_server_does_nothing(new_home: Path) -> None:
    EmbeddedPostgres(new_home).stop()
    assert postmaster_of(new_home / "data") is None
