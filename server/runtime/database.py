"""The PostgreSQL of the commands: the embedded one, or the one of LEADGRAPH_DATABASE_URL."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from db.embedded import EmbeddedError, EmbeddedPostgres
from db.engine import databases, migrations
from db.engine.pool import Pool, open_pool
from db.integrity import backfill
from server.runtime.errors import CommandError
from server.runtime.settings import Settings

OLDEST_VERSION = 15
DATABASE = "leadgraph"


@contextmanager
def running_database(settings: Settings) -> Iterator[str]:
    """Yield the URL of a running PostgreSQL. The embedded PostgreSQL runs during the context."""
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
        asyncio.run(_check(url))
        yield url
        return
    embedded = EmbeddedPostgres(settings.home / "postgres")
    try:
        with embedded.running():
            asyncio.run(databases.ensure(embedded.url("postgres"), DATABASE))
            yield embedded.url(DATABASE)
    except EmbeddedError as problem:
        raise CommandError(str(problem)) from problem


@contextmanager
def migrated_database(settings: Settings) -> Iterator[str]:
    """Yield the URL of a running, migrated PostgreSQL. Raise `CommandError` unless it is at the newest revision."""
    with running_database(settings) as url:
        try:
            asyncio.run(migrations.require_head(url))
        except migrations.PendingRevisionsError as pending:
            raise CommandError(
                f"The database is at revision {pending}, but this release requires {migrations.head()}. "
                "Run `leadgraph migrate`."
            ) from pending
        except migrations.UnknownRevisionError as unknown:
            raise CommandError(_unknown_revision(unknown)) from unknown
        yield url


def migrate(url: str) -> None:
    try:
        asyncio.run(migrations.upgrade(url))
    except migrations.UnknownRevisionError as unknown:
        raise CommandError(_unknown_revision(unknown)) from unknown


def require_filled(url: str) -> None:
    """Raise `CommandError` unless the rows of earlier releases are filled."""
    if asyncio.run(_pending(url)):
        raise CommandError(
            "Rows of an earlier release are not filled yet. Run `leadgraph counters backfill`. "
            "Servers of the previous release can run meanwhile."
        )


async def _pending(url: str) -> list[str]:
    async with await _one_connection(url) as pool:
        return await backfill.pending(pool)


def fill(url: str) -> None:
    asyncio.run(_fill(url))


async def _fill(url: str) -> None:
    async with await _one_connection(url) as pool:
        for table in await backfill.pending(pool):
            async for _ in backfill.fill(pool, table):
                pass


async def _one_connection(url: str) -> Pool:
    """Open a pool of one connection for long statements."""
    return await open_pool(url, size=1, statement_timeout_seconds=3600)


def _unknown_revision(unknown: Exception) -> str:
    return (
        f"The database is at revision {unknown}, which is unknown to this release (newest: {migrations.head()}). "
        "Use the release that wrote the data, or another database or data folder."
    )


def without_password(url: str) -> str:
    """Return the URL without its password, for messages."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    user = f"{parts.username}@" if parts.username else ""
    return urlunsplit(parts._replace(netloc=user + host))


async def _check(url: str) -> None:
    """Raise `CommandError` unless a PostgreSQL of a supported version responds at the URL."""
    if urlsplit(url).scheme not in {"postgresql", "postgres"}:
        raise CommandError(
            "LEADGRAPH_DATABASE_URL must have the form postgresql://user:password@host:5432/database."
        )
    try:
        major = await databases.server_major(url)
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as failure:
        reason = str(failure) or type(failure).__name__
        raise CommandError(
            f"Cannot use the PostgreSQL of LEADGRAPH_DATABASE_URL ({without_password(url)}): {reason}. "
            "Correct the URL, or unset it to use the embedded PostgreSQL."
        ) from failure
    if major < OLDEST_VERSION:
        raise CommandError(
            f"LEADGRAPH_DATABASE_URL points to PostgreSQL {major}. Leadgraph requires version {OLDEST_VERSION} or newer."
        )
