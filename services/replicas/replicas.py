"""The replicas of a process: which of them answers an operation, and which of them work."""

import asyncio
import itertools
import logging
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

import asyncpg

from db.engine.activity import Activity
from db.engine.guarded_connection import GuardedConnection
from db.engine.pool import Pool
from db.engine.replica_reader import PositionNeededError, PrimaryNeededError, Proof, ReplicaReader
from db.language.projection import Projection
from db.language.scope import Scope
from db.statements.replication import ServerFacts, difference, server_facts
from db.statements.write_mark import WriteMark
from services.accounts.viewer import Viewer
from services.replicas.marks import Marks
from services.replicas.replica import Replica, is_lost, reason_of

logger = logging.getLogger("leadgraph")

PROBE_SECONDS: Final = 0.5
LAG_SECONDS: Final = 10.0
MOST_ATTEMPTS: Final = 2
"""The most replicas that one operation tries."""
_SAMPLES: Final = 4000


@dataclass(slots=True)
class Wants:
    """The needs of an operation, learned from its attempts on replicas.

    It reads tables whose writes leave the row of the user (`position`), or something that only the primary tells.
    """

    position: bool = False
    primary: bool = False


@dataclass(slots=True)
class ReplicaRead:
    """An attempt to answer an operation: the replica, the newest write that it must show, and the proof of it.

    `reader` is the reader of the attempt, once the operation has read something.
    """

    replica: Replica
    mark: WriteMark
    proof: Proof
    reader: ReplicaReader | None = None

    def open(self, activity: Activity, projection: Projection, fence: Scope) -> ReplicaReader:
        """Return the reader of the attempt, which takes its snapshot with the first read."""
        self.reader = ReplicaReader(
            self.replica.pool, activity, proof=self.proof, projection=projection, fence=fence
        )
        return self.reader

    @property
    def failure(self) -> Exception | None:
        """The failure because of which another server has to answer."""
        return None if self.reader is None else self.reader.failure


