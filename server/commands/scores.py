"""`leadgraph leads` and `leadgraph integrations`: recompute stored scores and health."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated

import typer

from db.engine.pool import Pool
from db.integrity.audit import LARGEST_ID
from server.commands.batches import require_order, run_batches
from services.analysis import lead_scoring
from services.integrations import health

leads_app = typer.Typer(no_args_is_help=True)
integrations_app = typer.Typer(no_args_is_help=True)

Batches = Callable[[Pool], AsyncIterator[tuple[int, int]]]

AuditBatch = Annotated[int, typer.Option(min=1, max=100_000, help="Rows per transaction.")]
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
    batch: AuditBatch = lead_scoring.BATCH,
    every: AllLeads = False,
) -> None:
    """Compute the scores that are missing or of an older formula. Other writers go on meanwhile.

    The command prints the last ID of each batch when the batch is committed.

    Run it again after an interruption. With --all, pass the next ID as --from-id.
    """
    require_order(from_id, to_id)

    async def batches(pool: Pool) -> AsyncIterator[tuple[int, int]]:
        async for done in lead_scoring.rescore(pool, first=from_id, last=to_id, batch=batch, every=every):
            yield done.last_id, done.leads

    _run(batches, "leads")


@integrations_app.callback()
def integrations() -> None:
    """Recompute the health of integrations."""


@integrations_app.command("refresh-health")
def refresh_health(batch: AuditBatch = health.BATCH) -> None:
    """Compute the health and the uptime days of all integrations from their logs.

    Recording a run computes the health of its integration.

    The health of an integration without runs decreases with time. Workers therefore run this periodically
    (LEADGRAPH_REFRESH_HEALTH_EVERY_SECONDS).
    """

    async def batches(pool: Pool) -> AsyncIterator[tuple[int, int]]:
        async for done in health.refresh_all(pool, batch=batch):
            yield done.last_id, done.integrations

    _run(batches, "integrations")


def _run(batches: Batches, things: str) -> None:
    async def run(pool: Pool) -> int:
        total = 0
        async for last_id, number in batches(pool):
            total += number
            typer.echo(f"{things} up to ID {last_id}: {number}")
        return total

    typer.echo(f"{run_batches(run)} {things} done.")
