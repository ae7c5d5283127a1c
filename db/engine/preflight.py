"""Facts about a database before its migration: pending revisions and their locks, sizes, and who is in the way."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg

from db.engine import migrations, revisions
from db.engine.databases import connected
from db.engine.revision_locks import TableLock, statements_of, strongest_locks

LONGEST_SECONDS = 60.0
"""Age from which an open transaction is reported: an index build would wait for its end."""

_SIZES = """
SELECT class.relname, sum(pg_total_relation_size(part.oid))::bigint AS bytes, sum(greatest(part.reltuples, 0))::bigint AS rows
FROM pg_class AS class JOIN pg_class AS part ON part.oid = class.oid AND class.relkind = 'r'
    OR part.relkind = 'r' AND part.oid IN (SELECT relid FROM pg_partition_tree(class.oid)) AND class.relkind = 'p'
WHERE class.relkind IN ('r', 'p') AND class.relnamespace = current_schema()::regnamespace
GROUP BY class.oid, class.relname
"""
# An index build waits for the snapshots of transactions in the same database; locks are those of transactions with writes.
_OLD_TRANSACTIONS = """
SELECT pid, coalesce(usename, '') AS role, application_name AS program, coalesce(state, '') AS state,
    extract(epoch FROM clock_timestamp() - xact_start)::float AS seconds
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
    AND clock_timestamp() - xact_start >= make_interval(secs => $1)
ORDER BY xact_start
"""
_PREPARED = "SELECT gid FROM pg_prepared_xacts WHERE database = current_database() ORDER BY prepared"
_MIGRATES = """
SELECT EXISTS (
    SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (classid::bigint << 32) | objid::bigint = $1
)
"""
_EXTENSION: Final = re.compile(r"^CREATE EXTENSION IF NOT EXISTS (\w+)")
_MISSING = (
    "SELECT name FROM unnest($1::text[]) AS name WHERE name NOT IN (SELECT name FROM pg_available_extensions)"
)
# A trusted extension needs the privilege CREATE on the database, unless it is installed.
_PRIVILEGES = """
SELECT 'to create tables in the schema ' || current_schema() AS problem
WHERE NOT has_schema_privilege(current_schema(), 'CREATE')
UNION ALL
(
    SELECT 'to own the table ' || relname FROM pg_class
    WHERE relname = ANY ($1::text[]) AND relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
    AND NOT pg_has_role(relowner, 'USAGE') ORDER BY relname
)
UNION ALL
SELECT 'to create extensions in the database ' || current_database()
WHERE NOT has_database_privilege(current_database(), 'CREATE')
AND EXISTS (SELECT FROM unnest($2::text[]) AS name WHERE name NOT IN (SELECT extname FROM pg_extension))
"""
_DATA_FOLDER = (
    "SELECT current_setting('data_directory') AS folder, "
    "extract(epoch FROM pg_postmaster_start_time())::float AS started_at"
)
_SAME_START_SECONDS = 5
_ARCHIVED = "SELECT extract(epoch FROM clock_timestamp() - last_archived_time)::float FROM pg_stat_archiver"


@dataclass(frozen=True, slots=True)
class PendingRevision:
    """A revision that the migration will apply, with the locks of tables that exist now."""

    revision: str
    title: str
    locks: list[TableLock]


@dataclass(frozen=True, slots=True)
class TableSize:
    """The size of a table with its indexes. The number of rows is PostgreSQL's estimate."""

    bytes: int
    rows: int


@dataclass(frozen=True, slots=True)
class OldTransaction:
    """A transaction that is open for long."""

    pid: int
    role: str
    program: str
    state: str
    seconds: float


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """The facts. `None` means that the database does not tell them."""

    revision: str | None
    pending: list[PendingRevision]
    sizes: dict[str, TableSize]
    free_disk_bytes: int | None
    old_transactions: list[OldTransaction]
    prepared_transactions: list[str]
    missing_extensions: list[str]
    read_only: bool
    is_standby: bool
    missing_privileges: list[str]
    """Privileges that the role lacks for the pending revisions, such as `to own the table leads`."""
    migration_runs: bool
    archived_seconds_ago: float | None


async def database_facts(url: str, *, longest_seconds: float = LONGEST_SECONDS) -> DatabaseFacts:
    """Return the facts. Raise `UnsupportedReleaseError` for a database that this release cannot use."""
    revision = await revisions.supported_revision(url)
    scripts = migrations.after(revision) if revision is None or revisions.is_known(revision) else []
    sql = {script: migrations.sql_of(script) for script in scripts}
    async with connected(url) as connection:
        sizes = {
            row["relname"]: TableSize(row["bytes"], row["rows"]) for row in await connection.fetch(_SIZES)
        }
        pending = [
            PendingRevision(
                script.revision,
                script.doc,
                [lock for lock in strongest_locks(sql[script]) if lock.table in sizes],
            )
            for script in scripts
        ]
        extensions = [
            found[1]
            for text in sql.values()
            for statement in statements_of(text)
            if (found := _EXTENSION.match(statement))
        ]
        return DatabaseFacts(
            revision,
            pending,
            sizes,
            await _free_disk_bytes(connection),
            [OldTransaction(**row) for row in await connection.fetch(_OLD_TRANSACTIONS, longest_seconds)],
            [row["gid"] for row in await connection.fetch(_PREPARED)],
            [row["name"] for row in await connection.fetch(_MISSING, extensions)],
            await connection.fetchval("SELECT current_setting('transaction_read_only')::boolean"),
            await connection.fetchval("SELECT pg_is_in_recovery()"),
            [row["problem"] for row in await connection.fetch(_PRIVILEGES, _locked(pending), extensions)]
            if pending
            else [],
            await connection.fetchval(_MIGRATES, migrations.LOCK),
            await connection.fetchval(_ARCHIVED),
        )


def _locked(pending: list[PendingRevision]) -> list[str]:
    return sorted({lock.table for revision in pending for lock in revision.locks})


async def _free_disk_bytes(connection: "asyncpg.Connection[asyncpg.Record]") -> int | None:
    """Return the free space of the database's data folder if the folder is on this machine and readable."""
    try:
        row = await connection.fetchrow(_DATA_FOLDER)
    except asyncpg.InsufficientPrivilegeError:
        return None
    folder, started_at = Path(row["folder"]), row["started_at"]  # type: ignore[index]
    try:
        # The same path may exist on another machine, so compare the start of the server.
        noted = float((folder / "postmaster.pid").read_text().splitlines()[2])
        return shutil.disk_usage(folder).free if abs(noted - started_at) < _SAME_START_SECONDS else None
    except (OSError, ValueError, IndexError):
        return None
