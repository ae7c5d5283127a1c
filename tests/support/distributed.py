"""A database whose tables are hash-partitioned by user, by PostgreSQL's own partitions, and the statements sent to it."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import _lru_cache_wrapper, wraps
from gc import get_objects
from typing import Any

import asyncpg
import pytest

from db.embedded import EmbeddedPostgres
from db.engine.combined import combined
from db.engine.guarded_connection import GuardedConnection
from db.engine.session import Session
from db.engine.statement_cache import Statement
from db.language.layout import LAYOUT
from db.language.projection import EVERY_COLUMN
from db.language.scope import Scope
from db.sharding.conversion import conversion_of_keys, foreign_keys
from db.sharding.tables import distributed
from tests.support.databases import copied_database

PARTITIONS = 4
MEMBER: ContextVar[int | None] = ContextVar("member", default=None)
"""The member for whom the current task sends statements."""

_TRIGGERS = """
SELECT pg_get_triggerdef(oid) AS definition FROM pg_trigger WHERE tgrelid = $1::text::regclass AND NOT tgisinternal ORDER BY tgname
"""


async def distribute(connection: asyncpg.Connection) -> None:
    """Convert an empty database at the newest revision: each table of users gets hash partitions."""
    for sql in conversion_of_keys():
        await connection.execute(sql)
    triggers: list[str] = []
    for table, column in distributed().items():
        triggers += [row["definition"] for row in await connection.fetch(_TRIGGERS, table)]
        await connection.execute(f"ALTER TABLE {table} RENAME TO {table}_whole")
        await connection.execute(
            f"CREATE TABLE {table} (LIKE {table}_whole INCLUDING ALL) PARTITION BY HASH ({column})"
        )
        for number in range(PARTITIONS):
            await connection.execute(
                f"CREATE TABLE {table}_p{number} PARTITION OF {table} "
                f"FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {number})"
            )
    for table in distributed():
        await connection.execute(f"DROP TABLE {table}_whole CASCADE")
    for sql in (*foreign_keys(), *triggers):
        await connection.execute(sql)


@asynccontextmanager
async def distributed_database(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[str]:
    """Yield the URL of an empty distributed database. Drop it in the end."""
    async with copied_database(postgres, template) as name:
        connection = await asyncpg.connect(postgres.url(name))
        try:
            await distribute(connection)
        finally:
            await connection.close()
        yield postgres.url(name)


@contextmanager
def distributed_statements() -> Iterator[None]:
    """Build the statements for a distributed database within the context."""
    LAYOUT.is_distributed = True
    _forget_statements()
    try:
        yield
    finally:
        LAYOUT.is_distributed = False
        _forget_statements()


def _forget_statements() -> None:
    for builder in builders().values():
        builder.cache_clear()
    combined.cache_clear()
    EVERY_COLUMN.reads.clear()


def builders() -> dict[str, Any]:
    """Return the builders of statements, by module and name."""
    return {
        f"{one.__module__.rpartition('.')[2]}.{one.__name__}": one
        for one in get_objects()
        if isinstance(one, _lru_cache_wrapper) and one.__module__.startswith("db.statements.")
    }


@dataclass(frozen=True)
class Sent:
    """A statement that was sent for a member, with its values."""

    member: int
    sql: str
    values: tuple[Any, ...]


@dataclass
class Collector:
    """The statements that were sent for members: one of each text and member."""

    sent: dict[tuple[str, int], Sent] = field(default_factory=dict)
    scoped: set[str] = field(default_factory=set)
    """The texts that were sent with the scope of a member."""
    copied: list[tuple[int, str, list[str], list[Any]]] = field(default_factory=list)

    def note(self, sql: str, values: Sequence[Any]) -> None:
        member = MEMBER.get()
        if member is not None:
            self.sent.setdefault((sql, member), Sent(member, sql, tuple(values)))


@contextmanager
def collecting() -> Iterator[Collector]:
    """Collect what connections send for members within the context."""
    collector, patched = Collector(), pytest.MonkeyPatch()

    def noted(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        async def noting(self: Any, query: str, *args: Any, **kwargs: Any) -> Any:
            collector.note(query, args)
            return await method(self, query, *args, **kwargs)

        return noting

    for name in ("fetch", "fetchrow", "fetchval", "execute", "executemany"):
        patched.setattr(GuardedConnection, name, noted(getattr(GuardedConnection, name)))
    arguments_of = Session._arguments

    def scoping(statement: Statement, scope: Scope, values: dict[str, Any]) -> list[object]:
        if not scope.everybody:
            collector.scoped.add(statement.sql)
        return arguments_of(statement, scope, values)

    patched.setattr(Session, "_arguments", staticmethod(scoping))
    copy = GuardedConnection.copy_records_to_table

    @wraps(copy)
    async def copying(self: Any, table: str, *, records: Any, columns: list[str], **kwargs: Any) -> Any:
        kept = [row async for row in records]
        member = MEMBER.get()
        if member is not None:
            collector.copied.append((member, table, columns, kept))
        return await copy(self, table, records=kept, columns=columns, **kwargs)

    patched.setattr(GuardedConnection, "copy_records_to_table", copying)
    try:
        yield collector
    finally:
        patched.undo()


@contextmanager
def acting_as(user_id: int) -> Iterator[None]:
    """Let the statements of the context be sent for the member."""
    token = MEMBER.set(user_id)
    try:
        yield
    finally:
        MEMBER.reset(token)


_LOCKED = """
SELECT DISTINCT relname FROM pg_locks JOIN pg_class ON pg_class.oid = relation
WHERE pid = pg_backend_pid() AND relname ~ '_p[0-9]+$' AND relkind = 'r'
"""


async def partition_of(connection: asyncpg.Connection, user_id: int) -> int:
    """Return the number of the partitions that have the rows of the user."""
    for number in range(PARTITIONS):
        sql = f"SELECT satisfies_hash_partition('users'::regclass, {PARTITIONS}, {number}, $1::bigint)"
        if await connection.fetchval(sql, user_id):
            return number
    raise AssertionError(user_id)


async def visited(connection: asyncpg.Connection, sent: Sent) -> set[str]:
    """Run the statement again, without its triggers and without effect. Return the partitions that PostgreSQL locked.

    PostgreSQL locks the partitions that its plan has, and those into which it inserts. A second run may break a
    constraint, since the rows of the first run exist. The error then names the partition of the row, and the plan has
    the other ones.
    """
    try:
        return await _locked_by(connection, sent.sql, sent.values)
    except asyncpg.NotNullViolationError as lacking:
        return {f"{lacking.table_name} without {lacking.column_name}"}
    except asyncpg.IntegrityConstraintViolationError as repeated:
        return {str(repeated.table_name)} | await _locked_by(connection, f"EXPLAIN {sent.sql}", sent.values)


async def _locked_by(connection: asyncpg.Connection, sql: str, values: Sequence[Any]) -> set[str]:
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")
        await connection.fetch(sql, *values)
        return {row["relname"] for row in await connection.fetch(_LOCKED)}
    finally:
        await transaction.rollback()
