"""The driver's connection, which ends itself if the database stays silent, and runs prepared statements directly."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

import asyncpg
from asyncpg.exceptions import InvalidCachedStatementError, OutdatedSchemaCacheError

from db.engine.outage import OutageError

if TYPE_CHECKING:
    _Connection = asyncpg.Connection[asyncpg.Record]
else:  # the driver's class takes no parameters at run time
    _Connection = asyncpg.Connection

ANSWER_SECONDS = 5.0

_PROMPT = ("BEGIN", "ROLLBACK")
_SILENT = "The database did not answer within the time limit."

Method = TypeVar("Method", bound=Callable[..., Any])


def _ended_by_silence(method: Method) -> Method:
    """Make a method of a connection close the connection if the database stays silent.

    A database that answers ends slow statements itself, before the driver's limit. A silent one would keep the
    connection for as long again, because the driver asks it to cancel the statement.
    """

    @wraps(method)
    async def guarded(self: "_Connection", *args: Any, **kwargs: Any) -> Any:
        try:
            return await method(self, *args, **kwargs)
        except TimeoutError as silence:
            self.terminate()
            raise OutageError(_SILENT) from silence

    return guarded  # type: ignore[return-value]


class GuardedConnection(_Connection):
    """A connection that closes itself and raises `OutageError` if the database does not answer."""

    answer_seconds = ANSWER_SECONDS
    _after_begin = ""

    _fetch = _ended_by_silence(_Connection.fetch)
    fetchrow = _ended_by_silence(_Connection.fetchrow)
    fetchval = _ended_by_silence(_Connection.fetchval)
    executemany = _ended_by_silence(_Connection.executemany)
    copy_records_to_table = _ended_by_silence(_Connection.copy_records_to_table)

    async def fetch(
        self,
        query: str,
        *args: Any,
        timeout: float | None = None,  # noqa: ASYNC109 - overrides the driver's
        record_class: type[asyncpg.Record] | None = None,
    ) -> list[Any]:
        """Return the rows of a query. A query that the connection has prepared runs without the driver's detours."""
        driver = cast("Any", self)
        statement = driver._stmt_cache.get((query, record_class, False))
        if statement is None or timeout is not None or driver._query_loggers:
            return await self._fetch(query, *args, timeout=timeout, record_class=record_class)
        driver._check_open()
        try:
            with driver._stmt_exclusive_section:
                found: list[Any] = await driver._protocol.bind_execute(statement, args, "", 0, False, None)
        except TimeoutError as silence:
            self.terminate()
            raise OutageError(_SILENT) from silence
        except OutdatedSchemaCacheError:
            await self.reload_schema_state()
            raise
        except InvalidCachedStatementError:
            driver._drop_global_statement_cache()
            if self.is_in_transaction():
                raise
            return await self._fetch(query, *args, record_class=record_class)
        return found

    @_ended_by_silence
    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109 - overrides the driver's
        """Run the command. The begin and the rollback of a transaction take no time on a database that works."""
        if timeout is None and query.startswith(_PROMPT):
            timeout = self.answer_seconds
        if self._after_begin and query.startswith("BEGIN"):
            return await self._begin(query, timeout)
        return await super().execute(query, *args, timeout=timeout)

    def begin_next_with(self, statements: str) -> None:
        """Add statements to the next BEGIN, in the same round trip. They begin with a semicolon."""
        self._after_begin = statements

    async def _begin(self, query: str, timeout: float | None) -> str:  # noqa: ASYNC109 - as `execute`
        statements, self._after_begin = self._after_begin, ""
        try:
            return await super().execute(query.rstrip(";") + statements, timeout=timeout)
        except asyncpg.PostgresError:
            if self.is_in_transaction():  # it began, and then a statement failed
                await super().execute("ROLLBACK", timeout=timeout)
            raise
