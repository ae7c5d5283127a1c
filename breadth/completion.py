"""Value completion: turns resolved values into values of the response, for many slots at once.

The checks come in graphql-core's order: awaitable, exception, null; then list, leaf, object of an abstract type,
object. A check that the classes of the values can answer is not repeated for each value.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

from graphql import GraphQLError, GraphQLObjectType, default_type_resolver
from graphql.pyutils import Undefined, inspect, is_iterable

from breadth.fields import InstanceOf
from breadth.leaf_serialization import Leaf
from breadth.plan import CompletionKind, TypeLayer
from breadth.response_slots import ItemSlots, PickedSlots, Slots
from breadth.scheduler import Then, discard
from breadth.state import ExecutionState

NULL_CLASSES = {type(None)}
PLAIN_LISTS = {list, tuple}


def complete(state: ExecutionState, slots: Slots, values: Sequence[Any], *, awaited: bool = False) -> None:
    """Complete the values into their slots, which hold nulls. `awaited` values are not awaited again."""
    layer = slots.field.layers[slots.depth]
    classes = set(map(type, values))
    if not (layer.declares(classes) or state.class_facts.are_plain(classes)):
        plain = {
            each
            for each in classes
            if state.class_facts.is_plain(each) or issubclass(each, layer.plain_classes)
        }
        if plain != classes:
            if layer.nullable and classes - plain == NULL_CLASSES:
                slots, values = _without_nulls(slots, values)
            else:
                slots, values = _sifted(state, slots, values, plain, awaited=awaited)
            classes = set(map(type, values))
    if not values:
        return
    if layer.kind is CompletionKind.LEAF:
        assert layer.leaf is not None  # noqa: S101 - the kind says so
        _complete_leaves(state, slots, values, layer.leaf, classes)
    elif layer.kind is CompletionKind.LIST:
        _complete_lists(state, slots, values, classes)
    elif layer.kind is CompletionKind.OBJECT:
        complete_objects(state, slots, values, layer.output_type)  # type: ignore[arg-type]
    else:
        _complete_abstract(state, slots, values, layer)


def _without_nulls(slots: Slots, values: Sequence[Any]) -> tuple[Slots, Sequence[Any]]:
    picks = [index for index, value in enumerate(values) if value is not None]
    return PickedSlots(slots, picks), [value for value in values if value is not None]


def _sifted(
    state: ExecutionState, slots: Slots, values: Sequence[Any], plain: set[type], *, awaited: bool
) -> tuple[Slots, Sequence[Any]]:
    """Return the plain values and their slots. Handle nulls, exceptions and awaitables."""
    nullable = slots.field.layers[slots.depth].nullable
    picks: list[int] = []
    pending: list[tuple[int, Any]] = []
    for index, value in enumerate(values):
        if type(value) in plain:
            picks.append(index)
        elif value is None or value is Undefined:
            if not nullable:
                state.failures.add(slots, index, TypeError(slots.field.null_message))
        elif not awaited and state.class_facts.is_awaitable(value):
            pending.append((index, value))
        elif isinstance(value, Exception):
            state.failures.add(slots, index, value)
        else:
            picks.append(index)
    if pending:
        state.wait(slots, pending, partial(_complete_awaited, state, slots))
    if len(picks) == len(values):
        return slots, values
    return PickedSlots(slots, picks), [values[pick] for pick in picks]


def _complete_awaited(state: ExecutionState, slots: Slots, indices: list[int], values: list[Any]) -> None:
    complete(state, PickedSlots(slots, indices, awaited=True), values, awaited=True)


# Leaves


def _complete_leaves(
    state: ExecutionState, slots: Slots, values: Sequence[Any], leaf: Leaf, classes: set[type]
) -> None:
    serialized = leaf.serialize_all(values, classes)
    if serialized is not None:
        slots.put(serialized)
        return
    pending: list[tuple[int, Any]] = []
    for index, value in enumerate(values):
        try:
            result = leaf.serialize(value)
        except Exception as error:  # noqa: BLE001 - it becomes the field's error
            state.failures.add(slots, index, error)
            continue
        if state.class_facts.is_plain(type(result)) or not state.class_facts.is_awaitable(result):
            slots.put_one(index, result)
        else:
            pending.append((index, result))
    if pending:
        state.wait(slots, pending, partial(_put_awaited, state, slots))


def _put_awaited(state: ExecutionState, slots: Slots, indices: list[int], values: list[Any]) -> None:
    """Put what a scalar serialized asynchronously. graphql-core does not check such a value either."""
    for index, value in zip(indices, values, strict=True):
        if isinstance(value, Exception):
            state.failures.add(slots, index, value)
        else:
            slots.put_one(index, value)


# Lists


class ReadList(NamedTuple):
    """The items of an iterable, and the error that ended it."""

    items: Sequence[Any]
    error: Exception | None


def _complete_lists(state: ExecutionState, slots: Slots, values: Sequence[Any], classes: set[type]) -> None:
    if classes <= PLAIN_LISTS:
        _complete_items(state, slots, values)
        return
    items_are_nullable = slots.field.layers[slots.depth + 1].nullable
    picks: list[int] = []
    lists: list[ReadList] = []
    pending: list[tuple[int, Any]] = []
    for index, value in enumerate(values):
        if type(value) not in PLAIN_LISTS and state.request.is_async_iterable(value):
            try:
                pending.append((index, _read_async(value.__aiter__(), nullable=items_are_nullable)))
            except Exception as error:  # noqa: BLE001 - it becomes the list's error
                state.failures.add(slots, index, error)
        elif is_iterable(value):
            picks.append(index)
            lists.append(_read(state, value))
        else:
            field = slots.field
            message = f"Expected Iterable, but did not find one for field '{field.parent}.{field.name}'."
            state.failures.add(slots, index, GraphQLError(message))
    if pending:
        state.wait(slots, pending, partial(_complete_read, state, slots))
    _complete_read(state, slots, picks, lists)


def _read(state: ExecutionState, values: Iterable[Any]) -> ReadList:
    """Read an iterable to its end, as graphql-core does even after an error: later items may be awaitables."""
    items: list[Any] = []
    iterator: Iterator[Any] = iter(())
    try:
        iterator = iter(values)
        for item in iterator:
            items.append(item)  # noqa: PERF402 - the items before an error are kept
    except Exception as error:  # noqa: BLE001 - it becomes the list's error
        with suppress(Exception):
            for item in iterator:
                state.scheduler.discard(item)
        return ReadList(items, error)
    return ReadList(items, None)


async def _read_async(iterator: AsyncIterator[Any], *, nullable: bool) -> ReadList:
    """Read an async iterator until it ends, fails, or gives an item that makes the list null. Close it then.

    `nullable` says whether items may be null.
    """
    items: list[Any] = []
    while True:
        try:
            item = await anext(iterator)
        except StopAsyncIteration:
            return ReadList(items, None)
        except Exception as error:  # noqa: BLE001 - it becomes the list's error
            await _close(iterator)
            return ReadList(items, error)
        except BaseException:
            discard(items)
            raise
        items.append(item)
        if not nullable and (item is None or item is Undefined or isinstance(item, Exception)):
            await _close(iterator)
            return ReadList(items, None)


async def _close(iterator: Any) -> None:
    with suppress(Exception):
        await iterator.aclose()


def _complete_read(state: ExecutionState, slots: Slots, indices: list[int], lists: Sequence[Any]) -> None:
    """Complete the items of each list, also of a list that failed afterwards: errors of its items come first."""
    good = [
        (index, found) for index, found in zip(indices, lists, strict=True) if isinstance(found, ReadList)
    ]
    if good:
        picked = PickedSlots(slots, [index for index, _ in good])
        _complete_items(state, picked, [found.items for _, found in good])
    for index, found in zip(indices, lists, strict=True):
        if not isinstance(found, ReadList):
            state.failures.add(slots, index, found)
        elif found.error is not None:
            state.failures.add(slots, index, found.error, after_items=len(found.items))


def _complete_items(state: ExecutionState, slots: Slots, values: Sequence[Sequence[Any]]) -> None:
    items = ItemSlots(slots, list(map(len, values)))
    complete(state, items, list(chain.from_iterable(values)))


# Objects


def complete_objects(
    state: ExecutionState, slots: Slots, values: Sequence[Any], object_type: GraphQLObjectType
) -> None:
    """Add the objects to the state, after the type's `is_type_of` has accepted them."""
    test = object_type.is_type_of
    if test is None or (isinstance(test, InstanceOf) and test.accepts(set(map(type, values)))):
        state.add_objects(slots, values, object_type)
    else:
        _ask_each(state, slots, values, test, partial(_add_accepted, state, slots, values, object_type))


