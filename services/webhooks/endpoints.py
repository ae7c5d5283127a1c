"""Create, update, delete and replay webhooks, and rotate their secrets.

A webhook reads with its own scopes, which are among those of the key that creates it. A later change requires a key
with all scopes of the webhook: a key with fewer could else redirect rows that it may not read.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final, TypedDict, cast

from db.engine.writer import Writer
from db.language.scope import Scope
from db.models import UserRole, Webhook, WebhookDelivery, WebhookSignature, WebhookStatus
from db.statements import webhook as stored
from db.statements import webhook_delivery, write_rows
from db.statements.chunked_delete import DeleteCursor, delete_small, delete_some
from db.statements.export import tell_workers
from services.accounts.api_key import SCOPES
from services.accounts.vault import Secret, Vault
from services.accounts.viewer import Viewer
from services.rules.large_deletes import MOST_AT_ONCE, TooManyRowsError
from services.rules.user_errors import UserErrorCode, not_found, require, user_error
from services.rules.user_locks import hold_viewer
from services.rules.validation import Validation
from services.webhooks import keys
from services.webhooks.addresses import Fence, RefusedAddressError

LONGEST_DESCRIPTION: Final = 500
LONGEST_DOCUMENT: Final = 20_000
MOST_WEBHOOKS: Final = 50
"""The most webhooks of a user."""
USUAL_OVERLAP: Final = 86_400
LONGEST_OVERLAP: Final = 30 * 86_400
"""Seconds."""
_UNTRIED: Final = {"failing_since": None, "failures": 0, "resumes_at": None}
"""The state of a webhook with another receiver, or that its user has enabled again."""
ENABLED: Final = {"disabled_reason": None, "disabled_at": None, **_UNTRIED}
"""The state of a webhook that the server no longer disables."""
_SETTABLE: Final = (WebhookStatus.ACTIVE, WebhookStatus.PAUSED)


Check = Callable[[Webhook], Awaitable[None]]


class WebhookValues(TypedDict, total=False):
    """The editable fields of a webhook. An omitted field keeps its value or gets its default."""

    url: str
    description: str
    event_types: list[str]
    questions: dict[str, Any]
    document: str | None
    scopes: list[str]
    status: WebhookStatus


@dataclass(frozen=True, slots=True)
class Start:
    """The position in the feed at which a webhook begins, and the last change before it."""

    position: str
    change_id: int


@dataclass(frozen=True, slots=True)
class KeyedWebhook:
    """A webhook and its new key, which is shown once."""

    webhook: Webhook
    key: Secret

    @property
    def shown(self) -> str | None:
        """The shared secret. A private key is never shown: receivers need the public key alone."""
        return None if self.webhook.public_key else self.key.reveal()


def checked(values: WebhookValues, fence: Fence) -> WebhookValues:
    """Return the cleaned values. Raise `UserErrors` with all errors."""
    validation = Validation(values)
    validation.not_null("url", "description", "event_types", "scopes", "status")
    validation.text("description", longest=LONGEST_DESCRIPTION)
    validation.text("document", longest=LONGEST_DOCUMENT, empty=False)
    validation.distinct("event_types", "scopes")
    if values.get("event_types") == []:
        message = "Must name at least one event type."
        validation.add_error(UserErrorCode.REQUIRED, message, "event_types")
    if values.get("status") == WebhookStatus.DISABLED:
        message = "Must be ACTIVE or PAUSED. Only the server disables webhooks."
        validation.add_error(UserErrorCode.INVALID, message, "status")
    for index, scope in enumerate(values.get("scopes") or ()):
        if scope not in SCOPES or not scope.startswith("read:"):
            known = ", ".join(each for each in SCOPES if each.startswith("read:"))
            message = f"Must be a scope to read, not {scope[:50]!r}. These are {known}."
            validation.add_error(UserErrorCode.INVALID, message, "scopes", str(index))
    url = values.get("url")
    if url is not None:
        try:
            fence.check_url(url)
        except RefusedAddressError as refused:
            validation.add_error(UserErrorCode.INVALID, str(refused), "url")
    return cast("WebhookValues", validation.cleaned())


def reader_of(user_id: int, role: UserRole, scopes: Iterable[str]) -> Viewer:
    """Return the viewer in whose name payloads are rendered: the owner, with the scopes of the webhook."""
    return Viewer(user_id, role, frozenset(scopes))


def require_granted(viewer: Viewer, scopes: Sequence[str], *path: str) -> None:
    """Raise `UserErrors` if the viewer's credential lacks one of the scopes of a webhook."""
    missing = sorted(set(scopes) - set(viewer.scopes))
    if missing:
        listed = ", ".join(f"`{scope}`" for scope in missing)
        message = f"This API key lacks scopes of the webhook: {listed}. Use a key that has them."
        raise user_error(UserErrorCode.INVALID, message, *path)


async def create(
    writer: Writer,
    viewer: Viewer,
    vault: Vault,
    values: WebhookValues,
    signature: WebhookSignature,
    start: Start,
) -> KeyedWebhook:
    """Create an active webhook with a key. Raise `UserErrors`."""
    keys.require_vault(vault)
    await hold_viewer(writer, viewer)
    if await stored.count(writer, viewer.user_id) >= MOST_WEBHOOKS:
        message = f"A user can have at most {MOST_WEBHOOKS} webhooks. Delete one first."
        raise user_error(UserErrorCode.TOO_MANY, message)
    key, public = keys.fresh_key(signature)
    row: Mapping[str, object] = {
        **values,
        "user_id": viewer.user_id,
        "everybody": viewer.scope.everybody,
        "signature": signature,
        "public_key": public,
        "position": start.position,
        "change_id": start.change_id,
    }
    webhook = await write_rows.insert_one(writer, Webhook, row)
    await keys.add_key(writer, vault, webhook, key)
    await tell_workers(writer)
    return KeyedWebhook(webhook, key)


