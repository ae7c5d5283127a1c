"""`leadgraph keys`: credentials for partners' programs."""

import asyncio
from typing import Annotated

import typer

from db.engine.pool import open_pool
from db.statements import user as users
from server.runtime.database import migrated_database
from server.runtime.errors import CommandError
from server.runtime.settings import load_settings
from services.accounts import api_key
from services.accounts.issue_key import issue_key

keys_app = typer.Typer(no_args_is_help=True, help="API keys.")


@keys_app.callback()
def keys() -> None:
    """API keys."""


@keys_app.command()
def create(
    user: Annotated[str, typer.Option(help="E-mail address of the user that the key speaks for.")],
    name: Annotated[str, typer.Option(help="What the key is for.")] = "",
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="What it may do, given once for each; all reading by default. "
            + " ".join(f"{scope}: {meaning}" for scope, meaning in api_key.SCOPES.items())
        ),
    ] = None,
) -> None:
    """Make an API key and print it. It is not shown again."""
    scopes = scope or sorted(api_key.READ_SCOPES)
    if unknown := sorted(set(scopes) - set(api_key.SCOPES)):
        raise CommandError(f"There is no scope {unknown[0]}; there are: {', '.join(api_key.SCOPES)}.")
    with migrated_database(load_settings()) as url:
        typer.echo(asyncio.run(_create(url, user, name, scopes)))


async def _create(url: str, email: str, name: str, scopes: list[str]) -> str:
    async with await open_pool(url, size=1) as pool, pool.acquire() as connection:
        user_id = await users.id_by_email(connection, email)
        if user_id is None:
            raise CommandError(f"There is no user with the e-mail address {email}.")
        return await issue_key(connection, user_id, name, scopes)
