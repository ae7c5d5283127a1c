"""The state of all webhooks for operators: their number by status, and the events that wait for a worker."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, DateTime, Interval, Select, and_, bindparam, func, or_, select, true
from sqlalchemy.sql.selectable import LateralFromClause

from db.engine.pool import Pool
from db.engine.reader import Reader
from db.engine.statement_cache import statement
from db.language.scope import EVERYBODY
from db.models import (
    RowChange,
    Webhook,
    WebhookDelivery,
    WebhookDeliveryStatus,
    WebhookDisabledReason,
    WebhookStatus,
)
from db.models.base import table_of
from db.statements.webhook import OPEN_AFTER

_WEBHOOKS, _DELIVERIES, _CHANGES = table_of(Webhook), table_of(WebhookDelivery), table_of(RowChange)
_NOW = func.statement_timestamp()


@dataclass(frozen=True, slots=True)
class WebhookCount:
    """The number of webhooks of a status. `is_failing` says that the receivers have failed ten times in a row."""

    status: WebhookStatus
    is_failing: bool
    reason: WebhookDisabledReason | None
    number: int


@dataclass(frozen=True, slots=True)
class WaitingEvents:
    """The number of webhooks with events that wait for a worker, the time since when the first one waits, and now."""

    webhooks: int
    since: datetime | None
    now: datetime

    @property
    def seconds(self) -> float:
        """The time that the first event waits, or 0."""
        return 0.0 if self.since is None else max(0.0, (self.now - self.since).total_seconds())


@statement
def _webhooks_by_status() -> Select[tuple[WebhookStatus, bool, WebhookDisabledReason | None, int]]:
    c = _WEBHOOKS.c
    is_failing = and_(c.status == WebhookStatus.ACTIVE, c.failures >= OPEN_AFTER).label("is_failing")
    reason = c.disabled_reason.label("reason")
    return select(c.status, is_failing, reason, func.count().label("number")).group_by(
        c.status, is_failing, reason
    )


async def counts(pool: Pool) -> Sequence[WebhookCount]:
    """Return the number of webhooks by status."""
    found = await Reader(pool, single=True).fetch_values(_webhooks_by_status(), EVERYBODY)
    return [WebhookCount(**row) for row in found]


def _unread_change() -> LateralFromClause:
    """Return the first change that a user's webhook has not read. Webhooks for all users have other positions."""
    return (
        select(_CHANGES.c.at)
        .where(
            ~_WEBHOOKS.c.everybody,
            _CHANGES.c.user_id == _WEBHOOKS.c.user_id,
            _CHANGES.c.id > _WEBHOOKS.c.change_id,
        )
        .order_by(_CHANGES.c.id)
        .limit(1)
        .correlate(_WEBHOOKS)
        .lateral("unread")
    )


def _first_due() -> LateralFromClause:
    """Return the delivery of a webhook that is due first. A worker leases it before all others of the webhook."""
    return (
        select(_DELIVERIES.c.due_at, _DELIVERIES.c.leased_until)
        .where(
            _DELIVERIES.c.webhook_id == _WEBHOOKS.c.id,
            _DELIVERIES.c.status == WebhookDeliveryStatus.PENDING,
            _DELIVERIES.c.due_at <= _NOW,
        )
        .order_by(_DELIVERIES.c.due_at)
        .limit(1)
        .correlate(_WEBHOOKS)
        .lateral("first_due")
    )


@statement
def _waiting_webhook_events() -> Select[tuple[int, datetime | None, datetime]]:
    unread, due = _unread_change(), _first_due()
    is_sent = and_(
        _WEBHOOKS.c.failures < OPEN_AFTER,
        or_(_WEBHOOKS.c.resumes_at.is_(None), _WEBHOOKS.c.resumes_at <= _NOW),
        or_(due.c.leased_until.is_(None), due.c.leased_until <= _NOW),
    )
    joined = _WEBHOOKS.outerjoin(unread, true()).outerjoin(due, is_sent)
    waits = (
        select(func.least(unread.c.at, due.c.due_at, type_=DateTime(timezone=True)).label("since"))
        .select_from(joined)
        .where(_WEBHOOKS.c.status == WebhookStatus.ACTIVE)
        .subquery("waits")
    )
    late = waits.c.since <= _NOW - bindparam("longer_than", type_=Interval)
    return select(
        func.count(type_=BigInteger).label("webhooks"),
        func.min(waits.c.since).label("since"),
        _NOW.label("now"),
    ).where(late)


async def waiting(pool: Pool, longer_than: timedelta = timedelta()) -> WaitingEvents:
    """Return the events that wait for a worker for longer than a time.

    They are changes that a user's webhook has not read, and due deliveries of webhooks whose receivers work.
    """
    reader = Reader(pool, single=True)
    (row,) = await reader.fetch_values(_waiting_webhook_events(), EVERYBODY, longer_than=longer_than)
    return WaitingEvents(**row)
