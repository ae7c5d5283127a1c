"""A gzip file that is written in pieces, by whoever comes next: all that one has to know of the others are two
numbers. The pieces together are one gzip member (RFC 1952), which every program can read.
"""

import zlib
from dataclasses import dataclass

_HEADER = b"\x1f\x8b\x08\x00" + bytes(4) + b"\x00\xff"  # no name, no time; made by an unknown system
_LAST_BLOCK = b"\x03\x00"  # empty, and marked as the last one
_LEVEL = 6


@dataclass(frozen=True, slots=True)
class Content:
    """What has been packed so far: its number of bytes, and its CRC-32."""

    size_bytes: int = 0
    crc: int = 0

    def followed_by(self, data: bytes) -> "Content":
        return Content(self.size_bytes + len(data), zlib.crc32(data, self.crc))


def piece(data: bytes, *, first: bool) -> bytes:
    """The data as blocks of a gzip file, ending at a whole byte and referring to nothing before them."""
    packer = zlib.compressobj(_LEVEL, wbits=-zlib.MAX_WBITS)
    return (_HEADER if first else b"") + packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)


def end(content: Content) -> bytes:
    """What stands behind the last piece."""
    return (
        _LAST_BLOCK + content.crc.to_bytes(4, "little") + (content.size_bytes % 2**32).to_bytes(4, "little")
    )
