"""Credentials of integrations: sealed before they go anywhere, opened only where they are used.

Fernet (AES-128-CBC and HMAC-SHA256, https://github.com/fernet/spec) seals a text together with what it belongs
to, so that nobody who can write the database can use one integration's credentials for another. A key is known
by the beginning of its SHA-256. The first key seals; the others only open what was sealed by them.
"""

import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken

_ID_LENGTH = 8


class BadKeyError(Exception):
    """What was given is no key."""


class SealedError(Exception):
    """The credentials cannot be opened: their key is not here, or they are not what was sealed."""


class Secret:
    """A text that no log and no error message shows."""

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
    """What is stored: a token, and the id of the key that opens it."""

    key_id: str
    token: bytes


def new_key() -> str:
    """A key from the system's source of randomness."""
    return Fernet.generate_key().decode()


def id_of(key: str) -> str:
    return sha256(key.encode()).hexdigest()[:_ID_LENGTH]


class Vault:
    """Seals and opens. Without keys it can do neither."""

    def __init__(self, keys: Sequence[str] = ()) -> None:
        try:
            self._keys = {id_of(key): Fernet(key) for key in keys}
        except ValueError as wrong:
            raise BadKeyError("A key is 32 bytes in URL-safe base64.") from wrong
        self._first = keys[0] if keys else ""

    def __bool__(self) -> bool:
        return bool(self._keys)

    @property
    def key_id(self) -> str:
        """The id of the key that seals."""
        return id_of(self._first)

    @property
    def key_ids(self) -> list[str]:
        """The ids of the keys that open."""
        return list(self._keys)

    def seal(self, secret: Secret, owner: str) -> Sealed:
        """`owner` says what the secret belongs to; it has to be said again to open it."""
        text = json.dumps([owner, secret.reveal()])
        return Sealed(self.key_id, self._keys[self.key_id].encrypt(text.encode()))

    def open(self, sealed: Sealed, owner: str) -> Secret:
        """Raises `SealedError`."""
        key = self._keys.get(sealed.key_id)
        if key is None:
            raise SealedError(f"There is no key {sealed.key_id} here.")
        try:
            belongs_to, text = json.loads(key.decrypt(sealed.token))
        except InvalidToken as wrong:
            raise SealedError("These credentials are damaged.") from wrong
        if belongs_to != owner:
            raise SealedError("These credentials belong to something else.")
        return Secret(text)

    def fingerprint(self, secret: Secret) -> str:
        """Tells secrets apart without telling anything about them to whoever has not got the key."""
        return hmac.new(self._first.encode(), secret.reveal().encode(), sha256).hexdigest()