def _ask_each(
    state: ExecutionState, slots: Slots, values: Sequence[Any], ask: Callable[[Any, Any], Any], then: Then
) -> None:
    """Ask a question about each value and its `info`. Pass the answers to `then`, the awaited ones later.

    The answer to a failed question is the exception.
    """
    indices: list[int] = []
    answers: list[Any] = []
    pending: list[tuple[int, Any]] = []
    for index, value in enumerate(values):
        try:
            answer = ask(value, state.info_at(slots, index))
        except Exception as error:  # noqa: BLE001 - it becomes the field's error
            answer = error
        if state.class_facts.is_awaitable(answer):
            pending.append((index, answer))
        else:
            indices.append(index)
            answers.append(answer)
    if pending:
        state.wait(slots, pending, then)
    then(indices, answers)


def _add_accepted(
    state: ExecutionState,
    slots: Slots,
    values: Sequence[Any],
    object_type: GraphQLObjectType,
    indices: list[int],
    verdicts: list[Any],
) -> None:
    picks: list[int] = []
    for index, verdict in zip(indices, verdicts, strict=True):
        if isinstance(verdict, Exception):
            state.failures.add(slots, index, verdict)
        elif verdict:
            picks.append(index)
        else:
            message = f"Expected value of type '{object_type}' but got: {inspect(values[index])}."
            state.failures.add(slots, index, GraphQLError(message, list(slots.field.nodes)))
    if picks:
        state.add_objects(PickedSlots(slots, picks), [values[pick] for pick in picks], object_type)


