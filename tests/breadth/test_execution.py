"""Execution: calls of set resolvers, concurrency, mutations, and options."""

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

import pytest
from graphql import (
    ExecutionResult,
    GraphQLField,
    GraphQLInt,
    GraphQLList,
    GraphQLObjectType,
    GraphQLString,
    build_schema,
    execute,
    parse,
)

import breadth
from breadth import Column
from breadth.fields import KEY
from tests.breadth.small_schemas import Resolver, make_schema, per_parent, result_of, set_wise

# Set resolvers and concurrency


async def test_a_set_resolver_is_called_once_for_all_parents() -> None:
    calls: list[list[int]] = []

    async def double(parents: Sequence[Any], _info: Any) -> list[int]:
        calls.append([parent["id"] for parent in parents])
        return [parent["id"] * 2 for parent in parents]

    schema = make_schema({}, {"double": set_wise(double)})
    result = await result_of(schema, "{ items { double again: double } }")
    assert result == ({"items": [{"double": n * 2, "again": n * 2} for n in range(3)]}, None)
    assert calls == [[0, 1, 2], [0, 1, 2]]


async def test_a_set_resolver_gets_info_without_list_indices() -> None:
    infos: list[Any] = []

    def note(parents: Sequence[Any], info: Any) -> list[int]:
        infos.append(
            (info.field_name, info.path.as_list(), info.context, str(info.parent_type), info.root_value)
        )
        return [0] * len(parents)

    result = await result_of(
        make_schema({}, {"note": set_wise(note)}), "{ items { n: note } }", 7, context_value="here"
    )
    assert result.errors is None
    assert infos == [("note", ["items", "n"], "here", "Item", 7)]


async def test_all_ready_fields_start_in_one_turn_of_the_event_loop() -> None:
    """Fields of all levels start together, so that a loader can fetch all their keys at once."""
    batches: list[list[str]] = []

    def load(name: str) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        if not batches or batches[-1][-1] == "sent":
            batches.append([])
            loop.call_soon(lambda: batches[-1].append("sent"))
        batches[-1].append(name)
        loop.call_later(0.001, done.set_result, None)
        return done

    def loading(name: str) -> GraphQLField:
        async def resolve(parents: Sequence[Any], _info: Any) -> list[int]:
            await load(name)
            return [1] * len(parents)

        return set_wise(resolve)

    schema = make_schema({"a": loading("a"), "b": loading("b")}, {"c": loading("c"), "d": loading("d")})
    assert (await result_of(schema, "{ items { c d } a b }")).errors is None
    assert [sorted(batch) for batch in batches] == [["a", "b", "c", "d", "sent"]]


async def test_a_slow_field_does_not_delay_other_fields() -> None:
    gate = asyncio.Event()
    order: list[str] = []

    async def slow(_root: Any, _info: Any) -> int:
        await gate.wait()
        order.append("slow")
        return 1

    async def quick(_root: Any, _info: Any) -> dict[str, Any]:
        return {}

    async def below(parents: Sequence[Any], _info: Any) -> list[int]:
        order.append("below the quick one")
        gate.set()
        return [2] * len(parents)

    inner = GraphQLObjectType("Inner", {"below": set_wise(below)})
    schema = make_schema({"slow": per_parent(slow), "quick": per_parent(quick, inner)})
    result = await result_of(schema, "{ slow quick { below } }")
    assert result == ({"slow": 1, "quick": {"below": 2}}, None)
    assert order == ["below the quick one", "slow"]


async def test_several_fields_can_return_the_same_future() -> None:
    shared: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(shared.set_result, 5)
    schema = make_schema(
        {"a": per_parent(lambda *_: shared), "b": per_parent(lambda *_: shared)},
        {"c": per_parent(lambda *_: shared)},
    )
    result = await result_of(schema, "{ a b items { c } }")
    assert result == ({"a": 5, "b": 5, "items": [{"c": 5}] * 3}, None)


async def test_context_variables_reach_resolvers() -> None:
    variable: ContextVar[str] = ContextVar("variable")

    async def read(_root: Any, _info: Any) -> str:
        before = variable.get()
        await asyncio.sleep(0)
        return before + variable.get()

    schema = make_schema({"a": per_parent(read, GraphQLString), "b": per_parent(read, GraphQLString)})
    variable.set("x")
    assert (await result_of(schema, "{ a b }")).data == {"a": "xx", "b": "xx"}


