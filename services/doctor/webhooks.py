"""Webhooks that fail or were disabled, and events that wait for a worker."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from db.engine.pool import Pool
from db.inspection import webhooks
from db.inspection.webhooks import TroubledWebhook
from db.models import WebhookDisabledReason
from db.statements import webhook_queue
from db.statements.webhook_queue import WaitingEvents
from services.doctor.report import Check, Finding, Limits
from services.doctor.revision import require_current

MOST_NAMED: Final = 20
_REASONS: Final[Mapping[WebhookDisabledReason, str]] = {
    WebhookDisabledReason.GONE: "the receiver answered 410 (Gone)",
    WebhookDisabledReason.FAILING: "no attempt succeeded for three days",
    WebhookDisabledReason.POSITION_EXPIRED: "the change feed no longer has its next events",
}


async def check(pool: Pool, limits: Limits) -> Sequence[Finding]:
    """Find events that wait for a worker, and webhooks that fail or were disabled."""
    await require_current(pool)
    waiting = await webhook_queue.waiting(pool, limits.waiting)
    troubled = await webhooks.troubled(pool, limits.failing, limits.disabled, most=MOST_NAMED)
    return [*_without_worker(waiting), *map(_finding, troubled), *_unnamed(troubled)]


def _without_worker(waiting: WaitingEvents) -> Iterator[Finding]:
    if waiting.since is not None:
        since = waiting.since.isoformat(timespec="seconds")
        problem = f"Events of {waiting.webhooks} webhooks wait for a worker, the first one since {since}."
        yield Finding(Check.WEBHOOKS, "events", problem, "leadgraph worker")


def _finding(webhook: TroubledWebhook) -> Finding:
    since, subject = webhook.since.isoformat(timespec="seconds"), f"webhook {webhook.id}"
    command = f"leadgraph webhooks enable {webhook.id}"
    if webhook.reason is None:
        problem = (
            f"The receiver of {webhook.email} has failed since {since}, {webhook.failures} times in a row. The log of "
            "deliveries in the API has the reason. Three days of failure disable the webhook."
        )
        return Finding(Check.WEBHOOKS, subject, problem, command)
    reason = WebhookDisabledReason(webhook.reason)
    problem = f"The server disabled the webhook of {webhook.email} at {since}, because {_REASONS[reason]}."
    is_expired = reason is WebhookDisabledReason.POSITION_EXPIRED
    return Finding(Check.WEBHOOKS, subject, problem, f"{command} --from-now" if is_expired else command)


def _unnamed(troubled: Sequence[TroubledWebhook]) -> Iterator[Finding]:
    unnamed = troubled[0].number - len(troubled) if troubled else 0
    if unnamed:
        problem = f"{unnamed} further webhooks fail or were disabled. The next report names them."
        yield Finding(Check.WEBHOOKS, "webhooks", problem, "leadgraph doctor")
