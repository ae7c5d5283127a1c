"""The guard: warnings about reads that cost more than their field needs, such as N+1 statements.

`examine` looks at the activity of a finished operation. The activity records rows and results only if it is watched.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from db.engine.activity import Activity, Batch, Place, Returned, RowsRead
from db.language.shape import Shape
from db.models import Base, User
from resolvers.entities import OF_TYPENAME
from resolvers.framework.paging import PARTS_OF_PAGE, Connection
from resolvers.framework.requires import OperationReads
from schema.prepared.cost import Cost
from schema.prepared.statement_bound import Excess

GuardMode: TypeAlias = Literal["off", "warn", "fail"]
MOST_WARNINGS: Final = 20

REPEATED_STATEMENT: Final = "REPEATED_STATEMENT"
BATCH_OF_ONE: Final = "BATCH_OF_ONE"
UNUSED_ROWS: Final = "UNUSED_ROWS"
UNUSED_COLUMNS: Final = "UNUSED_COLUMNS"
COUNTED_IN_VAIN: Final = "COUNTED_IN_VAIN"
BOUND_EXCEEDED: Final = "BOUND_EXCEEDED"


@dataclass(frozen=True, slots=True)
class ReadWarning:
    """A warning about the reads of a field. `path` leads to the field, without list indices."""

    code: str
    message: str
    path: tuple[str, ...]
    coordinate: str

    def __str__(self) -> str:
        return f"{self.code} at {'.'.join(self.path)} ({self.coordinate}): {self.message}"

    def shown(self) -> Mapping[str, Any]:
        """Return the warning as JSON."""
        return {
            "code": self.code,
            "message": self.message,
            "path": list(self.path),
            "field": self.coordinate,
        }


def examine(
    activity: Activity, reads: OperationReads, cost: Cost, excess: Excess | None, *, failed: bool
) -> list[ReadWarning]:
    """Return the warnings about a finished operation, in the order of the checks. `excess` broke its bound.

    An operation that `failed` in some fields may have read rows that it could not show.
    """
    single = dict(_batches_of_one(activity.batches))
    warnings = [
        *single.values(),
        *_repeated_statements(activity, single.keys(), cost.statements.computations),
        *_counts(activity.batches),
        *_unused_columns(activity, reads),
        *([] if failed else _unused_rows(activity)),
        *(
            []
            if excess is None
            else [ReadWarning(BOUND_EXCEEDED, str(excess), excess.path, excess.coordinate)]
        ),
    ]
    return warnings[:MOST_WARNINGS]


def _warning(code: str, place: Place, message: str) -> ReadWarning:
    return ReadWarning(code, message, place.path, place.coordinate)


def _batches_of_one(batches: Sequence[Batch]) -> Iterator[tuple[Place, ReadWarning]]:
    """Yield a warning for each field of several parents that loaded their keys one by one."""
    counted = Counter(
        (batch.place, batch.loader, batch.models)  # one field may refer to rows of several types
        for batch in batches
        if batch.place is not None and batch.keys == 1 and batch.place.parents > 1
    )
    for (place, loader, models), number in counted.items():
        # Figures read the row of an operator, and then those of the owners.
        if number > 1 + (models == (User,)) and place is not None:
            message = (
                f"{loader} read {number} batches of one key for {place.parents} objects. Load the keys of all objects in "
                "one call, and keep keys out of the loader's fields."
            )
            yield place, _warning(BATCH_OF_ONE, place, message)


def _repeated_statements(
    activity: Activity, known: Iterable[Place], computations: int
) -> Iterator[ReadWarning]:
    """Yield a warning for each statement that ran again for one field, unless a full batch explains it.

    A computation of figures may run a statement for each field of the document that shows figures.
    """
    full = [batch.place for batch in activity.batches if batch.full and batch.place is not None]
    excused = {place._replace(parents=1) for place in (*known, *full)}
    counted = Counter((run.place._replace(parents=1), run.name) for run in activity.runs if run.place)
    for (place, name), number in counted.items():
        allowed = computations if place.of_figures else 1
        if number > allowed and place not in excused:
            message = f"The statement {name!r} ran {number} times. Read all keys in one statement."
            yield _warning(REPEATED_STATEMENT, place, message)


def _counts(batches: Sequence[Batch]) -> Iterator[ReadWarning]:
    for batch in batches:
        if batch.counter is not None and batch.place is not None:
            message = f"{batch.loader} counted rows. The counter {batch.counter} has the number."
            yield _warning(COUNTED_IN_VAIN, batch.place, message)


def _unused_columns(activity: Activity, reads: OperationReads) -> Iterator[ReadWarning]:
    """Yield a warning for each read of columns that no selected field requires."""
    for place in {run.place for run in activity.runs if run.place and run.place.coordinate in reads.unstated}:
        message = "The resolver does not state its requirements, so the operation reads all columns. Add `@requires`."
        yield _warning(UNUSED_COLUMNS, place, message)
    seen: set[tuple[Place, Shape]] = set()
    for read in activity.watched_rows or ():
        if read.place is None or (read.place, read.shape) in seen:
            continue
        seen.add((read.place, read.shape))
        unused = reads.projection.unused(read.shape)
        if unused:
            message = f"Read the columns {', '.join(unused)} of {read.shape.model.__tablename__}, which no field requires."
            yield _warning(UNUSED_COLUMNS, read.place, message)


def _unused_rows(activity: Activity) -> Iterator[ReadWarning]:
    """Yield a warning for each field that reads rows of its type and shows fewer.

    A page reads one row beyond its end.
    """
    if not activity.watched_rows:
        return
    shown, pages = _shown(activity)
    for place, model, rows in _rows_of_fields(activity.watched_rows, activity.returned):
        unused = sum(id(row) not in shown for row in rows)
        if unused > pages[model]:
            message = f"Read {len(rows)} rows of {model.__tablename__}, of which {unused} are not used. Read only what is shown."
            yield _warning(UNUSED_ROWS, place, message)


def _shown(activity: Activity) -> tuple[set[int], Counter[type[Base]]]:
    """Return the identities of all rows that resolvers returned, and the number of pages of each model."""
    shown: set[int] = set()
    pages: Counter[type[Base]] = Counter()
    for result in activity.returned:
        for value in _flat(result.value):
            if not isinstance(value, Connection):
                shown.add(id(value))
            elif not PARTS_OF_PAGE.isdisjoint(result.selected):
                pages[value.listing.model] += 1
                shown.update(map(id, value.page.rows))
    return shown, pages


def _flat(value: Any) -> Iterator[Any]:
    """Yield the values of nested lists. Rows are no lists, even if they are tuples."""
    if type(value) in {list, tuple}:
        for each in value:
            yield from _flat(each)
    else:
        yield value


def _rows_of_fields(
    reads: Sequence[RowsRead], returned: Iterable[Returned]
) -> Iterator[tuple[Place, type[Base], Sequence[Any]]]:
    """Yield the rows that were read for each field whose objects are rows of the same model."""
    models = {result.place: _model_of(result) for result in returned}
    by_place: defaultdict[Place, list[Any]] = defaultdict(list)
    for read in reads:
        if read.place is not None and read.shape.model is models.get(read.place):
            by_place[read.place] += read.rows
    for place, rows in by_place.items():
        model = models[place]
        assert model is not None  # noqa: S101 - equal to the model of rows
        yield place, model, rows


def _model_of(result: Returned) -> type[Base] | None:
    """Return the model of a field's objects, or None if they are no rows."""
    entity = OF_TYPENAME.get(result.typename)
    if entity is not None:
        return entity.model
    return next((each.listing.model for each in _flat(result.value) if isinstance(each, Connection)), None)