# Objects of abstract types


def _complete_abstract(state: ExecutionState, slots: Slots, values: Sequence[Any], layer: TypeLayer) -> None:
    if _complete_by_class(state, slots, values):
        return
    abstract: Any = layer.output_type
    resolve = abstract.resolve_type or state.request.type_resolver
    then = partial(_complete_by_type, state, slots, values, abstract)
    _ask_each(state, slots, values, lambda value, info: resolve(value, info, abstract), then)


def _complete_by_class(state: ExecutionState, slots: Slots, values: Sequence[Any]) -> bool:
    """Complete the objects if their classes alone tell their types. Return whether they do."""
    if state.request.type_resolver is not default_type_resolver:
        return False
    types = {each: slots.field.runtime_type(each) for each in dict.fromkeys(map(type, values))}
    if None in types.values():
        return False
    groups: dict[Any, list[int]] = {}
    for index, value in enumerate(values):
        groups.setdefault(types[type(value)], []).append(index)
    for object_type, picks in groups.items():
        complete_objects(state, PickedSlots(slots, picks), [values[pick] for pick in picks], object_type)
    return True


def _complete_by_type(
    state: ExecutionState,
    slots: Slots,
    values: Sequence[Any],
    abstract: Any,
    indices: list[int],
    names: list[Any],
) -> None:
    groups: dict[GraphQLObjectType, list[int]] = {}
    for index, name in zip(indices, names, strict=True):
        try:
            groups.setdefault(_runtime_type(state, slots, index, abstract, name, values[index]), []).append(
                index
            )
        except Exception as error:  # noqa: BLE001 - it becomes the field's error
            state.failures.add(slots, index, error)
    for object_type, picks in groups.items():
        complete_objects(state, PickedSlots(slots, picks), [values[pick] for pick in picks], object_type)


def _runtime_type(
    state: ExecutionState, slots: Slots, index: int, abstract: Any, name: Any, value: Any
) -> GraphQLObjectType:
    if isinstance(name, Exception):
        raise name
    info = state.info_at(slots, index)
    return state.request.executor.ensure_valid_runtime_type(name, abstract, slots.field.details, info, value)
