"""The writer: one transaction on one connection, in which the rows' users are locked first.

`db.integrity.counters` has the rule that every writer keeps. `db.statements.user` has the statements that keep it.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeVar, cast

import asyncpg
from sqlalchemy import Table

from db.engine.pool import Pool, Pooled, UnscopedReadError
from db.engine.statement_cache import Statement
from db.language.projection import EVERY_COLUMN, Projection
from db.language.records import Shape, record_class, row_class
from db.language.scope import PARAMETER, Scope
from db.models import Base

Model = TypeVar("Model", bound=Base)
Result = TypeVar("Result")

ATTEMPTS = 4


class ConstraintError(Exception):
    """The database refused a row; `constraint` is the name of what it would have broken."""

    def __init__(self, constraint: str) -> None:
        super().__init__(constraint)
        self.constraint = constraint


class AnewError(Exception):
    """Another writer was faster: the work finds what that one wrote when it is done anew, from the start."""


class Writer:
    """Writes and reads in the transaction that it was made for. What it reads is as new as can be.

    `statements` lists what was sent, by name, in order.
    """

    def __init__(self, connection: Pooled, statements: list[str]) -> None:
        self.statements = statements
        self.projection: Projection = EVERY_COLUMN
        self._connection = connection

    async def fetch(
        self, model: type[Model], statement: Statement, scope: Scope, **values: object
    ) -> list[Model]:
        """The statement's rows, with the model's columns as attributes. What the scope hides is untouched."""
        return cast("list[Model]", await self._fetch(row_class(model), statement, scope, values))

    async def fetch_shape(
        self, shape: Shape, statement: Statement, scope: Scope, **values: object
    ) -> list[Any]:
        """The statement's rows of the shape, with those that ride along."""
        return await self._fetch(record_class(shape), statement, scope, values)

    async def fetch_values(
        self, statement: Statement, scope: Scope, **values: object
    ) -> list[asyncpg.Record]:
        """The statement's rows where they are no model's."""
        return await self._fetch(asyncpg.Record, statement, scope, values)

    async def _fetch(
        self, record_class: type[asyncpg.Record], statement: Statement, scope: Scope, values: dict[str, Any]
    ) -> list[asyncpg.Record]:
        if not scope.everybody:
            if PARAMETER not in statement.parameters:
                raise UnscopedReadError(statement.name)
            values[PARAMETER] = scope.user_id
        self.statements.append(statement.name)
        try:
            return await self._connection.fetch(
                statement.sql, *statement.arguments(values), record_class=record_class
            )
        except asyncpg.IntegrityConstraintViolationError as refused:
            raise ConstraintError(refused.constraint_name or "") from refused

    async def copy(self, table: Table, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Adds rows that are known not to be there: faster than any INSERT. `names` are those of the values.

        Raises `AnewError` where one of them is there all the same.
        """
        self.statements.append(f"{table.name} copy")
        try:
            await self._connection.copy_records_to_table(table.name, records=rows, columns=list(names))
        except asyncpg.UniqueViolationError as faster:
            raise AnewError from faster
        except asyncpg.IntegrityConstraintViolationError as refused:
            raise ConstraintError(refused.constraint_name or "") from refused


Work = Callable[[Writer], Awaitable[Result]]


async def in_transaction(pool: Pool, work: Work[Result], statements: list[str] | None = None) -> Result:
    """What the work returns, after its commit; whatever it raises leaves nothing written.

    Work that PostgreSQL ended to resolve a deadlock, or because a migration has changed a table under a statement
    that the connection remembers, is done again, from the start, and so is work that says so. So is work that could
    not begin, because whoever had the connection before was stopped at a bad moment (see `db.engine.pool`).
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
            AnewError,
        ):
            del sent[before:]
    return await _attempt(pool, work, sent)


async def _attempt(pool: Pool, work: Work[Result], statements: list[str]) -> Result:
    async with pool.acquire() as connection, connection.transaction(isolation="read_committed"):
        return await work(Writer(connection, statements))
