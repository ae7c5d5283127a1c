"""`leadgraph preflight`: what the migration will do, and what stands in its way."""

import json
import os
import time
from pathlib import Path
from typing import Any

import asyncpg

from db.engine import migrations
from db.engine.pool import Pool
from tests.support.command import Command


async def report(command: Command, *options: str) -> tuple[int, dict[str, Any]]:
    done = await command("preflight", "--json", *options)
    return done.exit_code, json.loads(done.stdout)


async def test_nothing_stands_in_the_way_of_a_migrated_database(command: Command) -> None:
    code, found = await report(command)
    assert (code, found["findings"], found["pending"]) == (0, [], [])
    assert found["revision"] == found["newestRevision"] == migrations.head()
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
        file.touch()
        os.utime(file, (time.time(), time.time() - hours * 3600))
    assert (await report(command, "--backup", str(tmp_path)))[0] == 0
    assert (await report(command, "--backup", str(new), "--backup-hours", "1"))[0] == 1
    code, found = await report(command, "--backup", str(old))
    assert (code, found["findings"]) == (
        1,
        ["The newest backup is 30.0 hours old: make one with `leadgraph backup` first."],
    )
    failed = await command("preflight", "--backup", str(tmp_path / "none"))
    assert failed.exception.exit_code == 2  # type: ignore[union-attr]
    assert str(failed.exception) == f"{tmp_path / 'none'} is no backup: pass a file, or a folder with files."


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