async def test_resolvers_can_use_timeouts() -> None:
    async def hasty(_root: Any, _info: Any) -> str:
        try:
            async with asyncio.timeout(0.001):
                await asyncio.sleep(60)
        except TimeoutError:
            return "too late"
        return "in time"

    async def calm(_root: Any, _info: Any) -> str:
        await asyncio.sleep(0.01)
        return "in time"

    schema = make_schema({"hasty": per_parent(hasty, GraphQLString), "calm": per_parent(calm, GraphQLString)})
    assert (await result_of(schema, "{ hasty calm }")).data == {"hasty": "too late", "calm": "in time"}


# Errors of set resolvers


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ([1], "must return 3 results, one per parent, not 1"),
        ([1, 2, 3, 4], "must return 3 results, one per parent, not 4"),
        ({"a": 1}, "must return a sequence of results, not dict"),
        ("abc", "must return a sequence of results, not str"),
        (None, "must return a sequence of results, not NoneType"),
    ],
)
async def test_a_wrong_number_of_results_is_an_error_for_every_parent(results: Any, message: str) -> None:
    async def wrong(_parents: Sequence[Any], _info: Any) -> Any:
        return results

    result = await result_of(make_schema({}, {"wrong": set_wise(wrong)}), "{ items { wrong } }")
    assert result.data == {"items": [{"wrong": None}] * 3}
    errors = result.errors or []
    assert [error.path for error in errors] == [["items", n, "wrong"] for n in range(3)]
    assert all(error.message.endswith(f"wrong {message}") for error in errors)


async def test_a_returned_exception_is_for_one_parent_and_a_raised_one_for_all() -> None:
    async def one(parents: Sequence[Any], _info: Any) -> list[Any]:
        return [ValueError("not this one") if parent["id"] == 1 else 0 for parent in parents]

    async def all_(parents: Sequence[Any], _info: Any) -> list[Any]:
        raise ValueError(f"none of {len(parents)}")

    result = await result_of(
        make_schema({}, {"one": set_wise(one), "all": set_wise(all_)}), "{ items { one all } }"
    )
    assert result.data == {"items": [{"one": n, "all": None} for n in (0, None, 0)]}
    assert sorted((error.message, str(error.path)) for error in result.errors or []) == [
        ("none of 3", "['items', 0, 'all']"),
        ("none of 3", "['items', 1, 'all']"),
        ("none of 3", "['items', 2, 'all']"),
        ("not this one", "['items', 1, 'one']"),
    ]


async def test_a_set_resolver_can_modify_its_list_of_parents() -> None:
    def rude(parents: list[Any], _info: Any) -> list[int]:
        parents.clear()
        return [1, 2, 3]

    def polite(parents: Sequence[Any], _info: Any) -> list[int]:
        return [parent["id"] for parent in parents]

    result = await result_of(
        make_schema({}, {"rude": set_wise(rude), "polite": set_wise(polite)}), "{ items { rude polite } }"
    )
    assert result == ({"items": [{"rude": n + 1, "polite": n} for n in range(3)]}, None)


# Mutations


@pytest.mark.parametrize("run", [execute, breadth.execute])
async def test_mutations_run_one_after_the_other(run: Resolver) -> None:
    log: list[str] = []

    async def change(_root: Any, _info: Any, name: str) -> dict[str, Any]:
        log.append(f"{name} begins")
        await asyncio.sleep(0)
        log.append(f"{name} ends")
        return {"name": name}

    async def below(parent: Any, _info: Any) -> str:
        await asyncio.sleep(0.001)
        log.append(f"below {parent['name']}")
        return "done"

    schema = build_schema(
        "type Query { a: Int } type Change { below: String } type Mutation { change(name: String): Change }"
    )
    schema.mutation_type.fields["change"].resolve = change  # type: ignore[union-attr]
    schema.type_map["Change"].fields["below"].resolve = below  # type: ignore[attr-defined]
    text = 'mutation { a: change(name: "a") { below } b: change(name: "b") { below } }'
    result = await run(schema, parse(text))
    assert result == ({"a": {"below": "done"}, "b": {"below": "done"}}, None)
    assert log == ["a begins", "a ends", "below a", "b begins", "b ends", "below b"]


