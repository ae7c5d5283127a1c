"""`breadth.subscribe` gives the same streams as graphql-core's `subscribe`."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from typing import Any

import graphql
import pytest
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    parse,
)

import breadth
from breadth import Plan
from tests.breadth.compare import differences
from tests.breadth.documents import generate
from tests.breadth.zoo import Zoo

EVENTS = 4
SCHEMA = build_schema(
    "type Query { a: Int } type Thing { id: Int! part(n: Int = 2): Thing }"
    "type Subscription { thing(x: Int!): Thing things: [Thing!] other: Int }"
)


async def closing(stream: Any) -> list[Any]:
    """Return all results of a stream, or the result that came instead of one."""
    stream = await stream if hasattr(stream, "__await__") else stream
    if isinstance(stream, ExecutionResult):
        return [stream]
    return [each async for each in stream]


async def compared(text: str, source: Callable[[], Any], **options: Any) -> list[Any]:
    """Subscribe with both, require the same results, and return these."""
    document = parse(text)
    expected, actual = [
        await closing(run(SCHEMA, document, {"thing": lambda _info, **_: source()}, **options))
        for run in (graphql.subscribe, breadth.subscribe)
    ]
    assert repr(actual) == repr(expected)
    return actual


async def things() -> AsyncIterator[Any]:
    for number in range(EVENTS):
        yield {"thing": {"id": number, "part": lambda _info, n: {"id": n}}}


async def test_each_event_is_one_result() -> None:
    found = await compared(
        "subscription ($x: Int!) { thing(x: $x) { id part { id } } }", things, variable_values={"x": 1}
    )
    assert [each.data for each in found] == [
        {"thing": {"id": number, "part": {"id": 2}}} for number in range(EVENTS)
    ]


async def test_errors_of_an_event_end_neither_the_stream_nor_the_other_events() -> None:
    async def faulty() -> AsyncIterator[Any]:
        yield {"thing": {"id": None}}
        yield {"thing": ValueError("no thing")}
        yield {"thing": {"id": 3}}

    found = await compared("subscription { thing(x: 1) { id } }", faulty)
    assert [each.data for each in found] == [{"thing": None}, {"thing": None}, {"thing": {"id": 3}}]
    assert [bool(each.errors) for each in found] == [True, True, False]


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("subscription ($x: Int!) { thing(x: $x) { id } }", {}),
        ("subscription ($x: Int!) { thing(x: $x) { id } }", {"variable_values": {"x": "a"}}),
        ("subscription { thing { id } }", {}),
        ("subscription { nothing }", {}),
        ("subscription { other }", {}),
        ("subscription A { other } subscription B { other }", {}),
        ("subscription A { other }", {"operation_name": "B"}),
    ],
)
async def test_a_subscription_that_cannot_begin_gives_the_same_result(
    text: str, options: dict[str, Any]
) -> None:
    (found,) = await compared(text, things, **options)
    assert found.errors


async def test_a_failing_source_gives_the_same_result() -> None:
    def failing() -> Any:
        raise GraphQLError("no source")

    (found,) = await compared("subscription { thing(x: 1) { id } }", failing)
    assert found.errors[0].message == "no source"


def test_a_query_is_no_subscription() -> None:
    with pytest.raises(GraphQLError, match="Expected subscription operation"):
        breadth.subscribe(SCHEMA, parse("{ a }"))


async def test_each_event_has_its_own_context() -> None:
    def seen(_root: Any, info: Any) -> Any:
        return {"id": info.context}

    async def numbers(_root: Any, _info: Any) -> AsyncIterator[int]:
        for number in range(EVENTS):
            yield number

    schema = build_schema("type Query { a: Int } type Thing { id: Int } type Subscription { thing: Thing }")
    field: GraphQLField = schema.subscription_type.fields["thing"]  # type: ignore[union-attr]
    field.resolve, field.subscribe = seen, numbers
    document = parse("subscription { thing { id } }")
    for text in (
        document,
        parse("subscription @skip(if: false) { thing { id } }"),
    ):  # graphql-core runs the second
        stream = breadth.subscribe(schema, text, context_of_event=lambda payload: payload * 10)
        assert [each.data["thing"]["id"] for each in await closing(stream)] == [0, 10, 20, 30]


async def test_the_source_is_closed_with_the_stream() -> None:
    ended: list[str] = []

    async def endless() -> AsyncIterator[Any]:
        try:
            while True:
                yield {"thing": {"id": 1}}
        finally:
            ended.append("closed")

    stream: Any = breadth.subscribe(
        SCHEMA, parse("subscription { thing(x: 1) { id } }"), {"thing": lambda _info, **_: endless()}
    )
    assert (await anext(stream)).data == {"thing": {"id": 1}}
    await stream.aclose()
    assert ended == ["closed"]


# graphql-core may leave coroutines of discarded fields unawaited.
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("faults", "asynchronous"), [(0.0, 0.0), (0.03, 0.0), (0.03, 0.3)])
def test_random_events_give_the_same_responses_as_graphql_core(
    faults: float, asynchronous: float, documents: int, seed: int
) -> None:
    """A plan of events is made once, and each of its events gives what graphql-core gives for the payload."""
    zoo = Zoo(faults, asynchronous)
    assert zoo.schema.query_type is not None
    fields = zoo.schema.query_type.fields
    schema = GraphQLSchema(
        zoo.schema.query_type,
        subscription=GraphQLObjectType("Events", fields),
        types=list(zoo.types.values()),
    )
    root = zoo.classes["Query"]

    async def settled(found: Any) -> ExecutionResult:
        result: ExecutionResult = await found if hasattr(found, "__await__") else found
        while len(asyncio.all_tasks()) > 1:
            await asyncio.sleep(0)
        return result

    async def run_all() -> None:
        for number in range(documents // 6):
            generated = generate(zoo.schema, f"{seed} {number}", reckless=number % 7 == 0)
            text = generated.text.replace("query O", "subscription O").replace(" on Query ", " on Events ")
            plain = generated.unpropagated.replace("query O", "subscription O").replace(
                " on Query ", " on Events "
            )
            document, name = parse(text), generated.operation
            try:
                events = breadth.events_of(Plan(schema, document, name, of_events=True), generated.variables)
            except breadth.Unsupported:
                continue
            for event in range(3):
                payload: Any = root[event % len(root)](seed + event)
                options: Any = (generated.variables, name)
                zoo.halting.clear()
                expected = await settled(graphql.execute(schema, document, payload, [], *options))
                if isinstance(events, list):
                    assert list(map(repr, events)) == list(map(repr, expected.errors or ()))
                    continue
                awaited = asynchronous and expected.errors
                possible = (
                    await settled(graphql.execute(schema, parse(plain), payload, [], *options))
                    if awaited
                    else None
                )
                actual = await settled(events.run(payload, []))
                assert differences(expected, actual, possible) == [], (
                    f"BREADTH_SEED={seed}, {number}, {generated}"
                )

    asyncio.run(run_all())
    gc.collect()  # warnings about unawaited coroutines belong to this test
