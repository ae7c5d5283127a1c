"""Attempts to deliver messages: lease them, and record their outcomes with their consequences.

A lease ends when its outcome is recorded, or by time. A killed worker therefore loses no message. Another worker sends
it again with the same ID, so that the receiver recognises it.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from db.engine.pool import Pool
from db.engine.writer import Writer, in_transaction
from db.models import Webhook, WebhookDelivery, WebhookDeliveryStatus, WebhookDisabledReason, WebhookSecret
from db.statements import user as users
from db.statements import webhook as webhooks
from db.statements import webhook_delivery as stored
from db.statements.webhook import OwnedWebhook, Tally
from db.statements.webhook_delivery import Recorded, Result
from services.accounts.vault import Secret
from services.webhooks.outcome import Outcome, excerpt
from services.webhooks.retries import DISABLED_AFTER, pause_of, retry_after_of, wait_after

logger = logging.getLogger("leadgraph")

LEASE: Final = timedelta(seconds=60)
KEPT_FOR: Final = timedelta(days=30)
DELIVERIES_PER_PURGE: Final = 5000
_LONGEST_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class Leased:
    """A leased delivery with its webhook, and the keys that sign its message, the newest first."""

    delivery: WebhookDelivery
    owned: OwnedWebhook
    secrets: Sequence[WebhookSecret]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A finished attempt. The `keys` are hidden in the response's excerpt.

    `is_probe` says that the other deliveries of the webhook wait for the outcome.
    """

    delivery: WebhookDelivery
    outcome: Outcome
    keys: Sequence[Secret] = ()
    is_probe: bool = False


async def take(
    pool: Pool,
    holder: str,
    *,
    most: int,
    most_each: int,
    busy: Sequence[int] = (),
    busy_users: Sequence[int] = (),
) -> list[Leased]:
    """Lease deliveries that are due. Disable webhooks whose owners may no longer read the rows."""

    async def work(writer: Writer) -> list[Leased]:
        found = await stored.lease(
            writer, holder, LEASE, most=most, most_each=most_each, busy=busy, busy_users=busy_users
        )
        if not found:
            return []
        ids = sorted({each.webhook_id for each in found})
        owned = {each.webhook.id: each for each in await webhooks.read_owned(writer, ids)}
        probed = [id_ for id_ in ids if owned[id_].is_failing]
        if probed:
            await webhooks.hold(writer, probed, LEASE)
        secrets: dict[int, list[WebhookSecret]] = {id_: [] for id_ in ids}
        for secret in await webhooks.working_secrets(writer, ids):
            secrets[secret.webhook_id].append(secret)
        return [Leased(each, owned[each.webhook_id], secrets[each.webhook_id]) for each in found]

    leased = await in_transaction(pool, work)
    refused = [each for each in leased if not each.owned.may_read]
    if refused:
        await give_back(pool, holder, [each.delivery for each in refused], timedelta())
        for webhook in {each.owned.webhook.id: each.owned.webhook for each in refused}.values():
            await disable(pool, webhook, WebhookDisabledReason.NOT_ALLOWED)
    return [each for each in leased if each.owned.may_read]


async def give_back(pool: Pool, holder: str, deliveries: Sequence[WebhookDelivery], wait: timedelta) -> None:
    """End leases without an attempt, such as those of a worker that stops."""
    ids = [each.id for each in deliveries]
    if ids:
        await in_transaction(pool, lambda writer: stored.give_back(writer, holder, ids, wait))


async def store_payloads(pool: Pool, holder: str, payloads: Mapping[int, str]) -> dict[int, str]:
    """Store the payloads of leased deliveries, and renew their leases. Return the payloads to send.

    Deliveries whose lease belongs to another holder are left out: a rendering may take longer than a lease.
    """
    if not payloads:
        return {}

    async def work(writer: Writer) -> dict[int, str]:
        return await stored.store_payloads(writer, holder, LEASE, payloads)

    return await in_transaction(pool, work)


