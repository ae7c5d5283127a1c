"""Bodies read piece by piece, and gzip inflated piece by piece."""

import asyncio
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from server.ingest.streaming_body import PIECE_BYTES, EncodingError, GzipInflater, StreamingBody
from server.runtime.stopping import Stopping


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


async def test_gzip_that_trickles_without_text_does_not_make_the_reader_wait_longer() -> None:
    sent = iter(gzip.compress(b"text"))

    async def receive() -> Message:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": bytes([next(sent)]), "more_body": True}

    async with StreamingBody(receive, gzipped=True, stopping=Stopping()) as body:
        assert await asyncio.wait_for(body.read(0.03), 0.2) is None
        found = b""
        while not found:
            found = await body.read(0.03) or b""
    assert found[:1] == b"t"


async def test_the_stop_of_the_server_ends_the_wait_for_the_client() -> None:
    stopping = Stopping(stream_seconds=0)

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async with StreamingBody(receive, gzipped=False, stopping=stopping) as body:
        reading = asyncio.create_task(body.read(1000))
        await asyncio.sleep(0)
        stopping.begin()
        assert await asyncio.wait_for(reading, 5) is None
