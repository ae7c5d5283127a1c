"""The stored form of a value: the value with its timestamps and a checksum."""

import struct
import zlib
from typing import Final, NamedTuple, Protocol, Self

LAYOUT = 3
"""Increment it when the stored form changes. Keys contain it, so that releases do not read each other's entries."""

_MARK = b"LGC"
_HEAD = struct.Struct(">3sIddQ")
HEAD_BYTES: Final = _HEAD.size


class LaterBody(Protocol):
    """A value that is encoded when its JSON is needed first."""

    def encoded(self) -> bytes: ...


class Entry(NamedTuple):
    """A value as JSON, the time at which it was true, and the time until which it is fresh, in Unix seconds.

    `generation` identifies the state of the owner's data that the value was computed from.
    """

    as_of: float
    fresh_until: float
    generation: int
    body: bytes | LaterBody

    @property
    def encoded(self) -> bytes:
        """Return the JSON. Raises `TypeError` if the value is not of the type of its figure."""
        return self.body if isinstance(self.body, bytes) else self.body.encoded()

    def pack(self, key: str) -> bytes:
        return self.head(key) + self.encoded

    def head(self, key: str) -> bytes:
        """Return the first bytes of the stored form. They contain a checksum of all, so they identify the entry."""
        return _HEAD.pack(_MARK, self._checksum(key), self.as_of, self.fresh_until, self.generation)

    @classmethod
    def unpack(cls, key: str, packed: bytes) -> Self | None:
        """Return the entry; None if `pack` did not make the bytes for this key."""
        if len(packed) < _HEAD.size:
            return None
        mark, checksum, as_of, fresh_until, generation = _HEAD.unpack_from(packed)
        entry = cls(as_of, fresh_until, generation, packed[_HEAD.size :])
        return entry if mark == _MARK and checksum == entry._checksum(key) else None

    def _checksum(self, key: str) -> int:
        head = struct.pack(">ddQ", self.as_of, self.fresh_until, self.generation)
        return zlib.crc32(self.encoded, zlib.crc32(head, zlib.crc32(key.encode())))
