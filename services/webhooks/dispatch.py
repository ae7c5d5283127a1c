"""Make deliveries of the changes in the feed.

One transaction reads the changes after a webhook's position, adds their deliveries, and stores the new position. No
event is therefore lost or doubled, whatever ends a worker.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from db.engine.pool import Pool
from db.engine.writer import Writer, in_transaction
from db.language import saved_query
from db.models import Base, ChangeKind, Webhook, WebhookDisabledReason
from db.statements import webhook as webhooks
from db.statements import webhook_delivery, webhook_matching
from db.statements.webhook import OwnedWebhook
from db.statements.webhook_delivery import NewDelivery
from services.changes import feed
from services.changes.feed import ChangeFilter, Event, ExpiredPositionError
from services.changes.position import BadPositionError, Position
from services.webhooks import deliveries

EVENTS_PER_TURN: Final = 500
_ID_BYTES: Final = 15


@dataclass(frozen=True, slots=True)
class Fed:
    """The entities whose events webhooks can have. Of `personal` entities, a webhook gets its own user's rows alone."""

    models: Mapping[str, type[Base]]
    personal: frozenset[str] = field(default_factory=frozenset)


def event_type(event: Event) -> str:
    return f"{event.entity.lower()}.{event.kind}"


def message_id(webhook_id: int, event: Event) -> str:
    """Return the ID of the message about an event: always the same for the same event and webhook."""
    at = event.position
    digest = hashlib.sha256(f"{at.feed}:{webhook_id}:{at.last}:{at.skip}:{event.row_id}".encode()).digest()
    return "msg_" + base64.b32encode(digest[:_ID_BYTES]).decode().lower()


def last_change(position: Position) -> int:
    """Return the last change before the position. A position inside a change leaves this change unread."""
    return position.last - 1 if position.skip else position.last


class Dispatcher:
    """Makes the deliveries of one worker. A call that finds no changes of any webhook ends a round."""

    def __init__(self, fed: Fed, *, events: int = EVENTS_PER_TURN) -> None:
        self._fed, self._events = fed, events
        self._read: set[int] = set()
        """The webhooks for the rows of all users that had no further changes in this round."""
        self._served: set[int] = set()
        """The users who have had a turn. They wait until all others have had theirs."""

    async def __call__(self, pool: Pool) -> bool | None:
        """Make the deliveries of the next changes of a webhook.

        Return False if no webhook has further changes, and None if no webhook is active.
        """
        failed: list[tuple[Webhook, WebhookDisabledReason]] = []
        found = await in_transaction(pool, partial(self._turn, failed=failed))
        for webhook, reason in failed:
            await deliveries.disable(pool, webhook, reason)
        if not found:
            self._read.clear()
        return found

    async def _turn(self, writer: Writer, failed: list[tuple[Webhook, WebhookDisabledReason]]) -> bool | None:
        failed.clear()
        found = await webhooks.take_unread(writer, sorted(self._read), sorted(self._served))
        if found is None and self._served:
            self._served.clear()
            found = await webhooks.take_unread(writer, sorted(self._read))
        if found is None:
            return False if await webhooks.is_any_active(writer) else None
        webhook = found.webhook
        self._served.add(webhook.user_id)
        if not found.may_read:
            failed.append((webhook, WebhookDisabledReason.NOT_ALLOWED))
            return True
        try:
            await self._make(writer, found)
        except (ExpiredPositionError, BadPositionError):
            failed.append((webhook, WebhookDisabledReason.POSITION_EXPIRED))
        return True

    async def _make(self, writer: Writer, found: OwnedWebhook) -> None:
        webhook = found.webhook
        wanted = ChangeFilter(
            entities=sorted({self._entity(each) for each in webhook.event_types}),
            personal=sorted(self._fed.personal),
            personal_of=webhook.user_id,
        )
        position = Position.parse(webhook.position)
        page = await feed.page(writer, found.scope, position, limit=self._events, wanted=wanted)
        events = [each for each in page.events if event_type(each) in webhook.event_types]
        new = _deliveries(webhook, await _matching(writer, found, events, self._fed))
        if new:
            await webhook_delivery.add(writer, webhook.user_id, webhook.id, new)
        if webhook.everybody and not page.has_more:
            self._read.add(webhook.id)
        if str(page.after) != webhook.position:
            await webhooks.move(writer, webhook.id, str(page.after), last_change(page.after))

    def _entity(self, name: str) -> str:
        entity = name.partition(".")[0]
        return next(each for each in self._fed.models if each.lower() == entity)


async def _matching(
    writer: Writer, found: OwnedWebhook, events: Sequence[Event], fed: Fed
) -> Sequence[Event]:
    """Return the events whose rows match the filters now. Events about deleted rows match."""
    matching: dict[str, set[int]] = {}
    for entity, question in found.webhook.questions.items():
        ids = {each.row_id for each in events if each.entity == entity and each.kind != ChangeKind.DELETED}
        if ids:
            where = saved_query.load(question).where
            matching[entity] = await webhook_matching.matching(
                writer, found.scope, fed.models[entity], sorted(ids), where
            )
    return [
        each
        for each in events
        if each.kind == ChangeKind.DELETED
        or each.entity not in matching
        or each.row_id in matching[each.entity]
    ]


def _deliveries(webhook: Webhook, events: Sequence[Event]) -> list[NewDelivery]:
    seen: set[tuple[str, int]] = set()
    new = []
    for each in events:
        row = (each.entity, each.row_id)
        new.append(
            NewDelivery(
                message_id(webhook.id, each),
                event_type(each),
                each.entity,
                each.row_id,
                list(each.columns) if each.kind == ChangeKind.UPDATED else None,
                each.at.isoformat(),
                row not in seen,
            )
        )
        seen.add(row)
    return new