async def record(pool: Pool, holder: str, attempts: Sequence[Attempt]) -> list[Recorded]:
    """Store the outcomes in one transaction, and disable webhooks that are gone or have failed for days.

    Return the state of the recorded deliveries. Those whose lease belongs to another holder are left out.
    """
    if not attempts:
        return []
    webhook_of = {each.delivery.id: each.delivery.webhook_id for each in attempts}
    tallies = _tallies(attempts)
    results = [_result(each) for each in attempts]

    async def work(writer: Writer) -> list[Recorded]:
        await webhooks.lock(writer, [each.id for each in tallies])
        await webhooks.note_results(writer, tallies)
        recorded = await stored.record(writer, holder, results)
        ended = [each.id for each in recorded if each.status != WebhookDeliveryStatus.PENDING]
        if ended:
            await stored.release_next(writer, ended)
        return recorded

    recorded = await in_transaction(pool, work)
    gone = {each.delivery.webhook_id for each in attempts if each.outcome.is_gone}
    failed = {each.id for each in tallies if each.probe_failed}
    failed |= {webhook_of[each.id] for each in recorded if each.status == WebhookDeliveryStatus.FAILED}
    for webhook_id in sorted(gone | failed):
        (delivery,) = [each.delivery for each in attempts if each.delivery.webhook_id == webhook_id][:1]
        reason = WebhookDisabledReason.GONE if webhook_id in gone else WebhookDisabledReason.FAILING
        failing_for = None if webhook_id in gone else DISABLED_AFTER
        await _disable(pool, delivery.user_id, webhook_id, reason, failing_for)
    return recorded


def _tallies(attempts: Sequence[Attempt]) -> list[Tally]:
    """Return the outcomes by webhook, in the order of the webhooks' IDs."""
    found = []
    for webhook_id in sorted({each.delivery.webhook_id for each in attempts}):
        own = [each for each in attempts if each.delivery.webhook_id == webhook_id]
        failed = [each for each in own if not each.outcome.is_success]
        asked = [pause for each in own if (pause := pause_of(each.outcome)) is not None]
        tally = Tally(
            webhook_id,
            has_success=len(failed) < len(own),
            failed=len(failed),
            probe_failed=any(each.is_probe for each in failed),
            pause_seconds=max(asked).total_seconds() if asked else None,
        )
        found.append(tally)
    return found


def _result(attempt: Attempt) -> Result:
    outcome, delivery = attempt.outcome, attempt.delivery
    wait = None
    status = WebhookDeliveryStatus.DELIVERED
    if not outcome.is_success:
        wait = None if outcome.is_gone else wait_after(delivery.attempts, retry_after_of(outcome))
        status = WebhookDeliveryStatus.FAILED if wait is None else WebhookDeliveryStatus.PENDING
    return Result(
        delivery.id,
        status,
        None if wait is None else wait.total_seconds(),
        outcome.status,
        None if outcome.status is None else excerpt(outcome.body, attempt.keys),
        outcome.error[:_LONGEST_ERROR] or None,
        round(outcome.seconds * 1000),
    )


async def disable(pool: Pool, webhook: Webhook, reason: WebhookDisabledReason) -> None:
    """Disable the webhook at once, and log it."""
    await _disable(pool, webhook.user_id, webhook.id, reason, None)


async def _disable(
    pool: Pool, user_id: int, webhook_id: int, reason: WebhookDisabledReason, failing_for: timedelta | None
) -> None:
    async def work(writer: Writer) -> Webhook | None:
        await users.lock_keeping_version(writer, user_id)  # the change of the webhook is an event of its user
        return await webhooks.disable(writer, webhook_id, reason, failing_for)

    if await in_transaction(pool, work) is not None:
        logger.warning("The webhook %s of the user %s was disabled: %s", webhook_id, user_id, reason)


async def purge(pool: Pool, *, kept_for: timedelta = KEPT_FOR) -> bool:
    """Delete some deliveries that ended longer than `kept_for` ago. Return False if nothing is left to delete."""
    delete = partial(stored.purge, kept_for=kept_for, most=DELIVERIES_PER_PURGE)
    return await in_transaction(pool, delete) == DELIVERIES_PER_PURGE
