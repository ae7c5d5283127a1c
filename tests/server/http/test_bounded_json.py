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


def test_small_elements_of_a_list_share_pieces_and_large_ones_do_not() -> None:
    """A piece for each element took three times as long as the rest of a request for a thousand elements."""
    small = [{"id": number, "lead": {"status": "NEW"}} for number in range(1000)]
    large = [{"text": "x" * bounded_json.PIECE_BYTES} for _ in range(100)]
    sizes = [piece.count(b"{") for piece in bounded_json._pieces([{"rows": small}]) if b"NEW" in piece]
    assert sizes == [2, 4, 8, 16] + [32] * 61 + [18]
    assert [piece.count(b"{") for piece in bounded_json._pieces(large) if b"x" in piece] == [1] * 100
    mixed = [piece.count(b"{") for piece in bounded_json._pieces(small[:40] + large) if b"x" in piece]
    assert mixed == [9 * 2 + 7, 2, *[1] * 91]
