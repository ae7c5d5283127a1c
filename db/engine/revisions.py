"""The revisions of this release and of a database, read without Alembic: a server does not load it to start."""

import re
from functools import cache
from pathlib import Path
from typing import Final

from db.engine.databases import connected
from db.engine.pool import Connection, Pool

_HEADER: Final = re.compile(r'^(revision|down_revision) = (?:"([^"]+)"|None)$', re.MULTILINE)


class UnsupportedReleaseError(Exception):
    """The database is at a revision of another release, and lacks what this release needs."""


class PendingRevisionsError(Exception):
    """The database is older than this release."""


def scripts() -> Path:
    """Return the folder of revisions, in the installed package or in the source tree."""
    installed = Path(__file__).parents[1] / "_migrations"
    return installed if installed.exists() else Path(__file__).parents[2] / "alembic"


@cache
def parents() -> dict[str, str | None]:
    """Return the revisions of this release, each with the revision before it."""
    headers = [
        {name: revision or None for name, revision in _HEADER.findall(path.read_text("utf-8"))}
        for path in (scripts() / "versions").glob("*.py")
    ]
    return {str(header["revision"]): header["down_revision"] for header in headers}


def head() -> str:
    """Return the newest revision of this release."""
    (newest,) = parents().keys() - set(parents().values())
    return newest


def is_known(revision: str) -> bool:
    """Return whether this release contains the revision."""
    return revision in parents()


async def current(database: Connection | Pool) -> str | None:
    """Return the revision of the database, or None for a database without a revision."""
    if await database.fetchval("SELECT to_regclass('alembic_version')") is None:
        return None
    found: str | None = await database.fetchval("SELECT version_num FROM alembic_version")
    return found


async def require_supported(url: str) -> None:
    """Raise an error unless this release may run on the schema of the database.

    Its revision is the newest of this release, or a newer one that supports this release. Otherwise, raise
    `PendingRevisionsError` or `UnsupportedReleaseError`.
    """
    revision = await supported_revision(url)
    if revision != head() and (revision is None or is_known(revision)):
        raise PendingRevisionsError(revision or "none")


async def supported_revision(url: str) -> str | None:
    """Return the revision of the database. Raise `UnsupportedReleaseError` if this release cannot use it."""
    async with connected(url) as connection:
        revision = await current(connection)
        if revision is not None and not is_known(revision) and not await _supports_this_release(connection):
            raise UnsupportedReleaseError(revision)
        return revision


async def _supports_this_release(connection: Connection) -> bool:
    """Return whether the release with the oldest supported revision is this one, or an earlier one.

    This release knows its own revisions and all earlier ones.
    """
    if await connection.fetchval("SELECT to_regclass('schema_support')") is None:
        return False
    oldest = await connection.fetchval("SELECT max(oldest_revision) FROM schema_support")
    return oldest is not None and is_known(oldest)
