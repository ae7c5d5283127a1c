"""Documents without their values, as logs and traces show them."""

import pytest
from graphql import parse

from schema.prepared.document_text import LONGEST_DOCUMENT, LONGEST_TEXT, without_values

DOCUMENT = '''
# Comment of ann@example.com
"""Description of ann"""
query Leads("note 1" $first: Int = 20 @limit(by: "ann"), $where: LeadFilter = { email: "ann" }) {
  leads(first: 50, search: "ann", score: -1.5e3, where: { status: { in: [QUALIFIED, NEW] }, a: null }) {
    nodes { ...Row alias: content(max: $first, plain: true) @include(if: false) }
  }
  made: block(text: """ann's
  text""", rows: [{ a: 1 }, { a: 2 }, { b: $where }], empty: [], none: {})
}
"""Description of the fragment"""
fragment Row on Lead { id }
'''


def test_a_document_keeps_its_names_and_loses_its_values() -> None:
    text = without_values(DOCUMENT)
    assert text == (
        "query Leads($first: Int, $where: LeadFilter) { leads(first: $_, search: $_, score: $_, "
        "where: { status: { in: $_ }, a: $_ }) { nodes { ...Row alias: content(max: $first, plain: $_) "
        "@include(if: $_) } } made: block(text: $_, rows: [{ a: $_ }, { b: $where }], empty: [], none: { }) } "
        "fragment Row on Lead { id }"
    )
    parse(text)


def test_documents_that_differ_in_their_values_have_the_same_text() -> None:
    one, two = (f'{{ leads(first: {n}, search: "{n}") {{ nodes {{ id }} }} }}' for n in (1, 22))
    assert without_values(one) == without_values(two) == "{ leads(first: $_, search: $_) { nodes { id } } }"


@pytest.mark.parametrize("document", ["", "{", "{ a(", "{" * 5000, '{ a(b: "ann) }'])
def test_an_invalid_document_has_no_text(document: str) -> None:
    assert without_values(document) is None


def test_a_very_long_document_has_no_text_and_a_long_one_is_cut() -> None:
    fields = " ".join(f"field_{number}" for number in range(500))
    text = without_values(f"{{ {fields} }}")
    assert text is not None
    assert (len(text), text[-1]) == (LONGEST_TEXT + 1, "…")
    assert without_values("{ a }" + " " * LONGEST_DOCUMENT) is None
