"""`leadgraph credentials`: the keys that integrations' credentials are sealed with."""

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

BATCH = 100

credentials_app = typer.Typer(no_args_is_help=True, help="Keys for integrations' credentials.")


@credentials_app.callback()
def credentials() -> None:
    """Keys for integrations' credentials."""


@credentials_app.command("new-key")
def make_key() -> None:
    """Print a new key, for the front of LEADGRAPH_CREDENTIALS_KEY."""
    typer.echo(new_key())


@credentials_app.command()
def rotate() -> None:
    """Seal all credentials with the first key, so that the others are not needed any more."""
    settings = load_settings()
    keys = vault(settings)
    with migrated_database(settings) as url:
        try:
            sealed = asyncio.run(_rotate(url, keys))
        except SealedError as wrong:
            raise CommandError(
                f"Some credentials cannot be opened: {wrong} Put the key that sealed them behind the first in "
                "LEADGRAPH_CREDENTIALS_KEY."
            ) from wrong
    typer.echo(f"{sealed} credentials were sealed anew with the key {keys.key_id}; it alone is needed now.")


async def _rotate(url: str, keys: Vault) -> int:
    async with await open_pool(url, size=1) as pool:
        return await _rotate_all(pool, keys)


async def _rotate_all(pool: Pool, keys: Vault) -> int:
    total = 0
    while sealed := await in_transaction(pool, lambda writer: reseal(writer, keys, BATCH)):
        total += sealed
    return total
