"""`leadgraph demo`: started, stopped, killed and misconfigured."""

import asyncio
import os
import re
import signal
import socket
import stat
import subprocess
import time
from pathlib import Path

import asyncpg
import pytest

from db.embedded import EmbeddedError, EmbeddedPostgres
from db.engine import revisions
from db.engine.pool import Pool
from tests.support.demo import Demo

COUNTS = "{ viewer { email keywordsCount mentionsCount leadsCount } }"


def postmaster(demo: Demo) -> int:
    return int((demo.home / "postgres" / "data" / "postmaster.pid").read_text().split()[0])


def runs(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def test_the_printed_values_work_and_are_stored_in_a_private_file(demo: Demo) -> None:
    facts = demo.facts
    assert set(facts) == {"url", "graphiql_url", "page_url", "api_key", "user_email", "database_url"}
    assert stat.S_IMODE((demo.home / "demo.json").stat().st_mode) == 0o600
    assert demo.ask(COUNTS)["viewer"]["email"] == facts["user_email"] == "demo@leadgraph.example"


def test_a_demo_stops_cleanly_and_keeps_its_data(new_demo: Demo) -> None:
    new_demo.start("--scale", "0.05")
    first, key = new_demo.ask(COUNTS), new_demo.facts["api_key"]
    assert first["viewer"]["keywordsCount"] == 20
    assert first["viewer"]["mentionsCount"] > 100
    server = postmaster(new_demo)
    code, output = new_demo.stop(signal.SIGINT)
    assert (code, runs(server)) == (0, False)
    assert "Traceback" not in output
    assert f"Page      http://127.0.0.1:{new_demo.port}/\n" in output
    assert f"GraphiQL  http://127.0.0.1:{new_demo.port}/graphql" in output
    assert f"API key   {key}" in output
    (command,) = re.findall(r"Try       (curl .*)", output)

    new_demo.start()
    assert new_demo.ask(COUNTS) == first
    assert new_demo.facts["api_key"] == key
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)
    assert '"email":"demo@leadgraph.example"' in done.stdout
    server = postmaster(new_demo)
    code, output = new_demo.stop(signal.SIGTERM)
    assert (code, runs(server)) == (0, False)
    assert "Traceback" not in output
    assert "Creating demo data" not in output


@pytest.mark.parametrize("victim", ["leadgraph", "postmaster", "both"])
def test_every_committed_row_survives_a_kill(new_demo: Demo, victim: str) -> None:
    new_demo.start("--scale", "0.05")
    before = new_demo.ask(COUNTS)
    assert new_demo.process is not None
    if victim in {"postmaster", "both"}:
        os.kill(postmaster(new_demo), signal.SIGKILL)
    if victim in {"leadgraph", "both"}:
        new_demo.process.kill()
        new_demo.process.communicate()
    else:
        new_demo.stop()
    new_demo.start()
    assert new_demo.ask(COUNTS) == before


async def test_a_demo_killed_while_creating_data_leaves_no_partial_data(new_demo: Demo) -> None:
    process = subprocess.Popen(
        [new_demo.command, "demo", "--scale", "5"],
        env=new_demo.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    await writing_has_begun(new_demo)
    process.kill()
    process.communicate()
    new_demo.start("--scale", "0.05")
    viewer = new_demo.ask(COUNTS)["viewer"]
    assert viewer["keywordsCount"] == 20
    assert 0 < viewer["mentionsCount"] < 1000


async def writing_has_begun(demo: Demo) -> None:
    """Wait until the demo copies mentions."""
    give_up_at = time.monotonic() + 30
    while time.monotonic() < give_up_at:
        await asyncio.sleep(0.02)
        try:
            url = EmbeddedPostgres(demo.home / "postgres").url("leadgraph")
            connection = await asyncpg.connect(url)
        except (EmbeddedError, OSError, asyncpg.PostgresError):
            continue
        copying = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY%mentions%'"
        )
        await connection.close()
        if copying:
            return
    raise TimeoutError


def test_a_port_in_use_is_reported_in_one_sentence(new_demo: Demo) -> None:
    with socket.create_server(("127.0.0.1", new_demo.port)):
        done = new_demo.run("demo")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"leadgraph: Port {new_demo.port} cannot be used (Address already in use). Stop the program that "
        "listens there, or choose another port, for example with LEADGRAPH_PORT=8001.\n"
    )
    assert not new_demo.home.exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])  # noqa: S104 - the demo refuses them
def test_a_demo_listens_on_loopback_only(new_demo: Demo, host: str) -> None:
    done = new_demo.run("demo", LEADGRAPH_HOST=host)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"leadgraph: LEADGRAPH_HOST must be a loopback address such as 127.0.0.1 for a demo, not {host}: a demo shows "
        "its API key to each visitor. Use `leadgraph serve` for other addresses.\n"
    )
    assert not new_demo.home.exists()


