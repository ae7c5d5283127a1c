"""Several errors in one response: the exact responses of breadth and of graphql-core."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple

import pytest
from graphql import (
    ExecutionResult,
    GraphQLField,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    execute,
    parse,
)

import breadth
from tests.breadth.small_schemas import Resolver, per_parent

REQUIRED_INT = GraphQLNonNull(GraphQLInt)


class Response(NamedTuple):
    """The data, the messages of the errors in their order, and whether the response had to be awaited."""

    data: Any
    errors: list[str]
    awaited: bool


async def response(run: Resolver, schema: GraphQLSchema, text: str) -> Response:
    found = run(schema, parse(text))
    awaited = not isinstance(found, ExecutionResult)
    result: ExecutionResult = await found if awaited else found
    return Response(result.data, [error.message for error in result.errors or ()], awaited)


async def both(schema: GraphQLSchema, text: str) -> tuple[Response, Response]:
    """Return breadth's response and graphql-core's, when all that runs in the background has ended."""
    before = asyncio.all_tasks()
    responses = await response(breadth.execute, schema, text), await response(execute, schema, text)
    await ended_since(before)
    return responses


async def ended_since(before: set[asyncio.Task[Any]]) -> None:
    """Wait for the tasks that began since then."""
    while asyncio.all_tasks() - before:
        await asyncio.sleep(0)


def failing(message: str, type_: Any = GraphQLInt, *, turns: int | None = None) -> GraphQLField:
    """Return a field that fails: at once, or after it was awaited for some turns of the event loop."""

    def fail(*_: object) -> Any:
        raise ValueError(message)

    async def fail_later(*_: object) -> Any:
        for _turn in range(turns or 0):
            await asyncio.sleep(0)
        raise ValueError(message)

    return per_parent(fail if turns is None else fail_later, type_)


def schema_of(fields: dict[str, GraphQLField]) -> GraphQLSchema:
    """Return a schema with the fields at the root, and again in objects at `nested`."""
    nested = GraphQLObjectType("Nested", fields)
    return GraphQLSchema(GraphQLObjectType("Query", {**fields, "nested": per_parent(lambda *_: {}, nested)}))


SELECTION = {
    "now": failing("now"),
    "nowRequired": failing("now required", REQUIRED_INT),
    "later": failing("later", turns=0),
    "laterRequired": failing("later required", REQUIRED_INT, turns=0),
    "twoTurns": failing("two turns", turns=1),
    "one": per_parent(lambda *_: 1),
}


@pytest.mark.parametrize(
    ("fields", "errors", "awaited"),
    [
        # Synchronous errors come first, in document order.
        ("now later", ["now", "later"], True),
        ("later now", ["now", "later"], True),
        # A synchronous null discards pending siblings, so that the response needs no awaiting.
        ("nowRequired now", ["now required"], False),
        ("now nowRequired", ["now", "now required"], False),
        ("later nowRequired", ["now required"], False),
        ("laterRequired nowRequired", ["now required"], False),
        # A null from an awaited field keeps the errors of the same turn and follows them.
        ("laterRequired later", ["later", "later required"], True),
        ("later laterRequired", ["later", "later required"], True),
        ("laterRequired now later", ["now", "later", "later required"], True),
    ],
)
@pytest.mark.parametrize("nested", [False, True])
async def test_errors_of_sibling_fields_equal_those_of_graphql_core(
    fields: str, errors: list[str], awaited: bool, nested: bool
) -> None:
    text = f"{{ one nested {{ {fields} }} }}" if nested else f"{{ one {fields} }}"
    own, reference = await both(schema_of(SELECTION), text)
    selected = fields.split()
    is_null = any("Required" in name for name in selected)
    inner = None if is_null else dict.fromkeys(selected)
    data = {"one": 1, "nested": inner} if nested else None if is_null else {"one": 1, **inner}  # type: ignore[dict-item]
    assert own == reference == Response(data, errors, awaited)


@pytest.mark.parametrize(
    ("fields", "own_errors", "reference_errors"),
    [
        # graphql-core orders errors by the ends of its tasks, breadth orders the errors of a turn by the document.
        ("twoTurns later", ["two turns", "later"], ["later", "two turns"]),
        # A null needs a few turns in graphql-core, which collects more errors meanwhile. breadth does not wait.
        ("laterRequired twoTurns", ["later required"], ["two turns", "later required"]),
    ],
)
async def test_errors_that_depend_on_turns_of_the_event_loop_differ(
    fields: str, own_errors: list[str], reference_errors: list[str]
) -> None:
    own, reference = await both(schema_of(SELECTION), f"{{ {fields} }}")
    assert own.data == reference.data
    assert own.errors == own_errors
    assert reference.errors == reference_errors


async def test_order_of_awaited_errors_at_different_depths_differs() -> None:
    """graphql-core starts nested awaitables a turn later than those of the root. breadth starts all together."""
    schema = schema_of({"now": failing("now"), "a": failing("a", turns=0), "b": failing("b", turns=0)})
    own, reference = await both(schema, "{ nested { a b now } a }")
    assert own.data == reference.data == {"nested": {"a": None, "b": None, "now": None}, "a": None}
    assert own.errors == ["now", "a", "b", "a"]
    assert reference.errors == ["now", "a", "a", "b"]


async def test_an_error_after_its_parent_became_null_is_not_reported() -> None:
    released = asyncio.Event()

    async def late(*_: object) -> None:
        await released.wait()
        raise ValueError("late")

    async def release(*_: object) -> int:
        for _turn in range(10):
            await asyncio.sleep(0)
        released.set()
        released.clear()  # for the second response
        return 1

    fields = {"laterRequired": SELECTION["laterRequired"], "late": per_parent(late)}
    nested = per_parent(lambda *_: {}, GraphQLObjectType("Nested", fields))
    schema = GraphQLSchema(GraphQLObjectType("Query", {"nested": nested, "release": per_parent(release)}))
    own, reference = await both(schema, "{ nested { laterRequired late } release }")
    assert own == reference == Response({"nested": None, "release": 1}, ["later required"], awaited=True)


# Awaitables that a synchronous null has orphaned


async def test_coroutines_orphaned_by_a_null_are_closed_but_graphql_core_runs_them() -> None:
    before = asyncio.all_tasks()
    ran: list[str] = []

    async def later(*_: object) -> None:
        ran.append("later")

    schema = schema_of({"later": per_parent(later), "nowRequired": SELECTION["nowRequired"]})
    for text, data in (
        ("{ later nowRequired }", None),
        ("{ nested { later nowRequired } }", {"nested": None}),
    ):
        own = await response(breadth.execute, schema, text)
        await asyncio.sleep(0)
        assert (own, ran, asyncio.all_tasks() - before) == (
            Response(data, ["now required"], awaited=False),
            [],
            set(),
        )
        assert await response(execute, schema, text) == own
        await ended_since(before)
        assert ran == ["later"]
        ran.clear()


async def test_a_task_orphaned_by_a_null_is_cancelled_without_awaiting() -> None:
    tasks: list[asyncio.Task[Any]] = []

    def start(*_: object) -> asyncio.Task[Any]:
        tasks.append(asyncio.create_task(asyncio.sleep(60)))
        return tasks[-1]

    schema = schema_of({"task": per_parent(start), "nowRequired": SELECTION["nowRequired"]})
    own = await response(breadth.execute, schema, "{ nested { task nowRequired } }")
    assert own == Response({"nested": None}, ["now required"], awaited=False)
    await asyncio.wait(tasks, timeout=1)
    assert [task.cancelled() for task in tasks] == [True]


# Iterables that fail halfway


class Halfway:
    """An iterator that raises the `LookupError`s among its values. It counts the reads."""

    def __init__(self, *values: Any) -> None:
        self.values = list(values)
        self.reads = 0
        self.closed = False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        self.reads += 1
        if not self.values:
            raise StopIteration
        value = self.values.pop(0)
        if isinstance(value, LookupError):
            raise value
        return value() if callable(value) else value

    def close(self) -> None:
        self.closed = True


class HalfwayAsync(Halfway):
    """An asynchronous iterator that raises the `LookupError`s among its values."""

    __iter__ = None  # type: ignore[assignment]

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        try:
            return self.__next__()
        except StopIteration:
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        self.closed = True
        raise ValueError("an error while closing is ignored")


class Read(NamedTuple):
    """A response, the number of reads of the list's iterator, and whether the iterator was closed."""

    response: Response
    reads: int
    closed: bool