async def update(
    writer: Writer, viewer: Viewer, webhook_id: int, values: WebhookValues, check: Check
) -> Webhook:
    """Update the webhook and return it. A disabled webhook becomes active or paused again.

    `check` raises `UserErrors` if the values do not fit to the webhook.
    """
    await hold_viewer(writer, viewer)
    webhook = await read(writer, viewer, webhook_id)
    require_granted(viewer, webhook.scopes, "id")
    await check(webhook)
    if not values:
        return webhook
    changes: dict[str, object] = dict(values)
    if webhook.status == WebhookStatus.DISABLED and "status" in values:
        changes |= ENABLED
    elif "url" in values or values.get("status") == WebhookStatus.ACTIVE:
        changes |= _UNTRIED
    changed = await write_rows.update_one(writer, _own(viewer), Webhook, webhook_id, changes)
    await tell_workers(writer)
    return require(changed, "webhook")


async def rotate(
    writer: Writer,
    viewer: Viewer,
    vault: Vault,
    webhook_id: int,
    overlap_seconds: int,
    signature: WebhookSignature | None,
) -> KeyedWebhook:
    """Add a key, and let the present ones sign until the end of the overlap. Raise `UserErrors`."""
    if not 0 <= overlap_seconds <= LONGEST_OVERLAP:
        message = f"Must be between 0 and {LONGEST_OVERLAP:,}."
        raise user_error(UserErrorCode.INVALID, message, "overlap_seconds")
    await hold_viewer(writer, viewer)
    webhook = await read(writer, viewer, webhook_id)
    require_granted(viewer, webhook.scopes, "id")
    keys.require_vault(vault)
    await keys.end_keys(writer, webhook_id, timedelta(seconds=overlap_seconds))
    version = signature or webhook.signature
    key, public = keys.fresh_key(version)
    changes = {"signature": version, "public_key": public}
    changed = await write_rows.update_one(writer, _own(viewer), Webhook, webhook_id, changes)
    webhook = require(changed, "webhook")
    await keys.add_key(writer, vault, webhook, key)
    return KeyedWebhook(webhook, key)


async def replay(writer: Writer, viewer: Viewer, webhook_id: int, start: Start) -> Webhook:
    """Let the webhook go on from another position. Raise `UserErrors`.

    Events that were delivered before are delivered again, each with the ID of its first message.
    """
    await hold_viewer(writer, viewer)
    webhook = await read(writer, viewer, webhook_id)
    require_granted(viewer, webhook.scopes, "id")
    changes = {"position": start.position, "change_id": start.change_id}
    moved = await write_rows.update_one(writer, _own(viewer), Webhook, webhook_id, changes)
    await tell_workers(writer)
    return require(moved, "webhook")


async def replay_delivery(writer: Writer, viewer: Viewer, delivery_id: int) -> WebhookDelivery:
    """Start a finished delivery again, with the same message ID and payload. Raise `UserErrors`."""
    await hold_viewer(writer, viewer)
    found = await write_rows.read(writer, _own(viewer), WebhookDelivery, delivery_id)
    delivery = require(found, "delivery")
    webhook = await read(writer, viewer, delivery.webhook_id)
    require_granted(viewer, webhook.scopes, "id")
    await stored.lock(writer, [delivery.webhook_id])
    replayed = await webhook_delivery.replay(writer, _own(viewer), delivery_id)
    if replayed is None:
        message = "The delivery is pending. Wait until it ends."
        raise user_error(UserErrorCode.INVALID_TRANSITION, message, "id", delivery=delivery)
    await tell_workers(writer)
    return replayed


async def delete(writer: Writer, viewer: Viewer, webhook_id: int) -> int:
    """Delete the webhook with its deliveries, and return the ID of its user.

    Raise `UserErrors`, and `TooManyRowsError` for a webhook with too many deliveries.
    """
    await hold_viewer(writer, viewer)
    deliveries = (WebhookDelivery, "webhook_id")
    user_id = await delete_small(writer, _own(viewer), Webhook, webhook_id, deliveries, most=MOST_AT_ONCE)
    if user_id is None:
        await read(writer, viewer, webhook_id)
        cursor = DeleteCursor()
        raise TooManyRowsError(partial(_delete_batch, viewer=viewer, webhook_id=webhook_id, cursor=cursor))
    return user_id


async def _delete_batch(writer: Writer, *, viewer: Viewer, webhook_id: int, cursor: DeleteCursor) -> bool:
    """Pause the webhook, and delete a batch of its deliveries. Return whether more may be left."""
    await hold_viewer(writer, viewer)
    paused = {**ENABLED, "status": WebhookStatus.PAUSED}
    if await write_rows.update_one(writer, _own(viewer), Webhook, webhook_id, paused) is None:
        return False
    deleted = await delete_some(
        writer, _own(viewer), WebhookDelivery, "webhook_id", cursor, key=webhook_id, most=MOST_AT_ONCE
    )
    return deleted == MOST_AT_ONCE


async def read(writer: Writer, viewer: Viewer, webhook_id: int, field: str = "id") -> Webhook:
    """Return the webhook. Raise `UserErrors` at the field if the viewer does not own it."""
    found = await write_rows.read(writer, _own(viewer), Webhook, webhook_id)
    if found is None:
        raise not_found("webhook", field)
    return found


def _own(viewer: Viewer) -> Scope:
    return Scope(viewer.user_id)
