"""The state of a member's data, to tell whether an earlier answer is still current."""

from dataclasses import dataclass

from db.engine.activity import Activity
from db.engine.pool import Pool
from db.engine.reader import Reader
from db.statements.user import state_of
from db.statements.write_mark import TRACKED
from services.accounts.viewer import Viewer


@dataclass(frozen=True, slots=True)
class DataState:
    """The state of a member's data, and the activity of its read.

    The value differs after each transaction that changes the member's data, and never returns.
    """

    value: tuple[object, ...]
    activity: Activity


def tells_of(activity: Activity) -> bool:
    """Return whether the state tells of changes of all rows that data loaders have read."""
    return activity.models <= TRACKED


class DataStates:
    """Reads the states of members' data."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def read(self, viewer: Viewer) -> DataState | None:
        """Return the state now, by one statement; None for operators, who see the data of all users."""
        if viewer.scope.everybody:
            return None
        activity = Activity()
        value = await state_of(Reader(self._pool, activity, single=True), viewer.user_id)
        return None if value is None else DataState(value, activity)
