"""Connections, and the reader: one connection, one snapshot, one statement at a time for each operation.

SQLAlchemy builds the statements, asyncpg runs them and its records are the rows: no layer in between
makes objects that nobody asked for (docs/decisions/0002-rows.md has the measurements).
"""

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

from db.engine.statement_cache import Statement
from db.language.projection import EVERY_COLUMN, Projection
from db.language.records import Shape, record_class, row_class
from db.language.scope import PARAMETER, Scope
from db.models import Base

Model = TypeVar("Model", bound=Base)
if TYPE_CHECKING:
    Pool = asyncpg.Pool[asyncpg.Record]
    Pooled = PoolConnectionProxy[asyncpg.Record]
    Connection = asyncpg.Connection[asyncpg.Record] | Pooled
else:  # the driver's classes take no parameters at run time
    Pool, Pooled, Connection = asyncpg.Pool, PoolConnectionProxy, asyncpg.Connection


APPLICATION = "leadgraph"
STATEMENTS_PREPARED = 400  # of each connection: the shapes of the documents that are asked now
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class UnscopedReadError(Exception):
    """A statement without the viewer's condition was about to read with the scope of one user."""


async def prepare_connection(connection: Connection) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: orjson.dumps(value).decode(),
        decoder=orjson.loads,
    )


async def _leave_as_is(_: Connection) -> None:
    """Nothing to reset: settings are only ever made for one transaction (SET LOCAL)."""


async def open_pool(
    url: str, *, size: int = 10, statement_timeout_seconds: float = 30, name: str = APPLICATION
) -> Pool:
    """A pool that opens its connections when they are first needed. The database knows them by the name."""
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        init=prepare_connection,
        reset=_leave_as_is,
        statement_cache_size=STATEMENTS_PREPARED,
        command_timeout=statement_timeout_seconds,
        server_settings={
            "application_name": name,
            "timezone": "UTC",
            "statement_timeout": str(int(statement_timeout_seconds * 1000)),
            "idle_in_transaction_session_timeout": "60000",
        },
    )


async def require_answer(pool: Pool) -> None:
    """Raises what the driver raises where the database does not answer."""
    await pool.fetchval("SELECT 1")


async def statements_running(pool: Pool) -> int:
    """How many statements the database runs for servers, as far as the pool's role may see."""
    found: int = await pool.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' "
        "AND application_name = $1 AND pid <> pg_backend_pid()",
        APPLICATION,
    )
    return found


def is_lost(failure: BaseException) -> bool:
    """Whether the database is not there, or has ended the connection: nothing is wrong with what was asked. That
    is so as well of what went wrong only while such a failure was dealt with.
    """
    cause: BaseException | None = failure
    while cause is not None:
        if _tells_of_loss(cause):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _tells_of_loss(failure: BaseException) -> bool:
    gone = (
        asyncpg.PostgresConnectionError,
        asyncpg.AdminShutdownError,
        asyncpg.CrashShutdownError,
        asyncpg.CannotConnectNowError,
        asyncpg.TooManyConnectionsError,
        OSError,
    )
    if isinstance(failure, (asyncpg.InterfaceError, asyncpg.InternalClientError)):
        # The driver says with them as well that it was used wrongly.
        return any(words in str(failure) for words in _LOST)
    return isinstance(failure, gone) and not isinstance(failure, TimeoutError)


# The last: a connection that was told of its end, which is yet to come, when it was to be used.
_LOST = ("connection is closed", "released back to the pool", "another operation (2) is in progress")


def is_too_slow(failure: BaseException) -> bool:
    """Whether a statement was ended because it took longer than statements may."""
    return isinstance(failure, (asyncpg.QueryCanceledError, TimeoutError))


class Fetcher(Protocol):
    """What a read needs: a `Reader`, or a `Writer` that reads in its own transaction."""

    projection: Projection

    async def fetch_shape(
        self, shape: Shape, statement: Statement, scope: Scope, **values: object
    ) -> list[Any]: ...

    async def fetch_values(
        self, statement: Statement, scope: Scope, **values: object
    ) -> list[asyncpg.Record]: ...


