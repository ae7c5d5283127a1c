"""The observation of a finished turn of a job."""

from collections.abc import Callable
from typing import Final, Literal, NamedTuple, TypeAlias

from db.engine.activity import Activity

JobOutcome: TypeAlias = Literal["done", "failed", "unavailable"]

NO_ACTIVITY: Final = Activity()


class JobRun(NamedTuple):
    """A turn that had work, or failed. A turn of a job without work is not observed."""

    job: str
    outcome: JobOutcome
    seconds: float
    activity: Activity = NO_ACTIVITY
    began: float = 0.0
    """The `perf_counter` value at the start."""


JobObserver: TypeAlias = Callable[[JobRun], None]


def ignore(_: JobRun) -> None:
    """Observe nothing."""
