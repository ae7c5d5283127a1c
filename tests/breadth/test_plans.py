"""The cache of plans, and the operations that graphql-core runs instead of breadth."""

import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from graphql import (
    ExecutionHooks,
    GraphQLError,
    GraphQLSchema,
    MiddlewareManager,
    build_schema,
    default_field_resolver,
    execute,
    parse,
)
from graphql.execution import Executor
from graphql.execution.incremental import IncrementalExecutor
from graphql.pyutils import AbortController

import breadth
from breadth import plan as planning
from breadth.execute import Plans, plans
from breadth.plan import LARGEST_VARIANTS

SCHEMA = build_schema("""
    directive @mine on FIELD | QUERY | FRAGMENT_DEFINITION
    type Query { a: Int b: Int me: Query }
    type Mutation { a: Int }
    type Subscription { a: Int }
""")
ROOT = {"a": 1, "b": 2, "me": {"a": 3, "b": 4}}


@pytest.fixture(autouse=True)
def _no_plans_of_other_tests() -> Iterator[None]:
    plans._kept.cache_clear()
    yield
    plans._kept.cache_clear()


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The types of the field sets that are planned."""
    made: list[str] = []
    plain = planning.FieldSet.__init__

    def noted(self: planning.FieldSet, object_type: Any, fields: Any) -> None:
        made.append(object_type.name)
        plain(self, object_type, fields)

    monkeypatch.setattr(planning.FieldSet, "__init__", noted)
    return made


def test_a_document_is_planned_once(planned: list[str]) -> None:
    document = parse("{ a me { b } }")
    for _ in range(3):
        assert breadth.execute(SCHEMA, document, ROOT) == ({"a": 1, "me": {"b": 4}}, None)
    assert planned == ["Query", "Query"]
    breadth.execute(SCHEMA, parse("{ a me { b } }"), ROOT)  # a new document with the same text
    assert planned == ["Query"] * 4


def test_execute_plan_runs_a_plan_without_the_cache(planned: list[str]) -> None:
    document = parse("query One { a } query Two($b: Boolean!) { me { b @include(if: $b) } }")
    plan = breadth.Plan(SCHEMA, document, "Two")
    for _ in range(3):
        assert breadth.execute_plan(plan, ROOT, None, {"b": True}) == ({"me": {"b": 4}}, None)
    assert planned == ["Query", "Query"]
    assert plans._kept.cache_info().currsize == 0
    with pytest.raises(breadth.Unsupported, match=r"^a custom executor class$"):
        breadth.execute_plan(plan, ROOT, None, {"b": True}, executor_class=Changed)


def test_each_outcome_of_conditions_is_planned_once(planned: list[str]) -> None:
    document = parse(
        "query ($x: Boolean!, $y: Boolean = true) { a @skip(if: $x) ...F @include(if: $y) } fragment F on Query { b }"
    )
    for _ in range(3):
        for x, answer in ((True, {"b": 2}), (False, {"a": 1, "b": 2})):
            assert breadth.execute(SCHEMA, document, ROOT, variable_values={"x": x}) == (answer, None)
    assert len(planned) == 2
    assert breadth.execute(SCHEMA, document, ROOT, variable_values={"x": True, "y": False}) == ({}, None)


def test_variants_of_a_plan_are_bounded() -> None:
    names = [f"c{number}" for number in range(7)]
    head = ", ".join(f"${name}: Boolean!" for name in names)
    text = f"query ({head}) {{ " + " ".join(f"{name}: a @include(if: ${name})" for name in names) + " }"
    document = parse(text)
    for number in range(2 ** len(names)):
        values = {name: bool(number >> place & 1) for place, name in enumerate(names)}
        expected = {name: 1 for name in names if values[name]}
        assert breadth.execute(SCHEMA, document, ROOT, variable_values=values) == (expected, None)
    assert plans._kept.cache_info().currsize == 1
    plan = plans.plan(SCHEMA, document, None, default_field_resolver)
    assert len(plan._variants) == LARGEST_VARIANTS


def test_the_least_recently_used_plan_is_dropped() -> None:
    small = Plans(kept=3)
    documents = [parse(f"{{ a{number}: a }}") for number in range(5)]
    first = small.plan(SCHEMA, documents[0], None, default_field_resolver)
    for document in documents[1:]:
        small.plan(SCHEMA, document, None, default_field_resolver)
        assert small.plan(SCHEMA, documents[0], None, default_field_resolver) is first
    assert small._kept.cache_info().currsize == 3


def test_a_new_document_never_gets_the_plan_of_an_old_one() -> None:
    """Cached plans keep their documents alive, so that no other document can get the same id."""
    for number in range(3000):
        document = parse(f"{{ a{number}: a }}")
        assert breadth.execute(SCHEMA, document, ROOT).data == {f"a{number}": 1}  # type: ignore[union-attr]
        del document
    gc.collect()
    assert plans._kept.cache_info().currsize == 1000


def test_each_operation_of_a_document_has_its_own_plan() -> None:
    document = parse("query A { a } query B { b }")
    for name in "ABAB":
        result = breadth.execute(SCHEMA, document, ROOT, operation_name=name)
        assert result == ({name.lower(): ROOT[name.lower()]}, None)


def unsupported(schema: GraphQLSchema, text: str, **options: Any) -> str:
    with pytest.raises(breadth.Unsupported) as caught:
        breadth.attempt(schema, parse(text, experimental_fragment_arguments=True), ROOT, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("subscription { a }", "a subscription"),
        ("{ __schema { queryType { name } } }", "introspection"),
        ('{ me { me { __type(name: "Query") { name } } } }', "introspection"),
        ("{ ...F } fragment F on Query { __schema { queryType { name } } }", "introspection"),
        ("{ a @mine }", "the directive @mine"),
        ("{ ... @defer { a } }", "the directive @defer"),
        ("{ a @unknown }", "the directive @unknown"),
        ("query @mine { a }", "a directive on an operation or a fragment"),
        ("{ ...F } fragment F on Query @mine { a }", "a directive on an operation or a fragment"),
        ("{ ...F(x: 1) } fragment F($x: Int) on Query { a }", "a fragment with variables"),
        ("{ a @skip }", "a condition that is neither a variable nor a boolean"),
        ('{ a @skip(if: "yes") }', "a condition that is neither a variable nor a boolean"),
        ("query ($x: Boolean) { a @skip(if: $x) }", "a condition that is not a boolean"),
        ("query A { a } query B { b }", "a missing or ambiguous operation"),
        ("fragment F on Query { a }", "a missing or ambiguous operation"),
    ],
)
def test_unsupported_documents_run_by_graphql_core(text: str, reason: str) -> None:
    assert unsupported(SCHEMA, text) == reason
    document = parse(text, experimental_fragment_arguments=True)
    assert outcome(breadth.execute, document) == outcome(execute, document)


def outcome(run: Callable[..., Any], document: Any, **options: Any) -> str:
    try:
        return repr(run(SCHEMA, document, ROOT, **options))
    except (GraphQLError, TypeError) as error:
        return repr(error)


class CustomInfo(IncrementalExecutor):
    """An executor that only changes the resolvers' `info`."""

    def build_resolve_info(self, *arguments: Any) -> Any:
        return super().build_resolve_info(*arguments)


