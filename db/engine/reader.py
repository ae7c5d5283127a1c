"""The reader: one connection, one snapshot, and one statement at a time for each operation."""

import asyncio
import time
from collections.abc import Awaitable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, NamedTuple, cast

import asyncpg

from db.engine.activity import PLACE, Activity, Place, RowsRead, error_name
from db.engine.combined import combined, split
from db.engine.outage import is_unavailable
from db.engine.pool import Pool, Pooled, driver_of
from db.engine.row_security import entering
from db.engine.session import Session
from db.engine.statement_cache import Planning, Statement
from db.language.projection import EVERY_COLUMN, Projection
from db.language.records import as_rows, long_characters, shape_of
from db.language.scope import EVERYBODY, Scope

MOST_CHARACTERS = 64_000_000
"""The most characters of long texts that one operation may read. They stay in memory until the response is sent."""

MOST_TOGETHER = 32
"""The most statements that are sent as one."""

_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_SAVE = "SAVEPOINT reads"
"""After the role of row-level security is taken. A return to the savepoint must not leave the role."""
_RECOVER = "ROLLBACK TO SAVEPOINT reads"
"""Returns to the same snapshot after a failed statement: a snapshot outlives the subtransactions that read it."""


class TooManyCharactersError(Exception):
    """The rows of an operation hold more text than one response may have."""

    def __init__(self) -> None:
        super().__init__(
            f"The operation reads texts of more than {MOST_CHARACTERS:,} characters in total. Request smaller pages "
            "(`first`) or fewer texts."
        )


class _Waiting(NamedTuple):
    """A statement that waits for the others of its turn."""

    statement: Statement
    arguments: Sequence[object]
    record_class: type[asyncpg.Record]
    is_generic: bool
    place: Place | None
    result: asyncio.Future[list[Any]]


