"""Cancellation, timeouts, and resolvers whose results a null has made useless."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from graphql import (
    ExecutionResult,
    GraphQLField,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
    build_schema,
    execute,
    parse,
)

import breadth
from tests.breadth.small_schemas import DEADLINE, OtherTasks, make_schema, per_parent, result_of, set_wise


class Hanging:
    """Resolvers that never return, and count how often they are cancelled."""

    def __init__(self) -> None:
        self.started = 0
        self.stopped = 0
        self.all_started = asyncio.Event()
        self.expected = 1

    async def hang(self) -> None:
        self.started += 1
        if self.started == self.expected:
            self.all_started.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.stopped += 1

    async def each(self, _parent: Any, _info: Any) -> int:
        await self.hang()
        return 0

    async def together(self, _parents: Sequence[Any], _info: Any) -> list[int]:
        await self.hang()
        return []

    async def items(self, _parent: Any, _info: Any) -> Any:
        async def items() -> Any:
            await self.hang()
            yield 1

        return items()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ each }", 1),
        ("{ items { together } }", 1),
        ("{ list }", 1),
        ("{ each items { id each together } list }", 6),
    ],
)
async def test_cancelling_an_operation_stops_all_its_resolvers(
    text: str, expected: int, other_tasks: OtherTasks
) -> None:
    hanging = Hanging()
    hanging.expected = expected
    listed = per_parent(hanging.items, GraphQLList(GraphQLInt))
    schema = make_schema(
        {"each": per_parent(hanging.each), "list": listed},
        {"each": per_parent(hanging.each), "together": set_wise(hanging.together)},
    )
    running = asyncio.create_task(result_of(schema, text))
    async with asyncio.timeout(DEADLINE):
        await hanging.all_started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (hanging.started, hanging.stopped) == (expected, expected)
    assert other_tasks() == set()


async def test_a_null_response_cancels_running_resolvers(other_tasks: OtherTasks) -> None:
    hanging = Hanging()

    async def fail(_root: Any, _info: Any) -> int:
        await hanging.all_started.wait()
        raise ValueError("no")

    schema = make_schema(
        {"fails": per_parent(fail, GraphQLNonNull(GraphQLInt)), "hangs": per_parent(hanging.each)}
    )
    result = await result_of(schema, "{ hangs fails }")
    assert result.data is None
    assert [error.message for error in result.errors or []] == ["no"]
    assert (hanging.stopped, other_tasks()) == (1, set())


async def test_resolvers_below_a_null_are_not_awaited(other_tasks: OtherTasks) -> None:
    """A required field nulls its object. The object's other field would never return."""
    hanging = Hanging()
    later: list[str] = []

    async def fail(_parents: Sequence[Any], _info: Any) -> list[int]:
        await hanging.all_started.wait()
        raise ValueError("no")

    async def good(_root: Any, _info: Any) -> int:
        await hanging.all_started.wait()
        await asyncio.sleep(0.01)
        later.append("good")
        return 1

    fields = {"fails": set_wise(fail, GraphQLNonNull(GraphQLInt)), "hangs": per_parent(hanging.each)}
    inner = GraphQLObjectType("Inner", fields)
    schema = make_schema({"inner": per_parent(lambda *_: {}, inner), "good": per_parent(good)})
    result = await result_of(schema, "{ inner { hangs fails } good }")
    assert result.data == {"inner": None, "good": 1}
    assert [error.path for error in result.errors or []] == [["inner", "fails"]]
    assert (hanging.stopped, later, other_tasks()) == (1, ["good"], set())


def test_coroutines_of_a_null_response_are_closed() -> None:
    async def never(_root: Any, _info: Any) -> int:
        raise AssertionError("the coroutine must not run")

    def fail(_root: Any, _info: Any) -> int:
        raise ValueError("no")

    schema = make_schema({"waits": per_parent(never), "fails": per_parent(fail, GraphQLNonNull(GraphQLInt))})
    result = breadth.execute(schema, parse("{ waits fails }"))
    assert isinstance(result, ExecutionResult)  # and no warning about an unawaited coroutine
    assert result.data is None


async def test_base_exceptions_pass_through_and_stop_everything(other_tasks: OtherTasks) -> None:
    def stop(_root: Any, _info: Any) -> int:
        raise KeyboardInterrupt

    async def give_up(_root: Any, _info: Any) -> int:
        raise asyncio.CancelledError

    async def wait(_root: Any, _info: Any) -> int:
        await asyncio.Event().wait()
        return 0

    schema = make_schema({"stop": per_parent(stop), "giveUp": per_parent(give_up), "wait": per_parent(wait)})
    with pytest.raises(KeyboardInterrupt):
        await result_of(schema, "{ wait stop }")
    for text in ("{ giveUp }", "{ wait giveUp }"):
        with pytest.raises(asyncio.CancelledError):
            await result_of(schema, text)
    assert other_tasks() == set()


