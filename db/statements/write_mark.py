"""The newest write of a user as the primary has it, and the proof that a replica has it, too."""

import time
from collections.abc import Collection
from typing import Final, NamedTuple

from db.engine.pool import Connection
from db.engine.replica_reader import Proof
from db.models import (
    AnalysisResult,
    Base,
    DayStats,
    Integration,
    IntegrationDay,
    IntegrationLog,
    Keyword,
    Lead,
    LeadEvent,
    Mention,
    SlotStats,
    User,
    UserDayStats,
    UserSlotStats,
)

TRACKED: Final[frozenset[type[Base]]] = frozenset(
    {
        AnalysisResult,
        Integration,
        IntegrationDay,
        IntegrationLog,
        Keyword,
        Lead,
        LeadEvent,
        Mention,
        User,
    }
)
"""The models of which each write also writes the row of its user, in the same transaction."""
_SUMS: Final[frozenset[type[Base]]] = frozenset({SlotStats, DayStats, UserSlotStats, UserDayStats})
FOLLOWED: Final = frozenset(model.__tablename__ for model in TRACKED | _SUMS)
"""The tables whose state the row of the user identifies: those of `TRACKED`, and the sums that triggers keep of them."""

_MOMENT: Final = "coalesce((extract(epoch FROM last_write_at) * 1000000)::bigint, -1)"
"""The moment of the last write in microseconds."""
# A commit that waits for the disk is visible after it is flushed. Others are visible before.
_POSITION: Final = """pg_wal_lsn_diff(
    CASE current_setting('synchronous_commit') WHEN 'off' THEN pg_current_wal_insert_lsn() ELSE pg_current_wal_flush_lsn() END,
    '0/0'
)::bigint"""
_MARKS: Final = f"""
SELECT id, {_MOMENT} AS moment, users.xmin::text AS written_by, position
FROM (SELECT {_POSITION} AS position) AS log LEFT JOIN users ON id = ANY ($1)
"""  # noqa: S608 - of constants


class WriteMark(NamedTuple):
    """The newest write of a user, and the end of the log. Both are newer than all commits before `known_at`.

    `moment` is the one of the last write in microseconds, and `written_by` the transaction of the row.
    """

    user_id: int
    moment: int
    written_by: str
    position: int
    known_at: float

    def of_user(self) -> Proof:
        """Return the proof of a snapshot that has all of the user's data.

        The moments of a user ascend in the order of commits. Of two rows with the same moment, only the same row counts.
        """
        condition = (
            f"FROM users WHERE id = {self.user_id:d} AND pg_is_in_recovery() AND ({_MOMENT} > {self.moment:d} "
            f"OR ({_MOMENT} = {self.moment:d} AND xmin = '{int(self.written_by):d}'::xid))"
        )
        return Proof(self.known_at, condition=condition, followed=FOLLOWED)

    def of_all(self) -> Proof:
        """Return the proof of a snapshot that has everything which was committed."""
        return Proof(self.known_at, position=self.position)


async def write_marks(
    connection: Connection, user_ids: Collection[int], *, seconds: float
) -> dict[int, WriteMark]:
    """Return the marks of the users that exist. Raise the driver's error if the server is a standby."""
    known_at = time.monotonic()
    rows = await connection.fetch(_MARKS, list(user_ids), timeout=seconds)
    return {
        row["id"]: WriteMark(row["id"], row["moment"], row["written_by"], row["position"], known_at)
        for row in rows
        if row["id"] is not None
    }


async def position(connection: Connection, *, seconds: float) -> int:
    """Return the end of the log. Raise the driver's error if the server is a standby."""
    found: int = await connection.fetchval(f"SELECT {_POSITION}", timeout=seconds)
    return found
