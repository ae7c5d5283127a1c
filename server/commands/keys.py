"""`leadgraph keys`: create API keys."""

import asyncio
from typing import Annotated

import typer

from db.engine.pool import open_pool
from db.statements import user as users
from server.runtime.database import migrated_database
from server.runtime.errors import CommandError
from server.runtime.settings import load_settings
from services.accounts import api_key
from services.accounts.api_keys import issue_key

keys_app = typer.Typer(no_args_is_help=True)


@keys_app.callback()
def keys() -> None:
    """Create API keys."""


@keys_app.command()
def create(
    user: Annotated[str, typer.Option(help="E-mail address of the user whose data the key accesses.")],
    name: Annotated[str, typer.Option(help="Purpose of the key.")] = "",
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="Permission of the key. Repeat the option for several. By default the key reads everything. "
            + " ".join(f"{scope}: {meaning}" for scope, meaning in api_key.SCOPES.items())
        ),
    ] = None,
) -> None:
    """Create an API key and print it. The key cannot be shown again."""
    scopes = scope or sorted(api_key.READ_SCOPES)
    if unknown := sorted(set(scopes) - set(api_key.SCOPES)):
        raise CommandError(f"The scope {unknown[0]} does not exist. Use one of {', '.join(api_key.SCOPES)}.")
    with migrated_database(load_settings()) as url:
        typer.echo(asyncio.run(_create(url, user, name, scopes)))


async def _create(url: str, email: str, name: str, scopes: list[str]) -> str:
    async with await open_pool(url, size=1) as pool, pool.acquire() as connection:
        user_id = await users.id_by_email(connection, email)
        if user_id is None:
            raise CommandError(f"No user has the e-mail address {email}.")
        return await issue_key(connection, user_id, name, scopes)
