"""Which bytes of a file a request asks for (RFC 9110, chapter 14)."""

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """From the byte `first` to the byte in front of `stop`."""

    first: int
    stop: int

    @property
    def length(self) -> int:
        return self.stop - self.first


class UnsatisfiableRangeError(Exception):
    """The file has none of the bytes."""


def byte_range(header: str | None, size: int) -> ByteRange | None:
    """None for all of the file: where nothing else is asked for, or several ranges, or nothing that can be read.
    Raises `UnsatisfiableRangeError`.
    """
    found = _RANGE.fullmatch(header.strip().replace(" ", "")) if header else None
    if found is None or found[1] == found[2] == "":
        return None
    if found[1] == "":
        asked = ByteRange(max(size - int(found[2]), 0), size)
    else:
        last = int(found[2]) if found[2] else size - 1
        if last < int(found[1]) and found[2]:
            return None
        asked = ByteRange(int(found[1]), min(last + 1, size))
    if asked.length <= 0:
        raise UnsatisfiableRangeError
    return asked
