"""API keys: `lg_live_<id>_<secret><checksum>`.

Only the SHA-256 of the secret is stored. The secret has 190 random bits, so the hash needs no salt or stretching.
The checksum is the CRC-32 of the characters before it. It exposes a mistyped key without a database query, and lets
secret scanners recognise a leaked key.
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
_PATTERN = re.compile(r"lg_live_([1-9][0-9]{0,18})_([0-9A-Za-z]{32})([0-9A-Za-z]{6})", re.ASCII)
_LARGEST_ID = 2**63 - 1


BULK_READ = "bulk:read"
READ_KEYWORDS, WRITE_KEYWORDS = "read:keywords", "write:keywords"
READ_MENTIONS, WRITE_MENTIONS = "read:mentions", "write:mentions"
READ_LEADS, WRITE_LEADS = "read:leads", "write:leads"
READ_INTEGRATIONS, WRITE_INTEGRATIONS = "read:integrations", "write:integrations"
READ_KEYS, WRITE_KEYS = "read:keys", "write:keys"
READ_WEBHOOKS, WRITE_WEBHOOKS = "read:webhooks", "write:webhooks"
WRITE_SETTINGS, WRITE_USERS = "write:settings", "write:users"
SCOPES = {
    READ_KEYWORDS: "Read keywords.",
    READ_MENTIONS: "Read mentions and their analyses.",
    READ_LEADS: "Read leads and their history.",
    READ_INTEGRATIONS: "Read integrations and their logs.",
    WRITE_KEYWORDS: "Create, change and delete keywords.",
    WRITE_MENTIONS: "Ingest and triage mentions, and record their analyses.",
    WRITE_LEADS: "Create, change and delete leads.",
    WRITE_INTEGRATIONS: "Connect, change and disconnect integrations, and record their runs.",
    WRITE_SETTINGS: "Change the name, the time zone and the first day of the week of the user.",
    READ_KEYS: "Read API keys of the user, without their secrets.",
    WRITE_KEYS: "Create, rotate and revoke API keys of the user, with no more than the scopes of the key itself.",
    READ_WEBHOOKS: "Read webhooks of the user, without their secrets, and their deliveries.",
    WRITE_WEBHOOKS: "Create, change, test, replay and delete webhooks of the user, with no more than the scopes of the key itself.",
    WRITE_USERS: "Create, suspend, resume and delete users. Works for operators only.",
    BULK_READ: "Read pages of up to 1,000 rows of root lists.",
}
READ_SCOPES = frozenset({READ_KEYWORDS, READ_MENTIONS, READ_LEADS, READ_INTEGRATIONS})
ALL_SCOPES = frozenset(SCOPES) - {BULK_READ}
_DATA_PREFIXES = ("read:", "write:")


def granted(scopes: Iterable[str]) -> frozenset[str]:
    """Return the scopes that a key with these scopes has. A key without read or write scopes may read everything."""
    named = frozenset(scopes)
    return named if any(scope.startswith(_DATA_PREFIXES) for scope in named) else named | READ_SCOPES


@dataclass(frozen=True, slots=True)
class ParsedKey:
    key_id: int
    secret: str

    def opens(self, secret_hash: bytes) -> bool:
        """Return whether the secret has this hash. Compares in constant time."""
        return hmac.compare_digest(digest(self.secret), secret_hash)


def new_secret() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_SECRET_LENGTH))


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def prefix_of(key_id: int) -> str:
    """Return the characters of a key before its secret."""
    return f"lg_live_{key_id}_"


def written(key_id: int, secret: str) -> str:
    """Return the full text of a key. It is shown once and not stored."""
    body = prefix_of(key_id) + secret
    return body + _checksum(body)


def parse(text: str) -> ParsedKey | None:
    """Return the parts of a key; None if the text is not a key or its checksum is wrong."""
    match = _PATTERN.fullmatch(text)
    if match is None:
        return None
    key_id, secret, checksum = match.groups()
    if int(key_id) > _LARGEST_ID or checksum != _checksum(text[:-_CHECKSUM_LENGTH]):
        return None
    return ParsedKey(int(key_id), secret)


def is_mistyped(text: str) -> bool:
    """Return whether the text has the form of a key, but not its checksum."""
    return _PATTERN.fullmatch(text) is not None and text[-_CHECKSUM_LENGTH:] != _checksum(
        text[:-_CHECKSUM_LENGTH]
    )


def _checksum(body: str) -> str:
    number, checksum = zlib.crc32(body.encode()), ""
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        checksum = _ALPHABET[digit] + checksum
    return checksum
