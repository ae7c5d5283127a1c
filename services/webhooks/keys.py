"""The keys of webhooks, encrypted by the vault."""

from collections.abc import Sequence
from datetime import timedelta

from db.engine.writer import Writer
from db.models import Webhook, WebhookSecret, WebhookSignature
from db.statements import webhook as stored
from db.statements import write_rows
from services.accounts.vault import Sealed, Secret, Vault
from services.rules.user_errors import UserErrorCode, user_error
from services.webhooks.signatures import SignatureVersion, new_key, public_key


def owner_of(user_id: int, webhook_id: int) -> str:
    """Return the owner that a key is encrypted for. Both parts never change."""
    return f"webhook:{user_id}:{webhook_id}"


def require_vault(vault: Vault) -> None:
    """Raise `UserErrors` if the vault has no key."""
    if not vault:
        message = (
            "This server cannot store secrets, because it has no encryption key (LEADGRAPH_CREDENTIALS_KEY)."
        )
        raise user_error(UserErrorCode.INVALID, message)


def fresh_key(signature: WebhookSignature) -> tuple[Secret, str | None]:
    """Return a new key, and the public key if it has one."""
    key = new_key(SignatureVersion(signature))
    return key, public_key(key)


async def add_key(writer: Writer, vault: Vault, webhook: Webhook, key: Secret) -> None:
    """Store a key, which signs the messages from now on."""
    sealed = vault.seal(key, owner_of(webhook.user_id, webhook.id))
    row = {
        "user_id": webhook.user_id,
        "webhook_id": webhook.id,
        "sealed": sealed.token,
        "key_id": sealed.key_id,
    }
    await write_rows.insert_one(writer, WebhookSecret, row)


async def end_keys(writer: Writer, webhook_id: int, overlap: timedelta) -> None:
    """Let the present keys sign until the end of the overlap, and delete keys that have ended."""
    await stored.delete_expired_secrets(writer, webhook_id)
    await stored.expire_secrets(writer, webhook_id, writer.moment + overlap)


def opened(vault: Vault, secrets: Sequence[WebhookSecret]) -> list[Secret]:
    """Return the decrypted keys. Raise `SealedError` if the key of the vault is missing."""
    return [
        vault.open(Sealed(each.key_id, each.sealed), owner_of(each.user_id, each.webhook_id))
        for each in secrets
    ]


async def reseal(writer: Writer, vault: Vault, most: int) -> int:
    """Encrypt up to `most` keys of webhooks with the first key of the vault, and return their number.

    Raise `SealedError` if no key decrypts one of them.
    """
    found = await stored.sealed_by_others(writer, vault.key_id, most)
    for each in found:
        owner = owner_of(each.user_id, each.webhook_id)
        sealed = vault.seal(vault.open(Sealed(each.key_id, each.token), owner), owner)
        await stored.seal(writer, each.secret_id, sealed.key_id, sealed.token)
    return len(found)
