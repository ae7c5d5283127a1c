"""Each limit of an operation allows its number and refuses one more, with the numbers and advice."""

from typing import Any

import pytest
from graphql import get_introspection_query

from db.models import UserRole
from schema.graph import build
from schema.prepared.cache import PreparedOperations
from schema.prepared.limits import Limits
from server.graphiql.tabs import EXAMPLES, Tab
from server.http.request_limits import anonymous
from services.accounts.api_key import ALL_SCOPES
from services.accounts.viewer import Viewer
from tests.support.world import Ask

PREPARED = build().prepared
OPERATOR = Viewer(1, UserRole.OPERATOR, ALL_SCOPES)


def refusal_of(limits: Limits, document: str, **variables: object) -> tuple[str, dict[str, Any]] | None:
    """Return the message and the extensions of the error, or None if the operation may run."""
    prepared = PREPARED.limited(bytes_kept=0, limits=limits).get(document, None)
    refusal = prepared.refusal(variables, OPERATOR)
    if not refusal:
        return None
    error = refusal[0]
    return error.message, dict(error.extensions or {})


PAGES = "query($n: Int = %s) { keywords(first: $n) { nodes { id } } }"
DIRECTIVES = "query($a: Boolean = true) { viewer @include(if: $a) { ...F ...F } } fragment F on User { id @skip(if: $a) }"
FRAGMENT_AT_ROOT = "{ a: viewer { id } ...F ... { ...F __typename } } fragment F on Query { viewer { x: id y: email } users { totalCount } }"

CASES: list[tuple[str, str, dict[str, object], int, str]] = [
    ("objects", PAGES % 30, {}, 31, "could return 31 objects; the limit is 30. Request smaller pages"),
    ("objects", PAGES % 3, {"n": 30}, 31, "could return 31 objects"),
    ("objects", PAGES % 3, {"n": 30.0}, 31, "could return 31 objects"),
    ("objects", PAGES % 3, {"n": 3e1}, 31, "could return 31 objects"),
    ("objects", "{ keywords(last: 30) { edges { node { id } } } }", {}, 61, "could return 61 objects"),
    ("values", PAGES % 30, {}, 61, "could return 61 values; the limit is 60. Request smaller pages"),
    ("reads", "{ viewer { leads { nodes { mention { id } } } } keywords { totalCount } }", {}, 5,
     "could read 5 times; the limit is 4. Request fewer lists"),
    ("fields", "{ viewer { id ...F } ...G } fragment F on User { id email } fragment G on Query { viewer { ...F } }", {}, 7,
     "selects 7 fields; the limit is 6."),
    ("depth", "{ viewer { ...F } } fragment F on User { ... { keywords { nodes { id } } } }", {}, 4,
     "nests 4 levels deep; the limit is 3. Split the operation."),
    ("aliases", "{ a: viewer { b: id c: email } }", {}, 3, "has 3 aliases; the limit is 2."),
    ("aliases", FRAGMENT_AT_ROOT, {}, 5, "has 5 aliases; the limit is 4. Aliases of a fragment count once for each spread."),
    ("root_fields", FRAGMENT_AT_ROOT, {}, 6, "selects 6 fields of the root; the limit is 5. Read several objects with `nodes`"),
    ("root_fields", "mutation { a: updateViewer(input: {}) { replayed } b: updateViewer(input: {}) { replayed } }", {}, 2,
     "selects 2 fields of the root; the limit is 1."),
    ("directives", DIRECTIVES, {}, 3, "has 3 directives; the limit is 2."),
    ("list_length", '{ nodes(ids: ["a", "b", "c"]) { id } }', {}, 3,
     "A list of the arguments or variables has 3 elements; the limit is 2. Send the elements in several requests."),
    ("list_length", 'query($ids: [ID!]! = ["a", "b", "c"]) { nodes(ids: $ids) { id } }', {}, 3, "has 3 elements; the limit is 2."),
    ("list_length", "{ viewer { ...F } } fragment F on User { leads(filter: { or: [{ not: { status: { in: [NEW, NEW, NEW] } } }] }) { totalCount } }",
     {}, 3, "has 3 elements; the limit is 2."),
    ("tokens", "{ viewer { id } }", {}, 6, "The document has at least 6 tokens; the limit is 5. Send values as variables"),
]  # fmt: skip
NAMES = {"root_fields": "rootFields", "list_length": "listLength"}


