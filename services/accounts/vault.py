"""Encryption of integrations' credentials.

Fernet (AES-128-CBC and HMAC-SHA256, https://github.com/fernet/spec) encrypts a secret together with the name of its
owner. Copying one integration's credentials to another in the database therefore fails at decryption. The ID of a key
is the beginning of its SHA-256. The first key encrypts; all keys decrypt.
"""

import base64
import hmac
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

_ID_LENGTH = 8
_KEY_BYTES = 32


class BadKeyError(Exception):
    """A key has the wrong format."""


class SealedError(Exception):
    """The credentials cannot be decrypted: their key is missing, or they are damaged."""


class Secret:
    """A string that logs and error messages do not show."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)


@dataclass(frozen=True, slots=True)
class Sealed:
    """Encrypted credentials as they are stored, and the ID of the key that decrypts them."""

    key_id: str
    token: bytes


def new_key() -> str:
    """Return a random key of Fernet."""
    return base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode()


def id_of(key: str) -> str:
    return sha256(key.encode()).hexdigest()[:_ID_LENGTH]


def _is_key(text: str) -> bool:
    try:
        return len(base64.urlsafe_b64decode(text)) == _KEY_BYTES
    except ValueError:
        return False


def _fernet(key: str) -> "Fernet":
    from cryptography.fernet import Fernet  # noqa: PLC0415 - 6 MB that only processes with credentials need

    return Fernet(key)


class Vault:
    """Encrypts and decrypts secrets. A vault without keys is false and can do neither."""

    def __init__(self, keys: Sequence[str] = ()) -> None:
        if not all(_is_key(key) for key in keys):
            raise BadKeyError("A key must be 32 bytes in URL-safe base64.")
        self._keys = {id_of(key): key for key in keys}
        self._first = keys[0] if keys else ""

    def __bool__(self) -> bool:
        return bool(self._keys)

    @property
    def key_id(self) -> str:
        return id_of(self._first)

    @property
    def key_ids(self) -> list[str]:
        return list(self._keys)

    def seal(self, secret: Secret, owner: str) -> Sealed:
        """Encrypt the secret for an owner. `open` requires the same owner."""
        text = json.dumps([owner, secret.reveal()])
        return Sealed(self.key_id, _fernet(self._keys[self.key_id]).encrypt(text.encode()))

    def open(self, sealed: Sealed, owner: str) -> Secret:
        """Decrypt a secret. Raises `SealedError`."""
        key = self._keys.get(sealed.key_id)
        if key is None:
            raise SealedError(f"The key {sealed.key_id} is missing.")
        from cryptography.fernet import InvalidToken  # noqa: PLC0415 - as in `_fernet`

        try:
            sealed_for, text = json.loads(_fernet(key).decrypt(sealed.token))
        except InvalidToken as wrong:
            raise SealedError("The credentials are damaged.") from wrong
        if sealed_for != owner:
            raise SealedError("The credentials belong to another integration.")
        return Secret(text)

    def fingerprint(self, secret: Secret) -> str:
        """Return a keyed hash that identifies the secret and reveals nothing without the key."""
        return hmac.new(self._first.encode(), secret.reveal().encode(), sha256).hexdigest()
