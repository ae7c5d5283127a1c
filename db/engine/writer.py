"""The writer: one transaction on one connection.

A transaction that writes rows of users locks these users first. `db.integrity.counters` states the rule, and
`db.statements.user` has the statements. The lock also gives the transaction its moment (`db.language.moment`).
"""

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Sequence
from copy import copy
from datetime import datetime
from time import perf_counter
from typing import Any, Self, TypeVar, cast

import asyncpg
from sqlalchemy import Table

from db.engine.activity import Activity, AtPlace, activity_of_task
from db.engine.author import Author, signing
from db.engine.guarded_connection import GuardedConnection
from db.engine.pool import Connection, Pool
from db.engine.row_security import LEAVE, RETURN, entering
from db.engine.session import Session
from db.engine.statement_cache import Planning, Statement
from db.language import moment
from db.language.projection import EVERY_COLUMN, Projection
from db.language.scope import EVERYBODY, Scope

Result = TypeVar("Result")

ATTEMPTS = 4


class ConstraintError(Exception):
    """The database refused a row. `constraint` is the name of the broken constraint."""

    def __init__(self, constraint: str) -> None:
        super().__init__(constraint)
        self.constraint = constraint


class RetryError(Exception):
    """A concurrent writer was faster.

    The work must be repeated from the start, and will see the other's rows.
    """


class MomentError(Exception):
    """A transaction has used its moment before it locked a user."""


class Writer(Session):
    """A session that writes and reads in one transaction.

    Each statement sees all rows committed before it.
    """

    def __init__(
        self,
        connection: Connection,
        activity: Activity | None = None,
        *,
        projection: Projection = EVERY_COLUMN,
        is_fenced: bool = False,
    ) -> None:
        super().__init__(activity, projection=projection)
        self._is_fenced = is_fenced
        self._connection = connection
        self._moment: datetime | None = None
        self._has_locked = False

    @property
    def moment(self) -> datetime:
        """The time of this transaction, taken from the database's clock when the users were locked."""
        if self._moment is None:
            raise MomentError("Lock a user before you use the moment of the transaction.")
        return self._moment

    def note_lock(self, moments: Iterable[datetime]) -> None:
        """Take the moment of a lock. A lock that found no users gives none."""
        self._has_locked = True
        earlier = [] if self._moment is None else [self._moment]
        self._moment = max([*earlier, *moments], default=None)

    def with_projection(self, projection: Projection) -> Self:
        """Return a writer in the same transaction that reads the columns of the projection."""
        other = copy(self)
        other.projection = projection
        return other

    def fetch_rows(
        self, record_class: type[asyncpg.Record], statement: Statement, scope: Scope, values: dict[str, Any]
    ) -> Awaitable[list[Any]]:
        """Return the statement's rows like `Session`. The values get the moment of the transaction, too."""
        if moment.PARAMETER in statement.parameters:
            # Without a locked user, no row of a user is visible, and the statement writes nothing.
            nothing = self._has_locked and self._moment is None
            values[moment.PARAMETER] = None if nothing else self.moment
        return super().fetch_rows(record_class, statement, scope, values)

    async def _send(
        self, statement: Statement, arguments: Sequence[object], record_class: type[asyncpg.Record]
    ) -> list[asyncpg.Record]:
        if (
            statement.planning is Planning.CUSTOM
        ):  # also for the rest of the transaction: its other statements are short
            cast("GuardedConnection", self._connection).send_with_next(statement.planning.command)
        running = self._connection.fetch(statement.sql, *arguments, record_class=record_class)
        try:
            return await self._recorded(statement.name, running)
        except asyncpg.IntegrityConstraintViolationError as refused:
            raise ConstraintError(refused.constraint_name or "") from refused

    async def copy(self, table: Table, names: Sequence[str], rows: AsyncIterable[Sequence[object]]) -> None:
        """Insert new rows by COPY, which is faster than INSERT. `names` are the columns of the values.

        Raise `RetryError` if one of the rows exists.
        """
        try:
            await self._recorded(f"{table.name} copy", self._copy(table, names, rows))
        except asyncpg.UniqueViolationError as faster:
            raise RetryError from faster
        except asyncpg.IntegrityConstraintViolationError as refused:
            raise ConstraintError(refused.constraint_name or "") from refused

    async def _copy(
        self, table: Table, names: Sequence[str], rows: AsyncIterable[Sequence[object]]
    ) -> list[asyncpg.Record]:
        """Send the rows. A COPY returns no rows. PostgreSQL allows it only without row-level security."""
        if self._is_fenced:
            await self._connection.execute(LEAVE)
        await self._connection.copy_records_to_table(table.name, records=rows, columns=list(names))
        if self._is_fenced:
            await self._connection.execute(RETURN)
        return []


Work = Callable[[Writer], Awaitable[Result]]


async def in_transaction(
    pool: Pool,
    work: Work[Result],
    activity: Activity | None = None,
    *,
    fence: Scope = EVERYBODY,
    author: Author | None = None,
) -> Result:
    """Run the work in a transaction, commit, and return the result. If the work raises, roll back.

    `fence` is the scope to which row-level security limits all statements, if the pool has it. The changes of the
    transaction have the `author`.

    The work is repeated from the start in these cases:

    - PostgreSQL ended it to resolve a deadlock.
    - A migration changed a table under a prepared statement of the connection.
    - The connection's previous user was cancelled at a bad moment, so that no transaction could begin
      (see `db.engine.reader`).
    - It raised `RetryError`.
    """
    activity = activity_of_task() if activity is None else activity
    for _ in range(ATTEMPTS - 1):
        before = len(activity.runs)
        try:
            return await AtPlace(_attempt(pool, work, activity, fence, author), activity.new_unit())
        except (
            asyncpg.DeadlockDetectedError,
            asyncpg.InvalidCachedStatementError,
            asyncpg.ActiveSQLTransactionError,
            RetryError,
        ):
            del activity.runs[before:]
    return await AtPlace(_attempt(pool, work, activity, fence, author), activity.new_unit())


async def _attempt(
    pool: Pool, work: Work[Result], activity: Activity, fence: Scope, author: Author | None
) -> Result:
    began = perf_counter()
    try:
        async with pool.acquire() as connection:
            activity.pool_waits.append(perf_counter() - began)
            enter = entering(fence) if pool.has_row_security else ()
            cast("GuardedConnection", connection).begin_with_first(*enter, *signing(author))
            async with connection.transaction(isolation="read_committed"):
                return await work(Writer(connection, activity, is_fenced=bool(enter)))
    except asyncpg.ReadOnlySQLTransactionError:
        await pool.renew()
        raise
