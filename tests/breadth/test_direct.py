"""Queries of one object take a direct way, with the answers of graphql-core in all cases."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from graphql import (
    ExecutionResult,
    GraphQLArgument,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    execute,
    parse,
)

import breadth
from breadth import SetResolver, object_codegen
from breadth.fields import KEY
from breadth.run import Run
from tests.breadth.test_layouts import ANSWER, GOOD, Author, Book, Resolvers, Review, schema_of

OBJECT = (
    "{ id title pages kind price author { name editor: boss { name } } review { stars } size __typename }"
)
DOCUMENT = f"query($id: ID!) {{ book(id: $id) {OBJECT} }}"

Resolve = Callable[..., Any]


@pytest.fixture(autouse=True)
def _compiled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_codegen, "COMPILE_FROM", 0)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of ordinary runs, which grows with each."""
    made: list[str] = []
    ordinary = Run.start, Run.resume

    def start(self: Any) -> Any:
        made.append("start")
        return ordinary[0](self)

    def resume(self: Any, *given: Any, **options: Any) -> Any:
        made.append("resume")
        return ordinary[1](self, *given, **options)

    monkeypatch.setattr(Run, "start", start)
    monkeypatch.setattr(Run, "resume", resume)
    return made


def _schema(resolve: Resolve, *, required: bool = False) -> GraphQLSchema:
    """Return a schema with the field `book`, whose resolver takes the parents, the context, and the arguments."""
    book: Any = schema_of(Resolvers(), with_layout=True).type_map["Book"]
    arguments = {"id": GraphQLArgument(GraphQLNonNull(GraphQLID)), "edition": GraphQLArgument(GraphQLInt)}

    def one(parent: Any, info: Any, **given: Any) -> Any:
        results = resolve([parent], info.context, **given)
        return _first_of(results) if asyncio.iscoroutine(results) else _first(results)

    marker = SetResolver(resolve, of_context=True)
    field = GraphQLField(
        GraphQLNonNull(book) if required else book, arguments, resolve=one, extensions={KEY: marker}
    )
    return GraphQLSchema(GraphQLObjectType("Query", {"book": field, "again": field}))


def _first(results: Sequence[Any]) -> Any:
    (first,) = results
    if isinstance(first, Exception):
        raise first
    return first


async def _first_of(results: Awaitable[Sequence[Any]]) -> Any:
    return _first(await results)


def _both(resolve: Resolve, *, required: bool, document: str, variables: dict[str, Any]) -> tuple[Any, Any]:
    """Return the results of breadth and of graphql-core."""

    async def results() -> tuple[Any, Any]:
        schema = _schema(resolve, required=required)
        found = []
        for run in (breadth.execute, execute):
            result: Any = run(schema, parse(document), None, "context", variables)
            found.append(await result if asyncio.iscoroutine(result) else result)
        return found[0], found[1]

    return asyncio.run(results())


def _now(result: Any) -> Resolve:
    def resolve(parents: Sequence[Any], context: Any, id: str, edition: int = 1) -> Any:  # noqa: A002, ARG001
        if isinstance(result, BaseException):
            raise result
        return [result] * len(parents)

    return resolve


def _later(result: Any) -> Resolve:
    now = _now(result)

    async def resolve(parents: Sequence[Any], context: Any, **given: Any) -> Any:
        await asyncio.sleep(0)
        return now(parents, context, **given)

    return resolve


@pytest.mark.parametrize("resolver", [_now, _later])
def test_an_object_needs_no_ordinary_run(resolver: Callable[[Any], Resolve], runs: list[str]) -> None:
    found, expected = _both(resolver(GOOD), required=False, document=DOCUMENT, variables={"id": "1"})
    assert found == expected == ExecutionResult({"book": ANSWER}, None)
    assert runs == []


@pytest.mark.parametrize("resolver", [_now, _later])
def test_a_missing_object_is_null(resolver: Callable[[Any], Resolve], runs: list[str]) -> None:
    found, expected = _both(resolver(None), required=False, document=DOCUMENT, variables={"id": "1"})
    assert found == expected == ExecutionResult({"book": None}, None)
    assert runs == []


UNUSUAL = {
    "unknown enum": Book((*GOOD[:3], "poem", *GOOD[4:])),
    "missing author": Book((*GOOD[:5], None, None, None, None, *GOOD[9:])),
    "other class": Author((1, "Ann")),
    "text": "book",
    "failure of one": ValueError("spoilt"),
}


@pytest.mark.parametrize("required", [False, True])
@pytest.mark.parametrize("name", UNUSUAL)
@pytest.mark.parametrize("resolver", [_now, _later])
def test_errors_are_those_of_the_ordinary_way(
    resolver: Callable[[Any], Resolve], name: str, required: bool, runs: list[str]
) -> None:
    resolve = resolver(UNUSUAL[name])
    found, expected = _both(resolve, required=required, document=DOCUMENT, variables={"id": "1"})
    assert repr(found) == repr(expected)
    assert found.errors
    assert runs == ["resume"]


@pytest.mark.parametrize("resolver", [_now, _later])
def test_a_missing_object_that_is_required_is_an_error(
    resolver: Callable[[Any], Resolve], runs: list[str]
) -> None:
    found, expected = _both(resolver(None), required=True, document=DOCUMENT, variables={"id": "1"})
    assert repr(found) == repr(expected)
    assert (found.data, found.errors[0].path) == (None, ["book"])
    assert runs == ["resume"]


