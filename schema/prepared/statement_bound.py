"""The bound of an operation's statements as a contract: an operation that exceeds it is an error of the server."""

from collections import Counter
from dataclasses import dataclass
from operator import itemgetter

from db.engine.activity import Activity, Place
from schema.prepared.cost import Cost

UNKNOWN = "(unknown)"
"""The coordinate of a statement that no field of the document read."""


@dataclass(frozen=True, slots=True)
class Excess:
    """The statements of an operation that exceeded its bound, and the coordinate of the field that read most often."""

    statements: int
    bound: int
    coordinate: str
    path: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.statements} statements ran, but the bound is {self.bound}"


def excess_of(activity: Activity, cost: Cost, *, everybody: bool) -> Excess | None:
    """Return the excess of a finished operation, or None if the operation kept its bound.

    Deletes in batches do not count. A figure that was computed again, because writers or other processes were faster,
    may add one statement.
    """
    ran, bound = len(activity.runs) - activity.unbounded, cost.statements_bound(everybody=everybody)
    if ran <= bound:
        return None
    computed = sum(read.outcome == "computed" for read in activity.figures)
    repeated = max(0, computed - cost.statements.computations)
    ran -= repeated
    if ran <= bound:
        return None
    place = _most_frequent(activity)
    return Excess(ran, bound, place.coordinate, place.path)


def _most_frequent(activity: Activity) -> Place:
    """Return the place that sent one statement most often."""
    counted = Counter((run.place, run.name) for run in activity.runs)
    (place, _), _ = max(counted.items(), key=itemgetter(1))
    return Place((), UNKNOWN) if place is None else place