class Reader(Session):
    """A read-only session of one snapshot. A failed statement leaves the other reads of the session unaffected.

    The first read takes a connection from the pool, and `close` gives it back. A reader never holds one
    connection while it waits for another. Reads after `close` are cancelled.

    `single` says that the reader runs one statement at most. That statement needs no transaction, unless it is custom.
    Close the reader after a custom statement.
    `most` is the largest number of statements, if it is known. If all of them are sent as one, it needs none either.
    `fence` is the scope to which row-level security limits all statements, if the pool has it.
    """

    _needs_snapshot = False
    """Whether even a single statement must be in a snapshot that the reader has opened."""
    failure: Exception | None = None
    """The failure because of which the operation has to run again on another server."""

    def __init__(
        self,
        pool: Pool,
        activity: Activity | None = None,
        *,
        projection: Projection = EVERY_COLUMN,
        single: bool = False,
        most: int | None = None,
        fence: Scope = EVERYBODY,
    ) -> None:
        super().__init__(activity, projection=projection)
        self._most = most
        self._enter = entering(fence) if pool.has_row_security else ()
        self._needs_snapshot = self._needs_snapshot or bool(self._enter)
        self.single = single and not self._needs_snapshot
        self._pool = pool
        self._lock: asyncio.Lock | None = None
        self._connection: Pooled | None = None
        self._closed = False
        self._turn: list[_Waiting] | None = None
        self._planning = Planning.AUTO
        self._opened_at: float | None = None
        self._was_cancelled = False
        self._characters_left = MOST_CHARACTERS

    @property
    def _one_at_a_time(self) -> asyncio.Lock:
        """The lock of the connection. A `single` reader needs none."""
        if self._lock is None:
            self._lock = asyncio.Lock()
        return self._lock

    @property
    def snapshot_age_seconds(self) -> float:
        """The age of the snapshot or slightly more, and 0 before the first read."""
        return 0 if self._opened_at is None else time.monotonic() - self._opened_at

    def _send(
        self, statement: Statement, arguments: Sequence[object], record_class: type[asyncpg.Record]
    ) -> Awaitable[list[asyncpg.Record]]:
        # The setting of a custom statement ends with its transaction, and the transaction keeps its connection.
        is_alone = self.single and statement.planning is not Planning.CUSTOM and self._connection is None
        send = self._send_alone if is_alone else self._send_in_snapshot
        return send(statement, arguments, record_class)

    async def _send_in_snapshot(
        self, statement: Statement, arguments: Sequence[object], record_class: type[asyncpg.Record]
    ) -> list[asyncpg.Record]:
        async with self._one_at_a_time:
            self._require_open()
            run = partial(self._run_in_snapshot, statement, arguments, record_class)
            is_first = self._opened_at is None
            try:
                rows = await run()
            except (asyncpg.ActiveSQLTransactionError, asyncpg.InvalidCachedStatementError) as refused:
                # The connection's previous user was cancelled after a statement was prepared and before it was sent.
                # The driver then leaves an implicit transaction open. The error has ended that transaction.
                # Or a migration changed a table of the prepared statement. An older snapshot may see that table empty.
                if is_first and isinstance(refused, asyncpg.InvalidCachedStatementError):
                    await self._forget_snapshot()
                if self._opened_at is not None:
                    raise
                self._forget_runs(error_name(refused))
                rows = await run()
            self._note(rows, record_class)
            return rows

    async def _forget_snapshot(self) -> None:
        """End the snapshot, of which no caller has seen a row. The next statement opens another one."""
        connection = await self._connected()
        if not connection.is_closed() and connection.is_in_transaction():
            await connection.execute("ROLLBACK")
        self._planning, self._opened_at = Planning.AUTO, None

    def _forget_runs(self, error: str) -> None:
        """Remove the refused runs from the activity. The bound of an operation has no statement for them."""
        self.activity.runs[:] = [run for run in self.activity.runs if run.error != error]

    async def _run_in_snapshot(
        self,
        statement: Statement,
        arguments: Sequence[object],
        record_class: type[asyncpg.Record],
    ) -> list[asyncpg.Record]:
        """Run the statement. The first one opens the snapshot in the same round trip."""
        connection, opened_at = await self._ready(), self._opened_at
        commands: tuple[str, ...] = ()
        if opened_at is None:
            commands, opened_at = (_BEGIN, *self._enter, _SAVE), time.monotonic()
        if self._planning is not statement.planning:
            commands = (*commands, statement.planning.command)
        if commands:
            driver_of(connection).send_with_next(*commands)
        running = connection.fetch(statement.sql, *arguments, record_class=record_class)
        try:
            rows = await self._recorded(statement.name, running)
        except asyncpg.PostgresError:
            self._planning = Planning.AUTO  # the setting of the savepoint
            if not connection.is_closed() and connection.is_in_transaction():
                self._opened_at = opened_at
                await _recover(connection)
            raise
        except asyncio.CancelledError:
            self._was_cancelled = True
            raise
        self._planning, self._opened_at = statement.planning, opened_at
        return rows

    async def _ready(self) -> Pooled:
        """Return the connection of the session, after the end of a statement whose caller was cancelled.

        A snapshot that such a statement opened was shown to no caller, and the next statement opens another one.
        """
        connection = await self._connected()
        if self._was_cancelled:
            await _wait_for_cancellation(connection)
            if self._opened_at is not None:
                await _recover(connection)
            else:
                await self._forget_snapshot()
            self._planning, self._was_cancelled = Planning.AUTO, False
        return connection

    async def _send_alone(
        self, statement: Statement, arguments: Sequence[object], record_class: type[asyncpg.Record]
    ) -> list[asyncpg.Record]:
        """Run the only statement of the operation, on a connection that is lent in place if one is free."""
        self._require_open()
        pool = self._pool
        borrowed = pool.borrow()
        if borrowed is None:
            return await self._send_on_acquired(statement, arguments, record_class)
        self.activity.pool_waits.append(0.0)
        try:
            running = borrowed.fetch(statement.sql, *arguments, record_class=record_class)
            rows = await self._recorded(statement.name, running)
        finally:
            if not pool.give_back(borrowed):
                await pool.release_borrowed(borrowed)
        self._note(rows, record_class)
        return rows

    async def _send_on_acquired(
        self, statement: Statement, arguments: Sequence[object], record_class: type[asyncpg.Record]
    ) -> list[asyncpg.Record]:
        """Run the only statement of the operation on a connection for which it waits."""
        began = time.perf_counter()
        async with self._pool.acquire() as alone:
            self.activity.pool_waits.append(time.perf_counter() - began)
            running = alone.fetch(statement.sql, *arguments, record_class=record_class)
            rows = await self._recorded(statement.name, running)
        self._note(rows, record_class)
        return rows

    def _send_in_turn(
        self,
        statement: Statement,
        arguments: Sequence[object],
        record_class: type[asyncpg.Record],
        *,
        is_generic: bool = False,
    ) -> Awaitable[list[Any]]:
        if self.single:
            return self._send(statement, arguments, record_class)
        return self._join_turn(statement, arguments, record_class, is_generic=is_generic)

    async def _join_turn(
        self,
        statement: Statement,
        arguments: Sequence[object],
        record_class: type[asyncpg.Record],
        *,
        is_generic: bool,
    ) -> list[Any]:
        result: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(statement, arguments, record_class, is_generic, PLACE.get(), result)
        if self._turn is not None:
            self._turn.append(waiting)
            return await result
        turn = self._turn = [waiting]
        try:
            await asyncio.sleep(0)  # the other reads of this turn
            self._turn = None
            await self._send_all(turn)
        except asyncio.CancelledError:
            if self._turn is turn:
                self._turn = None
            self._send_later([one for one in turn if one is not waiting and not one.result.done()])
            raise
        return await result

    def _send_later(self, turn: "list[_Waiting]") -> None:
        """Send the statements in a task. The first read of their turn was cancelled, and the others still wait."""
        if turn:
            _in_background(self._send_all(turn))

    async def _send_all(self, turn: "list[_Waiting]") -> None:
        turn.sort(key=_by_text)
        for start in range(0, len(turn), MOST_TOGETHER):
            await self._send_together(turn[start : start + MOST_TOGETHER])

    async def _send_together(self, turn: "list[_Waiting]") -> None:
        """Send the statements as one. If it fails, send each by itself, so that each fails for itself."""
        if len(turn) > 1:
            is_generic = all(one.is_generic for one in turn)
            together = combined(tuple(one.statement for one in turn), is_generic=is_generic)
            arguments = [value for one in turn for value in one.arguments]
            try:
                send = self._send_alone if self._is_whole(turn) else self._send
                rows: list[Any] = await send(together, arguments, asyncpg.Record)
            except asyncpg.PostgresError:
                self.activity.unbounded += 1  # the bound has the statements themselves
            except Exception as failure:  # noqa: BLE001 - each caller raises it
                for one in turn:
                    _settle(one.result, failure)
                return
            else:
                for one, own in zip(turn, split(rows, len(turn)), strict=True):
                    self._settle_own(one, own)
                return
        send = self._send_alone if len(turn) == 1 and self._is_whole(turn) else self._send
        for one in turn:
            try:
                _settle(one.result, await send(one.statement, one.arguments, one.record_class))
            except Exception as failure:  # noqa: BLE001 - its caller raises it
                _settle(one.result, failure)

    def expect_fewer(self, statements: int) -> None:
        """Lower the largest number of statements: a read needs so many fewer than its bound."""
        if self._most is not None:
            self._most -= statements

    def _is_whole(self, turn: "list[_Waiting]") -> bool:
        """Return whether the statements are all that the reader ever sends, and need no transaction."""
        needs_transaction = self._needs_snapshot or any(
            one.statement.planning is Planning.CUSTOM for one in turn
        )
        return len(turn) == self._most and self._connection is None and not needs_transaction

    def _settle_own(self, one: _Waiting, rows: list[tuple[object, ...]]) -> None:
        """Settle a statement with its rows of a combined one."""
        try:
            own: list[Any] = as_rows(one.record_class, rows)
            self._note(own, one.record_class, one.place)
        except TooManyCharactersError as failure:
            _settle(one.result, failure)
        else:
            _settle(one.result, own)

    def _note(
        self, rows: list[asyncpg.Record], record_class: type[asyncpg.Record], place: Place | None = None
    ) -> None:
        """Count the characters of the rows, and record the rows of a watched operation at the place that read them."""
        self._count(rows, record_class)
        if self.activity.watched_rows is not None:
            shape = shape_of(record_class)
            if shape is not None:
                self.activity.watched_rows.append(RowsRead(place or PLACE.get(), shape, rows))

    def _count(self, rows: Sequence[asyncpg.Record], record_class: type[asyncpg.Record]) -> None:
        """Count the characters of the rows. Raise `TooManyCharactersError`, also for each later read."""
        characters = long_characters(rows, record_class)
        self.activity.longest_text = max(self.activity.longest_text, characters.longest)
        self._characters_left -= characters.total
        if self._characters_left < 0:
            raise TooManyCharactersError

    async def open(self) -> None:
        """Open the snapshot now, for all later reads. The reader is no longer `single`."""
        self.single = False
        async with self._one_at_a_time:
            self._require_open()
            await self._open_snapshot()

    @contextmanager
    def without_snapshot(self) -> Iterator[None]:
        """Send the statements of the context without a transaction, unless one is open or needed."""
        self.single = self.single or (self._connection is None and not self._needs_snapshot)
        try:
            yield
        finally:
            self.single = False

    def _require_open(self) -> None:
        """Cancel the caller if the reader is closed: a connection taken now would never be returned.

        Raise `TooManyCharactersError` if an earlier read exceeded the limit.
        """
        if self._closed:
            raise asyncio.CancelledError
        if self._characters_left < 0:
            raise TooManyCharactersError

    async def _connected(self) -> Pooled:
        """Return the connection of the session."""
        if self._connection is None:
            began = time.perf_counter()
            self._connection = await self._pool.acquire()
            self.activity.pool_waits.append(time.perf_counter() - began)
        return self._connection

    async def _open_snapshot(self) -> None:
        if self._opened_at is None:
            connection = await self._ready()
            opened_at = time.monotonic()
            try:
                await _begin(connection, "; ".join((_BEGIN, *self._enter, _SAVE)))
            except asyncio.CancelledError:
                self._was_cancelled = True
                raise
            self._opened_at = opened_at

    def close(self) -> None:
        """End the snapshot and return the connection in a task. The caller need not wait."""
        self._closed = True
        if self._connection is not None or (self._lock is not None and self._lock.locked()):
            _in_background(self._end())

    async def _end(self) -> None:
        """Return the connection after the running read, even if its caller no longer waits for the read."""
        async with self._one_at_a_time:
            connection, self._connection = self._connection, None
            if connection is not None:
                await _release(self._pool, connection)


