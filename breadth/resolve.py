"""Resolution: how a field's values are got for all rows of a frame."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from breadth.complete import complete
from breadth.places import Frame, Whole
from breadth.plan import Field
from breadth.request import are_constant
from breadth.source import Access, Constant, Each, Read, Together

if TYPE_CHECKING:
    from breadth.run import Run


def resolve(run: "Run", frame: Frame, field: Field) -> None:
    source = field.source
    if isinstance(source, Together):
        _resolve_together(run, Whole(frame, field), source)
        return
    if isinstance(source, Constant):
        values = [source.value] * len(frame.rows)
    elif isinstance(source, Read):
        values = _read(run, frame, field, source)
    else:
        values = _resolve_each(run, frame, field, source)
    complete(run, Whole(frame, field), values)


def _read(run: "Run", frame: Frame, field: Field, source: Read) -> list[Any]:
    """The values, with exceptions in the places of those that could not be read."""
    if source.arguments:
        try:
            run.request.arguments(field)
        except Exception as wrong:  # noqa: BLE001 - it becomes the error of every parent's field
            return [wrong] * len(frame.rows)
    values: list[Any] = []
    for parent in frame.sources:
        try:
            values.append(source.read(parent))
        except Exception as error:  # noqa: BLE001 - it becomes the field's error
            values.append(error)
    if source.access is Access.DEFAULT and any(map(callable, values)):
        return [call_if_callable(run, frame, field, row, value) for row, value in enumerate(values)]
    return values


def call_if_callable(run: "Run", frame: Frame, field: Field, row: int, value: Any) -> Any:
    """What graphql-core's default resolver makes of a property; an exception if it fails."""
    if not callable(value):
        return value
    try:
        return value(run.info(frame, field, row))
    except Exception as error:  # noqa: BLE001 - it becomes the field's error
        return error


def _resolve_each(run: "Run", frame: Frame, field: Field, source: Each) -> list[Any]:
    """What the field's own resolver returns for each parent; exceptions in the places of those it raised."""
    request, resolver = run.request, source.resolve
    try:
        arguments = request.arguments(field)
    except Exception as wrong:  # noqa: BLE001 - it becomes the error of every parent's field
        return [wrong] * len(frame.rows)
    constant = are_constant(arguments)
    values: list[Any] = []
    for row, parent in enumerate(frame.sources):
        try:
            given = arguments if constant or row == 0 else request.new_arguments(field)
            values.append(resolver(parent, run.info(frame, field, row), **given))
        except Exception as error:  # noqa: BLE001 - it becomes the field's error
            values.append(error)
    return values


def _resolve_together(run: "Run", places: Whole, source: Together) -> None:
    field, frame = places.field, places.frame
    results: Any
    try:
        request, resolver = run.request, source.resolver
        arguments = request.converted(field, partial(run.set_info, frame, field))
        known = request.context_value if resolver.of_context else run.set_info(frame, field)
        selection = (field.selection,) if resolver.wants_selection else ()
        results = resolver.resolve(list(frame.sources), known, *selection, **arguments)
    except Exception as error:  # noqa: BLE001 - it becomes the error of every parent's field
        results = error
    if run.kinds.is_awaitable(results):
        run.wait_for_all(places, results, partial(_complete_together, run, places, source))
    else:
        _complete_together(run, places, source, [0], [results])


def _complete_together(
    run: "Run", places: Whole, source: Together, _numbers: list[int], results: list[Any]
) -> None:
    values = _one_each(source, len(places.frame.rows), results[0])
    complete(run, places, values, awaited=True)


def _one_each(source: Together, parents: int, results: Any) -> Sequence[Any]:
    """One value per parent: the results, or what is wrong with them in the place of each."""
    if not isinstance(results, Exception):
        resolver = source.resolver.resolve
        name = f"{resolver.__module__}.{getattr(resolver, '__qualname__', resolver)}"
        if not isinstance(results, Sequence) or isinstance(results, (str, bytes)):
            results = TypeError(f"{name} returned no sequence of results, but {type(results).__name__}")
        elif len(results) != parents:
            results = TypeError(f"{name} returned {len(results)} results for {parents} parents")
        else:
            return results
    return [results] * parents
