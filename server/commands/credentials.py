"""`leadgraph credentials`: manage the keys that encrypt integrations' credentials."""

import asyncio

import typer

from db.engine.pool import Pool, open_pool
from db.engine.writer import in_transaction
from server.runtime.credentials import vault
from server.runtime.database import migrated_database
from server.runtime.errors import CommandError
from server.runtime.settings import load_settings
from services.accounts.vault import SealedError, Vault, new_key
from services.integrations.credentials import reseal
from services.webhooks import keys as webhooks

BATCH = 100

credentials_app = typer.Typer(no_args_is_help=True)


@credentials_app.callback()
def credentials() -> None:
    """Manage the keys that encrypt integrations' credentials."""


@credentials_app.command("new-key")
def make_key() -> None:
    """Print a new key. Put it first in LEADGRAPH_CREDENTIALS_KEY."""
    typer.echo(new_key())


@credentials_app.command()
def rotate() -> None:
    """Encrypt all credentials with the first key. The other keys are unused afterwards."""
    settings = load_settings()
    keys = vault(settings)
    with migrated_database(settings) as url:
        try:
            rotated = asyncio.run(_rotate(url, keys))
        except SealedError as wrong:
            raise CommandError(
                f"Some credentials cannot be decrypted: {wrong} Add the key that encrypted them after the first key "
                "in LEADGRAPH_CREDENTIALS_KEY."
            ) from wrong
    typer.echo(f"Encrypted {rotated} credentials with the key {keys.key_id}. Only this key is needed now.")


async def _rotate(url: str, keys: Vault) -> int:
    async with await open_pool(url, size=1) as pool:
        return await _rotate_all(pool, keys)


async def _rotate_all(pool: Pool, keys: Vault) -> int:
    total = 0
    for each in (reseal, webhooks.reseal):
        while sealed := await in_transaction(pool, lambda writer: each(writer, keys, BATCH)):  # noqa: B023 - run at once
            total += sealed
    return total
