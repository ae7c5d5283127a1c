"""Errors of invalid literals and variables: their places, their hints, and numbers of any length."""

from typing import Any

import pytest

from schema.graph import build
from tests.support.world import Asker

LEADS = "{ leads(filter: %s) { totalCount } }"
STATUSES = "The values are NEW, CONTACTED, QUALIFIED, CONVERTED, DISQUALIFIED."
NO_DECIMAL = "A Decimal must be a number of at most 30 digits such as 12.50, preferably written as a string."


@pytest.fixture(scope="module")
async def ask_ann(asker: Asker) -> Asker:
    """A function that queries the API as ann. An INTERNAL error fails the test."""
    await asker.world.add_user("ann")
    return asker


def place(document: str, text: str) -> list[dict[str, int]]:
    return [{"line": 1, "column": document.index(text) + 1}]


@pytest.mark.parametrize(
    ("document", "text", "message"),
    [
        (LEADS % '{createdAt: {gt: "2026"}}', '"2026"', "'2026' is not an RFC 3339 date and time, such as 2026-01-31T12:00:00Z."),
        (LEADS % '{and: [{value: {gt: "1"}}, {value: {lt: "x"}}]}', '"x"', NO_DECIMAL),
        (LEADS % '{and: {value: {gt: "y"}}}', '"y"', NO_DECIMAL),
        ('query($d: Decimal = "z") { leads(filter: {value: {eq: $d}}) { totalCount } }', '"z"', NO_DECIMAL),
        ('mutation { deleteLead(input: {id: "x", expectedVersion: "1"}) { __typename } }', '"1"', 'Int cannot represent non-integer value: "1"'),
        (
            "mutation { connectIntegration(input: {provider: X, credentials: 12}) { userErrors { code } } }", "12",
            "A Secret must be a string.",
        ),
        (LEADS % "{status: {eq: NEWW}}", "NEWW", f"Value 'NEWW' does not exist in 'LeadStatus' enum. Did you mean the enum value 'NEW'? {STATUSES}"),
        (LEADS % "{status: {in: [NEW, X]}}", "X", f"Value 'X' does not exist in 'LeadStatus' enum. {STATUSES}"),
        (LEADS % '{status: {eq: "NEW"}}', '"NEW"', f"Expected the name of a value of the enum 'LeadStatus'. {STATUSES}"),
    ],
)  # fmt: skip
async def test_an_invalid_literal_has_its_location(
    ask_ann: Any, document: str, text: str, message: str
) -> None:
    for viewer in ("ann", None):
        answer = await ask_ann(document, viewer=viewer)
        assert (answer.code, answer.error["message"]) == ("GRAPHQL_VALIDATION_FAILED", message)
        assert answer.error["locations"] == place(document, text)


@pytest.mark.parametrize(
    ("written", "value", "suggestion"),
    [
        ("{status: NEW}", {"status": "NEW"}, "{eq: NEW}"),
        ("{status: [NEW]}", {"status": ["NEW"]}, "{in: […]}"),
        ('{company: "Acme"}', {"company": "Acme"}, "{eq: …}"),
        ('{tags: "hot"}', {"tags": "hot"}, "{hasAny: […]}"),
        ('{tags: ["hot"]}', {"tags": ["hot"]}, "{hasAny: […]}"),
        ("{score: 5}", {"score": 5}, "{eq: 5}"),
        ("{value: 12.5}", {"value": 12.5}, "{eq: 12.5}"),
        ('{keywordId: "S2V5d29yZDox"}', {"keywordId": "S2V5d29yZDox"}, "{eq: …}"),
        ("{not: {status: NEWW}}", {"not": {"status": "NEWW"}}, "{eq: …}"),
        ('{createdAt: "2026-01-31T12:00:00Z"}', {"createdAt": "2026-01-31T12:00:00Z"}, "{eq: …}"),
    ],
)
async def test_a_value_in_place_of_a_comparison_suggests_the_comparison(
    ask_ann: Any, written: str, value: dict[str, Any], suggestion: str
) -> None:
    by_literal = await ask_ann(LEADS % written)
    by_variable = await ask_ann("query($f: LeadFilter) { leads(filter: $f) { totalCount } }", f=value)
    for answer in (by_literal, by_variable):
        if "eq" not in suggestion or "createdAt" not in written:
            assert answer.error["message"].endswith(f"to be an object. Did you mean `{suggestion}`?")
        assert "Acme" not in answer.error["message"]
        assert answer.error["locations"]


async def test_an_unknown_enum_value_in_a_variable_lists_the_known_values(ask_ann: Any) -> None:
    document = "query($f: LeadFilter) { leads(filter: $f) { totalCount } }"
    answer = await ask_ann(document, f={"status": {"eq": "WON"}})
    unknown = f"Value 'WON' does not exist in 'LeadStatus' enum. {STATUSES}"
    assert answer.error["message"] == f"Variable '$f' has invalid value at .status.eq: {unknown}"
    answer = await ask_ann(document, f={"status": {"eq": 1}})
    wrong = f"Expected the name of a value of the enum 'LeadStatus'. {STATUSES}"
    assert answer.error["message"] == f"Variable '$f' has invalid value at .status.eq: {wrong}"


