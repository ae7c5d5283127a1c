"""The PostgreSQL of the commands: the embedded one, or the one of LEADGRAPH_DATABASE_URL."""

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from db.embedded import EmbeddedError, EmbeddedPostgres
from db.engine import databases, poolers, revisions
from db.engine.outage import OutageError, is_read_only, is_too_slow, is_unavailable, refused_privilege
from db.engine.pool import Pool, open_pool
from db.integrity import backfill
from server.runtime.addresses import without_password, without_secrets
from server.runtime.errors import CommandError
from server.runtime.settings import Settings

logger = logging.getLogger("leadgraph")

UNUSABLE = (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""The failures of an address that cannot be used."""
OLDEST_VERSION = 15
RETRY_SECONDS = 0.5
_WRONG_LOGIN = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)
"""Refusals that no waiting mends: of the role, of the password, and of the name of the database."""
DATABASE = "leadgraph"


@contextmanager
def running_database(settings: Settings, *, wait_seconds: float = 0) -> Iterator[str]:
    """Yield the URL of a running PostgreSQL. The embedded PostgreSQL runs during the context.

    Wait up to `wait_seconds` for another PostgreSQL that does not answer, or still recovers. Raise `CommandError` if the database is or becomes unavailable.
    """
    with explained(settings), _found_database(settings, wait_seconds) as url:
        yield url


@contextmanager
def explained(settings: Settings) -> Iterator[None]:
    """Raise `CommandError` instead of failures that the database causes."""
    try:
        yield
    except Exception as failure:
        sentence = None if isinstance(failure, CommandError) else _sentence(failure, settings)
        if sentence is None:
            raise
        raise CommandError(sentence) from failure


def _sentence(failure: Exception, settings: Settings) -> str | None:
    """Return a sentence about a failure that the database causes, or None for other failures."""
    if poolers.refuses_parameter(failure):
        return (
            f"The pooler of LEADGRAPH_DATABASE_URL refuses a setting of sessions ({reason_of(failure, '')}): set "
            "LEADGRAPH_DIRECT_DATABASE_URL to the address of PostgreSQL itself, so that none is sent to the pooler."
        )
    if is_read_only(failure):
        return "The database accepts no writes now: connect to the primary server, or try again later."
    if is_unavailable(failure) or isinstance(failure, TimeoutError):
        url = "" if settings.database_url is None else settings.database_url.reveal()
        return f"The database is unavailable ({reason_of(failure, url)}): check the server, and try again."
    if refused := refused_privilege(failure):
        return (
            f"The role of the database lacks a privilege ({refused}): use the role that owns the tables, or "
            "grant the privilege."
        )
    if is_too_slow(failure):
        return (
            "A statement exceeded its time limit and was rolled back: try again when other programs are done."
        )
    return None


def reason_of(failure: Exception, url: str) -> str:
    """Return the first line of the failure, without the password of the address and without a full stop."""
    if isinstance(failure, asyncpg.TargetServerAttributeNotMatched):
        return "no host of the address is a primary that accepts writes"
    text = (
        "it does not answer" if isinstance(failure, TimeoutError) else str(failure) or type(failure).__name__
    )
    return without_secrets(text.partition("\n")[0], url).rstrip(".")


@contextmanager
def _found_database(settings: Settings, wait_seconds: float) -> Iterator[str]:
    if settings.database_url is not None:
        yield _checked(settings, wait_seconds)
        return
    embedded = EmbeddedPostgres(settings.home / "postgres")
    try:
        with embedded.running():
            asyncio.run(databases.ensure(embedded.url("postgres"), DATABASE))
            yield embedded.url(DATABASE)
    except EmbeddedError as problem:
        raise CommandError(str(problem)) from problem


def _checked(settings: Settings, wait_seconds: float) -> str:
    """Return the address that leads to PostgreSQL without a pooler. Raise `CommandError` if it cannot be used."""
    direct = settings.direct_database_url
    address = settings.database_url if direct is None else direct
    variable = "LEADGRAPH_DATABASE_URL" if direct is None else "LEADGRAPH_DIRECT_DATABASE_URL"
    url = "" if address is None else address.reveal()
    asyncio.run(_check(url, variable, wait_seconds))
    return url


@contextmanager
def migrated_database(settings: Settings, *, wait_seconds: float = 0) -> Iterator[str]:
    """Yield the URL of a running PostgreSQL with a schema that this release supports. Otherwise, raise `CommandError`.

    Wait for the PostgreSQL like `running_database`.
    """
    with running_database(settings, wait_seconds=wait_seconds) as url:
        try:
            asyncio.run(revisions.require_supported(url))
        except revisions.PendingRevisionsError as pending:
            raise CommandError(
                f"The database is at revision {pending}, but this release requires {revisions.head()}. "
                "Run `leadgraph migrate`."
            ) from pending
        except revisions.UnsupportedReleaseError as revision:
            raise CommandError(unsupported(revision)) from revision
        yield url


def require_filled(url: str) -> None:
    """Raise `CommandError` unless the rows of earlier releases are filled."""
    if asyncio.run(_pending(url)):
        raise CommandError(
            "Rows of an earlier release are not filled yet. Run `leadgraph counters backfill`. "
            "Servers of the previous release can run meanwhile."
        )


async def _pending(url: str) -> list[str]:
    async with databases.connected(url) as connection:  # a pool would ask for the types of the database first
        return await backfill.pending(connection)


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


def unsupported(revision: Exception) -> str:
    return (
        f"The database is at revision {revision}, which does not support this release (newest: {revisions.head()}). "
        "Use the release that wrote the data, or another database or data folder."
    )


async def _check(url: str, variable: str, wait_seconds: float) -> None:
    """Raise `CommandError` unless a PostgreSQL of a supported version responds at the URL, or will within the time."""
    try:
        major, has_sessions = await _examined(url, wait_seconds)
    except UNUSABLE as failure:
        waited = f" after {wait_seconds:g} seconds" if wait_seconds and may_end(failure) else ""
        raise CommandError(
            f"Cannot use the PostgreSQL of {variable} ({without_password(url)}){waited}: "
            f"{reason_of(failure, url)}. Correct the URL, or unset it to use the embedded PostgreSQL."
        ) from failure
    if major < OLDEST_VERSION:
        raise CommandError(
            f"{variable} points to PostgreSQL {major}. Leadgraph requires version {OLDEST_VERSION} or newer."
        )
    if not has_sessions:
        raise CommandError(
            f"{variable} leads to a pooler in transaction mode, such as PgBouncer. Set LEADGRAPH_DIRECT_DATABASE_URL to the "
            "address of PostgreSQL itself, for migrations, jobs and notifications."
        )


async def require_same_database(settings: Settings, direct_url: str) -> None:
    """Raise `CommandError` unless the pooler of the settings leads to the database of the other address."""
    url = _pooled(settings)
    if url is None:
        return
    try:
        is_same = await poolers.are_same(url, direct_url, answer_seconds=settings.answer_timeout_seconds)
    except (*UNUSABLE, OutageError) as failure:
        raise CommandError(
            f"Cannot use the pooler of LEADGRAPH_DATABASE_URL ({without_password(url)}): {reason_of(failure, url)}. Correct the "
            "URL or the pooler."
        ) from failure
    if not is_same:
        raise CommandError(
            "LEADGRAPH_DATABASE_URL and LEADGRAPH_DIRECT_DATABASE_URL lead to different databases. Correct one of them."
        )


def _pooled(settings: Settings) -> str | None:
    if settings.direct_database_url is None or settings.database_url is None:
        return None
    return settings.database_url.reveal()


def requests_url(settings: Settings, url: str) -> tuple[str, str | None]:
    """Return the address for requests, and the direct one if the first leads to a pooler."""
    pooled = _pooled(settings)
    return (url, None) if pooled is None else (pooled, url)


async def _examined(url: str, wait_seconds: float) -> poolers.Server:
    """Return the server's version, and whether it keeps sessions. Try again until the time is over, with one line in the log."""
    until, is_first = time.monotonic() + wait_seconds, True
    while True:
        try:
            return await poolers.examined(url)
        except UNUSABLE as failure:
            if not may_end(failure) or time.monotonic() + RETRY_SECONDS > until:
                raise
            if is_first:
                logger.warning(
                    "The database is unavailable (%s): waiting up to %g seconds",
                    reason_of(failure, url),
                    wait_seconds,
                )
            is_first = False
        await asyncio.sleep(RETRY_SECONDS)


def may_end(failure: BaseException) -> bool:
    """Return whether the failure may end without a correction: no connection, no answer, start or recovery."""
    if isinstance(failure, _WRONG_LOGIN):
        return False
    return isinstance(failure, TimeoutError) or is_unavailable(failure)
