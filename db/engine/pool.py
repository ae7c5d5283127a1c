"""The pool of connections. Opening a connection, waiting for one, and the first answer have time limits."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

from db.engine import lending
from db.engine.connecting import connect
from db.engine.guarded_connection import ANSWER_SECONDS, GuardedConnection, PooledConnection
from db.engine.idle import IdleConnections
from db.engine.outage import OutageError, is_unavailable
from db.language.json_items import json_value

if TYPE_CHECKING:
    _Pool = asyncpg.Pool[asyncpg.Record]
    Pooled = PoolConnectionProxy[asyncpg.Record]
    Connection = asyncpg.Connection[asyncpg.Record] | Pooled
else:  # the driver's classes take no parameters at run time
    _Pool, Pooled, Connection = asyncpg.Pool, PoolConnectionProxy, asyncpg.Connection

logger = logging.getLogger("leadgraph")

APPLICATION = "leadgraph"
PREPARED_STATEMENTS = 400  # per connection
RETRY_SECONDS = 1.0
"""Interval of attempts to open a connection, while the database refuses new ones and the pool has others."""
RENEW_SECONDS = 5.0


_JSONB_VERSION = b"\x01"
"""The first byte of a `jsonb` value in PostgreSQL's binary form."""


def _json_value(binary: bytes) -> object:
    return json_value(memoryview(binary)[len(_JSONB_VERSION) :])


async def _prepare(connection: Connection) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: _JSONB_VERSION + orjson.dumps(value),
        decoder=_json_value,
        format="binary",
    )
    # COPY takes values in PostgreSQL's binary form, which `text.lexemes` makes.
    await connection.set_type_codec(
        "tsvector", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary"
    )


async def _keep(_: Connection) -> None:
    """Reset nothing. Settings are only ever changed for one transaction (SET LOCAL)."""


