"""Archives of a person's rows: a ZIP file with one file of JSON lines per table, and an explanation."""

import errno
import os
import zipfile
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from db.engine.pool import Pool
from db.models import User
from db.persons import finding, rows
from db.persons.person import Person

README: Final = "README.txt"
_HEAD: Final = """The data of one person in Leadgraph. Each file has the rows of one table, one JSON object per line.
Secrets and their hashes are left out. Files without rows are left out.

"""

_OF_DISKS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS})
"""Errors of a disk, as opposed to those of the connection to the database."""

Tables = AsyncIterator[tuple[str, AsyncIterator[str]]]


class ArchiveError(Exception):
    """The file cannot be written. The message says why."""


async def export_user(pool: Pool, user: User, file: Path) -> Counter[str]:
    """Write all rows of the user to a new file, from one snapshot. Return the number of rows by table.

    Raise `ArchiveError` for an existing file, or one that cannot be written.
    """
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        return await _write(file, rows.of_user(connection, user.id))


async def export_author(pool: Pool, person: Person, file: Path) -> Counter[str]:
    """Write the person's posts and leads in the data of all users to a new file, from one snapshot.

    Return the number of rows by table. Raise `ArchiveError` for an existing file, or one that cannot be written.
    """
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        ids = [id_ async for found in finding.find(connection, person) for id_ in found.mention_ids]
        return await _write(file, rows.of_mentions(connection, ids))


async def _write(file: Path, tables: Tables) -> Counter[str]:
    """Write the archive. A failure leaves no file. Raise `ArchiveError` if it cannot be written."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as problem:
        raise ArchiveError(
            f"{file} cannot be created ({problem.strerror}): choose another name."
        ) from problem
    try:
        with os.fdopen(descriptor, "wb") as out, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            return await _write_tables(archive, tables)
    except BaseException as problem:
        os.unlink(file)  # noqa: PTH108 - of a command, which may block
        if isinstance(problem, OSError) and problem.errno in _OF_DISKS:
            raise ArchiveError(
                f"{file} cannot be written ({problem.strerror}): make room, or choose another folder."
            ) from problem
        raise


async def _write_tables(archive: zipfile.ZipFile, tables: Tables) -> Counter[str]:
    written: Counter[str] = Counter()
    async for table, lines in tables:
        first = await anext(lines, None)
        if first is None:
            continue
        with archive.open(f"{table}.ndjson", "w", force_zip64=True) as part:
            part.write(f"{first}\n".encode())
            written[table] = 1
            async for line in lines:
                part.write(f"{line}\n".encode())
                written[table] += 1
    sentences = rows.explained()
    listed = "".join(f"{table}.ndjson ({n:,} rows): {sentences[table]}\n" for table, n in written.items())
    archive.writestr(README, _HEAD + listed)
    return written
