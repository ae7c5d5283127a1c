"""The activity of an operation: its statements, its waits for the pool, its batches and its figures.

Metrics, logs, warnings and the profile of an operation read it. It holds no values of a request, unless the guard
watches the operation (`schema.prepared.guard`).
"""

from collections.abc import Coroutine, Generator, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, NamedTuple, TypeVar, cast

from db.language.shape import Shape

Result = TypeVar("Result")


class Place(NamedTuple):
    """The field of a document that reads: its path without list indices, and its coordinate such as `Lead.user`.

    `parents` is the number of its parents. `unit` numbers the transactions and computations of figures, in which a
    statement may run again. A computation of figures (`of_figures`) works for all fields that ask for them together.
    """

    path: tuple[str, ...]
    coordinate: str
    parents: int = 1
    unit: int = 0
    of_figures: bool = False


PLACE: Final = ContextVar[Place | None]("place", default=None)
"""The place for which the current task works."""


class AtPlace(Coroutine[Any, Any, Result]):
    """A coroutine that works for a place. Tasks that it creates work for the place, too."""

    __slots__ = ("_coroutine", "_place")

    def __init__(self, coroutine: Coroutine[Any, Any, Result], place: Place | None) -> None:
        self._coroutine = coroutine
        self._place = place

    def send(self, value: Any) -> Any:
        token = PLACE.set(self._place)
        try:
            return self._coroutine.send(value)
        finally:
            PLACE.reset(token)

    def throw(
        self, typ: Any, val: BaseException | object = None, tb: TracebackType | None = None
    ) -> Any:  # the signature of the abstract method
        token = PLACE.set(self._place)
        try:
            return self._coroutine.throw(typ) if val is None else self._coroutine.throw(typ, val, tb)
        finally:
            PLACE.reset(token)

    def close(self) -> None:
        self._coroutine.close()

    def __await__(self) -> Generator[Any, Any, Result]:
        return cast("Generator[Any, Any, Result]", self)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self.send(None)


class WatchedAtPlace(AtPlace[Any]):
    """A resolver's coroutine at its place. It records its result."""

    __slots__ = ("_activity", "_selected", "_typename")

    def __init__(
        self,
        coroutine: Coroutine[Any, Any, Any],
        place: Place,
        activity: "Activity",
        typename: str,
        selected: frozenset[str],
    ) -> None:
        super().__init__(coroutine, place)
        self._activity, self._typename, self._selected = activity, typename, selected

    def send(self, value: Any) -> Any:
        try:
            return super().send(value)
        except StopIteration as done:
            place = self._place
            assert place is not None  # noqa: S101 - the constructor takes one
            self._activity.returned.append(Returned(place, self._typename, self._selected, done.value))
            raise


class StatementRun(NamedTuple):
    """One run of a statement. `seconds` lasts until the rows have arrived; a failed run has no rows.

    `began` is the `perf_counter` value at the start. `error` is the SQLSTATE or the class of a failure.
    """

    name: str
    seconds: float
    rows: int
    began: float = 0.0
    error: str = ""
    place: Place | None = None


def error_name(failure: BaseException) -> str:
    """Return the SQLSTATE of an error of the database, or the class of another error. Neither holds values."""
    return getattr(failure, "sqlstate", None) or type(failure).__name__


class Batch(NamedTuple):
    """One read of a data loader: the name of its class, and the number of keys.

    A `full` batch has the most keys that the loader reads at once. `counter` is the column that has the value of the
    read already, such as `keywords.mentions_count`. `models` are those whose rows the loader reads.
    """

    loader: str
    keys: int
    place: Place | None = None
    full: bool = False
    counter: str | None = None
    models: tuple[type, ...] = ()


class RowsRead(NamedTuple):
    """Rows of a model that one statement of a reader returned, and their shape."""

    place: Place | None
    shape: Shape
    rows: Sequence[Any]


class Returned(NamedTuple):
    """The result of a field's resolver: of one parent, or a list of the results of all parents.

    `typename` is the type of the field's objects, and `selected` the names of the fields that are selected of them.
    """

    place: Place
    typename: str
    selected: frozenset[str]
    value: Any


class FiguresRead(NamedTuple):
    """Figures of one kind that came together: from the cache (`hit`, `stale`), from another task or process
    (`waited`), or from one computation (`computed`).
    """

    figure: str
    outcome: str
    figures: int


@dataclass(slots=True)
class StatementSum:
    """Runs of one statement in sum."""

    runs: int = 0
    seconds: float = 0.0
    rows: int = 0

    def add(self, run: StatementRun) -> None:
        self.runs += 1
        self.seconds += run.seconds
        self.rows += run.rows


@dataclass(slots=True)
class Activity:
    """The activity of all sessions of an operation, in the order of its parts' ends."""

    runs: list[StatementRun] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    pool_waits: list[float] = field(default_factory=list)
    """Seconds of each wait for a connection of the pool."""
    figures: list[FiguresRead] = field(default_factory=list)
    longest_text: int = 0
    """The characters of the longest of the long texts that readers have read."""
    unbounded: int = 0
    """The number of statements that no bound includes: deletes of large object trees in batches."""
    units: int = 0
    watched_rows: list[RowsRead] | None = None
    """All rows, if the operation is watched. An activity that is not watched holds no values."""
    returned: list[Returned] = field(default_factory=list)
    models: set[type[Any]] = field(default_factory=set)
    """The models whose rows data loaders have read."""
    unlisted: dict[str, StatementSum] = field(default_factory=dict)
    """The runs that were added without being listed, by the name of the statement."""

    def watch(self) -> None:
        """Record rows and results, too."""
        self.watched_rows = []

    def forget_rows(self) -> None:
        """Drop the recorded rows and results."""
        self.watched_rows = None
        self.returned.clear()

    def lengths(self) -> tuple[int, ...]:
        """Return the lengths of the lists now, for `forget_since`."""
        return tuple(map(len, self._lists()))

    def forget_since(self, lengths: tuple[int, ...]) -> None:
        """Remove the parts that were recorded since then, because the operation runs again."""
        for each, length in zip(self._lists(), lengths, strict=True):
            del each[length:]

    def _lists(self) -> tuple[list[Any], ...]:
        watched = [] if self.watched_rows is None else self.watched_rows
        return self.runs, self.batches, self.figures, self.returned, watched

    def new_unit(self, *, of_figures: bool = False) -> Place | None:
        """Return the current place in a new unit, for a transaction or a computation of figures."""
        self.units += 1
        place = PLACE.get()
        return None if place is None else place._replace(unit=self.units, of_figures=of_figures)

    def add(self, part: "Activity", *, most_runs: int) -> None:
        """Add the activity of a part, such as a batch of a stream. At most `most_runs` runs are listed in all."""
        room = max(0, most_runs - len(self.runs))
        self.runs += part.runs[:room]
        for run in part.runs[room:]:
            self.unlisted.setdefault(run.name, StatementSum()).add(run)
        self.pool_waits[:] = [sum(self.pool_waits) + sum(part.pool_waits)]

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
