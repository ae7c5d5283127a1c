"""A gzip file written in independent pieces. Only two numbers pass from one piece to the next.

The pieces together are one gzip member (RFC 1952), which every program can read.
"""

import zlib
from dataclasses import dataclass

_HEADER = b"\x1f\x8b\x08\x00" + bytes(4) + b"\x00\xff"  # no name, no time; made by an unknown system
_LAST_BLOCK = b"\x03\x00"  # empty, and marked as the last one
_LEVEL = 6


@dataclass(frozen=True, slots=True)
class Content:
    """The size and the CRC-32 of the uncompressed content so far."""

    size_bytes: int = 0
    crc: int = 0

    def followed_by(self, data: bytes) -> "Content":
        return Content(self.size_bytes + len(data), zlib.crc32(data, self.crc))


def piece(data: bytes, *, first: bool) -> bytes:
    """Return the data as blocks that end at a byte boundary and do not refer to earlier blocks."""
    packer = zlib.compressobj(_LEVEL, wbits=-zlib.MAX_WBITS)
    return (_HEADER if first else b"") + packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)


def end(content: Content) -> bytes:
    return (
        _LAST_BLOCK + content.crc.to_bytes(4, "little") + (content.size_bytes % 2**32).to_bytes(4, "little")
    )
