"""Operations are prepared once for each document and name, and kept within bounds."""

import asyncio
import gc
import weakref
from typing import Any

import pytest
from graphql import GraphQLSyntaxError, OperationType

from schema.graph import build
from schema.prepared import cache, document, operation
from schema.prepared.cache import (
    LONGEST_TEXT_AT_ONCE,
    PreparedOperations,
    UnknownOperationError,
)
from schema.prepared.limits import Limits
from schema.prepared.lookahead import look_ahead
from schema.prepared.operation import COSTS_KEPT, InvalidDocument, PreparedOperation

QUERY = "{ viewer { email } }"


@pytest.fixture
def prepared() -> PreparedOperations:
    return build().prepared


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were parsed."""
    texts: list[str] = []

    def parse(text: str, most_tokens: int) -> Any:
        texts.append(text)
        return document.parse(text, most_tokens)

    monkeypatch.setattr(cache, "parse", parse)
    return texts


@pytest.mark.parametrize(
    "text", [QUERY, "{ viewer { nothing } }", "{ viewer", f"query A {QUERY} query B {QUERY}"]
)
def test_a_document_is_prepared_once_even_if_invalid(
    prepared: PreparedOperations, parsed: list[str], text: str
) -> None:
    first = prepared.get(text, None)
    assert prepared.get(text, None) is first
    assert parsed == [text]


def test_a_document_larger_than_an_eighth_of_the_memory_is_not_kept(
    prepared: PreparedOperations, parsed: list[str]
) -> None:
    small = prepared.limited(bytes_kept=120_000, limits=Limits(tokens=1000))
    large = f"{{ viewer {{ {'email ' * 20} }} }}"
    for text in (QUERY, QUERY, large, large):
        assert isinstance(small.get(text, None), PreparedOperation)
    assert parsed == [QUERY, large, large]


def test_the_least_recently_used_documents_are_dropped(
    prepared: PreparedOperations, parsed: list[str]
) -> None:
    small = prepared.limited(bytes_kept=100_000, limits=Limits(tokens=1000))
    numbers = range(100)
    for number in numbers:
        small.get(f"{{ {number}", None)
        assert 0 < small.bytes_held <= 100_000
    kept = len(small._kept)
    assert 10 < kept < 50
    small.get(f"{{ {100 - kept}", None)  # now the most recently used one
    small.get("{ 100", None)
    del parsed[:]
    for number in (100 - kept, 100, 99, 100 - kept + 1):
        small.get(f"{{ {number}", None)
    assert parsed == [f"{{ {100 - kept + 1}"]


async def test_a_long_document_is_prepared_beside_other_tasks(prepared: PreparedOperations) -> None:
    fields = " ".join(f"a{number}: email" for number in range(LONGEST_TEXT_AT_ONCE // 10))
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count_turns())
    found = await prepared.prepared(f"{{ viewer {{ {fields} }} }}", None)
    counting.cancel()
    assert isinstance(found, PreparedOperation)
    assert turns > 5
    assert await prepared.prepared(f"{{ viewer {{ {fields} }} }}", None) is found


def test_a_parsed_document_is_freed_without_a_collection() -> None:
    """Tokens that refer to each other would be freed only by a collection of all objects, which stops the process."""
    gc.disable()
    try:
        parsed, _ = document.parse("{ viewer { email } }")
        gone = weakref.ref(parsed.definitions[0])
        del parsed
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("text", ["{ viewer { email } }", "{ viewer { unknown } }"])
def test_a_prepared_document_that_is_not_kept_is_freed_without_a_collection(
    prepared: PreparedOperations, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The visitors of validation refer to themselves and to the document."""
    nodes: list[weakref.ref[object]] = []

    def parse(*given: Any) -> Any:
        parsed, errors = document.parse(*given)
        nodes.append(weakref.ref(parsed.definitions[0]))
        return parsed, errors

    monkeypatch.setattr("schema.prepared.cache.parse", parse)
    without_memory = prepared.limited(bytes_kept=0, limits=Limits(tokens=100))
    gc.disable()
    try:
        without_memory.get(text, None)
        assert [node() for node in nodes] == [None]
    finally:
        gc.enable()


