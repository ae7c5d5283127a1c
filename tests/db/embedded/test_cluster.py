"""The data folder: its creation, and errors for folders that are damaged or cannot be created."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from db.embedded import EmbeddedError, EmbeddedPostgres

ROOT = os.geteuid() == 0
NOBODY = 65534
RESTORE = "restore a backup of the folder, or move it away and start again with an empty database"
FIX_MODE = "restore the owner and the mode 0700 of the folder, and let the owner enter the folders above it"


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


async def test_a_new_database_has_utf8_checksums_and_statement_statistics(new_home: Path) -> None:
    with EmbeddedPostgres(new_home).running() as postgres:
        assert await ask(postgres, "SHOW server_encoding") == "UTF8"
        assert await ask(postgres, "SHOW data_checksums") == "on"
        assert await ask(postgres, "SHOW timezone") == "UTC"
        assert await ask(postgres, "SHOW fsync") == "on"
        assert await ask(postgres, "SHOW shared_preload_libraries") == "pg_stat_statements"
        assert (
            await ask(postgres, "SELECT datlocale FROM pg_database WHERE datname = 'template1'") == "C.UTF-8"
        )
        assert await ask(postgres, "SELECT upper('é')") == "É"


def missing_version(data: Path) -> str:
    (data / "PG_VERSION").unlink()
    return f'pg_ctl: directory "{data}" is not a database cluster directory): {RESTORE}'


def garbled_version(data: Path) -> str:
    (data / "PG_VERSION").write_text("garbage\n")
    file = f'File "{data}/PG_VERSION" does not contain valid data'
    return f'"{data}" is not a valid data directory; {file}): {RESTORE}'


def another_release(data: Path) -> str:
    (data / "PG_VERSION").write_text("13\n")
    return (
        "database files are incompatible with server; The data directory was initialized by PostgreSQL "
        "version 13, which is not compatible with this version 18.6): name the folder of that release's "
        "programs in LEADGRAPH_PG_BINDIR, or move the folder away"
    )


def missing_control_file(data: Path) -> str:
    (data / "global" / "pg_control").unlink()
    return (
        "postgres: could not find the database system; Expected to find it in the directory "
        f'"{data}",; but could not open file "{data}/global/pg_control": No such file or directory): {RESTORE}'
    )


def corrupt_control_file(data: Path) -> str:
    control = data / "global" / "pg_control"
    content = bytearray(control.read_bytes())
    content[100] ^= 0xFF
    control.write_bytes(content)
    return f"incorrect checksum in control file): {RESTORE}"


def cut_control_file(data: Path) -> str:
    os.truncate(data / "global" / "pg_control", 100)
    return f'could not read file "global/pg_control": read 100 of 296): {RESTORE}'


def missing_log_of_changes(data: Path) -> str:
    for segment in (data / "pg_wal").glob("0*"):
        segment.unlink()
    return f"could not locate a valid checkpoint record at *): {RESTORE}"


def mode_open_to_all(data: Path) -> str:
    data.chmod(0o777)
    allowed = "Permissions should be u=rwx (0700) or u=rwx,g=rx (0750)"
    return f'data directory "{data}" has invalid permissions; {allowed}): {FIX_MODE}'


def file_in_place_of_folder(data: Path) -> str:
    shutil.rmtree(data)
    data.write_text("a file")
    return f'pg_ctl: could not open PID file "{data}/postmaster.pid": Not a directory): {RESTORE}'


def link_to_nowhere(data: Path) -> str:
    shutil.rmtree(data)
    data.symlink_to(data.with_name("nowhere"))
    return f'pg_ctl: directory "{data.with_name("nowhere")}" does not exist): {RESTORE}'


def empty_folder(data: Path) -> str:
    for path in data.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return f'pg_ctl: directory "{data}" is not a database cluster directory): {RESTORE}'


def files(data: Path) -> list[str]:
    return sorted(str(path) for path in (data / "base").rglob("*"))


@pytest.mark.parametrize(
    "damage",
    [
        missing_version,
        garbled_version,
        another_release,
        missing_control_file,
        corrupt_control_file,
        cut_control_file,
        missing_log_of_changes,
        mode_open_to_all,
        file_in_place_of_folder,
        link_to_nowhere,
        empty_folder,
    ],
)
def test_a_damaged_data_folder_is_refused_with_the_reason_and_left_unchanged(
    copied_home: Path, damage: Callable[[Path], str]
) -> None:
    data = copied_home / "data"
    before, _, after = damage(data).partition("*")
    left = files(data)
    said = refusal(EmbeddedPostgres(copied_home))
    assert said.startswith(f"PostgreSQL cannot start on {data} ({before}")
    assert said.endswith(f"{after}.")
    assert after or said == f"PostgreSQL cannot start on {data} ({before}."
    assert files(data) == left


def test_a_missing_password_is_reported_and_no_database_is_created(copied_home: Path) -> None:
    password = copied_home / "password"
    password.unlink()
    assert refusal(EmbeddedPostgres(copied_home)) == (
        f"The password of the database in {copied_home} is missing: restore the file {password} from a backup, or "
        f"move {copied_home / 'data'} away and start again with an empty database."
    )
    assert not password.exists()


def test_a_home_below_a_file_is_refused(folder: Path) -> None:
    (folder / "file").write_text("")
    home = folder / "file" / "postgres"
    assert refusal(EmbeddedPostgres(home)) == (
        f"The embedded PostgreSQL cannot use {home} (Not a directory): let this user write there, or choose "
        "another data folder."
    )


def test_a_home_without_write_permission_is_refused(folder: Path) -> None:
    folder.chmod(0o555)
    if ROOT:
        os.seteuid(NOBODY)
    try:
        said = refusal(EmbeddedPostgres(folder / "postgres"))
    finally:
        if ROOT:
            os.seteuid(0)
        folder.chmod(0o755)
    assert said == (
        f"The embedded PostgreSQL cannot use {folder / 'postgres'} (Permission denied): let this user write "
        "there, or choose another data folder."
    )


@pytest.mark.skipif(not ROOT or sys.platform != "linux", reason="mounts a small file system")
def test_a_full_disk_is_reported(folder: Path) -> None:
    script = """
import subprocess, sys
from pathlib import Path
from db.embedded import EmbeddedError, EmbeddedPostgres
disk = Path(sys.argv[1])
mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=755", "tmpfs", disk])
if mounted.returncode:
    sys.exit()
try:
    EmbeddedPostgres(disk / "postgres").start()
except EmbeddedError as refusal:
    print(refusal)
print(sorted(path.name for path in (disk / "postgres").iterdir()))
"""
    answer = subprocess.run(
        ["unshare", "--mount", sys.executable, "-c", script, folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if not answer.stdout:
        pytest.skip(f"no file system can be mounted here: {answer.stderr.strip()}")
    refused, left = answer.stdout.splitlines()
    assert refused.startswith(f"PostgreSQL cannot create a database in {folder / 'postgres'} (")
    assert refused.endswith("No space left on device): free some disk space and start again.")
    assert left == "['in-use.lock', 'password', 'start-stop.lock']"
