"""Entity tags of HTTP."""

import re
from typing import Final

_TAG: Final = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def tags_in(if_none_match: str) -> frozenset[str]:
    """Return the opaque tags of the header, in their quotes and without the mark of weak tags."""
    return frozenset(_TAG.findall(if_none_match))


def matches(if_none_match: str, etag: str) -> bool:
    """Return whether the header names the entity tag, by the weak comparison, or any tag at all (`*`)."""
    return if_none_match.strip() == "*" or etag.removeprefix("W/") in tags_in(if_none_match)