async def test_the_list_of_known_values_is_bounded(ask_ann: Any) -> None:
    document = "mutation($i: CreateExportInput!) { createExport(input: $i) { export { id } } }"
    fields = ["x" * 100_000]
    message = (await ask_ann(document, i={"list": {"mentions": {"fields": fields}}})).error["message"]
    assert len(message) < 1000
    assert (
        f"Value '{'x' * 50}…' does not exist in 'MentionExportField' enum. The values are ID, USER_ID,"
        in message
    )
    assert message.endswith(" and others that the schema lists.")


@pytest.mark.parametrize("executor", ["breadth", "reference"])
def test_each_enum_lists_its_values(executor: Any) -> None:
    graph = build(executor)
    refused = graph.prepared.get("{ keywords(orderBy: BEST) { totalCount } }", None).refusal({}, None)
    (error,) = refused
    assert error.message.endswith(
        "The values are NEWEST, OLDEST, MOST_MENTIONS, MOST_LEADS, LATEST_UPDATE, EARLIEST_UPDATE."
    )


DIGITS = "9" * 4301
PLACES = [
    "{ leads(first: %s) { totalCount } }",
    "query($n: Int = %s) { leads(first: $n) { totalCount } }",
    "query($n: JSON = {a: [%s]}) { viewer { id } }",
    "{ leads(filter: {score: {in: [1, %s]}}) { totalCount } }",
    "{ leads(filter: {value: {eq: %s}}) { totalCount } }",
    "{ lead(id: %s) { id } }",
    "{ nodes(ids: [%s]) { id } }",
    "{ leads(after: %s) { totalCount } }",
    "{ viewer { id @include(if: %s) } }",
    "{ nothing(at: {all: %s}) }",
    "{ dashboard(maxAge: %s) { asOf } }",
    "mutation { connectIntegration(input: {provider: X, settings: {a: [{b: %s}]}}) { userErrors { code } } }",
    "fragment F on Query { leads(first: %s) { totalCount } } query { ...F }",
]


@pytest.mark.parametrize("number", [DIGITS, f"-{DIGITS}", f"1.{DIGITS}", f"1e{DIGITS}"], ids=len)
@pytest.mark.parametrize("document", PLACES)
async def test_a_number_of_thousands_of_digits_is_an_error_of_the_caller(
    ask_ann: Any, document: str, number: str, caplog: pytest.LogCaptureFixture
) -> None:
    written = document % number
    for viewer in ("ann", None):
        answer = await ask_ann(written, viewer=viewer)
        assert answer.code == "GRAPHQL_VALIDATION_FAILED"
        assert answer.error["message"] == "A number must have at most 500 characters."
        assert answer.error["locations"] == place(written, number)
    assert caplog.records == []


@pytest.mark.parametrize("document", PLACES)
async def test_a_number_of_hundreds_of_digits_is_no_failure(ask_ann: Any, document: str) -> None:
    for viewer in ("ann", None):
        await ask_ann(document % ("9" * 500), viewer=viewer)  # fails for an INTERNAL error


@pytest.mark.parametrize("digits", [19, 20, 30, 308])
@pytest.mark.parametrize(
    ("type_", "document"),
    [
        ("Int", "leads(first: $v) { totalCount }"),
        ("Decimal", "leads(filter: {value: {eq: $v}}) { totalCount }"),
        ("ID!", "lead(id: $v) { id }"),
        ("String", "leads(after: $v) { totalCount }"),
        ("JSON", "viewer { id }"),
    ],
)
async def test_integers_of_variables_keep_all_of_their_digits(
    ask_ann: Any, digits: int, type_: str, document: str
) -> None:
    number = int(("1234567890" * 31)[:digits])
    answer = await ask_ann(f"query($v: {type_}) {{ {document} }}", v=number)
    if type_ == "Decimal" and digits <= 30:
        assert answer.data == {"leads": {"totalCount": 0}}
        return
    assert answer.code != "INTERNAL"
    if type_ == "ID!":
        assert f"'{str(number)[:100]}" in answer.error["message"]


@pytest.mark.parametrize("text", [DIGITS, f"-{DIGITS}", "1e400"])
async def test_too_large_numbers_of_a_body_are_refused(ask_ann: Asker, text: str) -> None:
    client = ask_ann.client
    reason = "is not JSON: a number is too large (line 1, column "
    body = f'{{"query": "{{ __typename }}", "variables": {{"a": {text}}}}}'
    posted = await client.post("/graphql", content=body, headers={"content-type": "application/json"})
    got = await client.get("/graphql", params={"query": "{ __typename }", "variables": f'{{"a": {text}}}'})
    for answer, name in ((posted, "The request's body"), (got, "`variables`")):
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["extensions"]["code"]) == (400, "BAD_REQUEST")
        assert error["message"].startswith(f"{name} {reason}")
