"""Encrypted credentials of integrations."""

from typing import Any

from db.engine.writer import Writer
from db.models import Integration
from db.statements.integration import seal, sealed_by_others
from services.accounts.vault import Sealed, Secret, Vault
from services.rules.user_errors import UserErrorCode, user_error

COLUMNS = ("credentials", "credentials_key_id", "credentials_expires_at")


def owner_of(user_id: int, provider: str, external_account_id: str) -> str:
    """Return the owner that credentials are encrypted for. Its three parts never change."""
    return f"{user_id}:{provider}:{external_account_id}"


def owner_of_integration(integration: Integration) -> str:
    return owner_of(integration.user_id, integration.provider, integration.external_account_id)


def columns_of(vault: Vault, secret: Secret | None, owner: str) -> dict[str, Any]:
    """Return the columns that store the credentials. Raises `UserErrors` if the vault has no key."""
    if secret is None:
        return dict.fromkeys(COLUMNS)
    if not vault:
        message = "This server cannot store credentials, because it has no encryption key."
        raise user_error(UserErrorCode.INVALID, message, "credentials")
    sealed = vault.seal(secret, owner)
    return {"credentials": sealed.token, "credentials_key_id": sealed.key_id}


async def reseal(writer: Writer, vault: Vault, most: int) -> int:
    """Encrypt up to `most` credentials of other keys with the first key, and return their number.

    Raises `SealedError` if no key decrypts one of them.
    """
    found = await sealed_by_others(writer, vault.key_id, most)
    for stored in found:
        owner = owner_of(stored.user_id, stored.provider, stored.external_account_id)
        secret = vault.open(Sealed(stored.key_id, stored.token), owner)
        sealed = vault.seal(secret, owner)
        await seal(writer, stored.integration_id, sealed.key_id, sealed.token)
    return len(found)
