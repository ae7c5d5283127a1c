"""The driver's connection, which ends itself if the database stays silent, and runs prepared statements directly.

Commands such as BEGIN may be sent with the next statement, in one round trip (`send_with_next`).
"""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

import asyncpg
from asyncpg.exceptions import InvalidCachedStatementError, OutdatedSchemaCacheError

from db.engine.outage import OutageError
from db.engine.pipelined import messages_of

if TYPE_CHECKING:
    _Connection = asyncpg.Connection[asyncpg.Record]
else:  # the driver's class takes no parameters at run time
    _Connection = asyncpg.Connection

ANSWER_SECONDS = 5.0

_PROMPT = ("BEGIN", "ROLLBACK")
_ENDS = ("COMMIT", "ROLLBACK;")
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


def _after_commands(method: Method) -> Method:
    """Make a method send the waiting commands first, by themselves."""

    @wraps(method)
    async def later(self: "GuardedConnection", *args: Any, **kwargs: Any) -> Any:
        await self.send_commands()
        return await method(self, *args, **kwargs)

    return later  # type: ignore[return-value]


def _in_transaction(method: Method) -> Method:
    """Make a method of a pooled connection run in a transaction of its own, unless one is open."""

    @wraps(method)
    async def within(self: "GuardedConnection", *args: Any, **kwargs: Any) -> Any:
        if not self.is_pooled or self.is_in_transaction():
            return await method(self, *args, **kwargs)
        async with self.transaction():
            return await method(self, *args, **kwargs)

    return within  # type: ignore[return-value]


class GuardedConnection(_Connection):
    """A connection that closes itself and raises `OutageError` if the database does not answer."""

    answer_seconds = ANSWER_SECONDS
    is_pooled = False
    """Whether a pooler gives the connection to a server for one transaction at a time."""
    limits: tuple[str, ...] = ()
    """The commands that limit the time of each transaction of a pooled connection."""
    used_at = 0.0
    """The time of the event loop when the pool got the connection last."""
    _after_begin: tuple[str, ...] = ()
    _begins_late = False
    _ahead: tuple[str, ...] = ()

    _fetch = _in_transaction(_ended_by_silence(_Connection.fetch))
    fetchrow = _after_commands(_in_transaction(_ended_by_silence(_Connection.fetchrow)))
    fetchval = _after_commands(_in_transaction(_ended_by_silence(_Connection.fetchval)))
    executemany = _after_commands(_in_transaction(_ended_by_silence(_Connection.executemany)))
    copy_records_to_table = _after_commands(
        _in_transaction(_ended_by_silence(_Connection.copy_records_to_table))
    )

    def send_with_next(self, *commands: str) -> None:
        """Send the commands together with the next statement, before it and in the same round trip.

        They return no rows. An error of a command is raised by the statement.
        """
        self._ahead += commands

    async def send_commands(self) -> None:
        """Send the commands now that wait for the next statement."""
        ahead, self._ahead = self._ahead, ()
        if ahead:
            await self._command("; ".join(ahead))

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
        if (
            statement is None
            or timeout is not None
            or driver._query_loggers
            or driver._protocol._is_cancelling()
        ):
            await self.send_commands()
            return await self._fetch(query, *args, timeout=timeout, record_class=record_class)
        try:
            return await self._run(statement, args)
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

    async def _run(self, statement: object, args: tuple[object, ...]) -> list[Any]:
        """Run a prepared statement, after the waiting commands."""
        driver = cast("Any", self)
        ahead, self._ahead = self._ahead, ()
        driver._check_open()
        try:
            with driver._stmt_exclusive_section:
                if ahead:
                    driver._transport.write(messages_of(ahead))
                found: list[Any] = await driver._protocol.bind_execute(statement, args, "", 0, False, None)
        except TimeoutError:
            raise
        except Exception:
            # If the driver refused the arguments, the commands were sent without the statement. Another one ends them, and
            # leaves their transaction open, because the caller goes on in it.
            if ahead and not (self.is_closed() or self.is_in_transaction()):
                await self._command("SELECT", timeout=self.answer_seconds)
            raise
        return found

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109 - overrides the driver's
        """Run the command. The begin and the rollback of a transaction take no time on a database that works."""
        if self._ahead:
            if self._ahead[0].startswith("BEGIN") and query.startswith(
                _ENDS
            ):  # nothing of the transaction was sent
                self._ahead = ()
                return query.rstrip(";")
            await self.send_commands()
        if query.startswith("BEGIN") and (self._begins_late or self._after_begin):
            return await self._begin(query)
        run = self._command_in_transaction if args else self._command
        return await run(query, *args, timeout=timeout)

    @_in_transaction
    async def _command_in_transaction(self, query: str, *args: Any, timeout: float | None) -> str:  # noqa: ASYNC109 - as `execute`
        return await self._command(query, *args, timeout=timeout)

    @_ended_by_silence
    async def _command(self, query: str, *args: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109 - as `execute`
        if timeout is None and query.startswith(_PROMPT):
            timeout = self.answer_seconds
        if self.limits and query.startswith("BEGIN"):
            begin, _, rest = query.partition(";")
            query = "; ".join([begin, *self.limits, *([rest] if rest else [])])
        try:
            return await super().execute(query, *args, timeout=timeout)
        except asyncpg.PostgresError:
            if query.startswith("BEGIN") and self.is_in_transaction():  # it began, and then a command failed
                await super().execute("ROLLBACK", timeout=self.answer_seconds)
            raise

    def begin_with_first(self, *commands: str) -> None:
        """Send the next BEGIN with the first statement of its transaction, and the commands between them."""
        self._begins_late, self._after_begin = True, commands

    async def _begin(self, query: str) -> str:
        self.send_with_next(query.rstrip(";"), *self._after_begin)
        self._begins_late, self._after_begin = False, ()
        return "BEGIN"


class PooledConnection(GuardedConnection):
    """A connection to a pooler in transaction mode, such as PgBouncer.

    The next transaction may have another server, and another client may have prepared a statement there. So nothing may
    outlive a transaction: each statement runs in one, and no statement stays prepared.
    """

    is_pooled = True