@pytest.mark.parametrize("kind", ["coroutine", "future"])
async def test_a_null_does_not_cancel_a_future_that_other_fields_await(
    kind: str, other_tasks: OtherTasks
) -> None:
    """Loaders return the same future for the same key.

    graphql-core cancels the future for all fields, and the operation fails with `CancelledError`.
    """
    author: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def fail(_item: Any, _info: Any) -> None:
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(0.001, author.set_result, "Ann")

    async def wait(_item: Any, _info: Any) -> str:
        return await author

    resolve = wait if kind == "coroutine" else lambda _item, _info: author
    item = {
        "fails": per_parent(fail, GraphQLNonNull(GraphQLInt)),
        "author": GraphQLField(GraphQLString, resolve=resolve),
    }
    inner = GraphQLObjectType("Inner", item)
    schema = make_schema(
        {"first": per_parent(lambda *_: {}, inner), "second": per_parent(lambda *_: {}, inner)}
    )
    result = await result_of(schema, "{ first { fails author } second { author } }")
    assert result.data == {"first": None, "second": {"author": "Ann"}}
    assert [error.path for error in result.errors or []] == [["first", "fails"]]
    assert other_tasks() == set()


async def test_a_mutation_field_ends_before_the_next_one_starts() -> None:
    log: list[str] = []

    async def change(_root: Any, _info: Any, name: str) -> dict[str, Any]:
        log.append(name)
        return {}

    async def fail(_change: Any, _info: Any) -> None:
        await asyncio.sleep(0)

    async def hang(_change: Any, _info: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # stopping takes another turn
            log.append("stopped")

    schema = build_schema(
        "type Query { a: Int } type Change { fails: Int! hangs: Int } type Mutation { change(name: String): Change }"
    )
    schema.mutation_type.fields["change"].resolve = change  # type: ignore[union-attr]
    schema.type_map["Change"].fields["fails"].resolve = fail  # type: ignore[attr-defined]
    schema.type_map["Change"].fields["hangs"].resolve = hang  # type: ignore[attr-defined]
    text = 'mutation { a: change(name: "a") { fails hangs } b: change(name: "b") { __typename } }'
    result = await result_of(schema, text)
    assert result.data == {"a": None, "b": {"__typename": "Change"}}
    assert log == ["a", "stopped", "b"]


@pytest.mark.parametrize(
    "text", ["{ each }", "{ items { together } }", "{ each items { each together } list }"]
)
async def test_a_timeout_stops_all_resolvers(text: str, other_tasks: OtherTasks) -> None:
    hanging = Hanging()
    schema = make_schema(
        {"each": per_parent(hanging.each), "list": per_parent(hanging.items, GraphQLList(GraphQLInt))},
        {"each": per_parent(hanging.each), "together": set_wise(hanging.together)},
    )
    found: Any = breadth.execute(schema, parse(text))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await found
    assert hanging.started == hanging.stopped > 0
    assert other_tasks() == set()


async def test_a_task_returned_by_a_resolver_is_cancelled_with_its_field(other_tasks: OtherTasks) -> None:
    hanging = Hanging()

    def start(_root: Any, _info: Any) -> asyncio.Task[None]:
        return asyncio.create_task(hanging.hang())

    async def fail(_root: Any, _info: Any) -> None:
        await hanging.all_started.wait()

    fields = {"task": per_parent(start), "now": per_parent(lambda *_: None, GraphQLNonNull(GraphQLInt))}
    later = {"task": per_parent(start), "later": per_parent(fail, GraphQLNonNull(GraphQLInt))}
    of_both = [GraphQLObjectType(name, of) for name, of in (("Now", fields), ("Later", later))]
    schema = make_schema({str(of): per_parent(lambda *_: {}, of) for of in of_both})
    for text, data in (
        ("{ Now { task now } }", {"Now": None}),
        ("{ Later { task later } }", {"Later": None}),
    ):
        assert (await result_of(schema, text)).data == data
        await asyncio.sleep(0)
    assert (hanging.started, hanging.stopped) == (1, 1)  # the first task was cancelled before it ran
    assert other_tasks() == set()


# Resolvers that are not called


def test_fields_after_a_null_are_not_resolved() -> None:
    """Fields before the failing one in the document are resolved: they may fail too, and be the reported error."""
    calls: list[tuple[str, list[int]]] = []

    def noting(name: str) -> GraphQLField:
        def note(parents: Sequence[Any], _info: Any) -> list[int]:
            calls.append((name, [parent["id"] for parent in parents]))
            return [1] * len(parents)

        return set_wise(note)

    def even(item: Any, _info: Any) -> int | None:
        return None if item["id"] % 2 else 1

    fields = {
        "before": noting("before"),
        "even": per_parent(even, GraphQLNonNull(GraphQLInt)),
        "after": noting("after"),
    }
    schema = make_schema({}, fields)
    text = "{ items { before even after } }"
    reference = execute(
        make_schema({}, {**fields, "before": per_parent(lambda *_: 1), "after": per_parent(lambda *_: 1)}),
        parse(text),
    )
    result: Any = breadth.execute(schema, parse(text))
    assert result == reference
    assert result.data == {
        "items": [{"before": 1, "even": 1, "after": 1}, None, {"before": 1, "even": 1, "after": 1}]
    }
    assert calls == [("before", [0, 1, 2]), ("after", [0, 2])]


def test_no_field_is_resolved_after_the_response_is_null() -> None:
    calls: list[str] = []
    fields = {
        "before": per_parent(lambda *_: calls.append("before")),
        "fails": per_parent(lambda *_: None, GraphQLNonNull(GraphQLInt)),
        "after": per_parent(lambda *_: calls.append("after")),
    }
    result: Any = breadth.execute(make_schema(fields), parse("{ before fails after }"))
    assert (result.data, calls) == (None, ["before"])
