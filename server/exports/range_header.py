"""The Range header of requests (RFC 9110, chapter 14)."""

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes from `first` to before `stop`."""

    first: int
    stop: int

    @property
    def length(self) -> int:
        return self.stop - self.first


class UnsatisfiableRangeError(Exception):
    """The range lies outside of the file."""


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """Return the range of a header, or None to send the whole file.

    Several ranges and malformed headers also return None. Raise `UnsatisfiableRangeError` for a range outside of
    the file.
    """
    match = _RANGE.fullmatch(header.strip().replace(" ", "")) if header else None
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        requested = ByteRange(max(size - int(match[2]), 0), size)
    else:
        last = int(match[2]) if match[2] else size - 1
        if last < int(match[1]) and match[2]:
            return None
        requested = ByteRange(int(match[1]), min(last + 1, size))
    if requested.length <= 0:
        raise UnsatisfiableRangeError
    return requested
