"""Deliveries of webhooks: create them, lease the ones that are due, and record their outcomes.

A delivery that waits for an earlier one of the same row has no due time. The end of the earlier one makes it due. Both
transactions lock the webhook, so that none is overlooked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    DateTime,
    Double,
    Integer,
    Interval,
    Select,
    SmallInteger,
    Text,
    and_,
    any_,
    bindparam,
    case,
    delete,
    exists,
    func,
    null,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.sql.dml import ReturningDelete, ReturningInsert, ReturningUpdate, Update

from db.engine.statement_cache import statement
from db.engine.writer import Writer
from db.language.layout import LAYOUT, unique_key
from db.language.scope import EVERYBODY, PARAMETER, Scope, visible_among
from db.language.shape import columns
from db.models import Webhook, WebhookDelivery, WebhookDeliveryStatus, WebhookStatus
from db.models.base import table_of
from db.statements.parameters import keys_parameter, rows_parameter
from db.statements.webhook import OPEN_AFTER

_DELIVERIES, _WEBHOOKS = table_of(WebhookDelivery), table_of(Webhook)
_PENDING = _DELIVERIES.c.status == WebhookDeliveryStatus.PENDING
_NOW = func.clock_timestamp()
_FREE: dict[str, Any] = {"leased_until": null(), "holder": null()}
_AGAIN: dict[str, Any] = {
    **_FREE,
    "status": WebhookDeliveryStatus.PENDING,
    "attempts": 0,
    "finished_at": null(),
}


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A message about an event. `is_first` says that no earlier one of the same batch has the same row."""

    message_id: str
    event_type: str
    entity: str
    entity_id: int
    changed: Sequence[str] | None
    occurred_at: str
    is_first: bool


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of an attempt as it is stored. A failed delivery without `wait_seconds` is given up."""

    id: int
    status: WebhookDeliveryStatus
    wait_seconds: float | None
    response_status: int | None
    response_excerpt: str | None
    error: str | None
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded delivery, and its state."""

    id: int
    webhook_id: int
    status: WebhookDeliveryStatus


