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
from db.integrity.audit import drifts
from services import user_accounts as users
from tests.support import rows
from tests.support.command import Command, refusal
from tests.support.demo import LEADGRAPH
from tests.support.serving import ROOT, served
from tests.support.world import Ask, World

pytest_plugins = ["tests.schema.conftest"]


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


async def test_a_suspended_user_is_refused_until_resumed(ask: Ask, command: Command) -> None:
    await command("users", "suspend", "ann@example.com")
    refused = await ask("{ viewer { id } }")
    assert refused.code == "UNAUTHENTICATED"
    assert refused.error["message"].startswith("The user of this API key is not active.")
    await command("users", "resume", "ANN@example.com")
    assert (await ask("{ viewer { name } }")).data == {"viewer": {"name": "ann"}}


async def test_a_deleted_user_leaves_nothing_behind_and_other_users_untouched(
    world: World, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "MOST_AT_ONCE", 5)
    ann, ben = world.users["ann"], world.users["ben"]
    await world.pool.execute("UPDATE leads SET assignee_user_id = $1 WHERE user_id = $2", ann, ben)
    tables = await world.fetch(
        "SELECT table_name FROM information_schema.columns WHERE column_name = 'user_id' AND table_schema = 'public'"
    )
    names = sorted(row["table_name"] for row in tables)
    before = {name: await world.rows(name, "ben") for name in names}
    done = await command("users", "delete", "ann@example.com", "--yes")
    assert done.stdout.splitlines() == [
        *["mentions: 5 deleted"] * 2,
        "mentions: 2 deleted",
        "integration_logs: 5 deleted",
        "integration_logs: 1 deleted",
        "users: 1 deleted",
    ]
    assert await world.rows("users", "ann") == []
    assert [name for name in names if await world.rows(name, "ann")] == []
    after = {name: await world.rows(name, "ben") for name in names}
    assert {name: len(found) for name, found in after.items()} == {
        name: len(found) for name, found in before.items()
    }
    assert {row["assignee_user_id"] for row in after["leads"]} == {None}
    assert await drifts(world.pool) == []


async def test_an_interrupted_deletion_refuses_the_user_and_can_be_finished(
    ask: Ask, world: World, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "MOST_AT_ONCE", 5)
    async for _ in users.delete(world.pool, "ann@example.com"):
        break
    assert (await ask("{ viewer { id } }")).code == "UNAUTHENTICATED"
    resumed = await command("users", "resume", "ann@example.com")
    assert refusal(resumed).startswith("The deletion of ann@example.com has begun.")
    await command("users", "delete", "ann@example.com", "--yes")
    assert await world.rows("users", "ann") == []
    assert await drifts(world.pool) == []


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
