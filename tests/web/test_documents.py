"""The sources of the page: its compiled documents, its types, and the size of its scripts."""

import gzip
import re
from hashlib import sha256

import pytest
from graphql import NoDeprecatedCustomRule, parse, validate

from schema.graph import build
from server.page.documents import page_documents
from server.page.page import BUILT
from tests.support.npm import required_node
from web.documents import check, committed, compiled, tools

LARGEST = 150_000
"""The most bytes of all scripts of the page, after gzip."""
NAME = re.compile(r"(?:^|[}] )(?:query|mutation|subscription) (\w+)")


def test_the_compiled_documents_are_current() -> None:
    required_node()
    assert compiled(tools()) == committed(), "Run `make documents`."


def test_the_types_of_the_page_are_right() -> None:
    required_node()
    check(tools())


def test_each_document_has_a_name_of_its_own_and_its_hash() -> None:
    documents = page_documents()
    names = [match[1] for text in documents.values() if (match := NAME.search(text))]
    assert len(set(names)) == len(documents)
    assert [sha256(text.encode()).hexdigest() for text in documents.values()] == list(documents)


def test_no_document_of_the_page_uses_a_deprecated_field() -> None:
    """A field that goes away would break pages that are open in browsers."""
    schema = build().schema
    wrong = [
        str(error)
        for text in page_documents().values()
        for error in validate(schema, parse(text), [NoDeprecatedCustomRule])
    ]
    assert wrong == []


def test_all_scripts_of_the_page_have_at_most_150_kilobytes() -> None:
    scripts = list((BUILT / "assets").glob("*.js"))
    if not scripts:
        pytest.skip("The page is not built; `make web` builds it.")
    assert sum(len(gzip.compress(script.read_bytes())) for script in scripts) <= LARGEST
