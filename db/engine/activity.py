"""The activity of an operation: its statements, its waits for the pool, its batches and its figures.

Metrics, logs, warnings and the profile of an operation read it. It holds no values of a request.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import NamedTuple


class StatementRun(NamedTuple):
    """One run of a statement. `seconds` lasts until the rows have arrived; a failed run has no rows.

    `began` is the `perf_counter` value at the start. `error` is the SQLSTATE or the class of a failure.
    """

    name: str
    seconds: float
    rows: int
    began: float = 0.0
    error: str = ""


def error_name(failure: BaseException) -> str:
    """Return the SQLSTATE of an error of the database, or the class of another error. Neither holds values."""
    return getattr(failure, "sqlstate", None) or type(failure).__name__


class Batch(NamedTuple):
    """One read of a data loader: the name of its class, and the number of keys."""

    loader: str
    keys: int


@dataclass(slots=True)
class Activity:
    """The activity of all sessions of an operation, in the order of its parts' ends."""

    runs: list[StatementRun] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    pool_waits: list[float] = field(default_factory=list)
    """Seconds of each wait for a connection of the pool."""

    unlisted: int = 0
    """The number of runs that were added without being listed."""
    unlisted_rows: int = 0
    unlisted_seconds: float = 0.0

    def add(self, part: "Activity", *, most_runs: int) -> None:
        """Add the activity of a part, such as a batch of a stream. At most `most_runs` runs are listed in all."""
        room = max(0, most_runs - len(self.runs))
        self.runs += part.runs[:room]
        beyond = part.runs[room:]
        self.unlisted += len(beyond)
        self.unlisted_rows += sum([run.rows for run in beyond])
        self.unlisted_seconds += sum([run.seconds for run in beyond])
        self.pool_waits[:] = [sum(self.pool_waits) + sum(part.pool_waits)]

    @property
    def runs_count(self) -> int:
        """The number of runs."""
        return len(self.runs) + self.unlisted

    @property
    def rows(self) -> int:
        """The number of rows that the statements returned."""
        return sum([run.rows for run in self.runs]) + self.unlisted_rows

    @property
    def statement_seconds(self) -> float:
        """The time of the statements."""
        return sum([run.seconds for run in self.runs]) + self.unlisted_seconds

    @property
    def statements(self) -> list[str]:
        """The names of the statements, in order."""
        return [run.name for run in self.runs]


_recorded: ContextVar[Activity | None] = ContextVar("recorded", default=None)


@contextmanager
def recording() -> Iterator[Activity]:
    """Yield the activity of all sessions that the current task makes during the context."""
    activity = Activity()
    token = _recorded.set(activity)
    try:
        yield activity
    finally:
        _recorded.reset(token)


def activity_of_task() -> Activity:
    """Return the activity that the current task records, or a new one."""
    activity = _recorded.get()
    return Activity() if activity is None else activity