class Changed(Executor[Any]):
    def complete_value(self, *_: Any) -> Any:
        return "changed"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"middleware": [lambda next_, *given: next_(*given) * 2]}, "middleware"),
        ({"middleware": MiddlewareManager(lambda next_, *given: next_(*given) * 2)}, "middleware"),
        ({"middleware": "nonsense"}, "middleware"),
        ({"executor_class": Changed}, "a custom executor class"),
        ({"is_awaitable": lambda _value: False}, "a custom is_awaitable or is_async_iterable"),
        ({"is_async_iterable": lambda _value: False}, "a custom is_awaitable or is_async_iterable"),
        ({"abort_signal": AbortController().signal}, "an abort signal or hooks"),
        ({"hooks": ExecutionHooks()}, "an abort signal or hooks"),
    ],
)
def test_unsupported_options_run_by_graphql_core(options: dict[str, Any], reason: str) -> None:
    assert unsupported(SCHEMA, "{ a }", **options) == reason
    document = parse("{ a }")
    assert outcome(breadth.execute, document, **options) == outcome(execute, document, **options)


@pytest.mark.parametrize(
    "options",
    [
        {"middleware": []},
        {"middleware": MiddlewareManager()},
        {"executor_class": Executor},
        {"executor_class": CustomInfo},
        {"max_coercion_errors": 1, "hide_suggestions": True, "enable_early_execution": True},
    ],
)
def test_supported_options_run_by_breadth(options: dict[str, Any]) -> None:
    assert breadth.attempt(SCHEMA, parse("{ a }"), ROOT, **options) == ({"a": 1}, None)


def test_errors_of_variables_equal_those_of_graphql_core() -> None:
    schema = build_schema("enum E { ONE TWO } type Query { a(x: [E]): Int }")
    document = parse("query ($x: [E]!) { a(x: $x) }")
    for values in ({}, {"x": ["ONF"]}, {"x": ["A", "B", "C"]}):
        for options in ({}, {"hide_suggestions": True}, {"max_coercion_errors": 1}):
            options_of_both: dict[str, Any] = {"variable_values": values, **options}
            assert repr(breadth.execute(schema, document, **options_of_both)) == repr(
                execute(schema, document, **options_of_both)
            )


def test_an_invalid_schema_is_rejected_every_time() -> None:
    schema = build_schema(
        "type Query { a: Int } interface I { b: Int } type T implements I { c: Int }", assume_valid_sdl=True
    )
    for _ in range(2):
        with pytest.raises(TypeError, match=r"Interface field I\.b expected"):
            breadth.execute(schema, parse("{ a }"), ROOT)


def test_explain_describes_sources_and_generated_code() -> None:
    assert breadth.explain(SCHEMA, parse("{ __schema { queryType { name } } }")) == (
        "left to graphql-core: introspection"
    )
    text = breadth.explain(SCHEMA, parse("query ($x: Boolean!) { a @include(if: $x) me { b } }"))
    assert "me: read from the parent, me" in text
    assert "'a': v if type(v := getattr(s, 'a', None)) is int" in text