async def read_by_both(class_: type[Halfway], item: Any, *values: Any) -> tuple[Read, Read]:
    found: list[Read] = []
    before = asyncio.all_tasks()
    for run in (breadth.execute, execute):
        iterator = class_(*values)
        field = per_parent(lambda *_, it=iterator: it, GraphQLList(item))
        answer = await response(run, GraphQLSchema(GraphQLObjectType("Query", {"list": field})), "{ list }")
        await ended_since(before)
        found.append(Read(answer, iterator.reads, iterator.closed))
    return found[0], found[1]


BAD = LookupError("bad")
NULL = "Cannot return null for non-nullable field Query.list."


@pytest.mark.parametrize(
    ("values", "errors", "reads"),
    [
        ((1, BAD), ["bad"], 3),
        ((1, BAD, 2, 3), ["bad"], 5),
        ((BAD, 1), ["bad"], 3),
        ((1, BAD, 2, LookupError("worse"), 3), ["bad"], 4),
        (("no int", BAD, 1), ["Int cannot represent non-integer value: 'no int'", "bad"], 4),
        ((ValueError("an item"), BAD, 1), ["an item", "bad"], 4),
    ],
)
async def test_an_iterator_that_raises_is_drained_and_not_closed(
    values: tuple[Any, ...], errors: list[str], reads: int
) -> None:
    own, reference = await read_by_both(Halfway, GraphQLInt, *values)
    assert own == reference == Read(Response({"list": None}, errors, awaited=False), reads, closed=False)