@pytest.mark.parametrize("run", [execute, breadth.execute])
async def test_no_mutation_field_runs_after_the_response_is_null(run: Resolver) -> None:
    log: list[str] = []

    async def change(_root: Any, _info: Any, name: str) -> int:
        log.append(name)
        await asyncio.sleep(0)
        if name == "b":
            raise ValueError("not b")
        return 1

    schema = build_schema("type Query { a: Int } type Mutation { change(name: String): Int! }")
    schema.mutation_type.fields["change"].resolve = change  # type: ignore[union-attr]
    text = "mutation { " + " ".join(f'{name}: change(name: "{name}")' for name in "abc") + " }"
    result = await run(schema, parse(text))
    assert (result.data, [error.path for error in result.errors]) == (None, [["b"]])
    assert log == ["a", "b"]


# Depth


def test_deep_data_does_not_exceed_the_recursion_limit() -> None:
    """graphql-core's executor fails at this depth."""
    schema = build_schema("type Query { next: Query depth: Int bad: Int! }")
    nested, fragments = 100, 40
    text = "{ ...F0 }"
    for number in range(fragments):
        last = number == fragments - 1
        inner = "depth" if last else f"...F{number + 1}"
        text += f" fragment F{number} on Query {{ {'next { ' * nested}{inner}{' }' * nested} }}"

    class Node:
        def __init__(self, depth: int) -> None:
            self.depth = depth

        @property
        def next(self) -> "Node":
            return Node(self.depth + 1)

    for document in (text, text.replace("depth", "bad")):
        result = breadth.execute(schema, parse(document), Node(0))
        assert isinstance(result, ExecutionResult)
        at, depth = result.data, 0
        while at is not None and "next" in at:
            at, depth = at["next"], depth + 1
        if result.errors:
            assert depth == nested * fragments
            assert at is None
            assert len(result.errors[0].path or ()) == nested * fragments + 1
        else:
            assert at == {"depth": nested * fragments}


# Options and markers


def test_field_resolver_and_type_resolver_arguments_are_used() -> None:
    schema = build_schema(
        "type Query { a: Int b: Thing } interface Thing { c: Int } type Stone implements Thing { c: Int }"
    )
    options: dict[str, Any] = {
        "field_resolver": lambda _source, info: {"a": 1, "b": {}, "c": 2}[info.field_name],
        "type_resolver": lambda _value, _info, _type: "Stone",
    }
    document = parse("{ a b { __typename c } }")
    expected = ({"a": 1, "b": {"__typename": "Stone", "c": 2}}, None)
    assert execute(schema, document, **options) == expected
    assert breadth.execute(schema, document, **options) == expected
    assert breadth.execute(schema, document) == ({"a": None, "b": None}, None)


async def test_scalars_can_serialize_asynchronously() -> None:
    async def write(value: int) -> str:
        await asyncio.sleep(0)
        if value == 2:
            raise ValueError("not two")
        return f"written {value}"

    schema = build_schema("scalar Slow type Query { one: Slow! two: Slow many: [Slow] }")
    schema.type_map["Slow"].coerce_output_value = write  # type: ignore[attr-defined]
    document, root = parse("{ one two many }"), {"one": 1, "two": 2, "many": [1, 2]}
    reference: Any = execute(schema, document, root)
    result: Any = breadth.execute(schema, document, root)
    reference, result = await reference, await result
    assert result.data == reference.data == {"one": "written 1", "two": None, "many": ["written 1", None]}
    assert sorted(map(repr, result.errors)) == sorted(map(repr, reference.errors))


async def test_columns_are_read_from_the_parent() -> None:
    class Row:
        def __init__(self, n: int) -> None:
            self.n = n

    fields = {
        "n": GraphQLField(GraphQLInt, extensions={KEY: Column()}),
        "twice": GraphQLField(GraphQLInt, extensions={KEY: Column("n", lambda n: n * 2)}),
        "shown": GraphQLField(
            GraphQLString, extensions={KEY: Column(of=lambda row: f"row {row.n}", whole=True)}
        ),
    }
    row = GraphQLObjectType("Row", fields)
    rows = GraphQLField(GraphQLList(row), resolve=lambda *_: [Row(n) for n in range(40)])
    result = await result_of(make_schema({"rows": rows}), "{ rows { n twice shown } }")
    assert result == ({"rows": [{"n": n, "twice": n * 2, "shown": f"row {n}"} for n in range(40)]}, None)
