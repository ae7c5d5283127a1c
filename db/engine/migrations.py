"""Migrations: read the revision of a database, upgrade, downgrade, and compare it with the models."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final, TypeVar

from alembic import command
from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from db.engine import revisions
from db.engine.connecting import connect
from db.engine.databases import connected
from db.engine.revisions import is_known, scripts, supported_revision

CONNECT_SECONDS = 10
WAIT_SECONDS = 600
"""Time that a migration waits for another one by default."""
LOCK: Final = 5_499_013_172_208_613
"""The advisory lock of the migration that runs: an arbitrary number."""
_POLL_SECONDS = 0.5
_NO_LOCK: Final = ("55P03", "40P01")
"""The SQLSTATEs of a lock that was not granted: lock_timeout, and a deadlock."""
_TOO_SLOW: Final = "57014"
"""The SQLSTATE of statement_timeout."""

Result = TypeVar("Result")


class MigrationRunsError(Exception):
    """Another migration of the database runs."""


class LockNotGrantedError(Exception):
    """A revision got no lock within its time limit, because other transactions hold it."""


class SlowRevisionError(Exception):
    """A statement of a revision exceeded its time limit."""


def engine_for(url: str) -> AsyncEngine:
    """Return an engine for migrations. It has one connection, which is closed after use.

    The driver reads the URL, as for the other connections: SQLAlchemy does not know its options, such as `sslmode`.
    """
    return create_async_engine(
        "postgresql+asyncpg://",
        poolclass=NullPool,
        async_creator=partial(connect, url, seconds=CONNECT_SECONDS),
    )


def _config(connection: Connection | None = None) -> Config:
    config = Config(
        attributes={"connection": connection}, stdout=io.StringIO()
    )  # commands print their own results
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    return config


def _directory() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def after(revision: str | None) -> list[Script]:
    """Return the revisions of this release after a known one, in order."""
    newest_first = list(_directory().iterate_revisions("head", revision or "base"))
    return newest_first[::-1]


def sql_of(script: Script) -> str:
    """Return the statements of a revision as Alembic's offline mode prints them."""
    printed = io.StringIO()
    config = _config()
    config.output_buffer = printed
    command.upgrade(config, f"{script.down_revision or 'base'}:{script.revision}", sql=True)
    return printed.getvalue().replace("%%", "%")  # the driver's form of a percent sign


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[AsyncConnection]:
    engine = engine_for(url)
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


async def _run(url: str, work: Callable[[Connection], Result]) -> Result:
    async with _connected(url) as connection:
        return await connection.run_sync(work)


async def current(url: str) -> str | None:
    """Return the revision of the database, or None for a database without a revision."""
    async with connected(url) as connection:
        return await revisions.current(connection)


def _ignore() -> None:
    """Do nothing."""


async def upgrade(
    url: str,
    revision: str = "head",
    *,
    wait_seconds: float = WAIT_SECONDS,
    when_waiting: Callable[[], None] = _ignore,
) -> str:
    """Apply the missing revisions, and return the revision of the database.

    A database at a newer revision that supports this release stays as it is. While another migration runs, call
    `when_waiting` once and wait. Raise `MigrationRunsError`, `LockNotGrantedError`, `SlowRevisionError` or
    `UnsupportedReleaseError`.
    """
    async with _alone(url, wait_seconds, when_waiting) as connection:
        at = await supported_revision(url)
        if at is not None and not is_known(at):
            return at
        try:
            await connection.run_sync(lambda sync: command.upgrade(_config(sync), revision))
        except DBAPIError as failure:
            await _explain(url, failure)
            raise
    return await current(url) or "none"


async def _explain(url: str, failure: DBAPIError) -> None:
    """Raise an error with the revision that failed because of a time limit. Return for other failures."""
    state = getattr(failure.orig, "sqlstate", None) or ""
    if state not in {*_NO_LOCK, _TOO_SLOW}:
        return
    failed = after(await current(url))[0].revision
    raise (LockNotGrantedError if state in _NO_LOCK else SlowRevisionError)(failed) from failure


async def downgrade(url: str, revision: str) -> None:
    """Revert the revisions after this one."""
    async with _alone(url, WAIT_SECONDS, _ignore) as connection:
        await connection.run_sync(lambda sync: command.downgrade(_config(sync), revision))


@asynccontextmanager
async def _alone(
    url: str, seconds: float, when_waiting: Callable[[], None]
) -> AsyncIterator[AsyncConnection]:
    """Yield a connection while no other migration runs. Its end releases the lock.

    Ask for the lock again and again: a statement that waits for it would hold a snapshot, and the other migration's
    concurrent index build would wait for that snapshot.
    """
    until = asyncio.get_running_loop().time() + seconds
    is_waiting = False
    async with _connected(url) as connection:
        while not await connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK}):
            await connection.rollback()
            if asyncio.get_running_loop().time() >= until:
                raise MigrationRunsError
            if not is_waiting:
                when_waiting()
                is_waiting = True
            await asyncio.sleep(_POLL_SECONDS)
        await connection.rollback()
        yield connection


async def check(url: str) -> None:
    """Raise Alembic's `AutogenerateDiffsDetected` if the models and the database differ."""
    await _run(url, lambda connection: command.check(_config(connection)))
