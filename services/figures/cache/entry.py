"""What is kept under a key: a value with its times, in an envelope that tells it from anything else."""

import struct
import zlib
from typing import NamedTuple, Self

LAYOUT = 1
"""Grows when the envelope changes; keys carry it, so that releases that differ do not read each other's."""

_MARK = b"LGC"
_HEAD = struct.Struct(">3sIdd")


class Entry(NamedTuple):
    """A value as JSON (null and zero are values too), and when it was true and until when it is as good as new,
    in seconds since 1970.
    """

    as_of: float
    fresh_until: float
    body: bytes

    def pack(self, key: str) -> bytes:
        return _HEAD.pack(_MARK, self._checksum(key), self.as_of, self.fresh_until) + self.body

    @classmethod
    def unpack(cls, key: str, packed: bytes) -> Self | None:
        """The entry, or None where the bytes are not what `pack` made for this very key."""
        if len(packed) < _HEAD.size:
            return None
        mark, checksum, as_of, fresh_until = _HEAD.unpack_from(packed)
        entry = cls(as_of, fresh_until, packed[_HEAD.size :])
        return entry if mark == _MARK and checksum == entry._checksum(key) else None

    def _checksum(self, key: str) -> int:
        times = struct.pack(">dd", self.as_of, self.fresh_until)
        return zlib.crc32(self.body, zlib.crc32(times, zlib.crc32(key.encode())))
