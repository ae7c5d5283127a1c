"""`leadgraph webhooks`: enable webhooks, and check stored documents against the schema of this release."""

import asyncio
from typing import Annotated

import typer

from db.engine.pool import open_pool
from schema.graph import build
from server.commands.on_database import on_database
from server.runtime.database import migrated_database
from server.runtime.settings import load_settings
from server.webhooks.rendering import ExecutedRendering
from services.webhooks import enabling
from services.webhooks.documents import WrongDocument, wrong_documents

webhooks_app = typer.Typer(no_args_is_help=True)


@webhooks_app.callback()
def webhooks() -> None:
    """Check and enable webhooks."""


@webhooks_app.command()
def check() -> None:
    """Find stored documents that this release does not execute. The exit code is 1 if there are such documents."""
    settings = load_settings()
    with migrated_database(settings) as url:
        wrong = asyncio.run(_wrong(url))
    for each in wrong:
        typer.echo(
            f"The document of the webhook {each.webhook_id} of the user {each.user_id}: {each.problem}"
        )
    if wrong:
        raise typer.Exit(1)
    typer.echo("All stored documents can be executed.")


@webhooks_app.command()
def enable(
    webhook_id: Annotated[int, typer.Argument(metavar="ID", min=1, max=2**63 - 1, show_default=False)],
    from_now: Annotated[
        bool, typer.Option("--from-now", help="Skip the events between the last message and now.")
    ] = False,
) -> None:
    """Enable a webhook that the server has disabled, or let one that fails send at once.

    `leadgraph doctor` prints the IDs of such webhooks.
    """
    on_database(lambda pool: enabling.enable(pool, webhook_id, from_now=from_now), enabling.EnablingError)
    typer.echo(f"The webhook {webhook_id} is active.")


async def _wrong(url: str) -> list[WrongDocument]:
    settings = load_settings()
    graph = build(settings.executor, settings.limits)
    async with await open_pool(url, size=1) as pool:
        return await wrong_documents(pool, ExecutedRendering(lambda: graph, pool))
