"""API keys: `lg_live_<id>_<secret><checksum>`.

The secret has 190 bits from the system's source of randomness, so its plain SHA-256 is as hard to turn
round as the secret is to guess, and only that is stored. The checksum (CRC-32 of what stands before it)
lets a mistyped key, and one that a scanner finds in public, be told apart without asking the database.
"""

import hashlib
import hmac
import re
import secrets
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET_LENGTH = 32
_CHECKSUM_LENGTH = 6
_SHAPE = re.compile(r"lg_live_([1-9][0-9]{0,18})_([0-9A-Za-z]{32})([0-9A-Za-z]{6})", re.ASCII)
_LARGEST_ID = 2**63 - 1


BULK_READ = "bulk:read"
READ_KEYWORDS, WRITE_KEYWORDS = "read:keywords", "write:keywords"
READ_MENTIONS, WRITE_MENTIONS = "read:mentions", "write:mentions"
READ_LEADS, WRITE_LEADS = "read:leads", "write:leads"
READ_INTEGRATIONS, WRITE_INTEGRATIONS = "read:integrations", "write:integrations"
SCOPES = {
    READ_KEYWORDS: "Read keywords.",
    READ_MENTIONS: "Read mentions, and what was found in them.",
    READ_LEADS: "Read leads and their history.",
    READ_INTEGRATIONS: "Read integrations and their logs.",
    WRITE_KEYWORDS: "Create, change and delete keywords.",
    WRITE_MENTIONS: "Take mentions in, triage them, record what was found in them.",
    WRITE_LEADS: "Make, change and delete leads.",
    WRITE_INTEGRATIONS: "Connect, change and disconnect integrations, and record their runs.",
    BULK_READ: "Pages of up to 1,000 rows of a root list.",
}
READ_SCOPES = frozenset({READ_KEYWORDS, READ_MENTIONS, READ_LEADS, READ_INTEGRATIONS})
ALL_SCOPES = frozenset(SCOPES) - {BULK_READ}
_OF_A_PART = ("read:", "write:")


def granted(scopes: Iterable[str]) -> frozenset[str]:
    """What a key of these scopes may do. One that names no part of the data may read all of it."""
    named = frozenset(scopes)
    return named if any(scope.startswith(_OF_A_PART) for scope in named) else named | READ_SCOPES


@dataclass(frozen=True, slots=True)
class ParsedKey:
    key_id: int
    secret: str

    def opens(self, secret_hash: bytes) -> bool:
        """Whether this is the key of the stored hash; takes equally long either way."""
        return hmac.compare_digest(digest(self.secret), secret_hash)


def new_secret() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_SECRET_LENGTH))


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def written(key_id: int, secret: str) -> str:
    """The key as its holder gets it, once."""
    body = f"lg_live_{key_id}_{secret}"
    return body + _checksum(body)


def parse(text: str) -> ParsedKey | None:
    """The parts of a key; None for a text that is none, or whose checksum is wrong."""
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        return None
    key_id, secret, checksum = shape.groups()
    if int(key_id) > _LARGEST_ID or checksum != _checksum(text[:-_CHECKSUM_LENGTH]):
        return None
    return ParsedKey(int(key_id), secret)


def _checksum(body: str) -> str:
    number, letters = zlib.crc32(body.encode()), ""
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        letters = _ALPHABET[digit] + letters
    return letters
