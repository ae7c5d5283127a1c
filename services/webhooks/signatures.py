"""Signatures of webhooks by the specification Standard Webhooks 1.0.

`v1` is HMAC-SHA256 with a shared secret `whsec_…`. `v1a` is ed25519 with a private key `whsk_…`, whose public key is
`whpk_…`. A signature covers the ID, the timestamp and the body of a message.
"""

import base64
import hmac
import os
from collections.abc import Iterable, Mapping
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from services.accounts.vault import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
SHARED, PRIVATE, PUBLIC = "whsec_", "whsk_", "whpk_"
USER_AGENT: Final = "Leadgraph-Webhooks"
_SHARED_BYTES: Final = 32
_SEED_BYTES: Final = 32


class SignatureVersion(StrEnum):
    """The versions of signatures, with their names in the header."""

    V1 = "v1"
    V1A = "v1a"


def new_key(version: SignatureVersion) -> Secret:
    """Return a random key of the version: a shared secret or a private key."""
    if version is SignatureVersion.V1:
        return Secret(SHARED + _text(os.urandom(_SHARED_BYTES)))
    seed = os.urandom(_SEED_BYTES)
    return Secret(PRIVATE + _text(seed + _public_bytes(_private_key(seed))))


def public_key(key: Secret) -> str | None:
    """Return the public key of a private key. Return None for a shared secret."""
    if not key.reveal().startswith(PRIVATE):
        return None
    return PUBLIC + _text(_bytes(key, PRIVATE)[_SEED_BYTES:])


def signed_headers(keys: Iterable[Secret], message_id: str, timestamp: int, body: bytes) -> Mapping[str, str]:
    """Return the headers of a message, with one signature for each key."""
    content = f"{message_id}.{timestamp}.".encode() + body
    return {
        ID: message_id,
        TIMESTAMP: str(timestamp),
        SIGNATURE: " ".join(_signature(key, content) for key in keys),
    }


def message_headers(
    keys: Iterable[Secret], message_id: str, timestamp: int, body: bytes
) -> Mapping[str, str]:
    """Return all headers of a message that depend on it, with its signatures."""
    signed = signed_headers(keys, message_id, timestamp, body)
    return {"content-type": "application/json", "user-agent": USER_AGENT, **signed}


def _signature(key: Secret, content: bytes) -> str:
    if key.reveal().startswith(PRIVATE):
        signed = _private_key(_bytes(key, PRIVATE)[:_SEED_BYTES]).sign(content)
        return f"{SignatureVersion.V1A},{_text(signed)}"
    signed = hmac.new(_bytes(key, SHARED), content, sha256).digest()
    return f"{SignatureVersion.V1},{_text(signed)}"


def _private_key(seed: bytes) -> "Ed25519PrivateKey":
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - as in the vault

    return ed25519.Ed25519PrivateKey.from_private_bytes(seed)


def _public_bytes(key: "Ed25519PrivateKey") -> bytes:
    return key.public_key().public_bytes_raw()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(key: Secret, prefix: str) -> bytes:
    return base64.b64decode(key.reveal().removeprefix(prefix))
