"""Gzip inflated piece by piece."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.ingest.streaming_body import PIECE_BYTES, EncodingError, Inflating


def inflated(parts: list[bytes]) -> bytes:
    inflating = Inflating()
    found = b""
    for part in parts:
        inflating.feed(part)
        while piece := inflating.more():
            assert len(piece) <= PIECE_BYTES
            found += piece
    inflating.end()
    return found


def cut(data: bytes, at: list[int]) -> list[bytes]:
    cuts = sorted(place % (len(data) + 1) for place in at)
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


contents = st.lists(st.binary(max_size=300).map(lambda part: part * 500), max_size=3)


@given(contents, st.lists(st.integers(0, 10**6), max_size=6))
def test_what_was_compressed_comes_back_however_it_is_cut(content: list[bytes], at: list[int]) -> None:
    sent = b"".join(gzip.compress(part) for part in content)
    assert inflated(cut(sent, at)) == b"".join(content)


@given(st.binary(min_size=1, max_size=300), st.integers(1, 30), st.lists(st.integers(0, 10**6), max_size=3))
def test_what_is_cut_off_is_not_taken_for_whole(content: bytes, missing: int, at: list[int]) -> None:
    sent = gzip.compress(content)[:-missing]
    if sent:
        with pytest.raises(EncodingError, match="ends in the middle"):
            inflated(cut(sent, at))


@given(st.binary(min_size=1, max_size=50))
def test_what_is_no_gzip_is_refused(content: bytes) -> None:
    try:
        expected = gzip.decompress(content)
    except (EOFError, OSError, zlib.error):
        with pytest.raises(EncodingError):
            inflated([content])
    else:
        assert inflated([content]) == expected


def test_what_becomes_far_too_much_is_refused_before_it_is_made() -> None:
    inflating = Inflating()
    inflating.feed(gzip.compress(b"x" * 50_000_000))
    made = 0
    with pytest.raises(EncodingError, match="more than 100 times"):  # noqa: PT012 - which piece is the point
        while True:
            made += len(inflating.more())
    assert made < 7_000_000
