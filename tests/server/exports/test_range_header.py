"""The Range header of HTTP requests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.exports.range_header import UnsatisfiableRangeError, parse_range

CONTENT = bytes(range(100))


@pytest.mark.parametrize(
    ("header", "sent"),
    [
        ("bytes=0-", CONTENT),
        ("bytes=0-0", CONTENT[:1]),
        ("bytes=10-19", CONTENT[10:20]),
        ("bytes=90-", CONTENT[90:]),
        ("bytes=90-1000", CONTENT[90:]),
        ("bytes=-5", CONTENT[-5:]),
        ("bytes=-1000", CONTENT),
        (" bytes = 10 - 19 ", CONTENT[10:20]),
    ],
)
def test_a_valid_range_selects_a_part_of_the_file(header: str, sent: bytes) -> None:
    found = parse_range(header, len(CONTENT))
    assert found is not None
    assert CONTENT[found.first : found.stop] == sent
    assert found.length == len(sent)


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes", "bytes=", "bytes=-", "bytes=1-2,4-5", "items=0-1", "bytes=x-y", "bytes=5-4", "bytes=--5", "bytes=1.0-2", f"bytes={'9' * 30}-", "bytes=٣-"],
)  # fmt: skip
def test_a_missing_malformed_or_multiple_range_selects_the_whole_file(header: str | None) -> None:
    assert parse_range(header, len(CONTENT)) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=999999-"])
def test_a_range_outside_of_the_file_is_refused(header: str) -> None:
    with pytest.raises(UnsatisfiableRangeError):
        parse_range(header, len(CONTENT))


@given(st.text(max_size=30), st.integers(0, 200))
def test_any_header_yields_a_range_within_the_file_or_none(header: str, size: int) -> None:
    for text in (header, f"bytes={header}"):
        try:
            found = parse_range(text, size)
        except UnsatisfiableRangeError:
            continue
        assert found is None or 0 <= found.first < found.stop <= size
