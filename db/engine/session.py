"""Sessions: the common base of readers and writers.

SQLAlchemy builds the statements and asyncpg runs them. Rows are asyncpg's records, without a further layer of
objects (docs/decisions/0002-rows.md has the measurements).
"""

from collections.abc import Awaitable, Sequence
from time import perf_counter
from typing import Any, TypeVar, cast

import asyncpg

from db.engine.activity import PLACE, Activity, StatementRun, activity_of_task, error_name
from db.engine.statement_cache import Statement
from db.language.projection import EVERY_COLUMN, Projection
from db.language.records import record_class, row_class
from db.language.scope import PARAMETER, Scope
from db.language.shape import Shape
from db.models import Base

Model = TypeVar("Model", bound=Base)


class UnscopedStatementError(Exception):
    """A statement without the scope's condition was about to run with the scope of one user."""


class Session:
    """A source of rows: a `Reader`, or a `Writer` that reads in its own transaction.

    `activity` records the statements.
    """

    def __init__(self, activity: Activity | None = None, *, projection: Projection = EVERY_COLUMN) -> None:
        self.activity = activity_of_task() if activity is None else activity
        self.projection = projection

    async def fetch(
        self, model: type[Model], statement: Statement, scope: Scope, **values: object
    ) -> list[Model]:
        """Return the statement's rows, with the model's columns as attributes.

        Rows outside the scope are absent.
        """
        return cast("list[Model]", await self.fetch_rows(row_class(model), statement, scope, values))

    async def fetch_one(
        self, model: type[Model], statement: Statement, scope: Scope, **values: object
    ) -> Model | None:
        """Return the statement's only row, or None if it is missing or outside the scope."""
        return next(iter(await self.fetch(model, statement, scope, **values)), None)

    async def fetch_shape(
        self, shape: Shape, statement: Statement, scope: Scope, **values: object
    ) -> list[Any]:
        """Return the statement's rows in the shape, with the joined rows."""
        return await self.fetch_rows(record_class(shape), statement, scope, values)

    async def fetch_values(
        self, statement: Statement, scope: Scope, **values: object
    ) -> list[asyncpg.Record]:
        """Return the statement's rows that belong to no model, such as counts and sums."""
        return await self.fetch_rows(asyncpg.Record, statement, scope, values)

    async def fetch_tuples(self, statement: Statement, scope: Scope, **values: object) -> list[Any]:
        """Return the statement's rows, with the columns by position alone.

        A reader sends all such statements of one turn of the event loop as one. Their columns must not be arrays,
        except of texts: the driver does not decode other arrays in a row of an unknown type.
        """
        return await self._send_in_turn(
            statement, self._arguments(statement, scope, values), asyncpg.Record, is_generic=True
        )

    async def fetch_few(
        self, shape: Shape | None, statement: Statement, scope: Scope, **values: object
    ) -> list[Any]:
        """Return the statement's few rows in the shape, or without a shape with the columns by position alone.

        A reader may send such statements of one turn of the event loop as one, under the rules of `fetch_tuples`.
        """
        class_ = asyncpg.Record if shape is None else record_class(shape)
        return await self._send_in_turn(statement, self._arguments(statement, scope, values), class_)

    async def fetch_few_by_keys(
        self, shape: Shape | None, statement: Statement, scope: Scope, **values: object
    ) -> list[Any]:
        """Return few rows like `fetch_few`. One plan of the statement serves all values, because it hides its keys."""
        class_ = asyncpg.Record if shape is None else record_class(shape)
        return await self._send_in_turn(
            statement, self._arguments(statement, scope, values), class_, is_generic=True
        )

    def fetch_rows_by_keys(
        self, record_class: type[asyncpg.Record], statement: Statement, scope: Scope, values: dict[str, Any]
    ) -> Awaitable[list[Any]]:
        """Return few rows like `fetch_few_by_keys`, as instances of the class. The values get the scope, too."""
        return self._send_in_turn(
            statement, self._arguments(statement, scope, values), record_class, is_generic=True
        )

    def fetch_rows(
        self, record_class: type[asyncpg.Record], statement: Statement, scope: Scope, values: dict[str, Any]
    ) -> Awaitable[list[Any]]:
        """Return the statement's rows as instances of the class. The values get the scope, too."""
        return self._send(statement, self._arguments(statement, scope, values), record_class)

    @staticmethod
    def _arguments(statement: Statement, scope: Scope, values: dict[str, Any]) -> list[object]:
        if not scope.everybody:
            if PARAMETER not in statement.parameters:
                raise UnscopedStatementError(statement.name)
            values[PARAMETER] = scope.user_id
        return statement.arguments(values)

    def _send_in_turn(
        self,
        statement: Statement,
        arguments: Sequence[object],
        record_class: type[asyncpg.Record],
        *,
        is_generic: bool = False,  # noqa: ARG002 - a reader plans such statements in another way
    ) -> Awaitable[list[Any]]:
        """Run the statement, if possible together with others."""
        return self._send(statement, arguments, record_class)

    def _send(
        self, statement: Statement, arguments: Sequence[object], record_class: type[asyncpg.Record]
    ) -> Awaitable[list[asyncpg.Record]]:
        """Run the statement, recorded by `_recorded`."""
        raise NotImplementedError

    async def _recorded(self, name: str, running: Awaitable[list[asyncpg.Record]]) -> list[asyncpg.Record]:
        """Return the rows of a running statement, and record the run, also if it fails."""
        began = perf_counter()
        try:
            rows = await running
        except BaseException as failure:
            error = error_name(failure)
            self.activity.runs.append(
                StatementRun(name, perf_counter() - began, 0, began, error, PLACE.get())
            )
            raise
        took = perf_counter() - began
        self.activity.runs.append(StatementRun(name, took, len(rows), began, "", PLACE.get()))
        return rows
