"""Timestamps: their text form and their allowed range."""

import re
from datetime import UTC, datetime

YEARS = range(1970, 3000)
"""Years of stored timestamps. Computed timestamps must be valid too, and the driver reads Python's first and last
timestamps as infinities.
"""

_DATE_AND_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", re.ASCII | re.IGNORECASE
)


OUT_OF_RANGE = f"Must be between the years {YEARS.start} and {YEARS.stop - 1}."


def in_range(moment: datetime) -> bool:
    """Return whether the timestamp, in UTC, can be stored."""
    return moment.year in YEARS


def rfc3339(text: str) -> datetime:
    """Return the timestamp in UTC of an RFC 3339 date and time. Raises `ValueError` with a message for users."""
    parts = _DATE_AND_TIME.fullmatch(text)
    if parts is not None and parts[2] is None:
        raise ValueError(f"{text[:50]!r} lacks a time zone. Add Z or an offset such as +02:00.")
    try:
        if parts is not None:
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # a day or hour that does not exist, or a year outside of 1 to 9999
    raise ValueError(f"{text[:50]!r} is not an RFC 3339 date and time, such as 2026-01-31T12:00:00Z.")
