"""Readers of replicas: one snapshot of a standby that shows all that the caller may already know.

A replica is behind its primary. A reader therefore proves that its snapshot is new enough, in one of two ways:

- With a `condition`, a command in the snapshot itself fails unless the snapshot has the newest row of the user. Each
  write of the user's data also writes this row, so that the snapshot has all of the data. Other tables are refused.
- With a `position`, the server must have replayed the primary's log up to there before the snapshot is taken. The
  snapshot then has everything that was committed before, whatever the table.

A reader that fails keeps the failure, so that its operation can run again on another server.
"""

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import asyncpg

from db.engine.activity import Activity
from db.engine.outage import OutageError, is_too_slow
from db.engine.pool import Pool, Pooled
from db.engine.reader import Reader
from db.engine.statement_cache import Statement
from db.language.projection import EVERY_COLUMN, Projection
from db.language.scope import EVERYBODY, Scope
from db.models.base import models

REPLAY_SECONDS: Final = 0.05
"""The longest wait until a replica has replayed a position."""
_FIRST_PAUSE_SECONDS: Final = 0.002
_HAS_REPLAYED: Final = "SELECT pg_is_in_recovery() AND coalesce(pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0') >= $1::bigint, false)"
_WORD: Final = re.compile(r"[a-z_]+")
_OF_PRIMARY_ALONE: Final = frozenset({"pg_current_snapshot", "pg_current_xact_id"})
"""Functions that do not tell the same on a standby. Its snapshots do not list running transactions."""
_FAILURES: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    OutageError,
    TimeoutError,
)


class StaleReplicaError(Exception):
    """The replica lacks writes that the caller may know of."""


class PositionNeededError(Exception):
    """A statement reads a table whose writes leave the row of the user as it is."""


class PrimaryNeededError(Exception):
    """A statement reads something that only the primary tells."""


REFUSALS: Final = (StaleReplicaError, PositionNeededError, PrimaryNeededError)


@dataclass(frozen=True, slots=True)
class Proof:
    """The proof that a snapshot is new enough: a `condition` of SQL for the row of a user, or a `position` in the log.

    `known_at` is the monotonic time before which the primary had this state. With a condition, statements may read
    the tables `followed` alone.
    """

    known_at: float
    condition: str | None = None
    position: int | None = None
    followed: frozenset[str] = frozenset()


class ReplicaReader(Reader):
    """A reader of a replica. Its `failure` is the first one that another server may not have."""

    _needs_snapshot = True  # the proof belongs to a snapshot

    def __init__(
        self,
        pool: Pool,
        activity: Activity | None = None,
        *,
        proof: Proof,
        projection: Projection = EVERY_COLUMN,
        fence: Scope = EVERYBODY,
    ) -> None:
        super().__init__(pool, activity, projection=projection, fence=fence)
        self._proof = proof
        if proof.condition is not None:
            # One row divides by one, and selects nothing. No row divides by zero.
            self._enter = (*self._enter, f"SELECT WHERE 1 / (SELECT count(*) {proof.condition}) = 0")
        self._is_proven = False

    @property
    def snapshot_age_seconds(self) -> float:
        """The time since the primary had the state of the snapshot or an older one, and 0 before the first read."""
        return 0 if self._opened_at is None else time.monotonic() - self._proof.known_at

    async def _send_in_snapshot(
        self, statement: Statement, arguments: Sequence[object], record_class: type[asyncpg.Record]
    ) -> list[asyncpg.Record]:
        self._require_working()
        with self._failing():
            self._require_readable(statement)
            return await super()._send_in_snapshot(statement, arguments, record_class)

    async def _open_snapshot(self) -> None:
        self._require_working()
        with self._failing():
            await super()._open_snapshot()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Keep the first failure that another server may not have."""
        try:
            yield
        except Exception as failure:
            if (
                self.failure is None
                and isinstance(failure, asyncpg.DivisionByZeroError)
                and not self._is_proven
            ):
                self.failure = StaleReplicaError()
                raise self.failure from failure
            if self.failure is None and _is_of_server(failure):
                self.failure = failure
            raise
        self._is_proven = True

    async def _ready(self) -> Pooled:
        connection = await super()._ready()
        if self._opened_at is None and self._proof.position is not None:
            await _wait_for_replay(connection, self._proof.position)
        return connection

    def _require_working(self) -> None:
        """Raise the failure of an earlier read: the operation is to run again."""
        if self.failure is not None:
            raise self.failure

    def _require_readable(self, statement: Statement) -> None:
        needs = _needs(statement.sql, self._proof.followed)
        if needs is not None and (needs is PrimaryNeededError or self._proof.condition is not None):
            raise needs


def _is_of_server(failure: Exception) -> bool:
    """Return whether another server may succeed. A statement that exceeds its time limit would take as long there."""
    if isinstance(failure, asyncpg.QueryCanceledError) and is_too_slow(failure):
        return False
    return isinstance(failure, (*REFUSALS, *_FAILURES))


async def _wait_for_replay(connection: Pooled, position: int) -> None:
    """Wait a moment until the server has replayed the position. Raise `StaleReplicaError` if it has not."""
    until, pause = time.monotonic() + REPLAY_SECONDS, _FIRST_PAUSE_SECONDS
    while not await connection.fetchval(_HAS_REPLAYED, position):
        if time.monotonic() + pause > until:
            raise StaleReplicaError
        await asyncio.sleep(pause)
        pause *= 2


@lru_cache(4096)
def _needs(sql: str, followed: frozenset[str]) -> type[Exception] | None:
    """Return the error of a statement that reads more than the tables, by the names in its text."""
    words = set(_WORD.findall(sql))
    if words & _OF_PRIMARY_ALONE:
        return PrimaryNeededError
    others = {model.__tablename__ for model in models()} - followed
    return PositionNeededError if words & others else None
