"""`leadgraph users`, and the first hour on an own PostgreSQL."""

import asyncio
import json
import os
import re
import subprocess
from pathlib import Path

import httpx
import pytest

from db.engine.pool import Pool
from services.browsers.passwords import is_right
from tests.support import rows
from tests.support.command import Command, refusal
from tests.support.demo import LEADGRAPH
from tests.support.serving import ROOT, served


async def test_a_created_user_is_listed_and_shown(pool: Pool, command: Command) -> None:
    made = await command(
        "users", "create", "Ann@Example.com", "--name", "Ann", "--time-zone", "Europe/Berlin"
    )
    assert made.stdout == "Ann@Example.com  member  active  0 mentions  Ann\n"
    await command("users", "create", "olga@example.com", "--role", "operator")
    listed = (await command("users", "list", "--json")).stdout.splitlines()
    assert [(json.loads(line)["email"], json.loads(line)["role"]) for line in listed] == [
        ("Ann@Example.com", "member"),
        ("olga@example.com", "operator"),
    ]
    shown = (await command("users", "show", "ann@example.com")).stdout
    assert re.search(r"^time_zone +Europe/Berlin$", shown, re.MULTILINE)
    assert await pool.fetchval("SELECT count(*) FROM users") == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("create", "ANN@example.com"), "A user with the e-mail address ANN@example.com exists already."),
        (("create", "ann"), "'ann' is not an e-mail address of at most 254 characters."),
        (("create", f"{'a' * 250}@b.de"), "is not an e-mail address of at most 254 characters."),
        (("create", "b@example.com", "--time-zone", "Berlin"), "'Berlin' is not an IANA time zone, such as"),
        (("create", "b@example.com", "--name", "x" * 201), "at most 200 characters, but has 201."),
        (
            ("show", "b@example.com"),
            "No user has the e-mail address b@example.com. `leadgraph users list` shows",
        ),
        (("suspend", "b@example.com"), "No user has the e-mail address b@example.com."),
        (("delete", "b@example.com", "--yes"), "No user has the e-mail address b@example.com."),
    ],
)
async def test_a_wrong_account_is_refused_with_one_sentence(
    pool: Pool, command: Command, arguments: tuple[str, ...], message: str
) -> None:
    await rows.add_user(pool, "ann@example.com")
    assert message in refusal(await command("users", *arguments))
    assert await pool.fetchval("SELECT count(*) FROM users") == 1


PASSWORD = "correct horse battery"


async def test_a_password_is_read_from_the_standard_input_and_ends_sessions(
    pool: Pool, command: Command
) -> None:
    made = await command("users", "create", "ann@example.com", "--password", input=f"{PASSWORD}\n")
    assert made.stdout.startswith("ann@example.com  member  active")
    kept = await pool.fetchval("SELECT hash FROM passwords")
    assert is_right(kept, PASSWORD)
    await pool.execute(
        "INSERT INTO sessions (user_id, token_hash, expires_at, ends_at) "
        "SELECT id, sha256('1'), clock_timestamp(), clock_timestamp() FROM users"
    )
    changed = await command("users", "set-password", "ANN@example.com", input="another long password")
    assert changed.stdout == "The password of ANN@example.com is set. Sessions ended: 1.\n"
    assert is_right(await pool.fetchval("SELECT hash FROM passwords"), "another long password")
    assert (await command("users", "sign-out", "ann@example.com")).stdout == "Sessions ended: 0.\n"


async def test_a_password_that_is_too_short_creates_no_user(pool: Pool, command: Command) -> None:
    message = "The password is not allowed: must have at least 12 characters, but has 5."
    for arguments in (("create", "ann@example.com", "--password"), ("set-password", "ann@example.com")):
        assert refusal(await command("users", *arguments, input="short\n")) == message
    assert await pool.fetchval("SELECT count(*) FROM users") == 0


async def test_users_are_suspended_resumed_and_deleted(pool: Pool, command: Command) -> None:
    await rows.add_user(pool, "ann@example.com")
    for verb, status in (("suspend", "suspended"), ("resume", "active")):
        assert (await command("users", verb, "ANN@example.com")).exit_code == 0
        assert await pool.fetchval("SELECT status FROM users") == status
    done = await command("users", "delete", "ann@example.com", "--yes")
    assert done.stdout == "users: 1 deleted\n"
    assert await pool.fetchval("SELECT count(*) FROM users") == 0


def first_hour() -> list[str]:
    """Return the commands of the README's section about the first hour."""
    section = (
        (ROOT / "README.md")
        .read_text()
        .split("## The first hour on your own PostgreSQL")[1]
        .split("\n## ")[0]
    )
    return re.findall(r"^(?:KEY=\$\()?(\.venv/bin/leadgraph [^#\n)]*)", section, re.MULTILINE)


async def test_the_first_hour_of_the_readme(database_url: str, tmp_path: Path) -> None:
    """The database is migrated already, and migrating it again changes nothing."""
    environment = {**os.environ, "LEADGRAPH_DATABASE_URL": database_url, "LEADGRAPH_HOME": str(tmp_path)}

    async def run(line: str) -> str:
        words = [str(LEADGRAPH), *line.split()[1:]]
        done = await asyncio.to_thread(
            subprocess.run, words, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return str(done.stdout)

    migrate, create_user, create_key, serve = first_hour()
    await run(migrate)
    assert await run(create_user) == "ann@example.com  operator  active  0 mentions\n"
    key = (await run(create_key)).strip()
    assert serve.split()[1] == "serve"
    async with served(database_url, tmp_path) as (origin, _):
        answer = httpx.post(
            f"{origin}/graphql",
            json={"query": "{ viewer { email } }"},
            headers={"authorization": f"Bearer {key}"},
        )
    assert answer.json() == {"data": {"viewer": {"email": "ann@example.com"}}}