class Replicas:
    """The replicas of a process. `running` finds out which of them work, and how far they are behind."""

    def __init__(
        self, primary: Pool, replicas: Sequence[Replica], *, lag_seconds: float = LAG_SECONDS
    ) -> None:
        self.replicas = replicas
        self.primary_reads: Counter[str] = Counter()
        """The operations that the primary answered, by reason."""
        self._primary = primary
        self._lag_seconds = lag_seconds
        self._marks = Marks(primary)
        self._turns = itertools.count()
        self._samples: deque[tuple[float, int]] = deque(maxlen=_SAMPLES)
        """The positions of the primary, and the times before which it was there."""
        self._first_position: int | None = None
        self._connection: GuardedConnection | None = None
        self._probe_now = asyncio.Event()

    async def read(
        self, viewer: Viewer, wants: Wants, tried: Sequence[ReplicaRead], *, everything: bool
    ) -> ReplicaRead | None:
        """Return the next attempt to answer an operation; None if the primary has to answer.

        The snapshot shows all writes of the viewer, or with `everything` all commits before the call.
        """
        chosen = await self._chosen(viewer, wants, tried, everything=everything)
        if isinstance(chosen, ReplicaRead):
            return chosen
        self.primary_reads[reason_of(tried[-1].failure) if tried else chosen] += 1
        return None

    async def _chosen(
        self, viewer: Viewer, wants: Wants, tried: Collection[ReplicaRead], *, everything: bool
    ) -> ReplicaRead | str:
        """Return an attempt, or the reason why the primary has to answer."""
        if wants.primary or len(tried) >= MOST_ATTEMPTS:
            return "rows"
        failed = {one.replica for one in tried if not isinstance(one.failure, PositionNeededError)}
        left = [each for each in self.replicas if each.works and each not in failed]
        if not left:
            return "none works"
        mark = await self._mark(viewer.user_id)
        if mark is None:
            return "mark unknown"
        needs_position = everything or wants.position or viewer.scope.everybody
        fit = [each for each in left if each.works and (needs_position or each.may_have(mark))]
        if not fit:
            return "stale"
        turn = next(self._turns)
        order = sorted(range(len(fit)), key=lambda at: (fit[at].busy, (at + turn) % len(fit)))
        return ReplicaRead(fit[order[0]], mark, mark.of_all() if needs_position else mark.of_user())

    async def _mark(self, user_id: int) -> WriteMark | None:
        """Return the mark of the user, or None if the primary does not tell it: its own answer has the reason."""
        try:
            return await self._marks.of(user_id)
        except Exception as failure:  # noqa: BLE001 - the primary answers, whatever the reason
            logger.debug("The newest write of a user could not be read: %r", failure)
            return None

    @property
    def states(self) -> dict[str, int]:
        """The number of replicas, and of those that work now."""
        return {
            "configured": len(self.replicas),
            "working": sum(each.works for each in self.replicas),
        }

    def note_end(self, read: ReplicaRead, wants: Wants) -> None:
        """Note the end of an attempt."""
        failure, replica = read.failure, read.replica
        if failure is None:
            replica.answers += 1
            return
        if isinstance(failure, PositionNeededError):
            wants.position = True
            return
        if isinstance(failure, (PrimaryNeededError, asyncpg.ReadOnlySQLTransactionError)):
            wants.primary = True
            return
        reason = reason_of(failure)
        replica.reruns[reason] += 1
        if reason == "stale" and read.proof.position is None:
            replica.note_lack(read.mark)
        elif reason == "lost":
            self._take_out(replica, f"lost a connection ({type(failure).__name__})")
            self._probe_now.set()
        elif reason == "error":
            logger.warning("A read failed on the replica %s and runs again: %r", replica.name, failure)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch the replicas during the context, and close their connections at its end."""
        await self.probe()
        watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
            await self._marks.close()
            for replica in self.replicas:
                replica.pool.terminate()

    async def _watch(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._probe_now.wait(), PROBE_SECONDS)
            self._probe_now.clear()
            try:
                await self.probe()
            except Exception:
                logger.exception("The replicas could not be examined")
            await asyncio.sleep(PROBE_SECONDS / 5)  # lost connections do not probe more often

    async def probe(self) -> None:
        """Ask the primary and all replicas for their state, and take replicas out or bring them back."""
        asked_at = time.monotonic()
        try:
            primary: ServerFacts | None = await self._primary_facts()
        except Exception as failure:  # noqa: BLE001 - the primary tells nothing, whatever the reason
            primary = None
            logger.debug("The primary does not tell its position: %r", failure)
        if primary is not None and primary.position is not None:
            self._samples.append((asked_at, primary.position))
            if self._first_position is None:
                self._first_position = primary.position
        await asyncio.gather(*(self._probe_one(each, primary) for each in self.replicas))

    async def _primary_facts(self) -> ServerFacts:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._primary.connect_to_listen()
        facts = await server_facts(self._connection, seconds=self._primary.answer_seconds)
        if facts.is_standby:
            self._connection.terminate()  # after a failover, another connection may reach the new primary
        return facts

    async def _probe_one(self, replica: Replica, primary: ServerFacts | None) -> None:
        try:
            facts = await replica.facts()
        except Exception as failure:  # noqa: BLE001 - the replica does not work, whatever the reason
            lost = is_lost(failure)
            why = type(failure).__name__ if lost else str(failure).partition("\n")[0]
            words = "does not answer" if lost else "cannot be used"
            self._take_out(replica, f"{words} ({why})", drop=lost)
            return
        if primary is None or primary.position is None:
            return  # reads need the primary anyway
        problem = self._problem(replica, primary, facts)
        if problem is not None:
            self._take_out(replica, problem)
        elif replica.bring_back():
            logger.info("The replica %s answers reads", replica.name)

    def _problem(self, replica: Replica, primary: ServerFacts, facts: ServerFacts) -> str | None:
        """Return why the replica cannot answer reads, and note how far it is behind."""
        differs = difference(primary, facts)
        if differs is not None:
            replica.lag_bytes = replica.lag_seconds = None
            return differs
        position = facts.position or 0
        replica.lag_bytes = max(0, (primary.position or 0) - position)
        replica.lag_seconds = self._seconds_behind(position)
        if self._first_position is not None and position < self._first_position:
            return "has not replayed what the primary had written when the server started"
        if replica.lag_seconds > self._lag_seconds:
            return f"lags by more than {self._lag_seconds:g} seconds (LEADGRAPH_REPLICA_LAG_SECONDS)"
        return None

    def _seconds_behind(self, position: int) -> float:
        """Return the seconds since the primary was at the position."""
        newest = self._samples[-1]
        if position >= newest[1]:
            return 0.0
        after = next((at for at, sample in self._samples if sample > position), newest[0])
        return max(0.0, time.monotonic() - after)

    def _take_out(self, replica: Replica, problem: str, *, drop: bool = False) -> None:
        if replica.take_out(problem, drop=drop):
            logger.warning("The replica %s %s: reads go elsewhere", replica.name, problem)
