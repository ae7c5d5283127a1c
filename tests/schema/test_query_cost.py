"""Operations that could return too much are refused before they read anything."""

from collections.abc import Sequence
from typing import Any

import pytest
import strawberry
from graphql import FragmentDefinitionNode, OperationDefinitionNode, parse

from resolvers.framework.context import Context
from resolvers.framework.global_id import encode
from resolvers.framework.requires import EVERY_READ
from schema.fields import column, resolved_by
from schema.graph import build
from schema.list_size import Fixed, GivenBy
from schema.prepared.cache import PreparedOperations
from schema.prepared.cost import Cost, Statements
from schema.prepared.introspection import list_sizes
from schema.prepared.lookahead import look_ahead
from schema.prepared.operation import PreparedOperation
from schema.relay import Connection
from tests.support.world import Ask, World

PREPARED = build().prepared


def cost_of(document: str, **variables: object) -> Cost:
    operation = PREPARED.get(document, None)
    assert isinstance(operation, PreparedOperation), operation.errors
    return operation.cost(variables)


def objects_and_depth(document: str, **variables: object) -> tuple[int, int]:
    found = cost_of(document, **variables)
    return found.objects, found.depth


@pytest.mark.parametrize(
    ("document", "variables", "expected"),
    [
        ("{ viewer { email } }", {}, (1, 2)),
        ("{ keywords { nodes { id } } }", {}, (1 + 20, 3)),
        ("{ keywords(first: 50) { nodes { mentions(first: 20) { nodes { lead { id } analysis { status } } } } } }", {},
         (1 + 50 * (1 + 1 + 20 * (1 + 2)), 6)),
        ("query($n: Int) { keywords(first: $n) { nodes { id } } }", {"n": 7}, (8, 3)),
        ("query($n: Int = 9) { keywords(last: $n) { nodes { id } } }", {}, (10, 3)),
        ("query($n: Int) { keywords(first: $n) { nodes { id } } }", {}, (21, 3)),
        ("{ keywords(first: 1000000000) { edges { node { id } } } }", {}, (1 + 1000 * 2, 4)),
        ("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["a", "b", "c"]}, (3, 2)),
        ('{ nodes(ids: ["a", "b"]) { id } }', {}, (2, 2)),
        ("{ keywords { ...A ...A } } fragment A on KeywordConnection { nodes { ...B } } fragment B on Keyword { user { id } }", {},
         (1 + 2 * 20 * 2, 4)),
        ("{ viewer { ... on User { ... { email } } } }", {}, (1, 2)),
    ],
)  # fmt: skip
def test_the_cost_counts_objects_and_depth(
    document: str, variables: dict[str, object], expected: tuple[int, int]
) -> None:
    assert objects_and_depth(document, **variables) == expected


def test_a_fragment_that_is_spread_repeatedly_is_measured_once() -> None:
    """Without memoization, this would take 2^60 steps."""
    chain = " ".join(f"fragment F{n} on User {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60))
    document = f"{{ viewer {{ ...F0 }} }} {chain} fragment F60 on User {{ keywords {{ totalCount }} }}"
    objects, depth = objects_and_depth(document)
    assert (objects, depth) == (1 + 2**60, 3)


async def test_nested_pages_that_multiply_are_refused(ask: Ask) -> None:
    document = """{ keywords(first: 100) { nodes { mentions(first: 100) { nodes { keyword { mentions(first: 100) {
        nodes { id } } } } } } } }"""
    answer = await ask(document)
    assert answer.code == "COST_LIMIT_EXCEEDED"
    assert answer.error["message"] == (
        "The operation could return 1,030,201 objects; the limit is 200,000. Request smaller pages (`first`) where "
        "lists are nested."
    )
    assert "data" not in answer.body
    assert answer.statements == []


@pytest.mark.parametrize(
    ("selected", "reads"),
    [
        ("email createdAt", 1),
        ("keywords { nodes { keyword mentionsCount } }", 2),
        ("keywords { totalCount nodes { user { id } mentions { totalCount } } }", 6),
        ("a: mentions { stats { count likes } } b: mentions { stats { overTime(by: DAY) { count } } }", 7),
        ("...F ...F", 7),
    ],
)
def test_the_cost_counts_reads_regardless_of_page_sizes(selected: str, reads: int) -> None:
    fragment = (
        "fragment F on User { leads { totalCount nodes { mention { id } } } }" if "F" in selected else ""
    )
    for size in (1, 100):
        sized = selected.replace("keywords {", f"keywords(first: {size}) {{")
        assert cost_of(f"{{ viewer {{ {sized} }} }} {fragment}").reads == reads


async def test_operations_with_too_many_reads_are_refused(ask: Ask) -> None:
    fragment = "fragment F on User { leads { totalCount nodes { mention { id } } } }"
    answer = await ask(f"{{ viewer {{ {'...F ' * 334} }} }} {fragment}")
    assert answer.code == "COST_LIMIT_EXCEEDED"
    assert answer.error["message"] == (
        "The operation could read 1,003 times; the limit is 1,000. Request fewer lists, counts and figures at once."
    )
    assert answer.statements == []


async def test_deep_nesting_is_refused(ask: Ask) -> None:
    deep = "id"
    for _ in range(10):
        deep = f"keyword {{ mentions(first: 1) {{ nodes {{ {deep} }} }} }}"
    answer = await ask(f"{{ mentions(first: 1) {{ nodes {{ {deep} }} }} }}")
    assert answer.code == "COST_LIMIT_EXCEEDED"
    assert (
        answer.error["message"] == "The operation nests 33 levels deep; the limit is 20. Split the operation."
    )


async def test_a_document_with_other_page_sizes_is_measured_again(ask: Ask) -> None:
    document = """query($n: Int) { keywords(first: $n) { nodes { mentions(first: $n) { nodes { keyword {
        mentions(first: $n) { nodes { id } } } } } } } }"""
    assert (await ask(document, n=2)).data["keywords"]["nodes"]
    assert (await ask(document, n=100)).code == "COST_LIMIT_EXCEEDED"
    assert (await ask(document, n=2)).data["keywords"]["nodes"]


async def test_a_document_of_too_many_tokens_is_refused(ask: Ask) -> None:
    answer = await ask("{ viewer { " + "id " * 16_000 + "} }")
    assert answer.code == "COST_LIMIT_EXCEEDED"


async def test_a_document_with_several_operations_requires_an_operation_name(ask: Ask) -> None:
    answer = await ask("query A { viewer { id } } query B { viewer { id } }")
    assert answer.error["message"] == "The document has several operations. Choose one with `operationName`."


SERIES = "overTime { points { start } }"
BY_DAY = 'overTime(by: DAY, from: "2024-01-01T00:00:00Z", to: "2026-01-01T00:00:00Z") { count }'


@pytest.mark.parametrize(
    ("document", "objects"),
    [
        (f"{{ analytics {{ {SERIES} }} }}", 1 + 1 + 30),
        (
            f'{{ analytics(from: "2025-01-01T00:00:00Z", to: "2026-01-01T00:00:00Z") {{ {SERIES} }} }}',
            1 + 1 + 400,
        ),
        (f"{{ mentions {{ stats {{ {BY_DAY} }} }} }}", 1 + 1 + 1000),
        ("{ mentions { stats { overTime(by: DAY) { count } } } }", 1 + 1 + 30),
    ],
)
def test_time_series_count_the_largest_possible_number_of_units(document: str, objects: int) -> None:
    assert cost_of(document).objects == objects


async def test_long_time_series_of_many_keywords_are_refused(ask: Ask) -> None:
    nested = f"{{ users(first: 100) {{ nodes {{ keywords(first: 100) {{ nodes {{ mentions {{ stats {{ {BY_DAY} }} }} }} }} }} }} }}"
    assert (await ask(nested, viewer="olga")).code == "COST_LIMIT_EXCEEDED"
    few = nested.replace("first: 100", "first: 2")
    shown = (await ask(few, viewer="olga")).data["users"]["nodes"]
    units = [one["mentions"]["stats"]["overTime"] for user in shown for one in user["keywords"]["nodes"]]
    assert {len(one) for one in units} == {731}


# Types with stated list sizes. Their names do not follow the conventions of connections.


@strawberry.type(description="A row.")
class Row:
    name: str = column("Its name.")


@strawberry.type(description="A page with an unconventional name.")
class Shelf(Connection[Row]):
    """A connection that inherits the stated sizes of its lists."""


@strawberry.type(description="A result with lists and an unconventional name.")
class Outcome:
    many: list[Row] = column("A list of a fixed size.", size=Fixed(500))
    others: list[Row] = column("A list without a stated size.")
    shelf: Shelf = column("A page without a stated size.")


def unresolved(parents: Sequence[Any], context: Context, take: int | None = None) -> Sequence[Any]:
    raise NotImplementedError


@strawberry.type(description="The root.")
class Root:
    shelf: Shelf = resolved_by(
        unresolved, description="A page.", arguments={"take": int | None}, size=GivenBy(("take",), 20)
    )
    outcome: Outcome = resolved_by(unresolved, description="An outcome.")


@pytest.mark.parametrize(
    ("document", "objects"),
    [
        ("{ shelf { nodes { name } } }", 1 + 20),
        ("{ shelf(take: 7) { nodes { name } edges { node { name } } } }", 1 + 7 + 7 * 2),
        ("{ shelf(take: 7) { ...S ...S } } fragment S on Shelf { ... { nodes { name } } }", 1 + 2 * 7),
        ("query($n: Int) { shelf(take: $n) { nodes { name } } }", 1 + 9),
        ("{ outcome { many { name } } }", 1 + 500),
        ("{ outcome { others { name } } }", 1 + 30),
        ("{ outcome { shelf { nodes { name } } } }", 1 + 1 + 30),
    ],
)
def test_lists_count_with_the_sizes_that_their_fields_state(document: str, objects: int) -> None:
    definition = strawberry.Schema(Root)
    prepared = PreparedOperations(definition._schema, definition.execution_context_class, "breadth")
    operation = prepared.get(document, None)
    assert isinstance(operation, PreparedOperation), operation.errors
    assert operation.cost({"n": 9}).objects == objects


def test_lists_beside_introspection_fields_are_counted() -> None:
    found = cost_of("{ __schema { types { name fields { name } } } keywords(first: 7) { nodes { id } } }")
    types = len(PREPARED._schema.type_map)
    average = list_sizes(PREPARED._schema)["__Type", "fields"]
    assert found == Cost(
        objects=1 + types * (1 + average) + 1 + 7,
        depth=4,
        reads=1,
        values=1 + types * (1 + 1 + average * 2) + 1 + 7 * 2,
        fields=8,
        statements=Statements(1),
    )


@pytest.mark.parametrize(
    ("document", "variables", "values", "fields"),
    [
        ("{ viewer { email } }", {}, 2, 2),
        ("{ viewer { a: email b: email } }", {}, 3, 3),
        ("{ keywords(first: 5) { totalCount nodes { id tags: excludedTerms } } }", {}, 2 + 5 * 3, 5),
        ("{ ...F ...F } fragment F on Query { viewer { email __typename } }", {}, 6, 6),
        ("query($n: Int) { keywords(first: $n) { nodes { id } } }", {"n": 100.0}, 1 + 100 * 2, 3),
        ("query($n: Int) { keywords(first: $n) { nodes { id } } }", {"n": 10.5}, 1 + 20 * 2, 3),
    ],
)
def test_the_cost_counts_values_and_fields(
    document: str, variables: dict[str, object], values: int, fields: int
) -> None:
    found = cost_of(document, **variables)
    assert (found.values, found.fields) == (values, fields)


async def test_operations_with_too_many_fields_or_values_are_refused(ask: Ask) -> None:
    leaves = "email " * 100
    spread = "...F " * 101
    many = await ask(f"{{ viewer {{ {spread} }} }} fragment F on User {{ {leaves} }}")
    assert many.error["message"] == (
        "The operation selects 10,101 fields; the limit is 10,000. Fields of a fragment count once for each spread. "
        "Select fewer fields."
    )
    fields = " ".join(f"a{n}: author" for n in range(250))
    large = await ask(
        f"{{ keywords(first: 100) {{ nodes {{ mentions(first: 100) {{ nodes {{ {fields} }} }} }} }} }}"
    )
    assert large.error["message"] == (
        "The operation could return 2,510,201 values; the limit is 2,000,000. Request smaller pages (`first`) or fewer "
        "fields."
    )
    assert (many.code, large.code) == ("COST_LIMIT_EXCEEDED", "COST_LIMIT_EXCEEDED")


async def test_a_page_size_written_as_a_fraction_is_no_way_around_the_limit(ask: Ask) -> None:
    document = """query($n: Int) { keywords(first: $n) { nodes { mentions(first: $n) { nodes { keyword {
        mentions(first: $n) { nodes { id } } } } } } } }"""
    for size in (100, 100.0):
        assert (await ask(document, n=size)).code == "COST_LIMIT_EXCEEDED"


def test_a_huge_cost_is_shown_without_its_digits() -> None:
    chain = " ".join(f"fragment F{n} on User {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60))
    document = f"{{ viewer {{ ...F0 }} }} {chain} fragment F60 on User {{ keywords {{ totalCount }} }}"
    refusal = cost_of(document).refusal()
    assert refusal is not None
    assert "more than 1,000,000,000,000,000 objects" in refusal.message


def test_a_document_that_would_exhaust_the_stack_is_too_deep() -> None:
    """Validation refuses such a document earlier, because it uses more stack. The test skips validation."""
    links = " ".join(
        f"fragment F{n} on User {{ keywords {{ nodes {{ user {{ ...F{n + 1} }} }} }} }}" for n in range(200)
    )
    document = parse(f"{{ viewer {{ ...F0 }} }} {links} fragment F200 on User {{ email }}")
    operation, *fragments = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    by_name = {each.name.value: each for each in fragments if isinstance(each, FragmentDefinitionNode)}
    found = look_ahead(build().schema, operation, by_name, {})
    refusal = found.cost.refusal()
    assert refusal is not None
    assert refusal.message == "The operation nests 300 levels deep; the limit is 20. Split the operation."
    assert found.reads is EVERY_READ


async def test_long_texts_count_as_many_values() -> None:
    assert cost_of("{ mentions(first: 5) { nodes { id content } } }").values == 1 + 5 * (1 + 1 + 30)


@pytest.mark.parametrize(
    "document",
    [
        "{ mentions(first: 100) { nodes { content } } }",
        "{ a: mentions(first: 9) { nodes { content } } b: mentions(last: 9) { nodes { content } } }",
        "{ keywords { nodes { mentions(first: 50) { nodes { content } } } } }",
        "{ leads { nodes { mention { content keyword { id } } } } }",
    ],
)
async def test_operations_that_read_too_much_text_are_refused(
    ask: Ask, world: World, monkeypatch: pytest.MonkeyPatch, document: str
) -> None:
    await world.pool.execute("UPDATE mentions SET content = repeat('ä', 1000)")
    assert (await ask(document)).data
    monkeypatch.setattr("db.engine.reader.MOST_CHARACTERS", 2500)
    answer = await ask(document)
    assert {error["extensions"]["code"] for error in answer.body["errors"]} == {"COST_LIMIT_EXCEEDED"}
    assert answer.body["errors"][0]["message"] == (
        "The operation reads texts of more than 2,500 characters in total. Request smaller pages (`first`) or fewer "
        "texts."
    )
    assert "ä" not in str(answer.body)
    small = await ask("{ mentions(first: 1) { nodes { content } } }")
    assert small.data["mentions"]["nodes"] == [{"content": "ä" * 1000}]


CREATE = (
    "mutation($input: CreateKeywordInput!) { createKeyword(input: $input) { userErrors { code message } } }"
)
CREATED = (
    "mutation($terms: [String!], $e: String!) {{ createKeyword(input: {}) {{ userErrors {{ code }} }} }}"
)


@pytest.mark.parametrize(
    ("document", "variables", "errors"),
    [
        ('mutation { createKeyword(input: { keyword: "x" }) { userErrors { code } } }', {}, 2),
        ('mutation { createKeyword(input: { keyword: "x", excludedTerms: ["a", "b"] }) { userErrors { code } } }', {}, 5),
        (CREATE, {"input": {"keyword": "x"}}, 2),
        (CREATE, {"input": {"keyword": "x", "excludedTerms": ["a", "b"]}}, 5),
        (CREATE, {"input": {"keyword": "x", "excludedTerms": ["a", "b", "c"]}}, 6),
        (CREATED.format('{ keyword: "x", excludedTerms: $terms, requiredTerms: [$e] }'), {"terms": ["a", "b"], "e": "c"}, 7),
        (CREATED.format('{ keyword: "x", excludedTerms: $terms, requiredTerms: [$e] }'), {"terms": [], "e": "c"}, 5),
    ],
)  # fmt: skip
def test_the_errors_of_a_payload_count_as_the_values_of_its_input(
    document: str, variables: dict[str, object], errors: int
) -> None:
    for _ in range(2):  # the second time, the cost is known
        assert cost_of(document, **variables).objects == 1 + errors


WORST = {
    "createKeyword": {"keyword": "", "excludedTerms": ["", " "] * 20, "requiredTerms": ["", " "] * 20},
    "recordAnalyses": {
        "analyzer": "",
        "analyses": [{"mentionId": encode("Mention", 10**6 + n)} for n in range(50)],
    },
    "updateLeads": {"items": [{"id": encode("Lead", 10**6), "value": "-1", "currency": "no"}] * 50},
    "changeLeadStatuses": {"items": [{"id": encode("Lead", 10**6 + n), "status": "NEW"} for n in range(50)]},
    "triageMentions": {"ids": [encode("Mention", 10**6 + n) for n in range(50)], "read": True},
    "connectIntegration": {"provider": "REDDIT", "name": "", "scopes": [""] * 20},
    "updateViewer": {"name": "", "timeZone": "Mars"},
}


@pytest.mark.parametrize("name", WORST)
async def test_a_payload_has_no_more_errors_than_its_cost(ask: Ask, name: str) -> None:
    type_ = f"{name[0].upper()}{name[1:]}Input"
    document = f"mutation($input: {type_}!) {{ {name}(input: $input) {{ userErrors {{ path message }} }} }}"
    errors = (await ask(document, input=WORST[name])).data[name]["userErrors"]
    assert 0 < len(errors) <= cost_of(document, input=WORST[name]).objects - 1
