"""`leadgraph preflight`: what the migration will do, and what stands in its way."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from db.engine import migrations, revisions
from db.engine.pool import Pool
from tests.support.backups import rewrite_manifest
from tests.support.command import Command
from tests.support.databases import role_without_rights


async def report(command: Command, *options: str) -> tuple[int, dict[str, Any]]:
    done = await command("preflight", "--json", *options)
    return done.exit_code, json.loads(done.stdout)


async def test_nothing_stands_in_the_way_of_a_migrated_database(command: Command) -> None:
    code, found = await report(command)
    assert (code, found["findings"], found["pending"]) == (0, [], [])
    assert found["revision"] == found["newestRevision"] == revisions.head()
    assert found["freeDiskBytes"] > 1_000_000  # the server of the tests runs on this machine
    assert found["backupAgeSeconds"] is None
    done = await command("preflight")
    assert done.stdout.splitlines()[-2:] == ["Newest backup: unknown.", "Nothing stands in the way."]


async def test_pending_revisions_name_their_locks_and_the_sizes_of_their_tables(
    database_url: str, command: Command
) -> None:
    await migrations.downgrade(database_url, "0011")
    code, found = await report(command)
    assert (code, found["revision"]) == (0, "0011")
    assert [pending["revision"] for pending in found["pending"]][:3] == ["0012", "0013", "0014"]
    assert found["pending"][0]["title"].startswith("Add the rule that makes leads by itself")
    locks = {lock["table"]: lock for lock in found["pending"][0]["locks"]}
    assert {table: (lock["mode"], lock["blocks"], lock["readsTable"]) for table, lock in locks.items()} == {
        "keywords": ("ACCESS EXCLUSIVE", "reads and writes", True),
        "leads": ("SHARE UPDATE EXCLUSIVE", "nothing", True),
        "mentions": ("ACCESS EXCLUSIVE", "reads and writes", False),
    }
    assert all(lock["bytes"] > 0 and lock["rows"] == 0 for lock in locks.values())
    assert found["neededDiskBytes"] == max(
        lock["bytes"] for pending in found["pending"] for lock in pending["locks"] if lock["readsTable"]
    )
    assert await migrations.current(database_url) == "0011"
    done = await command("preflight")
    assert "      leads" in done.stdout
    assert "SHARE UPDATE EXCLUSIVE  blocks nothing" in done.stdout


async def test_open_transactions_and_another_migration_are_findings(
    database_url: str, command: Command
) -> None:
    other = await asyncpg.connect(database_url, server_settings={"application_name": "report"})
    try:
        async with other.transaction():
            await other.execute("SELECT 'a secret'")
            await other.execute("SELECT pg_advisory_lock($1)", migrations.LOCK)
            code, found = await report(command, "--longest-transaction", "0")
    finally:
        await other.close()
    assert code == 1
    assert found["findings"][0] == "Another migration of this database runs: wait for its end."
    assert "program report, idle in transaction): index builds wait for its end." in found["findings"][1]
    assert "secret" not in str(found)
    assert len(found["findings"]) == 2


async def test_an_old_backup_is_a_finding(command: Command, tmp_path: Path) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    for file, hours in ((new, 2), (old, 30)):
        assert (await command("backup", str(file))).exit_code == 0
        made_at = datetime.now(UTC) - timedelta(hours=hours)
        rewrite_manifest(file, partial(dict.update, created_at=made_at.isoformat()))
    for other in ("log", "killed.backup.new"):
        (tmp_path / other).write_bytes(new.read_bytes()[:-1])
    code, found = await report(command, "--backup", str(tmp_path))
    assert (code, round(found["backupAgeSeconds"] / 3600)) == (0, 2)
    assert (await report(command, "--backup", str(new), "--backup-hours", "1"))[0] == 1
    code, found = await report(command, "--backup", str(old))
    assert (code, found["findings"]) == (
        1,
        ["The newest backup is 30.0 hours old: make one with `leadgraph backup` first."],
    )
    failed = await command("preflight", "--backup", str(tmp_path / "none"))
    assert failed.exception.exit_code == 2  # type: ignore[union-attr]
    sentence = "is no backup: pass a file of `leadgraph backup`, or a folder with such files."
    assert str(failed.exception) == f"{tmp_path / 'none'} {sentence}"
    (tmp_path / "empty").mkdir()
    failed = await command("preflight", "--backup", str(tmp_path / "empty"))
    assert str(failed.exception) == f"{tmp_path / 'empty'} {sentence}"


async def test_a_damaged_backup_is_a_finding_however_new_it_is(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "leadgraph.backup"
    assert (await command("backup", str(file))).exit_code == 0
    whole = file.read_bytes()
    file.write_bytes(b"X" + whole[1:])
    for place in (file, tmp_path):
        code, found = await report(command, "--backup", str(place))
        assert (code, found["backupAgeSeconds"]) == (1, None)
        assert found["findings"][0].startswith(f"{file} is damaged (the SHA-256 of its first ")
    file.write_bytes(whole[:-1])
    code, found = await report(command, "--backup", str(file))
    assert (code, found["findings"]) == (
        1,
        [f"{file} is not a backup of Leadgraph, or it is truncated: use another backup."],
    )


CHANGED_TABLES = (
    "analysis_results",
    "api_keys",
    "export_parts",
    "exports",
    "integration_logs",
    "integrations",
    "keywords",
    "leads",
    "mentions",
    "users",
)


async def test_missing_privileges_and_a_read_only_database_are_findings(
    pool: Pool, database_url: str, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrations.downgrade(database_url, "0013")
    async with role_without_rights(pool, database_url) as weak:
        monkeypatch.setenv("LEADGRAPH_DATABASE_URL", weak)
        code, found = await report(command)
        lacks, owner = (
            "The role of the database lacks the privilege",
            ": use the role that owns the database.",
        )
        assert (code, found["findings"]) == (
            1,
            [
                f"{lacks} to create tables in the schema public{owner}",
                # The tables that the revisions after 0013 change.
                *(f"{lacks} to own the table {table}{owner}" for table in CHANGED_TABLES),
            ],
        )
        refused = await command("migrate")
        assert str(refused.exception).startswith(
            "The role of the database lacks a privilege (must be owner of"
        )
    monkeypatch.setenv("LEADGRAPH_DATABASE_URL", f"{database_url}?default_transaction_read_only=on")
    code, found = await report(command)
    assert (code, found["findings"]) == (
        1,
        [
            "The database accepts no writes: turn default_transaction_read_only off for the database and its role."
        ],
    )


async def test_a_database_that_does_not_support_this_release_is_refused(pool: Pool, command: Command) -> None:
    await pool.execute("UPDATE alembic_version SET version_num = 'ffff'")
    code, found = await report(command)
    assert (code, found["revision"], found["pending"]) == (0, "ffff", [])
    await pool.execute("UPDATE schema_support SET oldest_revision = 'ffff'")
    failed = await command("preflight")
    assert failed.exception.exit_code == 2  # type: ignore[union-attr]
    assert str(failed.exception).startswith(
        "The database is at revision ffff, which does not support this release"
    )
