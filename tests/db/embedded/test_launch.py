"""The server's settings, port, log and password."""

import os
import socket
import stat
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from db.embedded import EmbeddedError, EmbeddedPostgres
from db.embedded.cluster import postmaster_of


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


async def test_only_the_password_opens_the_database_and_only_its_owner_reads_it(home: Path) -> None:
    password = home / "password"
    assert stat.S_IMODE(password.stat().st_mode) == 0o600
    with EmbeddedPostgres(home).running() as postgres:
        url = postgres.url("postgres")
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(url.replace(password.read_text(), "wrong"))
        assert await ask(postgres, "SELECT string_agg(DISTINCT auth_method, ' ') FROM pg_hba_file_rules") == (
            "scram-sha-256"
        )
        assert await ask(postgres, "SELECT left(rolpassword, 14) FROM pg_authid WHERE rolcanlogin") == (
            "SCRAM-SHA-256$"
        )
        assert await ask(postgres, "SHOW listen_addresses") == "127.0.0.1"
        assert await ask(postgres, "SHOW unix_socket_directories") == ""


async def test_settings_override_defaults_until_the_server_stops(home: Path) -> None:
    settings = {"max_connections": "17", "application_name": 'it\'s "quoted" $HOME'}
    with EmbeddedPostgres(home, settings=settings).running() as postgres:
        assert await ask(postgres, "SHOW max_connections") == "17"
        assert (
            await ask(postgres, "SELECT reset_val FROM pg_settings WHERE name = 'application_name'")
            == (settings["application_name"])
        )
    with EmbeddedPostgres(home).running() as postgres:
        assert await ask(postgres, "SHOW max_connections") == "100"


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"work_mem": "lots"}, 'invalid value for parameter "work_mem": "lots"'),
        ({"colour": "red"}, 'unrecognized configuration parameter "colour"'),
    ],
)
def test_a_wrong_setting_is_reported_by_name(home: Path, settings: dict[str, str], reason: str) -> None:
    assert refusal(EmbeddedPostgres(home, settings=settings)) == (
        f"PostgreSQL cannot start on {home / 'data'} ({reason}): fix the setting and start again."
    )


def test_the_port_is_reused_unless_another_program_uses_it(home: Path) -> None:
    kept = int((home / "port").read_text())
    with EmbeddedPostgres(home).running() as postgres:
        assert postgres.url("x y") == (
            f"postgresql://leadgraph:{(home / 'password').read_text()}@127.0.0.1:{kept}/x%20y"
        )
    with socket.create_server(("127.0.0.1", kept)), EmbeddedPostgres(home).running() as postgres:
        chosen = int((home / "port").read_text())
        assert chosen != kept
        assert f":{chosen}/" in postgres.url("postgres")


def test_a_configured_port_is_used_or_refused_if_taken(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        postgres = EmbeddedPostgres(home, settings={"port": port})
        assert refusal(postgres) == (
            f"PostgreSQL cannot start on {home / 'data'} (could not create any TCP/IP sockets): choose "
            "another port."
        )
    with postgres.running():
        assert f":{port}/" in postgres.url("postgres")


def test_a_missing_port_file_is_written_again(home: Path) -> None:
    with EmbeddedPostgres(home).running() as postgres:
        url = postgres.url("postgres")
        (home / "port").unlink()
        with EmbeddedPostgres(home).running() as joined:
            assert joined.url("postgres") == url


def test_a_large_log_is_rotated_at_a_start(home: Path) -> None:
    log = home / "postgres.log"
    os.truncate(log, 10_000_001)
    with EmbeddedPostgres(home).running():
        pass
    assert (home / "postgres.log.1").stat().st_size == 10_000_001
    assert "ready to accept connections" in log.read_text()


def test_a_home_may_have_quotes_spaces_and_a_long_path(folder: Path) -> None:
    home = folder / 'it\'s a "home" - with $HOME, `date`, é and a name of length' / ("x" * 100)
    with EmbeddedPostgres(home).running() as postgres:
        postgres.start()
        assert postmaster_of(home / "data") is not None
    assert postmaster_of(home / "data") is None
