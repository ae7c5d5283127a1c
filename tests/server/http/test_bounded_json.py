"""JSON in pieces equals JSON at once, and stops at the limit."""

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.http import bounded_json
from server.http.bounded_json import ResponseTooLargeError, encoded, encoded_at_once

NAMES = st.text('abc"\\ä😀', min_size=1, max_size=3)
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.text(max_size=5), st.datetimes()
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.one_of(st.lists(inner), st.dictionaries(NAMES, inner)), max_leaves=30
)


@given(VALUES)
@settings(max_examples=200, deadline=None)
def test_json_in_pieces_equals_json_at_once(value: object) -> None:
    assert encoded(value) == encoded_at_once(value)


def test_json_over_the_limit_is_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_json, "MOST_BYTES", 1000)
    rows = [{"id": number, "inner": {"text": "x" * 20}} for number in range(10)]
    assert orjson.loads(encoded({"rows": rows})) == {"rows": rows}
    with pytest.raises(ResponseTooLargeError):
        encoded({"rows": rows * 3})
