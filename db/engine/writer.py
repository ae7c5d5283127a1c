"""The writer: one transaction on one connection.

A transaction that writes rows of users locks these users first. `db.integrity.counters` states the rule, and
`db.statements.user` has the statements.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Self, TypeVar

import asyncpg
from sqlalchemy import Table

from db.engine.pool import Pool, Pooled
from db.engine.session import Session
from db.engine.statement_cache import Statement
from db.language.projection import EVERY_COLUMN, Projection

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


class Writer(Session):
    """A session that writes and reads in one transaction.

    Each statement sees all rows committed before it.
    """

    def __init__(
        self, connection: Pooled, statements: list[str], *, projection: Projection = EVERY_COLUMN
    ) -> None:
        super().__init__(statements, projection=projection)
        self._connection = connection

    def with_projection(self, projection: Projection) -> Self:
        """Return a writer in the same transaction that reads the columns of the projection."""
        return type(self)(self._connection, self.statements, projection=projection)

    async def _send(
        self, statement: Statement, arguments: Sequence[object], record_class: type[asyncpg.Record]
    ) -> list[asyncpg.Record]:
        self.statements.append(statement.name)
        try:
            return await self._connection.fetch(statement.sql, *arguments, record_class=record_class)
        except asyncpg.IntegrityConstraintViolationError as refused:
            raise ConstraintError(refused.constraint_name or "") from refused

    async def copy(self, table: Table, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Insert new rows by COPY, which is faster than INSERT. `names` are the columns of the values.

        Raise `RetryError` if one of the rows exists.
        """
        self.statements.append(f"{table.name} copy")
        try:
            await self._connection.copy_records_to_table(table.name, records=rows, columns=list(names))
        except asyncpg.UniqueViolationError as faster:
            raise RetryError from faster
        except asyncpg.IntegrityConstraintViolationError as refused:
            raise ConstraintError(refused.constraint_name or "") from refused


Work = Callable[[Writer], Awaitable[Result]]


async def in_transaction(pool: Pool, work: Work[Result], statements: list[str] | None = None) -> Result:
    """Run the work in a transaction, commit, and return the result. If the work raises, roll back.

    The work is repeated from the start in these cases:

    - PostgreSQL ended it to resolve a deadlock.
    - A migration changed a table under a prepared statement of the connection.
    - The connection's previous user was cancelled at a bad moment, so that no transaction could begin
      (see `db.engine.reader`).
    - It raised `RetryError`.
    """
    sent = [] if statements is None else statements
    for _ in range(ATTEMPTS - 1):
        before = len(sent)
        try:
            return await _attempt(pool, work, sent)
        except (
            asyncpg.DeadlockDetectedError,
            asyncpg.InvalidCachedStatementError,
            asyncpg.ActiveSQLTransactionError,
            RetryError,
        ):
            del sent[before:]
    return await _attempt(pool, work, sent)


async def _attempt(pool: Pool, work: Work[Result], statements: list[str]) -> Result:
    async with pool.acquire() as connection, connection.transaction(isolation="read_committed"):
        return await work(Writer(connection, statements))
