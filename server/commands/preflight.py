"""`leadgraph preflight`: report whether the database is ready for its migration."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from db.backup.archive import newest_in, read_manifest
from db.backup.error import BackupError
from db.engine import preflight, revisions
from db.engine.preflight import DatabaseFacts
from db.engine.revision_locks import LockMode
from server.runtime.database import require_same_database, running_database, unsupported
from server.runtime.errors import CommandError
from server.runtime.replicas import problems as replica_problems
from server.runtime.settings import Settings, load_settings

HOUR = 3600
_UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def preflight_(
    longest_transaction: Annotated[
        float, typer.Option(min=0, max=86_400, help="Seconds after which an open transaction is reported.")
    ] = preflight.LONGEST_SECONDS,
    backup: Annotated[
        Path | None,
        typer.Option(help="A file of `leadgraph backup`, or a folder of such files.", show_default=False),
    ] = None,
    backup_hours: Annotated[
        float, typer.Option(min=0, max=10_000, help="Hours after which a backup is too old.")
    ] = 24,
    as_json: AsJson = False,
) -> None:
    """Report what `leadgraph migrate` will do, and what stands in its way. Change nothing.

    The exit code is 0 if nothing stands in the way, 1 with a finding, and 2 if the check itself failed.
    """
    try:
        facts, others = _facts(longest_transaction)
        backup_age, unusable = (facts.archived_seconds_ago, None) if backup is None else _age_of(backup)
    except CommandError as problem:
        problem.exit_code = 2
        raise
    findings = list(_findings(facts, backup_age, backup_hours * HOUR))
    findings += [*([] if unusable is None else [unusable]), *others]
    typer.echo(json.dumps(_report(facts, backup_age, findings)) if as_json else _text(facts, backup_age))
    if not as_json:
        for finding in findings or ["Nothing stands in the way."]:
            typer.echo(finding)
    raise typer.Exit(1 if findings else 0)


def _facts(longest_transaction: float) -> tuple[DatabaseFacts, list[str]]:
    """Return the facts, and sentences about a pooler and replicas that cannot be used."""
    settings = load_settings()
    with running_database(settings) as url:
        try:
            facts = asyncio.run(preflight.database_facts(url, longest_seconds=longest_transaction))
            return facts, [*_problem_of_pooler(settings, url), *_problems_of_replicas(settings, url, facts)]
        except revisions.UnsupportedReleaseError as revision:
            raise CommandError(unsupported(revision)) from revision


def _problem_of_pooler(settings: Settings, url: str) -> list[str]:
    try:
        asyncio.run(require_same_database(settings, url))
    except CommandError as problem:
        return [str(problem)]
    return []


def _problems_of_replicas(settings: Settings, url: str, facts: DatabaseFacts) -> list[str]:
    """Return the problems of replicas. Skip a database without the schema."""
    return [] if facts.revision is None else replica_problems(settings, url)


def _age_of(backup: Path) -> tuple[float | None, str | None]:
    """Return the age in seconds of the newest backup, or a sentence about a damaged one.

    Raise `CommandError` if there is no backup.
    """
    file = newest_in(backup) if backup.is_dir() else backup
    if file is None or not file.is_file():
        raise CommandError(
            f"{backup} is no backup: pass a file of `leadgraph backup`, or a folder with such files."
        )
    try:
        made_at = read_manifest(file).made_at
    except BackupError as problem:
        return None, str(problem)
    return (datetime.now(UTC) - made_at).total_seconds(), None


def _findings(facts: DatabaseFacts, backup_age: float | None, oldest_backup: float) -> Iterator[str]:
    if facts.is_standby:
        yield "The database accepts no writes: connect to the primary server."
    elif facts.read_only:
        yield "The database accepts no writes: turn default_transaction_read_only off for the database and its role."
    for privilege in facts.missing_privileges:
        yield f"The role of the database lacks the privilege {privilege}: use the role that owns the database."
    if facts.migration_runs:
        yield "Another migration of this database runs: wait for its end."
    for name in facts.missing_extensions:
        yield f"The extension {name} is not installed on the database server: install PostgreSQL's contrib package."
    for old in facts.old_transactions:
        yield (
            f"A transaction is open for {_seconds(old.seconds)} (process {old.pid}, role {old.role}, program "
            f"{old.program or 'unknown'}, {old.state}): index builds wait for its end. End it, or wait."
        )
    for name in facts.prepared_transactions:
        yield f"The prepared transaction {name} is open: commit it or roll it back."
    if facts.free_disk_bytes is not None and facts.free_disk_bytes < _needed_bytes(facts):
        yield (
            f"The disk has {_size(facts.free_disk_bytes)} free, and an index build may need {_size(_needed_bytes(facts))}: "
            "free space first."
        )
    if backup_age is not None and backup_age > oldest_backup:
        yield f"The newest backup is {_seconds(backup_age)} old: make one with `leadgraph backup` first."


def _needed_bytes(facts: DatabaseFacts) -> int:
    """Return an upper estimate of what index builds write: the size of the largest table that they read."""
    scanned = {lock.table for pending in facts.pending for lock in pending.locks if lock.scans}
    return max((facts.sizes[table].bytes for table in scanned), default=0)


def _report(facts: DatabaseFacts, backup_age: float | None, findings: list[str]) -> dict[str, Any]:
    return {
        "revision": facts.revision,
        "newestRevision": revisions.head(),
        "pending": [
            {
                "revision": pending.revision,
                "title": pending.title,
                "locks": [
                    {
                        "table": lock.table,
                        "mode": _mode(lock.mode),
                        "blocks": lock.mode.blocks,
                        "readsTable": lock.scans,
                        **asdict(facts.sizes[lock.table]),
                    }
                    for lock in pending.locks
                ],
            }
            for pending in facts.pending
        ],
        "freeDiskBytes": facts.free_disk_bytes,
        "neededDiskBytes": _needed_bytes(facts),
        "backupAgeSeconds": backup_age,
        "findings": findings,
    }


def _text(facts: DatabaseFacts, backup_age: float | None) -> str:
    lines = [
        f"The database is at revision {facts.revision or 'none'}, and this release at {revisions.head()}."
    ]
    for pending in facts.pending:
        lines.append(f"{pending.revision}  {pending.title}")
        lines += [
            f"      {lock.table:<20} {_size(facts.sizes[lock.table].bytes):>10}  {_mode(lock.mode):<22}  "
            f"blocks {lock.mode.blocks}"
            for lock in pending.locks
        ]
    free = "unknown" if facts.free_disk_bytes is None else _size(facts.free_disk_bytes)
    lines.append(f"Free disk: {free}. An index build may need {_size(_needed_bytes(facts))}.")
    lines.append(f"Newest backup: {'unknown' if backup_age is None else f'{_seconds(backup_age)} ago'}.")
    return "\n".join(lines)


def _mode(mode: LockMode) -> str:
    return mode.name.replace("_", " ")


def _size(number: float) -> str:
    for unit, name in _UNITS:
        if number >= unit:
            return f"{number / unit:.1f} {name}"
    return f"{number:.0f} bytes"


def _seconds(seconds: float) -> str:
    if seconds >= HOUR:
        return f"{seconds / HOUR:.1f} hours"
    return f"{seconds:.0f} seconds"
