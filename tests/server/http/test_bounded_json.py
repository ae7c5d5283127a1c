"""JSON in pieces equals JSON at once, and stops at the limit."""

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schema.prepared.response_lists import Lists
from server.http import bounded_json
from server.http.bounded_json import ResponseTooLargeError, encoded, encoded_at_once

NAMES = st.text('abc"\\ä😀', min_size=1, max_size=3)
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.text(max_size=5), st.datetimes()
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.one_of(st.lists(inner), st.dictionaries(NAMES, inner)), max_leaves=30
)


def lists_of(value: object) -> Lists:
    """Return the names that lead to lists, as a document would tell them."""
    lists: Lists = {}
    for element in value if isinstance(value, list) else [value]:
        for name, inner in element.items() if isinstance(element, dict) else ():
            if isinstance(inner, list) or lists_of(inner):
                _merge(lists.setdefault(name, {}), lists_of(inner))
    return lists


def _merge(lists: Lists, others: Lists) -> None:
    for name, below in others.items():
        _merge(lists.setdefault(name, {}), below)


# As in GraphQL, all elements of a list have the same fields and the same kinds of values.
ROWS = st.builds(
    lambda names, kinds, picks: [
        {name: kind(pick) for name, kind in zip(names, kinds, strict=True)} for pick in picks
    ],
    st.lists(NAMES, min_size=3, max_size=3, unique=True),
    st.tuples(
        *[
            st.sampled_from(
                [
                    lambda pick: pick,
                    lambda pick: "x" * pick,
                    lambda pick: {"a": [{"b": number} for number in range(pick)], "c": None},
                    lambda pick: None if pick % 3 == 0 else {"d": {"e": [pick] * pick}},
                    lambda pick: [{"f": [{"g": "ä"}] * pick}, {"f": []}] * pick,
                ]
            )
        ]
        * 3
    ),
    st.lists(st.integers(0, 9), max_size=40),
)


@given(st.dictionaries(NAMES, st.one_of(LEAVES, ROWS)), st.sampled_from([1, 50, 1_000_000]))
@settings(max_examples=300, deadline=None)
def test_json_in_pieces_equals_json_at_once(value: dict[str, object], piece_bytes: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(bounded_json, "PIECE_BYTES", piece_bytes)
        assert encoded(value, lists_of(value)) == encoded_at_once(value)
        assert encoded(value, {}) == encoded_at_once(value)


def test_json_over_the_limit_is_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_json, "MOST_BYTES", 1000)
    rows = [{"id": number, "inner": {"text": "x" * 20}} for number in range(10)]
    assert orjson.loads(encoded({"rows": rows}, {"rows": {}})) == {"rows": rows}
    with pytest.raises(ResponseTooLargeError):
        encoded({"rows": rows * 3}, {"rows": {}})


def texts_of_pieces(rows: list[object], lists: Lists) -> list[int]:
    pieces = bounded_json._Pieces()
    pieces.add_object({"rows": rows}, {"rows": lists})
    return [count for piece in pieces.found if (count := piece.count(b"text"))]


def test_small_elements_of_a_list_share_pieces_and_large_ones_do_not() -> None:
    """A piece for each element took three times as long as the rest of a request for a thousand elements."""
    small: list[object] = [{"text": number, "lead": {"status": "NEW"}} for number in range(1000)]
    large: list[object] = [{"text": "x" * bounded_json.PIECE_BYTES} for _ in range(100)]
    assert texts_of_pieces(small, {}) == [1, 2, 4, 8, 16, 32] + [64] * 14 + [41]
    assert texts_of_pieces(large, {}) == [1] * 100
    assert texts_of_pieces(small[:40] + large, {}) == [1, 2, 4, 8, 16, 32, *[1] * 77]


def test_elements_of_nested_lists_share_pieces() -> None:
    rows: list[object] = [{"text": 1, "inner": [{"text": 2}] * 9} for _ in range(30)]
    # The elements of a nested list count, besides the element that holds the list.
    assert texts_of_pieces(rows, {"inner": {}}) == [1, 1, 2, 4, 2, 10, 30, *[60] * 4, 10]
    one: list[object] = [{"text": 1, "inner": [{"text": 2}] * 999}]
    assert max(texts_of_pieces(one, {"inner": {}})) == bounded_json.MOST_TOGETHER
