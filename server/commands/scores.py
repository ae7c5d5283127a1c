"""`leadgraph leads` and `leadgraph integrations`: what is computed when rows are written, computed again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Annotated

import typer

from db.engine.pool import Pool, open_pool
from db.integrity.audit import LARGEST_ID
from server.commands.batches import each_within, require_order
from server.runtime.database import migrated_database
from server.runtime.settings import load_settings
from services.analysis import lead_scoring
from services.analysis.lead_scoring import Rescored
from services.integrations import health
from services.integrations.health import Refreshed

leads_app = typer.Typer(no_args_is_help=True, help="Scores of leads.")
integrations_app = typer.Typer(no_args_is_help=True, help="Health of integrations.")

Batches = Callable[[Pool], AsyncIterator[tuple[int, int]]]

Batch = Annotated[int, typer.Option(min=1, max=100_000, help="Rows per transaction.")]
FromId = Annotated[int, typer.Option(min=1, max=LARGEST_ID, help="First id.", show_default=False)]
ToId = Annotated[int, typer.Option(min=1, max=LARGEST_ID, help="Last id.", show_default=False)]
EveryOne = Annotated[
    bool,
    typer.Option(
        "--all", help="Also those that this version of the formula has scored: time makes scores less."
    ),
]


@leads_app.callback()
def leads() -> None:
    """Scores of leads."""


@leads_app.command()
def rescore(
    from_id: FromId = 1,
    to_id: ToId = LARGEST_ID,
    batch: Batch = lead_scoring.BATCH,
    every: EveryOne = False,
) -> None:
    """Score leads that have no score of this version, or all of them, while others write.

    The last id of each batch is printed when it is committed. An interrupted run does the rest when it is started
    again; with --all, begin after the last id.
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
    """Health of integrations."""


@integrations_app.command("refresh-health")
def refresh_health(batch: Batch = health.BATCH) -> None:
    """Compute the health of all integrations, and count their days, from their logs.

    It is computed whenever a run is recorded; time alone makes what does not run less healthy, so run this by a
    timer, such as every quarter of an hour.
    """

    async def batches(pool: Pool) -> AsyncIterator[tuple[int, int]]:
        done: Refreshed
        async for done in health.refresh_all(pool, datetime.now(UTC), batch=batch):
            yield done.last_id, done.integrations

    _run(batches, "integrations")


def _run(batches: Batches, things: str) -> None:
    settings = load_settings()
    seconds = settings.statement_timeout_seconds
    with each_within(seconds), migrated_database(settings) as url:
        total = asyncio.run(_all(url, seconds, batches, things))
    typer.echo(f"{total} {things} done.")


async def _all(url: str, seconds: float, batches: Batches, things: str) -> int:
    total = 0
    async with await open_pool(url, size=1, statement_timeout_seconds=seconds) as pool:
        async for last_id, number in batches(pool):
            total += number
            typer.echo(f"{things} up to id {last_id}: {number}")
    return total
