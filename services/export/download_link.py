"""Tokens of download links, which work without an API key for a short time.

A token names an export, its user, the API key that asked for the link, and the time of expiry. An HMAC-SHA256 with a
secret of the server protects it. The download checks the API key again, so that a link never allows more than its
key does.
"""

import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from hashlib import sha256
from typing import Final, NamedTuple

SHORTEST_KEY: Final = 32
_FIELDS: Final = struct.Struct(">4Q")
_PURPOSE: Final = b"leadgraph export download 1"


class BadLinkKeyError(Exception):
    """A key is too short."""


class DownloadLink(NamedTuple):
    """The content of a token. `expires_at` is in Unix seconds."""

    export_id: int
    user_id: int
    key_id: int
    expires_at: int


class LinkSigner:
    """Signs links with the first key and accepts those of all keys. Without keys, it signs and accepts none."""

    def __init__(self, keys: Sequence[str] = ()) -> None:
        if any(len(key) < SHORTEST_KEY for key in keys):
            raise BadLinkKeyError(f"A key must have at least {SHORTEST_KEY} characters.")
        self._keys = [hmac.digest(key.encode(), _PURPOSE, sha256) for key in keys]

    def __bool__(self) -> bool:
        return bool(self._keys)

    def token(self, link: DownloadLink) -> str:
        """Return the token of a link. The signer must have a key."""
        fields = _FIELDS.pack(*link)
        return urlsafe_b64encode(fields + hmac.digest(self._keys[0], fields, sha256)).decode().rstrip("=")

    def link(self, token: str) -> DownloadLink | None:
        """Return the link of a token; None for a token that no key has signed."""
        try:
            decoded = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (Base64Error, ValueError):
            return None
        fields, signature = decoded[: _FIELDS.size], decoded[_FIELDS.size :]
        known = [hmac.compare_digest(hmac.digest(key, fields, sha256), signature) for key in self._keys]
        return DownloadLink(*_FIELDS.unpack(fields)) if any(known) and len(fields) == _FIELDS.size else None
