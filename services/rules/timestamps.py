"""Moments in texts."""

import re
from datetime import UTC, datetime

YEARS = range(1970, 3000)
"""Of moments that are kept: what is computed from one has to be a moment, too, and the driver takes the first and
the last that Python has for infinities.
"""

_DATE_AND_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", re.ASCII | re.IGNORECASE
)


OUT_OF_RANGE = f"This has to lie between the years {YEARS.start} and {YEARS.stop - 1}."


def in_range(moment: datetime) -> bool:
    """Whether the moment, in UTC, is one that can be kept."""
    return moment.year in YEARS


def rfc3339(text: str) -> datetime:
    """The moment in UTC that a date and time of RFC 3339 names. Raises `ValueError` that says what is wrong."""
    written = _DATE_AND_TIME.fullmatch(text)
    if written is not None and written[2] is None:
        raise ValueError(f"{text[:50]!r} has no time zone: add Z or an offset such as +02:00.")
    try:
        if written is not None:
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # a day or an hour that does not exist, or a moment outside of the years 1 to 9999
    raise ValueError(f"{text[:50]!r} is no RFC 3339 date and time, such as 2026-01-31T12:00:00Z.")