class Reader:
    """Reads rows of one snapshot. `statements` lists what was sent, by name, in order.

    The connection is taken with the first read and given back by `close`. A reader never holds one
    connection while it waits for another. After `close`, whoever reads is cancelled.
    """

    def __init__(self, pool: Pool, statements: list[str] | None = None) -> None:
        self.statements: list[str] = [] if statements is None else statements
        self.single = False
        """Set by who knows that nothing else will be read: one statement is a snapshot of its own."""
        self.projection: Projection = EVERY_COLUMN
        self._pool = pool
        self._one_at_a_time = asyncio.Lock()
        self._connection: Pooled | None = None
        self._closed = False
        self._opened_at: float | None = None

    @property
    def snapshot_age_seconds(self) -> float:
        """How long ago the snapshot was opened, or a moment more; 0 before the first read."""
        return 0 if self._opened_at is None else time.monotonic() - self._opened_at

    async def fetch(
        self, model: type[Model], statement: Statement, scope: Scope, **values: object
    ) -> list[Model]:
        """The statement's rows, with the model's columns as attributes. What the scope hides is absent."""
        return cast("list[Model]", await self._fetch(row_class(model), statement, scope, values))

    async def fetch_shape(
        self, shape: Shape, statement: Statement, scope: Scope, **values: object
    ) -> list[Any]:
        """The statement's rows of the shape, with those that ride along."""
        return await self._fetch(record_class(shape), statement, scope, values)

    async def fetch_values(
        self, statement: Statement, scope: Scope, **values: object
    ) -> list[asyncpg.Record]:
        """The statement's rows where they are no model's: counts, sums, flags."""
        return await self._fetch(asyncpg.Record, statement, scope, values)

    async def _fetch(
        self, record_class: type[asyncpg.Record], statement: Statement, scope: Scope, values: dict[str, Any]
    ) -> list[asyncpg.Record]:
        if not scope.everybody:
            if PARAMETER not in statement.parameters:
                raise UnscopedReadError(statement.name)
            values[PARAMETER] = scope.user_id
        arguments = statement.arguments(values)
        if self.single:
            self._require_open()
            self.statements.append(statement.name)
            return await self._pool.fetch(statement.sql, *arguments, record_class=record_class)
        async with self._one_at_a_time:
            self._require_open()
            connection = self._connection or await self._open_snapshot()
            self.statements.append(statement.name)
            return await connection.fetch(statement.sql, *arguments, record_class=record_class)

    async def open(self) -> None:
        """Opens the snapshot now, if it is not, for all that is read from here on."""
        self.single = False
        async with self._one_at_a_time:
            self._require_open()
            if self._connection is None:
                await self._open_snapshot()

    def _require_open(self) -> None:
        """Nobody waits any more for what is read after the end, and nobody would give its connection back."""
        if self._closed:
            raise asyncio.CancelledError

    async def _open_snapshot(self) -> Pooled:
        self._connection = connection = await self._pool.acquire()
        self._opened_at = time.monotonic()
        await _begin(connection)
        return connection

    def close(self) -> None:
        """Ends the snapshot and gives the connection back, which nobody has to wait for."""
        self._closed = True
        if self._connection is not None or self._one_at_a_time.locked():
            task = asyncio.get_running_loop().create_task(self._end())
            _ending.add(task)
            task.add_done_callback(_ending.discard)

    async def _end(self) -> None:
        """A read that is under way, though nobody waits for it any more, has the connection until it is done."""
        async with self._one_at_a_time:
            connection, self._connection = self._connection, None
            if connection is not None:
                await _give_back(self._pool, connection)


_ending: set[asyncio.Task[None]] = set()


async def _begin(connection: Pooled) -> None:
    try:
        await connection.execute(_BEGIN)
    except asyncpg.ActiveSQLTransactionError:
        # Whoever had the connection before was stopped when their statement was prepared and not yet sent: the
        # driver leaves the implicit transaction of that open, and the error has ended it.
        await connection.execute(_BEGIN)


async def _give_back(pool: Pool, connection: Pooled) -> None:
    try:
        await _end_snapshot(connection)
    except Exception as failure:
        if not is_lost(failure):
            raise
    finally:
        with suppress(
            asyncpg.InterfaceError, asyncpg.InternalClientError
        ):  # ended meanwhile, which is as good
            await pool.release(connection)


async def _end_snapshot(connection: Pooled) -> None:
    if connection.is_closed():
        return
    protocol: Any = cast("Any", connection)._protocol  # noqa: SLF001 - the driver has no public way
    # What was stopped in the middle is being cancelled; the pool would wait for that, too, but not in peace.
    if protocol._is_cancelling():  # noqa: SLF001
        await protocol._wait_for_cancellation()  # noqa: SLF001
    if connection.is_in_transaction():
        await connection.execute("ROLLBACK")
