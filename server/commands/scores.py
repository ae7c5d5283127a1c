"""`leadgraph leads` and `leadgraph integrations`: recompute stored scores and health."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Annotated

import typer

from db.engine.pool import Pool, open_pool
from db.integrity.audit import LARGEST_ID
from server.commands.batches import batches_within, require_order
from server.runtime.database import migrated_database
from server.runtime.settings import load_settings
from services.analysis import lead_scoring
from services.analysis.lead_scoring import Rescored
from services.integrations import health
from services.integrations.health import Refreshed

leads_app = typer.Typer(no_args_is_help=True)
integrations_app = typer.Typer(no_args_is_help=True)

Batches = Callable[[Pool], AsyncIterator[tuple[int, int]]]

Batch = Annotated[int, typer.Option(min=1, max=100_000, help="Rows per transaction.")]
FromId = Annotated[int, typer.Option(min=1, max=LARGEST_ID, help="First ID.", show_default=False)]
ToId = Annotated[int, typer.Option(min=1, max=LARGEST_ID, help="Last ID.", show_default=False)]
AllLeads = Annotated[
    bool,
    typer.Option(
        "--all", help="Include leads scored by this version of the formula. Scores decrease with time."
    ),
]


@leads_app.callback()
def leads() -> None:
    """Recompute scores of leads."""


@leads_app.command()
def rescore(
    from_id: FromId = 1,
    to_id: ToId = LARGEST_ID,
    batch: Batch = lead_scoring.BATCH,
    every: AllLeads = False,
) -> None:
    """Compute the scores that are missing or of an older formula. Other writers go on meanwhile.

    The command prints the last ID of each batch when the batch is committed.

    Run it again after an interruption. With --all, pass the next ID as --from-id.
    """
    require_order(from_id, to_id)

    async def batches(pool: Pool) -> AsyncIterator[tuple[int, int]]:
        now = datetime.now(UTC)
        done: Rescored
        async for done in lead_scoring.rescore(
            pool, now, first=from_id, last=to_id, batch=batch, every=every
        ):
            yield done.last_id, done.leads

    _run(batches, "leads")


@integrations_app.callback()
def integrations() -> None:
    """Recompute the health of integrations."""


@integrations_app.command("refresh-health")
def refresh_health(batch: Batch = health.BATCH) -> None:
    """Compute the health and the uptime days of all integrations from their logs.

    Recording a run computes the health of its integration.

    The health of an integration without runs decreases with time, so run this command by a timer,
    for example every 15 minutes.
    """

    async def batches(pool: Pool) -> AsyncIterator[tuple[int, int]]:
        done: Refreshed
        async for done in health.refresh_all(pool, datetime.now(UTC), batch=batch):
            yield done.last_id, done.integrations

    _run(batches, "integrations")


def _run(batches: Batches, things: str) -> None:
    settings = load_settings()
    seconds = settings.statement_timeout_seconds
    with batches_within(seconds), migrated_database(settings) as url:
        total = asyncio.run(_all(url, seconds, batches, things))
    typer.echo(f"{total} {things} done.")


async def _all(url: str, seconds: float, batches: Batches, things: str) -> int:
    total = 0
    async with await open_pool(url, size=1, statement_timeout_seconds=seconds) as pool:
        async for last_id, number in batches(pool):
            total += number
            typer.echo(f"{things} up to ID {last_id}: {number}")
    return total
