"""The observation of a finished turn of a job."""

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

JobOutcome: TypeAlias = Literal["done", "failed", "unavailable"]


class JobRun(NamedTuple):
    """A turn that had work, or failed. A turn of a job without work is not observed."""

    job: str
    outcome: JobOutcome
    seconds: float


JobObserver: TypeAlias = Callable[[JobRun], None]


def ignore(_: JobRun) -> None:
    """Observe nothing."""
