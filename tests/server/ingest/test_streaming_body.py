"""Gzip inflated piece by piece."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.ingest.streaming_body import PIECE_BYTES, EncodingError, GzipInflater


def inflated(parts: list[bytes]) -> bytes:
    inflater = GzipInflater()
    found = b""
    for part in parts:
        inflater.feed(part)
        while piece := inflater.more():
            assert len(piece) <= PIECE_BYTES
            found += piece
    inflater.end()
    return found


def cut(data: bytes, at: list[int]) -> list[bytes]:
    cuts = sorted(place % (len(data) + 1) for place in at)
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


contents = st.lists(st.binary(max_size=300).map(lambda part: part * 500), max_size=3)


@given(contents, st.lists(st.integers(0, 10**6), max_size=6))
def test_gzip_cut_into_any_pieces_inflates_to_the_content(content: list[bytes], at: list[int]) -> None:
    sent = b"".join(gzip.compress(part) for part in content)
    assert inflated(cut(sent, at)) == b"".join(content)


@given(st.binary(min_size=1, max_size=300), st.integers(1, 30), st.lists(st.integers(0, 10**6), max_size=3))
def test_truncated_gzip_is_refused(content: bytes, missing: int, at: list[int]) -> None:
    sent = gzip.compress(content)[:-missing]
    if sent:
        with pytest.raises(EncodingError, match="gzip data of the body is incomplete"):
            inflated(cut(sent, at))


@given(st.binary(min_size=1, max_size=50))
def test_data_that_is_not_gzip_is_refused(content: bytes) -> None:
    try:
        expected = gzip.decompress(content)
    except (EOFError, OSError, zlib.error):
        with pytest.raises(EncodingError):
            inflated([content])
    else:
        assert inflated([content]) == expected


def test_a_gzip_bomb_is_refused_before_it_is_inflated() -> None:
    inflater = GzipInflater()
    inflater.feed(gzip.compress(b"x" * 50_000_000))
    made = 0
    with pytest.raises(EncodingError, match="more than 100 times"):  # noqa: PT012 - which piece is the point
        while True:
            made += len(inflater.more())
    assert made < 7_000_000
