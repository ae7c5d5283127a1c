"""Checks of a mention's values, shared by clients' rows and imported files. Each raises `InvalidValueError`."""

import re
from datetime import datetime

from services.ingest.row_errors import IngestErrorCode, InvalidValueError
from services.rules.timestamps import OUT_OF_RANGE, in_range, rfc3339
from services.rules.validation import UNSTORABLE, is_storable, too_long

LONGEST = {"externalId": 500, "title": 1000, "content": 20_000, "url": 2000, "author": 200, "language": 35}
"""The longest strings that a mention stores, in characters. A language tag is as in RFC 5646, 4.4.1."""
GREATEST_COUNT = 2**31 - 1
_LONGEST_TIMESTAMP = 100
_WEB_ADDRESS = re.compile(r"https?://[^\s/?#][^\x00-\x1f\x7f]*", re.IGNORECASE)


def text(value: object, longest: int) -> str:
    """Return the string without the white space around it."""
    if not isinstance(value, str):
        raise InvalidValueError("Must be a string.")
    stripped = value.strip()
    if len(stripped) > longest:
        raise InvalidValueError(too_long(longest, len(stripped)), IngestErrorCode.TOO_LONG)
    if not is_storable(stripped):
        raise InvalidValueError(UNSTORABLE)
    return stripped


def url(value: object) -> str:
    """Return the http or https URL, or an empty string."""
    address = text(value, LONGEST["url"])
    if address and not is_web_address(address):
        raise InvalidValueError("Must be an http or https URL.")
    return address


def is_web_address(address: str) -> bool:
    return _WEB_ADDRESS.fullmatch(address) is not None


def count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= GREATEST_COUNT:
        raise InvalidValueError(f"Must be an integer between 0 and {GREATEST_COUNT}.")
    return value


def timestamp(value: object) -> datetime:
    """Return the timestamp, which can be RFC 3339 text."""
    try:
        moment = value if isinstance(value, datetime) else rfc3339(text(value, _LONGEST_TIMESTAMP))
    except ValueError as invalid:
        raise InvalidValueError(str(invalid)) from invalid
    if not in_range(moment):
        raise InvalidValueError(OUT_OF_RANGE)
    return moment
