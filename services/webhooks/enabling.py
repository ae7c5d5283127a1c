"""Webhooks that an operator of the database enables again, by a command."""

from collections.abc import Mapping

from db.engine.pool import Pool
from db.engine.writer import Writer, in_transaction
from db.models import Webhook, WebhookDisabledReason, WebhookStatus
from db.statements import user as users
from db.statements import webhook as stored
from db.statements import write_rows
from db.statements.export import tell_workers
from db.statements.webhook import OwnedWebhook
from services.webhooks.endpoints import ENABLED
from services.webhooks.start import start_now


class EnablingError(Exception):
    """The webhook cannot be enabled. The message says why, and what to do."""


async def enable(pool: Pool, webhook_id: int, *, from_now: bool = False) -> None:
    """Enable a disabled webhook, or let one that fails send at once. With `from_now`, skip the events until now.

    Raise `EnablingError` if that would not let the webhook send messages.
    """

    async def work(writer: Writer) -> None:
        found = await _enableable(writer, webhook_id, from_now=from_now)
        await users.lock_keeping_version(writer, found.webhook.user_id)
        changes: Mapping[str, object] = {**ENABLED, "status": WebhookStatus.ACTIVE}
        if from_now:
            start = await start_now(writer, found.scope)
            changes = {**changes, "position": start.position, "change_id": start.change_id}
        await write_rows.update_one(writer, found.scope, Webhook, webhook_id, changes)
        await tell_workers(writer)

    await in_transaction(pool, work)


async def _enableable(writer: Writer, webhook_id: int, *, from_now: bool) -> OwnedWebhook:
    found = await stored.read_owned(writer, [webhook_id])
    if not found:
        raise EnablingError(f"The webhook {webhook_id} does not exist.")
    webhook = found[0].webhook
    if not found[0].may_read:
        raise EnablingError("The user of the webhook is not active, or may no longer read the rows.")
    if webhook.status == WebhookStatus.PAUSED:
        raise EnablingError("The user has paused the webhook. The user alone can let it go on.")
    if webhook.disabled_reason == WebhookDisabledReason.POSITION_EXPIRED and not from_now:
        raise EnablingError("The change feed no longer has the next events. Use --from-now to skip them.")
    return found[0]