class Pool(_Pool):
    """A pool that gives a connection within `wait_seconds`, or raises `OutageError`. None means no limit.

    `on_wait` receives the seconds of each wait for a connection, and `timeouts` counts those that were given up.

    With a `direct_url`, the other address leads to a pooler in transaction mode. Connections that listen then use the
    direct address.

    A connection must open within `answer_seconds`. If the database refuses a new connection while the pool has
    others, the caller gets the next one of these.
    """

    has_row_security = False
    """Whether transactions of members run under a role of their own (`db.engine.row_security`)."""

    def __init__(
        self,
        url: str,
        *,
        answer_seconds: float,
        wait_seconds: float | None,
        direct_url: str | None = None,
        **options: Any,
    ) -> None:
        connecting = {name: options[name] for name in ("command_timeout", "server_settings")}
        self._one = partial(
            Pool,
            url,
            answer_seconds=answer_seconds,
            wait_seconds=wait_seconds,
            direct_url=direct_url,
            **{**options, "max_size": 1},
        )
        self.has_sessions = direct_url is None
        opening = partial(
            _connect if self.has_sessions else _connect_to_pooler, answer_seconds=answer_seconds
        )
        self._connect_alone = partial(opening, url, **connecting)
        self._connect_directly = partial(
            _connect, direct_url or url, answer_seconds=answer_seconds, **connecting
        )
        super().__init__(url, connect=opening, **options)
        self.answer_seconds = answer_seconds
        self.wait_seconds = wait_seconds
        self.on_wait: Callable[[float], None] | None = None
        self.timeouts = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._alone: set[GuardedConnection] = set()
        self._refused_until = 0.0
        self._renewed_at = 0.0
        self.idle = IdleConnections(self)

    def lend(self) -> Pooled | None:
        """Return an open and free connection at once; None if the caller must wait for one."""
        lent = lending.lend(self)
        if lent is not None and self.on_wait is not None:
            self.on_wait(0.0)
        return lent

    def take_back(self, connection: Pooled) -> bool:
        """Take a connection back at once if nothing of it has to be reset, and return whether."""
        taken = lending.take_back(self, connection)
        if taken and self._waiting:
            self._waiting.popleft().set_result(None)
        return taken

    def borrow(self) -> GuardedConnection | None:
        """Return a free connection for one statement, which `give_back` takes; None if the caller must wait for one."""
        borrowed = lending.borrow(self)
        if borrowed is not None and self.on_wait is not None:
            self.on_wait(0.0)
        return borrowed

    def give_back(self, borrowed: GuardedConnection) -> bool:
        """Take a borrowed connection back at once. Return False if `release_borrowed` must do so."""
        taken = lending.give_back(self, borrowed)
        if taken and self._waiting:
            self._waiting.popleft().set_result(None)
        return taken

    async def release_borrowed(self, borrowed: GuardedConnection) -> None:
        """Let the driver take back a connection that has to be reset, or has ended meanwhile."""
        lent = lending.to_release(borrowed)
        if lent is not None:
            await self.release(lent)

    async def _acquire(self, timeout: float | None) -> Pooled:  # noqa: ASYNC109 - overrides the driver's
        lent = self.lend()
        if lent is not None:
            return lent
        seconds = self.wait_seconds if timeout is None else timeout
        began = time.perf_counter()
        try:
            async with asyncio.timeout(seconds):
                return await self._take()
        except TimeoutError as late:
            self.timeouts += 1
            raise OutageError(f"No connection of the pool was free within {seconds} seconds.") from late
        finally:
            if self.on_wait is not None:
                self.on_wait(time.perf_counter() - began)

    async def _take(self) -> Pooled:
        """Return a connection. While the database refuses new ones, wait for one of the pool."""
        while True:
            if not self._must_wait():
                try:
                    return await super()._acquire(None)  # type: ignore[misc, no-any-return]
                except Exception as failure:
                    if not is_unavailable(failure) or self.get_size() == 0:
                        raise
                    self._refused_until = time.monotonic() + RETRY_SECONDS
                    logger.warning("the database refuses a new connection: %r", failure)
            await self._released()

    def _must_wait(self) -> bool:
        """Return whether the database refused a connection just now, and the pool's others are all in use."""
        return (
            self._refused_until > 0
            and time.monotonic() < self._refused_until
            and self.get_idle_size() == 0
            and self.get_size() > 0
        )

    async def _released(self) -> None:
        """Wait until a connection is released, but not longer than until the next attempt to open one."""
        released: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(released)
        try:
            await asyncio.wait({released}, timeout=RETRY_SECONDS)
        finally:
            if released in self._waiting:
                self._waiting.remove(released)

    async def release(self, connection: Pooled, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - overrides the driver's
        """Return the connection to the pool, and wake the first caller that waits for one."""
        if self.take_back(connection):
            return
        driver = cast("GuardedConnection | None", cast("Any", connection)._con)  # noqa: SLF001
        try:
            await super().release(connection, timeout=timeout)
        finally:
            if driver is not None:
                self.idle.note_use(driver)
            if self._waiting:
                self._waiting.popleft().set_result(None)

    async def fetch_promptly(self, query: str, *args: object) -> list[asyncpg.Record]:
        """Run a statement that takes no time on a database that works. Raise `OutageError` otherwise."""
        async with self.acquire(timeout=self.answer_seconds) as connection:
            return await connection.fetch(query, *args, timeout=self.answer_seconds)

    async def connect_alone(self) -> GuardedConnection:
        """Open a connection outside of the pool. It ends with the pool at the latest."""
        return self._kept(await self._connect_alone())

    async def connect_to_listen(self) -> GuardedConnection:
        """Open a connection outside of the pool that has a session of the server, also behind a pooler."""
        return self._kept(await self._connect_directly())

    def _kept(self, connection: GuardedConnection) -> GuardedConnection:
        self._alone.add(connection)
        connection.add_termination_listener(self._alone.discard)
        return connection

    async def beside(self) -> "Pool":
        """Return another pool of one connection, for work that must not wait for a connection of this pool."""
        return await self._one()

    def drop_connections(self) -> None:
        """End all open connections at once. Their statements fail, and the next callers open new ones."""
        lending.drop(self)

    def terminate(self) -> None:
        """Close all connections at once."""
        for connection in list(self._alone):
            connection.terminate()
        self.idle.stop()
        super().terminate()

    async def close(self) -> None:
        """Wait until all connections are released, and close them."""
        for connection in list(self._alone):
            await connection.close()
        await super().close()
        self.idle.stop()

    async def renew(self) -> None:
        """Replace each connection before its next use: after a failover, a new one may reach the new primary."""
        if time.monotonic() - self._renewed_at >= RENEW_SECONDS:
            self._renewed_at = time.monotonic()
            await self.expire_connections()


_SETTINGS_OF_POOLERS = ("application_name", "timezone")
"""The settings that poolers keep for a client. They refuse others, or ignore them."""


async def _connect_to_pooler(
    *args: Any, answer_seconds: float, server_settings: dict[str, str], **options: Any
) -> GuardedConnection:
    """Open a connection to a pooler. Its transactions have the other settings, instead of its session."""
    kept = {name: value for name, value in server_settings.items() if name in _SETTINGS_OF_POOLERS}
    limits = [f"SET LOCAL {name} = {value}" for name, value in server_settings.items() if name not in kept]
    pooled = {"connection_class": PooledConnection, "statement_cache_size": 0, "server_settings": kept}
    return await _connect(*args, answer_seconds=answer_seconds, limits=tuple(limits), **{**options, **pooled})


async def _connect(
    *args: Any, answer_seconds: float, limits: tuple[str, ...] = (), **options: Any
) -> GuardedConnection:
    """Open and prepare a connection. Raise `OutageError` if the database does not answer in time."""
    options = {
        "statement_cache_size": PREPARED_STATEMENTS,
        "max_cacheable_statement_size": 0,  # no limit: statements that are read together are long
        "connection_class": GuardedConnection,
        **options,
    }
    try:
        async with asyncio.timeout(answer_seconds):
            connection = cast("GuardedConnection", await connect(*args, seconds=answer_seconds, **options))
            connection.answer_seconds, connection.limits = answer_seconds, limits
            connection.used_at = asyncio.get_running_loop().time()
            try:
                async with connection.transaction() if limits else nullcontext():
                    await _prepare(connection)
            except BaseException:
                connection.terminate()
                raise
    except TimeoutError as silence:
        raise OutageError(
            f"The database opened no connection within {answer_seconds:g} seconds."
        ) from silence
    return connection


def driver_of(connection: Pooled) -> GuardedConnection:
    """Return the driver's connection. Raise the driver's `InterfaceError` if it has ended, and has left the pool."""
    driver = cast("GuardedConnection | None", cast("Any", connection)._con)  # noqa: SLF001 - the driver has no public way
    if driver is None:
        raise asyncpg.InterfaceError("The connection has ended.")
    return driver


async def open_pool(
    url: str,
    *,
    size: int = 10,
    statement_timeout_seconds: float = 30,
    answer_seconds: float = ANSWER_SECONDS,
    wait_seconds: float | None = None,
    name: str = APPLICATION,
    direct_url: str | None = None,
    at_least: int = 1,
    more_settings: Mapping[str, str] = MappingProxyType({}),
) -> Pool:
    """Return a pool that opens connections on demand. The name appears in `pg_stat_activity`.

    The database ends statements after `statement_timeout_seconds`. The pool gives up a database that does not even do
    that within `answer_seconds`. Without `wait_seconds`, callers wait for a free connection as long as it takes. With a
    `direct_url`, the other address is the one of a pooler in transaction mode. The pool opens `at_least` so many
    connections at once, and gives all of them the settings `more_settings`, too.
    """
    return await Pool(
        url,
        direct_url=direct_url,
        answer_seconds=answer_seconds,
        wait_seconds=wait_seconds,
        min_size=at_least,
        max_size=size,
        max_queries=50_000,
        max_inactive_connection_lifetime=0,  # `IdleConnections` closes them
        reset=_keep,
        loop=None,
        connection_class=GuardedConnection,
        record_class=asyncpg.Record,
        command_timeout=statement_timeout_seconds + answer_seconds,
        server_settings={
            "application_name": name,
            "timezone": "UTC",
            "statement_timeout": str(int(statement_timeout_seconds * 1000)),
            "idle_in_transaction_session_timeout": "60000",
            **more_settings,
        },
    )


async def statements_running(pool: Pool) -> int:
    """Return the number of statements that run for servers, as far as the pool's role may see them."""
    found: int = await pool.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' "
        "AND application_name = $1 AND pid <> pg_backend_pid()",
        APPLICATION,
    )
    return found