@pytest.mark.parametrize(("limit", "document", "variables", "asked", "message"), CASES)
def test_an_operation_at_a_limit_runs_and_one_above_is_refused(
    limit: str, document: str, variables: dict[str, object], asked: int, message: str
) -> None:
    at_the_limit: Any = {limit: asked}
    below: Any = {limit: asked - 1}
    assert refusal_of(Limits(**at_the_limit), document, **variables) is None
    refused = refusal_of(Limits(**below), document, **variables)
    assert refused is not None
    assert message in refused[0]
    assert refused[1] == {
        "code": "COST_LIMIT_EXCEEDED",
        "limit": NAMES.get(limit, limit),
        "asked": asked,
        "allowed": asked - 1,
    }


def test_a_limit_is_about_every_operation_of_the_document() -> None:
    """The validation of an operation that does not run takes time, too."""
    document = "query A { viewer { id } } query B { viewer { id } viewer { id } users { totalCount } }"
    prepared = PREPARED.limited(bytes_kept=0, limits=Limits(root_fields=2)).get(document, "A")
    (error,) = prepared.refusal({}, OPERATOR)
    assert error.message.startswith("The operation selects 3 fields of the root; the limit is 2.")


@pytest.mark.parametrize(
    "document",
    [
        "{ ...F } fragment F on Query { ...G a: viewer { id } } fragment G on Query { ...F ...F b: viewer { id } }",
        "{ ...Missing }",
        "{ ...F } fragment F on Query { ...F }",
    ],
)
def test_the_size_of_an_invalid_document_is_measured(document: str) -> None:
    refused = refusal_of(Limits(), document)
    assert refused is not None
    assert "code" not in refused[1]


def test_the_size_of_fragments_that_multiply_is_measured_at_once() -> None:
    chain = " ".join(f"fragment F{n} on User {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60))
    refused = refusal_of(Limits(), f"{{ viewer {{ ...F0 }} }} {chain} fragment F60 on User {{ a: id }}")
    assert refused is not None
    assert refused[0].startswith(
        "The operation has more than 1,000,000,000,000,000 aliases; the limit is 500."
    )
    assert refused[1]["asked"] == 10**15


INTROSPECTION = get_introspection_query(
    specified_by_url=True,
    directive_is_repeatable=True,
    schema_description=True,
    input_value_deprecation=True,
)


@pytest.mark.parametrize("tab", [Tab("introspection", INTROSPECTION), *EXAMPLES], ids=lambda tab: tab.title)
def test_introspection_and_examples_stay_within_half_of_each_limit(tab: Tab) -> None:
    limits = Limits(
        objects=110_000,  # the introspection of this schema has 103,000
        values=1_000_000,
        reads=500,
        fields=5_000,
        aliases=250,
        root_fields=25,
        directives=50,
        tokens=500,  # half of the limit without a credential
        depth=15,
        list_length=1_000,
    )
    assert refusal_of(limits, tab.query, **(tab.variables or {})) is None


async def test_a_list_in_variables_has_the_same_limit(ask: Ask) -> None:
    document = "query($f: LeadFilter) { leads(filter: $f) { totalCount } }"
    assert (await ask(document, f={"or": [{"not": {"status": {"in": ["NEW"] * 250}}}]})).data
    answer = await ask(document, f={"or": [{"not": {"status": {"in": ["NEW"] * 2_001}}}]})
    assert "data" not in answer.body
    extensions = answer.error["extensions"]
    del extensions["requestId"]
    assert extensions == {
        "code": "COST_LIMIT_EXCEEDED",
        "limit": "listLength",
        "asked": 2_001,
        "allowed": 2_000,
    }
    assert answer.statements == []


async def test_the_limits_hold_without_a_credential(ask: Ask) -> None:
    roots = " ".join(f"a{n}: __typename" for n in range(50))
    assert len((await ask(f"{{ {roots} }}", viewer=None)).data) == 50
    answer = await ask(f"{{ {roots} __typename }}", viewer=None)
    assert (answer.code, answer.error["extensions"]["limit"]) == ("COST_LIMIT_EXCEEDED", "rootFields")
    tokens = await ask(f"{{ __schema {{ {'description ' * 997} }} }}", viewer=None)
    assert (tokens.code, tokens.error["extensions"]["asked"]) == ("COST_LIMIT_EXCEEDED", 1_001)


def test_the_anonymous_cache_has_the_limits_of_the_other_one() -> None:
    strict = PREPARED.limited(bytes_kept=0, limits=Limits(tokens=500, aliases=3))
    assert anonymous(strict).limits == Limits(tokens=500, aliases=3)
    assert (
        anonymous(PreparedOperations(PREPARED._schema, PREPARED._executor_class, "breadth")).limits.tokens
        == 1_000
    )
