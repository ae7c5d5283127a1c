"""Resolution: gets the values of a field for all rows of a block."""

from collections.abc import Sequence
from functools import partial
from inspect import iscoroutine
from typing import Any

from breadth.completion import complete
from breadth.field_source import AccessKind, Constant, PerParent, ReadAttribute, SetWise
from breadth.plan import Field
from breadth.request import are_constant
from breadth.response_slots import FieldSlots, RowBlock
from breadth.state import ExecutionState


def resolve(state: ExecutionState, block: RowBlock, field: Field) -> None:
    """Resolve a field for all rows of a block, and complete its values."""
    source = field.source
    if isinstance(source, SetWise):
        _resolve_set(state, FieldSlots(block, field), source)
        return
    if isinstance(source, Constant):
        values = [source.value] * len(block.rows)
    elif isinstance(source, ReadAttribute):
        values = _read(state, block, field, source)
    else:
        values = _resolve_per_parent(state, block, field, source)
    complete(state, FieldSlots(block, field), values)


def _read(state: ExecutionState, block: RowBlock, field: Field, source: ReadAttribute) -> list[Any]:
    """Return the values. The value of a parent that cannot be read is the exception."""
    if source.has_arguments:
        try:
            state.request.arguments(field)
        except Exception as invalid:  # noqa: BLE001 - it becomes the error of every parent's field
            return [invalid] * len(block.rows)
    values: list[Any] = []
    remaining = map(source.reader(), block.sources)
    while len(values) < len(block.sources):
        try:
            values.extend(remaining)
        except Exception as error:  # noqa: BLE001 - it becomes the field's error
            values.append(error)
    if source.access is AccessKind.DEFAULT and any(map(callable, values)):
        return [call_if_callable(state, block, field, row, value) for row, value in enumerate(values)]
    return values


def call_if_callable(state: ExecutionState, block: RowBlock, field: Field, row: int, value: Any) -> Any:
    """Call a callable attribute as graphql-core's default resolver does. Return its exception if it fails."""
    if not callable(value):
        return value
    try:
        return value(state.info(block, field, row))
    except Exception as error:  # noqa: BLE001 - it becomes the field's error
        return error


def _resolve_per_parent(state: ExecutionState, block: RowBlock, field: Field, source: PerParent) -> list[Any]:
    """Return the ordinary resolver's result for each parent. The result of a failed call is the exception."""
    request, resolver = state.request, source.resolve
    try:
        arguments = request.arguments(field)
    except Exception as invalid:  # noqa: BLE001 - it becomes the error of every parent's field
        return [invalid] * len(block.rows)
    constant = are_constant(arguments)
    values: list[Any] = []
    for row, parent in enumerate(block.sources):
        try:
            given = arguments if constant or row == 0 else request.new_arguments(field)
            value = resolver(parent, state.info(block, field, row), **given)
            if request.around is not None and iscoroutine(value):
                value = request.around(field, len(block.rows), value)
            values.append(value)
        except Exception as error:  # noqa: BLE001 - it becomes the field's error
            values.append(error)
    return values


def _resolve_set(state: ExecutionState, slots: FieldSlots, source: SetWise) -> None:
    field, block = slots.field, slots.block
    results: Any
    try:
        request, resolver = state.request, source.resolver
        arguments = (
            request.converted(field, partial(state.set_info, block, field)) if field.has_arguments else {}
        )
        info = request.context_value if resolver.of_context else state.set_info(block, field)
        selected = (field.selected,) if resolver.wants_selection else ()
        results = resolver.resolve(list(block.sources), info, *selected, **arguments)
    except Exception as error:  # noqa: BLE001 - it becomes the error of every parent's field
        results = error
    if state.class_facts.is_awaitable(results):
        slots.awaited = True
        if state.request.around is not None:
            results = state.request.around(field, len(block.rows), results)
        state.wait_for_all(slots, results, partial(_complete_set, state, slots))
    else:
        complete_results(state, slots, results)


def _complete_set(state: ExecutionState, slots: FieldSlots, _numbers: list[int], results: list[Any]) -> None:
    complete_results(state, slots, results[0])


def complete_results(state: ExecutionState, slots: FieldSlots, results: Any) -> None:
    """Complete the results of a set resolver: one per parent, or an exception for all."""
    source = slots.field.source
    assert isinstance(source, SetWise)  # noqa: S101 - the caller knows
    complete(state, slots, _one_per_parent(source, len(slots.block.rows), results), awaited=True)


def _one_per_parent(source: SetWise, parents: int, results: Any) -> Sequence[Any]:
    """Return one value per parent: the results, or the same exception for each."""
    if type(results) is list and len(results) == parents:
        return results
    if not isinstance(results, Exception):
        if not isinstance(results, Sequence) or isinstance(results, (str, bytes)):
            wrong = f"must return a sequence of results, not {type(results).__name__}"
        elif len(results) != parents:
            wrong = f"must return {parents} results, one per parent, not {len(results)}"
        else:
            return results
        results = TypeError(f"{_name_of(source)} {wrong}")
    return [results] * parents


def _name_of(source: SetWise) -> str:
    resolver = source.resolver.resolve
    return f"{resolver.__module__}.{getattr(resolver, '__qualname__', resolver)}"
