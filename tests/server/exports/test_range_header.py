"""Which bytes a request means, by the rules of HTTP."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.exports.range_header import UnsatisfiableRangeError, byte_range

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
def test_a_range_is_a_part(header: str, sent: bytes) -> None:
    found = byte_range(header, len(CONTENT))
    assert found is not None
    assert CONTENT[found.first : found.stop] == sent
    assert found.length == len(sent)


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes", "bytes=", "bytes=-", "bytes=1-2,4-5", "items=0-1", "bytes=x-y", "bytes=5-4", "bytes=--5", "bytes=1.0-2", f"bytes={'9' * 30}-", "bytes=٣-"],
)  # fmt: skip
def test_what_is_no_single_range_is_all(header: str | None) -> None:
    assert byte_range(header, len(CONTENT)) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=999999-"])
def test_what_the_file_has_not_got_is_refused(header: str) -> None:
    with pytest.raises(UnsatisfiableRangeError):
        byte_range(header, len(CONTENT))


@given(st.text(max_size=30), st.integers(0, 200))
def test_nothing_that_is_sent_is_an_error_of_ours(header: str, size: int) -> None:
    for text in (header, f"bytes={header}"):
        try:
            found = byte_range(text, size)
        except UnsatisfiableRangeError:
            continue
        assert found is None or 0 <= found.first < found.stop <= size