@pytest.mark.parametrize("variables", [{}, {"id": None}, {"id": [1]}, {"id": {"a": 1}}, {"id": True}])
def test_invalid_variables_call_no_resolver(variables: dict[str, Any]) -> None:
    called: list[Any] = []

    def resolve(parents: Sequence[Any], _context: Any, **given: Any) -> Any:
        called.append(given)
        return [GOOD] * len(parents)

    found, expected = _both(resolve, required=False, document=DOCUMENT, variables=variables)
    assert repr(found) == repr(expected)
    assert (found.data, called) == (None, [])


@pytest.mark.parametrize("results", [[], [GOOD, GOOD], GOOD, {"a": 1}, None])
def test_a_resolver_with_other_results_than_one_per_parent_fails(results: Any, runs: list[str]) -> None:
    schema = _schema(lambda _parents, _context, **_given: results)
    found: Any = breadth.execute(schema, parse(DOCUMENT), None, None, {"id": "1"})
    assert found.data == {"book": None}
    assert "must return" in found.errors[0].message
    assert runs == ["resume"]


@pytest.mark.parametrize(
    ("document", "variables", "given"),
    [
        (f"query($id: ID!) {{ book(id: $id) {OBJECT} }}", {"id": 7}, {"id": "7"}),
        (f"query($a: ID!, $b: Int) {{ book(id: $a, edition: $b) {OBJECT} }}", {"a": "1", "b": 2}, {"id": "1", "edition": 2}),
        (f"query($a: ID!, $b: Int) {{ book(id: $a, edition: $b) {OBJECT} }}", {"a": "1"}, {"id": "1"}),
        (f"query($a: ID!, $b: Int = 3) {{ book(id: $a, edition: $b) {OBJECT} }}", {"a": "1"}, {"id": "1", "edition": 3}),
        (f'{{ book(id: "9") {OBJECT} }}', {}, {"id": "9"}),
        (f'{{ book(id: "9", edition: 4) {OBJECT} }}', {}, {"id": "9", "edition": 4}),
    ],
)  # fmt: skip
def test_resolvers_get_the_same_arguments(
    document: str, variables: dict[str, Any], given: dict[str, Any]
) -> None:
    seen: list[Any] = []

    def resolve(parents: Sequence[Any], context: Any, **arguments: Any) -> Any:
        seen.append((context, arguments))
        return [GOOD] * len(parents)

    found, expected = _both(resolve, required=False, document=document, variables=variables)
    assert found == expected == ExecutionResult({"book": ANSWER}, None)
    assert seen == [("context", given)] * 2


@pytest.mark.parametrize(
    "document",
    [
        f"query($id: ID!) {{ book(id: $id) {OBJECT} again(id: $id) {OBJECT} }}",
        f"query($id: ID!, $show: Boolean!) {{ book(id: $id) @include(if: $show) {OBJECT} }}",
        f"query($id: ID!) {{ book(id: $id) {OBJECT} __typename }}",
    ],
)
def test_other_queries_take_the_ordinary_way(document: str, runs: list[str]) -> None:
    variables = {"id": "1", "show": True}
    found, expected = _both(_now(GOOD), required=False, document=document, variables=variables)
    assert found == expected
    assert found.data["book"] == ANSWER
    assert runs == ["start"]


def test_a_joined_object_that_may_not_be_read_is_resolved(runs: list[str]) -> None:
    resolvers = Resolvers()
    resolvers.may_join = False
    book: Any = schema_of(resolvers, with_layout=True).type_map["Book"]
    marker = SetResolver(_now(GOOD), of_context=True)
    field = GraphQLField(book, {"id": GraphQLArgument(GraphQLID)}, extensions={KEY: marker})
    schema = GraphQLSchema(GraphQLObjectType("Query", {"book": field}))
    document = parse(f"query($id: ID) {{ book(id: $id) {OBJECT} }}")
    assert breadth.execute(schema, document, None, None, {"id": "1"}) == ({"book": ANSWER}, None)
    assert resolvers.calls == ["author", "review", "boss"]
    assert runs == ["resume"]


def test_a_cancelled_query_cancels_its_resolver() -> None:
    ended: list[str] = []

    async def resolve(_parents: Sequence[Any], _context: Any, **_given: Any) -> Any:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("resolver")

    async def cancelled() -> None:
        result: Any = breadth.execute(_schema(resolve), parse(DOCUMENT), None, None, {"id": "1"})
        task = asyncio.ensure_future(result)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert ended == ["resolver"]


def test_a_joined_object_of_another_class_is_an_error(runs: list[str]) -> None:
    schema = _schema(_now(GOOD))
    author: Any = schema.type_map["Author"]
    author.is_type_of = breadth.InstanceOf(Review)
    document = parse("query($id: ID!) { book(id: $id) { title author { name } } }")
    found: Any = breadth.execute(schema, document, None, None, {"id": "1"})
    assert repr(found) == repr(execute(schema, document, None, None, {"id": "1"}))
    assert found.errors
    assert runs == ["resume"]