def test_a_document_with_too_many_tokens_is_refused_without_validation(prepared: PreparedOperations) -> None:
    small = prepared.limited(bytes_kept=100_000, limits=Limits(tokens=5))
    assert isinstance(small.get("{ viewer }", None), InvalidDocument)
    refused = small.get("{ viewer { email } }", None)
    assert isinstance(refused, InvalidDocument)
    assert refused.errors[0].message == (
        "The document has at least 6 tokens; the limit is 5. Send values as variables, or split the document."
    )


def test_operations_of_one_document_are_prepared_separately(prepared: PreparedOperations) -> None:
    text = (
        'query A { viewer { email } } mutation B { pauseKeyword(input: {id: "x"}) { userErrors { code } } }'
    )
    found = [prepared.get(text, name) for name in ("A", "B")]
    assert [one.type for one in found] == [OperationType.QUERY, OperationType.MUTATION]
    assert [one.name for one in found if isinstance(one, PreparedOperation)] == ["A", "B"]


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        (f"query A {QUERY}", "B", "The document lacks the operation 'B'."),
        (QUERY, "B", "The document lacks the operation 'B'."),
        ("fragment F on User { email }", None, "The document has no operation."),
    ],
)
def test_an_operation_that_the_document_lacks_is_an_error(
    prepared: PreparedOperations, text: str, name: str | None, message: str
) -> None:
    with pytest.raises(UnknownOperationError) as unknown:
        prepared.get(text, name)
    assert str(unknown.value) == message


def test_an_invalid_document_has_the_type_of_its_operation_if_it_parses(prepared: PreparedOperations) -> None:
    broken, invalid = prepared.get("mutation {", None), prepared.get("mutation { nothing }", None)
    assert isinstance(broken, InvalidDocument)
    assert isinstance(invalid, InvalidDocument)
    assert (broken.type, invalid.type) == (None, OperationType.MUTATION)
    assert isinstance(broken.errors[0], GraphQLSyntaxError)
    assert broken.errors[0].__traceback__ is None  # a traceback would keep the parser's frames alive
    assert [error.message for error in invalid.errors] == ["Cannot query field 'nothing' on type 'Mutation'."]


def test_costs_are_computed_once_per_combination_of_sizes(
    prepared: PreparedOperations, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = """query($n: Int = 3, $ids: [ID!]!, $id: ID!) {
        keyword(id: $id) { mentions(first: $n) { nodes { id } } } nodes(ids: $ids) { id }
    }"""
    known = prepared.get(text, None)
    assert isinstance(known, PreparedOperation)
    walks: list[Any] = []

    def counting_look_ahead(*arguments: Any, **options: Any) -> Any:
        walks.append(arguments[-1])
        return look_ahead(*arguments, **options)

    monkeypatch.setattr(operation, "look_ahead", counting_look_ahead)
    given: list[dict[str, Any]] = [
        {"id": "a", "ids": ["a", "b"], "n": 5},
        {"id": "b", "ids": ["c", "d"], "n": 5},  # other values of the same sizes
        {"id": "a", "ids": ["a"]},
        {"id": "a", "ids": ["a"], "n": None},
        {"id": "a", "ids": "a", "n": "x"},
        {"id": "a", "ids": 10**6, "n": 1},
    ]
    assert [known.cost(variables).objects for variables in given] == [
        1 + 1 + 5 + 2, 1 + 1 + 5 + 2, 1 + 1 + 3 + 1, 1 + 1 + 20 + 1, 1 + 1 + 20 + 1, 1 + 1 + 1 + 1,
    ]  # fmt: skip
    assert len(walks) == 5
    for size in range(2 * COSTS_KEPT):
        known.cost({"id": "a", "ids": [], "n": size})
    assert len(known._costs) <= COSTS_KEPT


async def test_introspection_and_rows_can_be_queried_together(ask: Any) -> None:
    answer = await ask('{ __schema { queryType { name } } viewer { email } __type(name: "User") { kind } }')
    assert answer.data == {
        "__schema": {"queryType": {"name": "Query"}},
        "viewer": {"email": "ann@example.com"},
        "__type": {"kind": "OBJECT"},
    }
    assert answer.statements == ["users by id"]
