"""Back up a database while other programs write."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from db.backup.archive import Manifest, add_manifest, measure
from db.backup.contents import SCHEMA, credentials_keys, read_contents
from db.backup.error import BackupError
from db.backup.programs import ClientPrograms
from db.engine.connecting import connect
from db.engine.databases import CONNECT_SECONDS
from db.engine.pool import Connection
from db.engine.private_file import open_private

EXTENSIONS = ("btree_gin", "pg_trgm")
LOCK_SECONDS = 60
"""Time for the locks of pg_dump, which only a change of the schema refuses."""
_SESSION = {
    "application_name": "leadgraph backup",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    # The text of values, which checksums of some columns contain:
    "timezone": "UTC",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
}


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    """Yield a connection without time limits, on which equal values have equal texts."""
    connection: Connection = await connect(url, seconds=CONNECT_SECONDS, server_settings=_SESSION)
    try:
        yield connection
    finally:
        await connection.close()


async def back_up(
    url: str, programs: ClientPrograms, file: Path, *, revision: str, key_text: str | None = None
) -> Manifest:
    """Write a backup to a new file, which only its owner can read, and return its manifest.

    pg_dump and the manifest read the same snapshot, at the same time. The file gets its name when it is complete.

    Raise `BackupError` if the file exists, or if pg_dump fails.
    """
    new = _create(file)
    try:
        manifest = await _dump(url, programs, new, revision)
        await asyncio.to_thread(_finish, new, file, manifest, key_text)
    finally:
        new.unlink(missing_ok=True)
    return manifest


def _create(file: Path) -> Path:
    """Create an empty file beside the file, and return its path. Raise `BackupError` if one of the two exists."""
    if os.path.lexists(file):
        raise BackupError(f"{file} exists already: choose another name, or remove the file.")
    new = file.with_name(f"{file.name}.new")
    try:
        os.close(open_private(new, os.O_RDWR | os.O_EXCL))
    except FileExistsError as error:
        raise BackupError(
            f"{new} exists already: wait for the other backup, or remove the file if that backup was killed."
        ) from error
    except OSError as error:
        raise BackupError(
            f"{new} cannot be created ({error.strerror}): choose another folder, or correct its permissions."
        ) from error
    return new


def _finish(new: Path, file: Path, manifest: Manifest, key_text: str | None) -> None:
    """Append the manifest, and give the file its name, unless a file has that name."""
    try:
        add_manifest(new, manifest, key_text)
        _name(new, file)
    except FileExistsError as error:
        raise BackupError(f"{file} was created meanwhile: choose another name.") from error
    except OSError as error:
        raise BackupError(
            f"{file} cannot be written ({error.strerror}): free space, or choose another folder."
        ) from error


def _name(new: Path, file: Path) -> None:
    """Give the file its name. Raise `FileExistsError` if a file has that name."""
    try:
        os.link(new, file)  # unlike a renaming, a link never replaces a file
    except FileExistsError:
        raise
    except OSError:  # a file system without links, such as a network share
        os.close(open_private(file, os.O_RDWR | os.O_EXCL))
        new.replace(file)


async def _dump(url: str, programs: ClientPrograms, file: Path, revision: str) -> Manifest:
    async with (
        connected(url) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
        dumping = asyncio.create_task(programs.run("pg_dump", *_options(file, snapshot), url=url))
        try:
            tables, keys = await read_contents(connection), await credentials_keys(connection)
            await dumping
        finally:
            dumping.cancel()
            await asyncio.wait({dumping})
    size, digest = await asyncio.to_thread(measure, file)
    return Manifest(revision, programs.major, tables, keys, size, digest)


def _options(file: Path, snapshot: str) -> list[str]:
    return [
        "--format=custom",
        f"--file={file}",
        f"--snapshot={snapshot}",
        f"--schema={SCHEMA}",
        *(f"--extension={name}" for name in EXTENSIONS),
        "--no-owner",
        "--no-privileges",
        "--no-comments",
        f"--lock-wait-timeout={LOCK_SECONDS}s",
    ]
