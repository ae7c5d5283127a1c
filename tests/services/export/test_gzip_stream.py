"""Independent pieces form one gzip file."""

import gzip
import io
import subprocess
import zlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.export.gzip_stream import Content, end, piece

PIECES = st.lists(
    st.binary(max_size=200) | st.integers(0, 5000).map(lambda n: b"the same words " * n), max_size=6
)


def packed(pieces: Sequence[bytes]) -> bytes:
    """Return the pieces, each packed with only the size and checksum of the content so far."""
    content, written = Content(), b""
    for index, data in enumerate(pieces):
        kept = Content(content.size_bytes, content.crc)
        content = kept.followed_by(data)
        written += piece(data, first=index == 0)
    return written + end(content)


@given(PIECES.filter(bool))
def test_gzip_pieces_decompress_as_one_file(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    file = packed(pieces)
    assert gzip.decompress(file) == whole
    # One member, without anything behind it: programs that read no further than the first are content.
    reading = zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert reading.decompress(file) + reading.flush() == whole
    assert (reading.eof, reading.unused_data) == (True, b"")


@given(PIECES.filter(bool), st.data())
def test_a_truncated_gzip_file_is_detected(pieces: list[bytes], data: st.DataObject) -> None:
    file = packed(pieces)
    cut = data.draw(st.integers(1, len(file) - 1))
    with pytest.raises((EOFError, zlib.error, gzip.BadGzipFile)):
        gzip.GzipFile(fileobj=io.BytesIO(file[:cut])).read()


def test_the_gzip_command_reads_the_pieces() -> None:
    file = packed([b"first\n", b"", b"second\n"])
    subprocess.run(["gzip", "--test"], input=file, check=True)
    assert (
        subprocess.run(["gzip", "-dc"], input=file, check=True, capture_output=True).stdout
        == b"first\nsecond\n"
    )


def test_sizes_above_four_gigabytes_wrap_in_the_gzip_trailer() -> None:
    assert end(Content(2**32 + 5, 7)) == b"\x03\x00" + b"\x07\x00\x00\x00" + b"\x05\x00\x00\x00"