def test_a_damaged_data_folder_is_reported_and_left_unchanged(new_demo: Demo) -> None:
    data = new_demo.home / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "precious").write_text("x")
    done = new_demo.run("demo")
    assert done.returncode == 1
    assert done.stderr.startswith("leadgraph: ")
    assert len(done.stderr.splitlines()) == 1
    assert str(data) in done.stderr
    assert (data / "precious").read_text() == "x"


FORM = (
    "LEADGRAPH_DATABASE_URL must have the form postgresql://user:password@host:5432/database, with special characters "
    "of the password in percent-encoding, such as %40 for @ and %2F for /."
)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://x/y", FORM),
        ("nonsense", FORM),
        ("postgresql://u:secret@127.0.0.1:1/x", "Cannot use the PostgreSQL of LEADGRAPH_DATABASE_URL (postgresql://u@127.0.0.1:1/x): "),
        ("postgresql://u:secret@127.0.0.1:notaport/x", FORM),
    ],
)  # fmt: skip
def test_an_invalid_database_url_is_reported_without_its_password(
    new_demo: Demo, url: str, message: str
) -> None:
    done = new_demo.run("demo", LEADGRAPH_DATABASE_URL=url)
    assert done.returncode == 1
    assert done.stderr.startswith(f"leadgraph: {message}")
    assert len(done.stderr.splitlines()) == 1
    assert "secret" not in done.stderr


def test_a_wrong_password_or_database_is_reported_in_one_sentence(demo: Demo, new_demo: Demo) -> None:
    url = demo.facts["database_url"]
    for wrong, reason in (
        (re.sub(r":[^:@]+@", ":wrong@", url), "password authentication failed"),
        (url.removesuffix("leadgraph") + "nothing", 'database "nothing" does not exist'),
    ):
        done = new_demo.run("demo", LEADGRAPH_DATABASE_URL=wrong)
        assert done.returncode == 1
        assert reason in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_the_demo_uses_the_postgresql_of_the_database_url(new_demo: Demo, database_url: str) -> None:
    new_demo.start("--scale", "0.05", LEADGRAPH_DATABASE_URL=database_url)
    assert new_demo.ask(COUNTS)["viewer"]["keywordsCount"] == 20
    assert new_demo.facts["database_url"] == database_url
    assert new_demo.stop()[0] == 0
    assert not (new_demo.home / "postgres").exists()


async def test_a_database_of_an_unknown_revision_is_refused(
    new_demo: Demo, database_url: str, pool: Pool
) -> None:
    await pool.execute("UPDATE alembic_version SET version_num = 'ffff'")
    await pool.execute("UPDATE schema_support SET oldest_revision = 'ffff'")
    for command in (["demo"], ["serve"], ["migrate"], ["counters", "verify"]):
        done = new_demo.run(*command, LEADGRAPH_DATABASE_URL=database_url)
        assert done.returncode == (2 if "verify" in command else 1)
        assert done.stderr.startswith(
            "leadgraph: The database is at revision ffff, which does not support this release"
        )
        assert len(done.stderr.splitlines()) == 1


async def test_serving_an_old_database_asks_to_migrate(new_demo: Demo, database_url: str, pool: Pool) -> None:
    await pool.execute("UPDATE alembic_version SET version_num = '0001'")
    done = new_demo.run("serve", LEADGRAPH_DATABASE_URL=database_url)
    assert done.returncode == 1
    assert done.stderr == (
        "leadgraph: The database is at revision 0001, but this release requires "
        f"{revisions.head()}. Run `leadgraph migrate`.\n"
    )


@pytest.mark.parametrize("port", ["0", "65536", "eighty", "-1"])
def test_an_invalid_setting_names_its_variable(new_demo: Demo, port: str) -> None:
    done = new_demo.run("serve", LEADGRAPH_PORT=port)
    assert done.returncode == 1
    sentence = f"leadgraph: LEADGRAPH_PORT must be a whole number from 1 to 65,535, not '{port}'.\n"
    assert done.stderr == sentence


def test_keys_are_created_only_for_existing_users(demo: Demo) -> None:
    made = demo.run("keys", "create", "--user", "MIRA@leadgraph.example")
    assert made.returncode == 0
    assert re.fullmatch(r"lg_live_\d+_[0-9A-Za-z]{38}\n", made.stdout)
    missing = demo.run("keys", "create", "--user", "nobody@example.com")
    assert (missing.returncode, missing.stderr) == (
        1,
        "leadgraph: No user has the e-mail address nobody@example.com. `leadgraph users list` shows all users.\n",
    )