_tasks: set[asyncio.Task[None]] = set()


def _in_background(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.get_running_loop().create_task(work)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


def _by_text(waiting: _Waiting) -> tuple[str, str]:
    """Order the statements of a turn, so that they are combined to one text, whatever their order in the document."""
    return waiting.statement.name, waiting.statement.sql


def _settle(result: asyncio.Future[list[Any]], outcome: list[Any] | Exception) -> None:
    if result.done():  # its caller was cancelled
        return
    if isinstance(outcome, Exception):
        result.set_exception(outcome)
    else:
        result.set_result(outcome)


async def _begin(connection: Pooled, begin: str) -> None:
    try:
        await connection.execute(begin)
    except asyncpg.ActiveSQLTransactionError:
        # An implicit transaction, as in `_send_in_snapshot`.
        await connection.execute(begin)


async def _recover(connection: Pooled) -> None:
    """Let the transaction go on after a failed statement. A lost connection fails again at the next statement."""
    if not connection.is_closed() and connection.is_in_transaction():
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
            await connection.execute(_RECOVER)


async def _release(pool: Pool, connection: Pooled) -> None:
    try:
        await _end_snapshot(connection)
    except Exception as failure:
        if not is_unavailable(failure):
            raise
    finally:
        # The errors mean that the connection has ended meanwhile, so that there is nothing to release.
        with suppress(asyncpg.InterfaceError, asyncpg.InternalClientError):
            await pool.release(connection)


async def _end_snapshot(connection: Pooled) -> None:
    await _wait_for_cancellation(connection)
    if not connection.is_closed() and connection.is_in_transaction():
        await connection.execute("ROLLBACK")


async def _wait_for_cancellation(connection: Pooled) -> None:
    """Wait until the server has cancelled the last statement. Only then its transaction is known."""
    if not connection.is_closed():
        protocol: Any = cast("Any", connection)._protocol  # noqa: SLF001 - the driver has no public way
        if protocol._is_cancelling():  # noqa: SLF001
            await protocol._wait_for_cancellation()  # noqa: SLF001