def _rows(values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the fields of dataclasses. `asdict` would copy each value."""
    names = [each.name for each in fields(values[0])] if values else []
    return [{name: getattr(each, name) for name in names} for each in values]


def _is_held(ids: Any) -> ColumnElement[bool]:
    """Return whether a pending delivery among the IDs is leased by the holder."""
    return and_(
        _DELIVERIES.c.id == ids, _PENDING, _DELIVERIES.c.holder == bindparam("current_holder", type_=Text)
    )


def _pending_of_row(owner: Any, webhook_id: Any, row: Any) -> Select[Any]:
    """Return the select of the IDs of pending deliveries of a webhook about the entity and ID of the row."""
    other = _DELIVERIES.alias("other")
    return select(other.c.id).where(
        other.c.webhook_id == webhook_id,
        other.c.entity == row.c.entity,
        other.c.entity_id == row.c.entity_id,
        other.c.status == WebhookDeliveryStatus.PENDING,
        other.c.user_id == owner if LAYOUT.is_distributed else true(),
    )


@statement
def _add_deliveries() -> ReturningInsert[Any]:
    rows = rows_parameter(
        "deliveries",
        {
            "message_id": Text,
            "event_type": Text,
            "entity": Text,
            "entity_id": BigInteger,
            "changed": ARRAY(Text),
            "occurred_at": DateTime(timezone=True),
            "is_first": Boolean,
        },
    )
    owner = bindparam("owner_id", type_=BigInteger)
    waits = exists(_pending_of_row(owner, bindparam("webhook_id", type_=BigInteger), rows).correlate(rows))
    is_due = rows.c.is_first & ~waits
    given = select(
        owner.label("user_id"),
        bindparam("webhook_id", type_=BigInteger).label("webhook_id"),
        rows.c.message_id,
        rows.c.event_type,
        rows.c.entity,
        rows.c.entity_id,
        rows.c.changed,
        rows.c.occurred_at,
        case((is_due, _NOW), else_=null()).label("due_at"),
    )
    new = insert(_DELIVERIES).from_select([column.name for column in given.selected_columns], given)
    return new.on_conflict_do_update(
        index_elements=unique_key("webhook_id", "message_id"),
        set_={**_AGAIN, "due_at": new.excluded.due_at},
        where=~_PENDING,
    ).returning(_DELIVERIES.c.id)


async def add(writer: Writer, user_id: int, webhook_id: int, new: Sequence[NewDelivery]) -> int:
    """Add deliveries in their order, and return their number. A finished delivery of the same event starts again."""
    rows = _rows(new)
    added = await writer.fetch_values(
        _add_deliveries(), EVERYBODY, owner_id=user_id, webhook_id=webhook_id, deliveries=rows
    )
    return len(added)


@statement
def _lease_deliveries() -> ReturningUpdate[Any]:
    is_free = or_(
        _DELIVERIES.c.leased_until.is_(None), _DELIVERIES.c.leased_until <= func.statement_timestamp()
    )
    due = (
        select(_DELIVERIES.c.id)
        .where(
            _DELIVERIES.c.webhook_id == _WEBHOOKS.c.id,
            _PENDING,
            _DELIVERIES.c.due_at <= func.statement_timestamp(),
            is_free,
        )
        .order_by(_DELIVERIES.c.due_at)
        .limit(case((_WEBHOOKS.c.failures >= OPEN_AFTER, 1), else_=bindparam("most_each", type_=BigInteger)))
        .with_for_update(skip_locked=True)
        .correlate(_WEBHOOKS)
        .lateral("due")
    )
    taken = (
        select(due.c.id)
        .select_from(_WEBHOOKS.join(due, true()))
        .where(
            _WEBHOOKS.c.status == WebhookStatus.ACTIVE,
            or_(_WEBHOOKS.c.resumes_at.is_(None), _WEBHOOKS.c.resumes_at <= func.statement_timestamp()),
            ~(_WEBHOOKS.c.id == any_(bindparam("busy", type_=ARRAY(BigInteger)))),
            ~(_WEBHOOKS.c.user_id == any_(bindparam("busy_users", type_=ARRAY(BigInteger)))),
        )
        .limit(bindparam("most", type_=BigInteger))
        .cte("taken")
    )
    return (
        update(_DELIVERIES)
        .where(_DELIVERIES.c.id == taken.c.id)
        .values(
            holder=bindparam("new_holder", type_=Text),
            leased_until=_NOW + bindparam("lease", type_=Interval),
            attempts=_DELIVERIES.c.attempts + 1,
            attempted_at=_NOW,
        )
        .returning(*columns(WebhookDelivery))
    )


async def lease(
    writer: Writer,
    holder: str,
    lease: timedelta,
    *,
    most: int,
    most_each: int,
    busy: Sequence[int] = (),
    busy_users: Sequence[int] = (),
) -> list[WebhookDelivery]:
    """Lease deliveries that are due, up to `most_each` of each active webhook that is not `busy`.

    Leave out webhooks of `busy_users`, and one that waits. Lease a single delivery, the probe, where the receiver fails
    repeatedly.
    """
    return await writer.fetch(
        WebhookDelivery,
        _lease_deliveries(),
        EVERYBODY,
        new_holder=holder,
        lease=lease,
        most=most,
        most_each=most_each,
        busy=list(busy),
        busy_users=list(busy_users),
    )


@statement
def _return_deliveries() -> Update:
    return (
        update(_DELIVERIES)
        .where(_is_held(any_(keys_parameter())))
        .values(
            **_FREE,
            attempts=_DELIVERIES.c.attempts - 1,
            due_at=_NOW + bindparam("wait", type_=Interval),
        )
    )


async def give_back(writer: Writer, holder: str, ids: Sequence[int], wait: timedelta) -> None:
    """End leases without an attempt. The deliveries are due again after the wait."""
    await writer.fetch_values(
        _return_deliveries(), EVERYBODY, keys=list(ids), current_holder=holder, wait=wait
    )


@statement
def _store_payloads() -> ReturningUpdate[Any]:
    rows = rows_parameter("payloads", {"id": BigInteger, "payload": Text})
    return (
        update(_DELIVERIES)
        .where(_is_held(rows.c.id))
        .values(
            payload=func.coalesce(_DELIVERIES.c.payload, rows.c.payload),
            leased_until=_NOW + bindparam("lease", type_=Interval),
        )
        .returning(_DELIVERIES.c.id, _DELIVERIES.c.payload)
    )


async def store_payloads(
    writer: Writer, holder: str, lease: timedelta, payloads: Mapping[int, str]
) -> dict[int, str]:
    """Store the payloads of the holder's deliveries, which each attempt sends, and renew the leases.

    Return the stored payloads by delivery.
    """
    rows = [{"id": id_, "payload": payload} for id_, payload in payloads.items()]
    found = await writer.fetch_values(
        _store_payloads(), EVERYBODY, payloads=rows, current_holder=holder, lease=lease
    )
    return {row["id"]: row["payload"] for row in found}


@statement
def _record_results() -> ReturningUpdate[Any]:
    rows = rows_parameter(
        "results",
        {
            "id": BigInteger,
            "status": Text,
            "wait_seconds": Double,
            "response_status": SmallInteger,
            "response_excerpt": Text,
            "error": Text,
            "duration_ms": Integer,
        },
    )
    is_pending = rows.c.status == WebhookDeliveryStatus.PENDING
    wait = func.make_interval(0, 0, 0, 0, 0, 0, rows.c.wait_seconds, type_=Interval)
    return (
        update(_DELIVERIES)
        .where(_is_held(rows.c.id))
        .values(
            **_FREE,
            status=rows.c.status,
            due_at=case((is_pending, _NOW + wait), else_=null()),
            finished_at=case((is_pending, null()), else_=_NOW),
            response_status=rows.c.response_status,
            response_excerpt=rows.c.response_excerpt,
            error=rows.c.error,
            duration_ms=rows.c.duration_ms,
        )
        .returning(_DELIVERIES.c.id, _DELIVERIES.c.webhook_id, _DELIVERIES.c.status)
    )


async def record(writer: Writer, holder: str, results: Sequence[Result]) -> list[Recorded]:
    """Store outcomes of the holder's leases, and return the stored ones. The webhooks must be locked."""
    rows = _rows(results)
    found = await writer.fetch_values(_record_results(), EVERYBODY, results=rows, current_holder=holder)
    return [Recorded(**dict(row)) for row in found]


@statement
def _release_next() -> Update:
    ended = _DELIVERIES.alias("ended")
    pending = _pending_of_row(ended.c.user_id, ended.c.webhook_id, ended)
    following = pending.order_by(pending.selected_columns.id).limit(1).correlate(ended).scalar_subquery()
    these = select(following.label("id")).select_from(ended).where(ended.c.id == any_(keys_parameter()))
    return (
        update(_DELIVERIES)
        .where(_DELIVERIES.c.id.in_(these), _DELIVERIES.c.due_at.is_(None), _PENDING)
        .values(due_at=_NOW)
    )


async def release_next(writer: Writer, ended: Sequence[int]) -> None:
    """Make the deliveries due that waited for these ended ones."""
    await writer.fetch_values(_release_next(), EVERYBODY, keys=list(ended))


@statement
def _replay_delivery(*, everybody: bool) -> ReturningUpdate[Any]:
    owner = _DELIVERIES.c.user_id if everybody else bindparam(PARAMETER, type_=BigInteger)
    pending = _pending_of_row(owner, _DELIVERIES.c.webhook_id, _DELIVERIES)
    waits = exists(pending.correlate(_DELIVERIES))
    return (
        update(_DELIVERIES)
        .where(
            _DELIVERIES.c.id == any_(keys_parameter()),
            ~_PENDING,
            visible_among(WebhookDelivery, everybody=everybody),
        )
        .values(**_AGAIN, due_at=case((waits, null()), else_=_NOW))
        .returning(*columns(WebhookDelivery))
    )


async def replay(writer: Writer, scope: Scope, delivery_id: int) -> WebhookDelivery | None:
    """Start a finished delivery again, with the same message. Return None if it is pending or not visible."""
    sent = _replay_delivery(everybody=scope.everybody)
    return await writer.fetch_one(WebhookDelivery, sent, scope, keys=[delivery_id])


@statement
def _purge_deliveries() -> ReturningDelete[Any]:
    old = (
        select(_DELIVERIES.c.id)
        .where(
            _DELIVERIES.c.finished_at <= func.statement_timestamp() - bindparam("kept_for", type_=Interval)
        )
        .limit(bindparam("most", type_=BigInteger))
        .with_for_update(skip_locked=True)
    )
    return delete(_DELIVERIES).where(_DELIVERIES.c.id.in_(old)).returning(_DELIVERIES.c.id)


async def purge(writer: Writer, *, kept_for: timedelta, most: int) -> int:
    """Delete up to `most` deliveries that ended longer than `kept_for` ago. Return their number."""
    return len(await writer.fetch_values(_purge_deliveries(), EVERYBODY, kept_for=kept_for, most=most))
