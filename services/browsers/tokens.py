"""Tokens that a browser sends: of sessions in cookies, of devices, and of API keys for browsers.

A token has 256 random bits. The database stores its SHA-256 only, so that a reader of the database cannot use it.
"""

import hashlib
import re
import secrets
from typing import Final

_RANDOM: Final = r"[0-9A-Za-z_-]{43}"
_TOKEN: Final = re.compile(_RANDOM, re.ASCII)
BROWSER_PREFIX: Final = "lg_browser_"
_BROWSER_TOKEN: Final = re.compile(BROWSER_PREFIX + _RANDOM, re.ASCII)


def new_token() -> str:
    """Return a new token of a session or a device."""
    return secrets.token_urlsafe(32)


def new_browser_token() -> str:
    """Return a new browser token. Its prefix tells it from API keys, and lets secret scanners find it."""
    return BROWSER_PREFIX + new_token()


def is_token(text: str) -> bool:
    """Return whether the text has the form of a token of a session or a device."""
    return _TOKEN.fullmatch(text) is not None


def is_browser_token(text: str) -> bool:
    return _BROWSER_TOKEN.fullmatch(text) is not None


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
