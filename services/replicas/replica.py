"""One replica: its connections, its state, and the questions that tell its state."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import asyncpg

from db.engine.guarded_connection import GuardedConnection
from db.engine.outage import OutageError, is_unavailable
from db.engine.pool import Pool
from db.engine.replica_reader import PositionNeededError, PrimaryNeededError, StaleReplicaError
from db.statements.replication import ServerFacts, server_facts
from db.statements.write_mark import WriteMark

ANSWER_SECONDS: Final = 2.0
"""Time within which a replica must answer. One that hangs then loses its connections, and its reads run elsewhere."""
AVOID_SECONDS: Final = 0.2
"""Time for which reads that need the write that the replica lacked go elsewhere."""
NOT_YET: Final = "was not asked yet"


@dataclass(eq=False)
class Replica:
    """A standby that answers reads. `problem` says why it does not; None if it does.

    `name` is its host and port. `lag_bytes` of the log are not replayed, and `lag_seconds` have passed since the
    primary was where the replica is. Both are None while the replica does not tell.
    """

    name: str
    pool: Pool
    problem: str | None = NOT_YET
    lag_bytes: int | None = None
    lag_seconds: float | None = None
    answers: int = 0
    """The number of operations that it answered."""
    reruns: Counter[str] = field(default_factory=Counter)
    """The number of operations that ran again elsewhere, by reason."""
    changes: Counter[str] = field(default_factory=lambda: Counter({"out": 0, "back": 0}))
    """How often the replica was taken `out` and came `back`."""
    _connection: GuardedConnection | None = None
    _lacks: int = 0
    _lacks_until: float = 0.0

    @property
    def works(self) -> bool:
        """Whether reads may go to the replica."""
        return self.problem is None

    @property
    def busy(self) -> int:
        """The connections in use."""
        return self.pool.get_size() - self.pool.get_idle_size()

    def may_have(self, mark: WriteMark) -> bool:
        """Return False if the replica lacked an earlier write a moment ago."""
        return mark.moment < self._lacks or time.monotonic() >= self._lacks_until

    def note_lack(self, mark: WriteMark) -> None:
        """Note that the replica lacks the write."""
        self._lacks, self._lacks_until = mark.moment, time.monotonic() + AVOID_SECONDS

    def take_out(self, problem: str, *, drop: bool = False) -> bool:
        """Send no more reads to the replica. With `drop`, let its running reads fail. Return whether the problem is new."""
        is_new = self.problem != problem
        self.changes["out"] += self.works
        self.problem = problem
        if drop:
            self.lag_bytes = self.lag_seconds = None
            self.pool.drop_connections()
        return is_new

    def bring_back(self) -> bool:
        """Send reads to the replica again. Return whether it did not work before."""
        if self.works:
            return False
        if self.problem != NOT_YET:
            self.changes["back"] += 1
        self.problem = None
        return True

    async def facts(self) -> ServerFacts:
        """Return what the replica tells of itself. Raise the driver's error or `OutageError` if it does not answer."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await self.pool.connect_alone()
        return await server_facts(self._connection, seconds=self.pool.answer_seconds)


def reason_of(failure: Exception | None) -> str:
    """Return the label of the failure of an attempt.

    The replica is `stale`, has a `conflict` with recovery, is `lost`, or cannot tell the `rows`; else it is an `error`.
    """
    match failure:
        case StaleReplicaError():
            return "stale"
        case asyncpg.SerializationError() | asyncpg.DeadlockDetectedError():
            return "conflict"
        case PositionNeededError() | PrimaryNeededError() | asyncpg.ReadOnlySQLTransactionError():
            return "rows"
    return "lost" if failure is not None and is_lost(failure) else "error"


def is_lost(failure: Exception) -> bool:
    """Return whether the replica is unavailable, or does not answer."""
    return isinstance(failure, (OutageError, TimeoutError)) or is_unavailable(failure)
