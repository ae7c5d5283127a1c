"""`leadgraph verify`: the checks after a release, each with a planted fault."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from db.engine.pool import Pool
from server.app import create_app
from services.accounts import api_key
from tests.support.command import Command
from tests.support.demo import LEADGRAPH
from tests.support.listening import listening
from tests.support.rows import add_key

HEALTHY = ["schema", "backfills", "counters", "operations"]


async def report(command: Command, *options: str) -> tuple[int, dict[str, dict[str, Any]]]:
    done = await command("verify", "--json", *options)
    found = json.loads(done.stdout)
    assert found["passed"] is (done.exit_code == 0)
    return done.exit_code, {check["name"]: check for check in found["checks"]}


@pytest.mark.usefixtures("three_users")
async def test_all_checks_pass_on_a_healthy_database(command: Command) -> None:
    code, checks = await report(command)
    assert (code, list(checks)) == (0, HEALTHY)
    assert [check["problem"] for check in checks.values()] == [None] * 4
    assert checks["operations"]["checked"] == "6 operations of 3 users succeeded."
    done = await command("verify")
    assert done.stdout.splitlines()[-1] == "ok      operations   6 operations of 3 users succeeded."


@pytest.mark.parametrize(
    ("fault", "check", "problem"),
    [
        (
            "ALTER TABLE leads DROP COLUMN tags CASCADE",
            "schema",
            "Tables and models differ: ",
        ),
        (
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_leads_status_changed_at_id'::regclass",
            "schema",
            "Invalid indexes: ix_leads_status_changed_at_id.",
        ),
        (
            "UPDATE backfills SET finished_at = NULL WHERE name = 'lead_lexemes'",
            "backfills",
            "Not filled: lead_lexemes. Run `leadgraph counters backfill`.",
        ),
        (
            "UPDATE users SET mentions_count = 9 WHERE id = (SELECT min(id) FROM users)",
            "counters",
            "1 of ",
        ),
        ("ALTER TABLE lead_events RENAME TO events", "operations", "VerifyLeads of user "),
    ],
)
async def test_a_fault_fails_its_check(
    three_users: Pool, command: Command, fault: str, check: str, problem: str
) -> None:
    await three_users.execute(
        "INSERT INTO leads (user_id, mention_id) SELECT user_id, min(id) FROM mentions GROUP BY user_id"
    )
    await three_users.execute(fault)
    code, checks = await report(command)
    assert code == 1
    assert checks[check]["problem"].startswith(problem)


async def test_a_running_server_is_checked_with_its_operations_and_errors(
    three_users: Pool, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_id = await three_users.fetchval("SELECT min(id) FROM users")
    monkeypatch.setenv("LEADGRAPH_API_KEY", await add_key(three_users, user_id, tuple(api_key.ALL_SCOPES)))
    async with listening(create_app(three_users)) as server:
        code, checks = await report(command, "--server", server.origin)
        assert (code, list(checks)) == (0, [*HEALTHY, "readiness", "requests", "error rate"])
        assert checks["error rate"]["checked"] == "0 of 6 operations failed since the start of the server."
        await three_users.execute("ALTER TABLE lead_events RENAME TO events")
        await three_users.execute(
            "INSERT INTO leads (user_id, mention_id) SELECT user_id, min(id) FROM mentions GROUP BY user_id"
        )
        code, checks = await report(command, "--server", server.origin)
    assert code == 1
    assert checks["requests"]["problem"].startswith("VerifyLeads: ")


@pytest.mark.usefixtures("three_users")
async def test_a_server_that_does_not_answer_fails_the_command(command: Command) -> None:
    failed = await command("verify", "--server", "http://127.0.0.1:1")
    assert failed.exception.exit_code == 2  # type: ignore[union-attr]
    assert str(failed.exception).startswith("http://127.0.0.1:1 does not answer")
    failed = await command("verify", "--server", "localhost:8000")
    assert str(failed.exception) == "--server must be an origin, such as http://127.0.0.1:8000."


@pytest.mark.process
@pytest.mark.usefixtures("three_users")
async def test_json_is_the_only_output_of_the_process(database_url: str, server_folder: Path) -> None:
    """The tests above replace the output of the process, which a library may have kept."""
    settings = {"LEADGRAPH_DATABASE_URL": database_url, "LEADGRAPH_HOME": str(server_folder)}
    for arguments in (["verify"], ["preflight"], ["doctor"], ["jobs"]):
        process = await asyncio.create_subprocess_exec(
            LEADGRAPH, *arguments, "--json", env={**os.environ, **settings}, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
        assert isinstance(json.loads(output), dict), arguments