async def test_an_iterator_with_an_invalid_null_is_drained_and_not_closed() -> None:
    own, reference = await read_by_both(Halfway, REQUIRED_INT, 1, None, 2)
    assert own == reference == Read(Response({"list": None}, [NULL], awaited=False), 4, closed=False)


async def test_an_iterator_that_raises_after_an_invalid_null_is_drained_further_than_by_graphql_core() -> (
    None
):
    own, reference = await read_by_both(Halfway, REQUIRED_INT, None, BAD, 1)
    answer = Response({"list": None}, [NULL], awaited=False)
    assert own == Read(answer, 4, closed=False)
    assert reference == Read(answer, 2, closed=False)


async def test_coroutines_orphaned_in_an_iterator_are_closed_but_graphql_core_runs_them() -> None:
    ran: list[int] = []

    async def item() -> int:
        ran.append(1)
        return 1

    own, reference = await read_by_both(Halfway, GraphQLInt, item, BAD, item, 2)
    assert own == reference == Read(Response({"list": None}, ["bad"], awaited=False), 5, closed=False)
    assert ran == [1, 1]  # both by graphql-core
    ran.clear()
    own, reference = await read_by_both(Halfway, REQUIRED_INT, item, None, item)
    assert own == reference == Read(Response({"list": None}, [NULL], awaited=False), 4, closed=False)
    assert ran == [1, 1]


@pytest.mark.parametrize(
    ("item", "values", "errors", "reads"),
    [
        (GraphQLInt, (1, BAD, 2), ["bad"], 2),
        (GraphQLInt, ("no int", BAD), ["Int cannot represent non-integer value: 'no int'", "bad"], 2),
        (GraphQLInt, (ValueError("an item"), None, BAD, 1), ["an item", "bad"], 3),
        (REQUIRED_INT, (1, None, 2, 3), [NULL], 2),
        (REQUIRED_INT, (1, ValueError("an item"), 2), ["an item"], 2),
    ],
)
async def test_an_async_iterator_is_closed_when_its_list_becomes_null(
    item: Any, values: tuple[Any, ...], errors: list[str], reads: int
) -> None:
    own, reference = await read_by_both(HalfwayAsync, item, *values)
    assert own == reference == Read(Response({"list": None}, errors, awaited=True), reads, closed=True)


async def test_an_async_iterator_is_read_to_its_end_despite_an_invalid_item() -> None:
    """Set resolvers get all items. graphql-core completes each item before it reads the next one."""
    own, reference = await read_by_both(HalfwayAsync, REQUIRED_INT, 1, "no int", 2)
    answer = Response({"list": None}, ["Int cannot represent non-integer value: 'no int'"], awaited=True)
    assert own == Read(answer, 4, closed=False)
    assert reference == Read(answer, 2, closed=True)


async def test_mixed_errors_in_an_async_iterable_equal_those_of_graphql_core() -> None:
    async def later(*_: object) -> None:
        raise ValueError("later")

    def fail_at(parent: int, _info: Any) -> Any:
        if parent == 0:
            return later()
        raise ValueError(f"now {parent}")

    async def items(*_: object) -> AsyncIterator[int]:
        for number in range(3):
            yield number

    for required, data, errors in (
        (False, {"list": [None, None, None]}, ["now 1", "now 2", "later"]),
        (True, {"list": None}, ["now 1"]),
    ):
        item: Any = GraphQLObjectType("Item", {"fails": per_parent(fail_at, REQUIRED_INT)})
        field = per_parent(items, GraphQLList(GraphQLNonNull(item) if required else item))
        own, reference = await both(
            GraphQLSchema(GraphQLObjectType("Query", {"list": field})), "{ list { fails } }"
        )
        assert own == reference == Response(data, errors, awaited=True)


async def test_an_aiter_that_raises_is_the_error_of_the_list() -> None:
    class Broken:
        def __aiter__(self) -> AsyncIterator[Any]:
            raise ValueError("cannot be read")

    field = per_parent(lambda *_: Broken(), GraphQLList(GraphQLInt))
    own, reference = await both(GraphQLSchema(GraphQLObjectType("Query", {"list": field})), "{ list }")
    assert own == reference == Response({"list": None}, ["cannot be read"], awaited=False)
