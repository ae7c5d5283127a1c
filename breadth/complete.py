"""Completion: values as resolvers return them become values of the answer, for many places at once.

The order of the questions is graphql-core's: is it awaitable, an exception, null; then a list, a leaf, an
object of an abstract type, an object. What the classes of the values answer for all is not asked of each.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from graphql import GraphQLError, GraphQLObjectType
from graphql.pyutils import Undefined, inspect, is_iterable

from breadth.fields import InstanceOf
from breadth.leaves import Leaf
from breadth.places import Items, Places, Some
from breadth.plan import Level, Shape
from breadth.waiting import discard

if TYPE_CHECKING:
    from breadth.run import Run

NOTHING = {type(None)}
PLAIN_LISTS = {list, tuple}


def complete(run: "Run", places: Places, values: Sequence[Any], *, awaited: bool = False) -> None:
    """Puts the values in their places, which hold nulls. Values that were `awaited` are not awaited again."""
    level = places.field.levels[places.depth]
    kinds = set(map(type, values))
    if not run.kinds.plain(kinds):
        plain = {kind for kind in kinds if run.kinds.is_plain(kind) or issubclass(kind, level.plain)}
        if plain != kinds:
            if level.nullable and kinds - plain == NOTHING:
                places, values = _without_nulls(places, values)
            else:
                places, values = _sifted(run, places, values, plain, awaited=awaited)
            kinds = set(map(type, values))
    if not values:
        return
    if level.shape is Shape.LEAF:
        assert level.leaf is not None  # noqa: S101 - that is what the shape says
        _complete_leaves(run, places, values, level.leaf, kinds)
    elif level.shape is Shape.LIST:
        _complete_lists(run, places, values, kinds)
    elif level.shape is Shape.OBJECT:
        complete_objects(run, places, values, level.of)  # type: ignore[arg-type]
    else:
        _complete_abstract(run, places, values, level)


def _without_nulls(places: Places, values: Sequence[Any]) -> tuple[Places, Sequence[Any]]:
    picks = [index for index, value in enumerate(values) if value is not None]
    return Some(places, picks), [value for value in values if value is not None]


def _sifted(
    run: "Run", places: Places, values: Sequence[Any], plain: set[type], *, awaited: bool
) -> tuple[Places, Sequence[Any]]:
    """The plain values and their places. Nulls, exceptions and awaitables are seen to."""
    nullable = places.field.levels[places.depth].nullable
    picks: list[int] = []
    waits: list[tuple[int, Any]] = []
    for index, value in enumerate(values):
        if type(value) in plain:
            picks.append(index)
        elif value is None or value is Undefined:
            if not nullable:
                run.failures.add(places, index, TypeError(places.field.null_message))
        elif not awaited and run.kinds.is_awaitable(value):
            waits.append((index, value))
        elif isinstance(value, Exception):
            run.failures.add(places, index, value)
        else:
            picks.append(index)
    if waits:
        run.wait(places, waits, partial(_complete_awaited, run, places))
    if len(picks) == len(values):
        return places, values
    return Some(places, picks), [values[pick] for pick in picks]


def _complete_awaited(run: "Run", places: Places, indices: list[int], values: list[Any]) -> None:
    complete(run, Some(places, indices), values, awaited=True)


# Leaves


def _complete_leaves(run: "Run", places: Places, values: Sequence[Any], leaf: Leaf, kinds: set[type]) -> None:
    written = leaf.bulk(values, kinds)
    if written is not None:
        places.put(written)
        return
    waits: list[tuple[int, Any]] = []
    for index, value in enumerate(values):
        try:
            made = leaf.complete(value)
        except Exception as error:  # noqa: BLE001 - it becomes the field's error
            run.failures.add(places, index, error)
            continue
        if run.kinds.is_plain(type(made)) or not run.kinds.is_awaitable(made):
            places.put_one(index, made)
        else:
            waits.append((index, made))
    if waits:
        run.wait(places, waits, partial(_put_awaited, run, places))


def _put_awaited(run: "Run", places: Places, indices: list[int], values: list[Any]) -> None:
    """Puts what a scalar has made that had to be awaited itself. graphql-core does not look at it again."""
    for index, value in zip(indices, values, strict=True):
        if isinstance(value, Exception):
            run.failures.add(places, index, value)
        else:
            places.put_one(index, value)


# Lists


class Drained(NamedTuple):
    """The items of an iterable, and what went wrong behind them."""

    items: Sequence[Any]
    error: Exception | None


def _complete_lists(run: "Run", places: Places, values: Sequence[Any], kinds: set[type]) -> None:
    if kinds <= PLAIN_LISTS:
        _complete_items(run, places, values)
        return
    picks: list[int] = []
    lists: list[Drained] = []
    waits: list[tuple[int, Any]] = []
    for index, value in enumerate(values):
        if type(value) not in PLAIN_LISTS and run.request.is_async_iterable(value):
            waits.append((index, _drained_async(value)))
        elif is_iterable(value):
            picks.append(index)
            lists.append(_drained(value))
        else:
            field = places.field
            message = f"Expected Iterable, but did not find one for field '{field.parent}.{field.name}'."
            run.failures.add(places, index, GraphQLError(message))
    if waits:
        run.wait(places, waits, partial(_complete_drained, run, places))
    _complete_drained(run, places, picks, lists)


def _drained(values: Iterable[Any]) -> Drained:
    items: list[Any] = []
    try:
        for item in values:
            items.append(item)  # noqa: PERF402 - what it has given before it fails is kept
    except Exception as error:  # noqa: BLE001 - it becomes the list's error
        return Drained(items, error)
    return Drained(items, None)


async def _drained_async(values: Any) -> Drained:
    items: list[Any] = []
    iterator: AsyncIterator[Any] = values.__aiter__()
    while True:
        try:
            items.append(await anext(iterator))
        except StopAsyncIteration:
            return Drained(items, None)
        except Exception as error:  # noqa: BLE001 - it becomes the list's error
            await _closed(iterator)
            return Drained(items, error)
        except BaseException:
            discard(items)
            raise


async def _closed(iterator: Any) -> None:
    with suppress(Exception):
        await iterator.aclose()


def _complete_drained(run: "Run", places: Places, indices: list[int], lists: Sequence[Any]) -> None:
    """Completes the items that there are, also of lists that failed behind them: they fail first."""
    good = [(index, found) for index, found in zip(indices, lists, strict=True) if isinstance(found, Drained)]
    if good:
        some = Some(places, [index for index, _ in good])
        _complete_items(run, some, [found.items for _, found in good])
    for index, found in zip(indices, lists, strict=True):
        if not isinstance(found, Drained):
            run.failures.add(places, index, found)
        elif found.error is not None:
            run.failures.add(places, index, found.error, behind=len(found.items))


def _complete_items(run: "Run", places: Places, values: Sequence[Sequence[Any]]) -> None:
    items = Items(places, list(map(len, values)))
    complete(run, items, list(chain.from_iterable(values)))


# Objects


def complete_objects(
    run: "Run", places: Places, values: Sequence[Any], object_type: GraphQLObjectType
) -> None:
    test = object_type.is_type_of
    if isinstance(test, InstanceOf):
        if not all(issubclass(kind, test.classes) for kind in set(map(type, values))):
            places, values = _instances(run, places, values, object_type)
    elif test is not None:
        places, values = _instances(run, places, values, object_type)
    if values:
        run.enter(places, values, object_type)


def _instances(
    run: "Run", places: Places, values: Sequence[Any], object_type: GraphQLObjectType
) -> tuple[Places, Sequence[Any]]:
    """The values that are of the type by its own judgement, and their places."""
    test = object_type.is_type_of
    assert test is not None  # noqa: S101 - otherwise nobody asks
    verdicts: list[Any] = []
    for index, value in enumerate(values):
        try:
            verdicts.append(test(value, run.info_at(places, index)))
        except Exception as error:  # noqa: BLE001 - it becomes the field's error
            verdicts.append(error)
    waits = [(index, each) for index, each in enumerate(verdicts) if run.kinds.is_awaitable(each)]
    if waits:
        run.wait(places, waits, partial(_enter_judged, run, places, values, object_type))
        waiting = {index for index, _ in waits}
        indices = [index for index in range(len(values)) if index not in waiting]
        verdicts = [verdicts[index] for index in indices]
    else:
        indices = list(range(len(values)))
    return _judged(run, places, values, object_type, indices, verdicts)


def _judged(
    run: "Run",
    places: Places,
    values: Sequence[Any],
    object_type: GraphQLObjectType,
    indices: list[int],
    verdicts: list[Any],
) -> tuple[Places, Sequence[Any]]:
    picks: list[int] = []
    for index, verdict in zip(indices, verdicts, strict=True):
        if isinstance(verdict, Exception):
            run.failures.add(places, index, verdict)
        elif verdict:
            picks.append(index)
        else:
            message = f"Expected value of type '{object_type}' but got: {inspect(values[index])}."
            run.failures.add(places, index, GraphQLError(message, list(places.field.nodes)))
    return Some(places, picks), [values[pick] for pick in picks]


def _enter_judged(
    run: "Run",
    places: Places,
    values: Sequence[Any],
    object_type: GraphQLObjectType,
    indices: list[int],
    verdicts: list[Any],
) -> None:
    places, values = _judged(run, places, values, object_type, indices, verdicts)
    if values:
        run.enter(places, values, object_type)


# Objects of abstract types


def _complete_abstract(run: "Run", places: Places, values: Sequence[Any], level: Level) -> None:
    abstract: Any = level.of
    resolve = abstract.resolve_type or run.request.type_resolver
    indices: list[int] = []
    names: list[Any] = []
    waits: list[tuple[int, Any]] = []
    for index, value in enumerate(values):
        try:
            name = resolve(value, run.info_at(places, index), abstract)
        except Exception as error:  # noqa: BLE001 - it becomes the field's error
            run.failures.add(places, index, error)
            continue
        if run.kinds.is_awaitable(name):
            waits.append((index, name))
        else:
            indices.append(index)
            names.append(name)
    then = partial(_enter_by_type, run, places, values, abstract)
    if waits:
        run.wait(places, waits, then)
    then(indices, names)


def _enter_by_type(
    run: "Run", places: Places, values: Sequence[Any], abstract: Any, indices: list[int], names: list[Any]
) -> None:
    """Groups values by the types that their names say and goes on with one type after the other."""
    groups: dict[GraphQLObjectType, list[int]] = {}
    for index, name in zip(indices, names, strict=True):
        try:
            groups.setdefault(_runtime_type(run, places, index, abstract, name, values[index]), []).append(
                index
            )
        except Exception as error:  # noqa: BLE001 - it becomes the field's error
            run.failures.add(places, index, error)
    for object_type, picks in groups.items():
        complete_objects(run, Some(places, picks), [values[pick] for pick in picks], object_type)


def _runtime_type(
    run: "Run", places: Places, index: int, abstract: Any, name: Any, value: Any
) -> GraphQLObjectType:
    if isinstance(name, Exception):
        raise name
    info = run.info_at(places, index)
    return run.request.executor.ensure_valid_runtime_type(name, abstract, places.field.details, info, value)
