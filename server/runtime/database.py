"""Which PostgreSQL the commands use: the embedded one, or the one that LEADGRAPH_DATABASE_URL names."""

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
    """The URL of a PostgreSQL that answers. The embedded one runs as long as somebody is inside."""
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
    """The same, refused with one sentence unless the database is at this release's newest revision."""
    with running_database(settings) as url:
        try:
            asyncio.run(migrations.require_head(url))
        except migrations.PendingRevisionsError as pending:
            raise CommandError(
                f"The database stands at revision {pending}, this release needs {migrations.head()}: "
                "run `leadgraph migrate`."
            ) from pending
        except migrations.UnknownRevisionError as unknown:
            raise CommandError(_unknown_revision(unknown)) from unknown
        yield url


def migrate(url: str) -> None:
    """Applies the revisions that are missing."""
    try:
        asyncio.run(migrations.upgrade(url))
    except migrations.UnknownRevisionError as unknown:
        raise CommandError(_unknown_revision(unknown)) from unknown


def require_filled(url: str) -> None:
    """Raises `CommandError` where the newest revision keeps something that is not filled in yet."""
    if asyncio.run(_pending(url)):
        raise CommandError(
            "Figures over time are read from roll-ups, and these are not filled in for what was there before "
            "them: run `leadgraph counters backfill`. A server of the release before may go on meanwhile."
        )


async def _pending(url: str) -> list[str]:
    async with await _one_connection(url) as pool:
        return await backfill.pending(pool)


def fill(url: str) -> None:
    """Fills in what is missing."""
    asyncio.run(_fill(url))


async def _fill(url: str) -> None:
    async with await _one_connection(url) as pool:
        for table in await backfill.pending(pool):
            async for _ in backfill.fill(pool, table):
                pass


async def _one_connection(url: str) -> Pool:
    """A connection for a command that works through much data."""
    return await open_pool(url, size=1, statement_timeout_seconds=3600)


def _unknown_revision(unknown: Exception) -> str:
    return (
        f"The database stands at revision {unknown}, which this release does not know (its newest is "
        f"{migrations.head()}): use the release that made the data, or name another database or data folder."
    )


def without_password(url: str) -> str:
    """The URL as it may be printed."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    user = f"{parts.username}@" if parts.username else ""
    return urlunsplit(parts._replace(netloc=user + host))


async def _check(url: str) -> None:
    """Raises `CommandError` unless the URL leads to a PostgreSQL that is new enough."""
    if urlsplit(url).scheme not in {"postgresql", "postgres"}:
        raise CommandError(
            "LEADGRAPH_DATABASE_URL has to look like postgresql://user:password@host:5432/database."
        )
    try:
        major = await databases.server_major(url)
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as reason:
        said = str(reason) or type(reason).__name__
        raise CommandError(
            f"LEADGRAPH_DATABASE_URL ({without_password(url)}) does not lead to a PostgreSQL that can be "
            f"used: {said}. Mend the URL, or unset it to use the embedded PostgreSQL."
        ) from reason
    if major < OLDEST_VERSION:
        raise CommandError(
            f"LEADGRAPH_DATABASE_URL leads to PostgreSQL {major}; Leadgraph needs {OLDEST_VERSION} or newer."
        )
