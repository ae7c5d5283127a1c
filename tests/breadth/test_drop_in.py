"""`breadth.execute` has the arguments and results of graphql-core's `execute`, also in unusual cases."""

import inspect
from collections.abc import Callable
from typing import Any

import graphql
import pytest
from graphql import DocumentNode, ExecutionResult, build_schema, parse

import breadth

SCHEMA = build_schema("type Query { a: Int me: Query list: [Query] echo(x: Int!): Int }")
ROOT = {"a": 1, "me": {"a": 2}, "list": [{"a": 3}, 4, None, {"a": 2**40}], "echo": lambda _info, x: x}


def outcome(run: Callable[..., Any], *arguments: Any, **options: Any) -> str:
    """Return the text of the result or of the raised exception."""
    try:
        result = run(*arguments, **options)
    except Exception as raised:  # noqa: BLE001 - it is compared
        return f"raised {raised!r}"
    assert isinstance(result, ExecutionResult)
    return repr(result)


@pytest.mark.parametrize("function", [breadth.execute, breadth.attempt])
def test_execute_has_the_parameters_of_graphql_core(function: Callable[..., Any]) -> None:
    expected, actual = (inspect.signature(each).parameters for each in (graphql.execute, function))
    assert [(each.name, each.kind, each.default) for each in actual.values()] == [
        (each.name, each.kind, each.default) for each in expected.values()
    ]


def test_all_arguments_can_be_positional() -> None:
    arguments = (ROOT, None, {"x": 5}, "Op", graphql.default_field_resolver, graphql.default_type_resolver)
    rest: Any = (None, 1, True, [], None, None, None, True, None, None)
    document = parse("query Op($x: Int!) { a echo(x: $x) }")
    assert outcome(breadth.execute, SCHEMA, document, *arguments, *rest) == outcome(
        graphql.execute, SCHEMA, document, *arguments, *rest
    )


@pytest.mark.parametrize(
    "text",
    [
        "{ a(x: 1) }",
        "{ me { a(x: 1) } }",
        "{ echo }",
        "{ me { echo(x: null) } }",
        "{ nothing a }",
        "{ a ...Nothing }",
        "{ a ... on Nothing { a } }",
        "{ me }",
        "{ a { b } }",
        "{ ...F } fragment F on Query { a ...F }",
        "{ ...F } fragment F on Query { a me { ...F } }",
        "{ a @skip(if: false) @skip(if: true) }",
        "{ a @include(if: $nothing) }",
        "mutation { a }",
        "subscription { a }",
        "{ list { a } }",
    ],
)
def test_invalid_documents_give_the_same_result_as_graphql_core(text: str) -> None:
    document = parse(text)
    assert outcome(breadth.execute, SCHEMA, document, ROOT) == outcome(
        graphql.execute, SCHEMA, document, ROOT
    )


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("query A { a } query A { me { a } }", {"operation_name": "A"}),
        ("query A { a }", {"operation_name": ""}),
        ("query A { a }", {"operation_name": "B"}),
        ("query ($x: Int) { a }", {"variable_values": []}),
        ("query ($x: Int!, $y: Int!) { a }", {"variable_values": {"x": "a"}, "max_coercion_errors": 0}),
        ("{ a }", {"nonsense": 1}),
        ("{ a }", {"executor_class": int}),
        ("{ a }", {"middleware": 7}),
    ],
)
def test_unusual_options_give_the_same_result_as_graphql_core(text: str, options: dict[str, Any]) -> None:
    document = parse(text)
    assert outcome(breadth.execute, SCHEMA, document, ROOT, **options) == outcome(
        graphql.execute, SCHEMA, document, ROOT, **options
    )


def nested(inner: str, number: int = 3000) -> DocumentNode:
    """Return a document with many fragments, each spread in the one before."""
    between = " ".join(f"fragment F{each} on Query {{ ...F{each + 1} }}" for each in range(number))
    return parse(f"{{ {inner} }} {between} fragment F{number} on Query {{ a }}")


def test_fragments_nested_too_deeply_are_an_error() -> None:
    for document in (nested("...F0"), nested("me { ...F0 }")):
        reference = graphql.execute(SCHEMA, document, ROOT)
        assert repr(breadth.execute(SCHEMA, document, ROOT)) == repr(reference)
        assert len(reference.errors) == 1  # type: ignore[union-attr, arg-type]


def test_objects_are_read_as_graphql_core_reads_them() -> None:
    class Mapped(dict[str, Any]):
        pass

    class Plain:
        def a(self, info: Any) -> int:
            return len(info.path.as_list())

    document = parse("{ a me { a } list { a } }")
    for root in (
        Mapped(a=1, me=Plain()),
        {"a": lambda _info: 3, "me": lambda _info: {"a": lambda _info: 4}},
        {"me": Plain(), "list": [Plain(), Mapped(a=5), {}]},
    ):
        assert outcome(breadth.execute, SCHEMA, document, root) == outcome(
            graphql.execute, SCHEMA, document, root
        )
