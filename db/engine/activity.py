"""The activity of an operation: its statements, its waits for the pool, its batches and its figures.

Metrics, logs, warnings and the profile of an operation read it. It holds no values of a request.
"""

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

    @property
    def statements(self) -> list[str]:
        """The names of the statements, in order."""
        return [run.name for run in self.runs]
