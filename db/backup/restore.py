"""Restore a backup: into an empty database, or beside a database that the restored one replaces."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote, unquote, urlsplit

from db.backup.archive import Manifest
from db.backup.contents import SCHEMA, TableContents, has_tables, read_contents
from db.backup.dump import connected
from db.backup.error import BackupError
from db.backup.programs import ClientPrograms
from db.engine.pool import Connection
from db.integrity import feed

MAINTENANCE = "postgres"
"""The database of a connection that renames other databases."""
JOBS = 4
_LONGEST_NAME = 40
_NOT_RESTORED = re.compile(
    rf"^\d+; \d+ \d+ (?:SCHEMA - {SCHEMA}|(?:POLICY|ROW SECURITY) {SCHEMA}) ", re.MULTILINE
)
"""Each database has the schema. Policies need a role that the server may lack: `leadgraph migrate` creates both."""


async def restore(url: str, programs: ClientPrograms, file: Path, manifest: Manifest) -> None:
    """Restore the file into the empty database in one transaction, and verify its contents.

    Raise `BackupError` if the database is not empty, or if pg_restore fails. The database is then unchanged. Raise it also
    if the restored rows differ from the manifest.
    """
    async with connected(url) as connection:
        if await has_tables(connection):
            raise BackupError(
                f"The database {name_of(url)} has tables already: pass --replace to put the backup in its place, or "
                "restore into an empty database."
            )
    await _pg_restore(url, programs, file, "--single-transaction")
    await _finish(url, manifest)


async def restore_and_replace(url: str, programs: ClientPrograms, file: Path, manifest: Manifest) -> str:
    """Restore the file into a new database, verify it, and exchange the names of both databases.

    Return the new name of the replaced database. Raise `BackupError` if a step fails. The database is then unchanged.
    """
    name, at = name_of(url), datetime.now(UTC).strftime("%Y%m%d_%H%M%S")
    new, replaced = f"{name[:_LONGEST_NAME]}_new_{at}", f"{name[:_LONGEST_NAME]}_until_{at}"
    async with connected(url) as connection:
        await _require_unused(connection, name)
    async with connected(of_database(url, MAINTENANCE)) as connection:
        await connection.execute(f"CREATE DATABASE {_quoted(new)}")
        try:
            await _pg_restore(of_database(url, new), programs, file, f"--jobs={JOBS}")
            await _finish(of_database(url, new), manifest)
            await _require_unused(connection, name)
            async with connection.transaction():
                await connection.execute(f"ALTER DATABASE {_quoted(name)} RENAME TO {_quoted(replaced)}")
                await connection.execute(f"ALTER DATABASE {_quoted(new)} RENAME TO {_quoted(name)}")
        except BaseException:
            await connection.execute(f"DROP DATABASE IF EXISTS {_quoted(new)} WITH (FORCE)")
            raise
    return replaced


async def unfinished(url: str) -> list[str]:
    """Return the databases that killed restores of this database with `restore_and_replace` left."""
    async with connected(url) as connection:
        names = [
            row["datname"] for row in await connection.fetch("SELECT datname FROM pg_database ORDER BY 1")
        ]
    form = re.compile(re.escape(f"{name_of(url)[:_LONGEST_NAME]}_new_") + r"\d{8}_\d{6}")
    return [name for name in names if form.fullmatch(name)]


def name_of(url: str) -> str:
    return unquote(urlsplit(url).path.removeprefix("/"))


def of_database(url: str, name: str) -> str:
    """Return the URL of another database on the server."""
    parts = urlsplit(url)
    question = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}/{quote(name, safe='')}{question}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


async def _require_unused(connection: Connection, name: str) -> None:
    """Raise `BackupError` if other sessions use the database."""
    sessions = await connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid() "
        "AND backend_type = 'client backend'",
        name,
    )
    if sessions:
        raise BackupError(
            f"{sessions} other sessions use the database {name}: stop the servers and workers, and restore again."
        )


async def _pg_restore(url: str, programs: ClientPrograms, file: Path, *options: str) -> None:
    """Run pg_restore. It restores everything except `_NOT_RESTORED`."""
    entries = await programs.run("pg_restore", "--list", file)
    with TemporaryDirectory(prefix="leadgraph-restore-") as folder:
        chosen = Path(folder) / "entries"
        chosen.write_text(_NOT_RESTORED.sub(";\\g<0>", entries))
        await programs.run(
            "pg_restore", "--exit-on-error", "--no-owner", "--no-privileges", f"--use-list={chosen}", *options, file,
            url=url,
        )  # fmt: skip


async def _finish(url: str, manifest: Manifest) -> None:
    """Gather the planner's statistics, compare the contents with the manifest, and renew the change feed.

    Raise `BackupError`.
    """
    async with connected(url) as connection:
        await connection.execute(f"VACUUM (ANALYZE) {', '.join(map(_quoted, manifest.tables))}")
        different = _differences(manifest.tables, await read_contents(connection))
        if not different:
            await feed.renew(connection)
    if different:
        raise BackupError(
            f"The restored rows differ from the backup in {', '.join(different)}: drop the restored database, and use "
            "another backup."
        )


def _differences(expected: Mapping[str, TableContents], found: Mapping[str, TableContents]) -> list[str]:
    return sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
