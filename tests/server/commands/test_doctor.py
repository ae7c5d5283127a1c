"""`leadgraph doctor`."""

import json
import shlex
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from db.engine.pool import Pool
from services.accounts import api_key
from tests.support.command import Command
from tests.support.databases import FAST
from tests.support.rows import add_key

TESTS_SETTINGS = [("settings", name) for name in sorted(FAST) if FAST[name] == "off"]
"""Unsafe settings of the server of all tests."""
STUCK_EXPORT = """
INSERT INTO exports (user_id, everybody, entity, format, columns, question, due_at)
VALUES (1, false, 'leads', 'csv', '{id}', '{}', now() - interval '1 hour')
"""
SLOW = "leads page_of_each user_id"


@pytest.fixture
async def other_session(database_url: str, three_users: Pool) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """A connection that records slow statements."""
    await three_users.execute("CREATE EXTENSION pg_stat_statements")
    await three_users.execute("SELECT pg_stat_statements_reset()")
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()
    await three_users.execute(
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = 'forgotten'"
    )


async def report(command: Command, *options: str) -> dict[str, Any]:
    result = await command("doctor", "--json", "--idle-seconds", "0", *options)
    found: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == bool(found["findings"])
    return found


def subjects(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["check"], one["subject"]) for one in found["findings"]]


async def plant(pool: Pool, other: "asyncpg.Connection[Any]") -> list[tuple[str, str]]:
    """Plant one fault per subject and more, and return the expected findings."""
    name = await pool.fetchval("SELECT current_database()")
    definition = await pool.fetchval(
        "SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_exports_expires_at'"
    )
    for fault in (
        "UPDATE backfills SET finished_at = NULL WHERE name = 'slot_stats'",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_exports_due_at'::regclass",
        definition.replace("ix_exports_expires_at", '"Twin"'),
        "CREATE INDEX not_needed ON mentions (author)",
        "UPDATE users SET mentions_count = 40 WHERE id = 2",
        "SELECT pg_create_physical_replication_slot('forgotten', true)",
        "ALTER TABLE leads SET (autovacuum_enabled = false)",
        STUCK_EXPORT,
        "UPDATE api_keys SET expires_at = now() + interval '3 days'",
        f'ALTER DATABASE "{name}" SET default_transaction_read_only = on',
    ):
        await pool.execute(fault)
    for _ in range(3):
        await other.execute(f"SELECT pg_sleep(0.6), count(*) FROM leads /* leadgraph: {SLOW} */")
    await other.execute(f"BEGIN; SELECT 1 /* leadgraph: {SLOW} */")
    return [
        ("settings", "default_transaction_read_only"),
        ("revision", "slot_stats"),
        ("indexes", "ix_exports_due_at"),
        ("indexes", "Twin"),
        ("indexes", "not_needed"),
        ("counters", "users"),
        ("statements", SLOW),
        ("transactions", str(other.get_server_pid())),
        ("replication", "forgotten"),
        ("tables", "leads"),
        ("jobs", "exports"),
        ("keys", f"key {await pool.fetchval('SELECT id FROM api_keys')}"),
    ]


@pytest.mark.usefixtures("other_session")
async def test_a_healthy_database_has_no_findings(command: Command) -> None:
    found = await report(command)
    assert subjects(found) == TESTS_SETTINGS
    assert found["skipped"] == []
    assert {table["name"] for table in found["tables"]} >= {"users", "mentions", "leads"}


async def test_planted_faults_give_as_many_findings_and_the_commands_mend_them(
    three_users: Pool, command: Command, other_session: "asyncpg.Connection[Any]"
) -> None:
    await add_key(three_users, 1, (api_key.WRITE_MENTIONS,))
    expected = await plant(three_users, other_session)
    found = await report(command)
    planted = [one for one in found["findings"] if (one["check"], one["subject"]) not in TESTS_SETTINGS]
    assert [(one["check"], one["subject"]) for one in planted] == expected
    for finding in planted:
        await mend(three_users, command, finding["command"])
    # A duration stays in the statistics, and the export waits for a worker.
    left = [("statements", SLOW), ("jobs", "exports")]
    assert subjects(await report(command)) == TESTS_SETTINGS + left


async def test_a_background_task_that_fails_repeatedly_is_found(three_users: Pool, command: Command) -> None:
    await three_users.execute(
        "INSERT INTO background_tasks (name, every, failures, failed_at, failure) VALUES "
        "('purge-keys', '1 hour', 2, now(), 'secret'), ('purge-exports', '1 hour', 3, now(), 'secret')"
    )
    found = await report(command)
    (failing,) = [one for one in found["findings"] if one["check"] == "jobs"]
    problem = "The last 3 turns of the background task failed. `leadgraph jobs` prints the reason."
    assert (failing["subject"], failing["problem"]) == ("task purge-exports", problem)
    assert failing["command"] == "leadgraph jobs"


async def mend(pool: Pool, command: Command, line: str) -> None:
    """Run the command of a finding: SQL, or `leadgraph`. The worker would run on."""
    if not line.startswith("leadgraph"):
        for statement in line.rstrip(";").split("; ") if "DO $$" not in line else [line]:
            await pool.execute(statement)
    elif line != "leadgraph worker":
        result = await command(*shlex.split(line)[1:])
        assert result.exit_code == 0, (line, result.output, result.exception)


async def test_the_text_names_problem_and_command_and_never_a_value(
    three_users: Pool, command: Command, other_session: "asyncpg.Connection[Any]"
) -> None:
    await other_session.execute("BEGIN; SELECT 'secret' AS value")
    await three_users.execute("UPDATE users SET mentions_count = 40 WHERE id = 2")
    result = await command("doctor", "--idle-seconds", "0")
    assert "secret" not in result.stdout
    lines = result.stdout.splitlines()
    at = lines.index(
        "counters      users: 1 counters of the sample are wrong, such as mentions_count of ID 2: stored 40, counted 2."
    )
    assert lines[at + 1] == "              → leadgraph counters repair --table users"
    assert lines[-1] == f"12 checks, {len(TESTS_SETTINGS) + 2} findings."
    assert result.exit_code == 1


async def test_a_check_that_cannot_run_is_named_with_its_reason(three_users: Pool, command: Command) -> None:
    await three_users.execute("UPDATE alembic_version SET version_num = '0013'")
    found = await report(command)
    assert [one["check"] for one in found["skipped"]] == [
        "counters",
        "statements",
        "jobs",
        "webhooks",
        "keys",
    ]
    (revision,) = [one for one in found["findings"] if one["check"] == "revision"]
    assert (revision["subject"], revision["command"]) == ("0013", "leadgraph migrate")


async def test_a_report_that_cannot_run_exits_with_2(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADGRAPH_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    result = await command("doctor")
    assert getattr(result.exception, "exit_code", None) == 2
