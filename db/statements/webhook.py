"""Webhooks: their owners and secrets, and their state after attempts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    DateTime,
    Double,
    Integer,
    Interval,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal_column,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA
from sqlalchemy.sql.dml import ReturningDelete, ReturningUpdate, Update

from db.engine.statement_cache import statement
from db.engine.writer import Writer
from db.language.scope import EVERYBODY, Scope, visible
from db.language.shape import columns
from db.models import (
    RowChange,
    User,
    UserRole,
    UserStatus,
    Webhook,
    WebhookDisabledReason,
    WebhookSecret,
    WebhookStatus,
)
from db.models.base import table_of
from db.statements.parameters import keys_parameter, rows_parameter

OPEN_AFTER: Final = 10
"""The failed attempts in a row after which all deliveries of a webhook wait."""
MOST_FAILURES: Final = 1_000
FIRST_WAIT: Final = 5.0
LONGEST_WAIT: Final = 300.0
"""Seconds."""

_WEBHOOKS, _SECRETS = table_of(Webhook), table_of(WebhookSecret)
_USERS, _CHANGES = table_of(User), table_of(RowChange)
_THESE = _WEBHOOKS.c.id == any_(keys_parameter())


@dataclass(frozen=True, slots=True)
class OwnedWebhook:
    """A webhook, and the role and status of its owner."""

    webhook: Webhook
    role: UserRole
    status: UserStatus

    @property
    def may_read(self) -> bool:
        """Whether the owner may still read the rows of the webhook's events."""
        sees_rows = self.role == UserRole.OPERATOR or not self.webhook.everybody
        return sees_rows and self.status == UserStatus.ACTIVE

    @property
    def is_failing(self) -> bool:
        """Whether the receiver fails repeatedly, so that a single attempt probes it."""
        return self.webhook.failures >= OPEN_AFTER

    @property
    def scope(self) -> Scope:
        """The rows of the webhook's events."""
        return EVERYBODY if self.webhook.everybody else Scope(self.webhook.user_id)


def owned(found: Sequence[Webhook]) -> list[OwnedWebhook]:
    """Return the webhooks of rows that also have `user_role` and `user_status`."""
    rows = [(webhook, cast("Mapping[str, Any]", webhook)) for webhook in found]
    return [OwnedWebhook(webhook, row["user_role"], row["user_status"]) for webhook, row in rows]


def with_owner() -> Select[Any]:
    """Return the select of webhooks with the role and the status of their owner."""
    return select(
        *columns(Webhook), _USERS.c.role.label("user_role"), _USERS.c.status.label("user_status")
    ).join(_USERS, _USERS.c.id == _WEBHOOKS.c.user_id)


@statement
def _owned_webhooks() -> Select[Any]:
    return with_owner().where(_THESE)


async def read_owned(writer: Writer, ids: Sequence[int]) -> list[OwnedWebhook]:
    """Return the webhooks with their owners, unordered."""
    return owned(await writer.fetch(Webhook, _owned_webhooks(), EVERYBODY, keys=list(ids)))


@statement
def _webhooks_with_document() -> Select[Any]:
    after = bindparam("after", type_=BigInteger)
    return (
        with_owner()
        .where(_WEBHOOKS.c.document.is_not(None), _WEBHOOKS.c.id > after)
        .order_by(_WEBHOOKS.c.id)
        .limit(100)
    )


async def with_document(writer: Writer, after: int) -> list[OwnedWebhook]:
    """Return some webhooks with a stored document, after an ID."""
    return owned(await writer.fetch(Webhook, _webhooks_with_document(), EVERYBODY, after=after))


@statement
def _take_unread_webhook() -> Select[Any]:
    unread = exists(
        select(literal_column("1")).where(
            _CHANGES.c.user_id == _WEBHOOKS.c.user_id, _CHANGES.c.id > _WEBHOOKS.c.change_id
        )
    )
    return (
        with_owner()
        .where(
            _WEBHOOKS.c.status == WebhookStatus.ACTIVE,
            ~(_WEBHOOKS.c.user_id == any_(bindparam("served", type_=ARRAY(BigInteger)))),
            or_(
                and_(~_WEBHOOKS.c.everybody, unread),
                and_(
                    _WEBHOOKS.c.everybody,
                    ~(_WEBHOOKS.c.id == any_(bindparam("read", type_=ARRAY(BigInteger)))),
                ),
            ),
        )
        .limit(1)
        .with_for_update(of=_WEBHOOKS, key_share=True, skip_locked=True)
    )


async def take_unread(writer: Writer, read: Sequence[int], served: Sequence[int] = ()) -> OwnedWebhook | None:
    """Lock and return an active webhook with unread changes, or one for the rows of all users that is not `read`.

    Webhooks of the users `served` have to wait.
    """
    values = {"read": list(read), "served": list(served)}
    found = await writer.fetch(Webhook, _take_unread_webhook(), EVERYBODY, **values)
    return next(iter(owned(found)), None)


@statement
def _is_any_webhook_active() -> Select[Any]:
    active: Select[Any] = select(literal_column("1")).where(_WEBHOOKS.c.status == WebhookStatus.ACTIVE)
    return select(exists(active).label("found"))


async def is_any_active(writer: Writer) -> bool:
    """Return whether a webhook is active."""
    ((found,),) = await writer.fetch_values(_is_any_webhook_active(), EVERYBODY)
    return bool(found)


@statement
def _lock_webhooks() -> Select[Any]:
    return select(_WEBHOOKS.c.id).where(_THESE).order_by(_WEBHOOKS.c.id).with_for_update(key_share=True)


async def lock(writer: Writer, ids: Sequence[int]) -> None:
    """Lock the webhooks: no other transaction creates or ends deliveries of them until this one ends."""
    await writer.fetch_values(_lock_webhooks(), EVERYBODY, keys=list(ids))


@statement
def _move_webhook() -> Update:
    return (
        update(_WEBHOOKS)
        .where(_WEBHOOKS.c.id == bindparam("webhook_id", type_=BigInteger))
        .values(
            position=bindparam("new_position", type_=Text),
            change_id=bindparam("new_change", type_=BigInteger),
        )
    )


async def move(writer: Writer, webhook_id: int, position: str, change_id: int) -> None:
    """Store the position in the feed up to which deliveries exist."""
    await writer.fetch_values(
        _move_webhook(), EVERYBODY, webhook_id=webhook_id, new_position=position, new_change=change_id
    )


@dataclass(frozen=True, slots=True)
class Tally:
    """The ended attempts of a webhook. A probe is the single attempt of a webhook that waits.

    `pause_seconds` is the wait for which the receiver has asked.
    """

    id: int
    has_success: bool
    failed: int
    probe_failed: bool
    pause_seconds: float | None


def _wait_of_breaker(failures: Any) -> ColumnElement[Any]:
    """Return the wait after a number of failures: 5, 10, 20 … seconds up to five minutes, and by chance longer."""
    doubled = FIRST_WAIT * func.power(2, func.least(failures - OPEN_AFTER, 10))
    seconds = func.least(doubled, LONGEST_WAIT) * (1 + func.random() * 0.2)
    return func.make_interval(0, 0, 0, 0, 0, 0, seconds, type_=Interval)


@statement
def _note_webhook_results() -> Update:
    rows = rows_parameter(
        "tallies",
        {
            "id": BigInteger,
            "has_success": Boolean,
            "failed": Integer,
            "probe_failed": Boolean,
            "pause_seconds": Double,
        },
    )
    c, given = _WEBHOOKS.c, rows.c
    is_open = c.failures >= OPEN_AFTER
    counted = case(
        (given.has_success, 0),
        (is_open & given.probe_failed, func.least(c.failures + 1, MOST_FAILURES)),
        (is_open, c.failures),
        else_=func.least(c.failures + given.failed, OPEN_AFTER),
    )
    opens = (counted >= OPEN_AFTER) & or_(~is_open, given.probe_failed)
    pause = func.make_interval(0, 0, 0, 0, 0, 0, given.pause_seconds, type_=Interval)
    own_wait = case(
        (given.has_success, null()),
        (opens, func.clock_timestamp() + _wait_of_breaker(counted)),
        else_=c.resumes_at,
    )
    is_well = given.has_success & given.pause_seconds.is_(None)
    was_well = c.failing_since.is_(None) & (c.failures == 0) & c.resumes_at.is_(None)
    return (
        update(_WEBHOOKS)
        .where(c.id == given.id, ~(is_well & was_well))
        .values(
            failing_since=case(
                (given.has_success, null()), else_=func.coalesce(c.failing_since, func.clock_timestamp())
            ),
            failures=counted,
            resumes_at=func.greatest(own_wait, func.clock_timestamp() + pause),
        )
    )


async def note_results(writer: Writer, tallies: Sequence[Tally]) -> None:
    """Note which webhooks have accepted a message and which have failed to. Let those that fail repeatedly wait."""
    rows = [asdict(tally) for tally in tallies]
    await writer.fetch_values(_note_webhook_results(), EVERYBODY, tallies=rows)


@statement
def _hold_webhooks() -> Update:
    return (
        update(_WEBHOOKS)
        .where(_THESE)
        .values(resumes_at=func.clock_timestamp() + bindparam("lease", type_=Interval))
    )


async def hold(writer: Writer, ids: Sequence[int], lease: timedelta) -> None:
    """Begin no attempts of these webhooks while the probe runs."""
    await writer.fetch_values(_hold_webhooks(), EVERYBODY, keys=list(ids), lease=lease)


@statement
def _disable_webhook() -> ReturningUpdate[Any]:
    failing_for = bindparam("failing_for", type_=Interval)
    is_failing = _WEBHOOKS.c.failing_since <= func.clock_timestamp() - failing_for
    return (
        update(_WEBHOOKS)
        .where(_THESE, _WEBHOOKS.c.status == WebhookStatus.ACTIVE, or_(failing_for.is_(None), is_failing))
        .values(
            status=WebhookStatus.DISABLED,
            disabled_reason=bindparam("reason", type_=Text),
            disabled_at=func.clock_timestamp(),
        )
        .returning(*columns(Webhook))
    )


async def disable(
    writer: Writer, webhook_id: int, reason: WebhookDisabledReason, failing_for: timedelta | None = None
) -> Webhook | None:
    """Disable an active webhook, with `failing_for` only if it has failed for that long. Return None if unchanged."""
    sent = _disable_webhook()
    return await writer.fetch_one(
        Webhook, sent, EVERYBODY, keys=[webhook_id], reason=reason, failing_for=failing_for
    )


@statement
def _working_secrets() -> Select[Any]:
    works = or_(_SECRETS.c.expires_at.is_(None), _SECRETS.c.expires_at > func.statement_timestamp())
    return (
        select(*columns(WebhookSecret))
        .where(_SECRETS.c.webhook_id == any_(keys_parameter()), works)
        .order_by(_SECRETS.c.id.desc())
    )


async def working_secrets(writer: Writer, webhook_ids: Sequence[int]) -> list[WebhookSecret]:
    """Return the keys that sign messages of the webhooks now, the newest first."""
    return await writer.fetch(WebhookSecret, _working_secrets(), EVERYBODY, keys=list(webhook_ids))


@statement
def _secrets_expire() -> Update:
    at = bindparam("ends", type_=DateTime(timezone=True))
    return (
        update(_SECRETS)
        .where(
            _SECRETS.c.webhook_id == any_(keys_parameter()),
            or_(_SECRETS.c.expires_at.is_(None), _SECRETS.c.expires_at > at),
        )
        .values(expires_at=at)
    )


async def expire_secrets(writer: Writer, webhook_id: int, at: datetime) -> None:
    """Let all keys of the webhook sign until the time at most."""
    await writer.fetch_values(_secrets_expire(), EVERYBODY, keys=[webhook_id], ends=at)


@statement
def _delete_expired_secrets() -> ReturningDelete[Any]:
    return (
        delete(_SECRETS)
        .where(
            _SECRETS.c.webhook_id == any_(keys_parameter()),
            _SECRETS.c.expires_at <= func.statement_timestamp(),
        )
        .returning(_SECRETS.c.id)
    )


async def delete_expired_secrets(writer: Writer, webhook_id: int) -> None:
    await writer.fetch_values(_delete_expired_secrets(), EVERYBODY, keys=[webhook_id])


@statement
def _count_webhooks() -> Select[Any]:
    return select(func.count().label("n")).where(visible(Webhook, everybody=False))


async def count(writer: Writer, user_id: int) -> int:
    """Return the number of webhooks of the user."""
    ((number,),) = await writer.fetch_values(_count_webhooks(), Scope(user_id))
    return int(number)


@dataclass(frozen=True, slots=True)
class SealedKey:
    """An encrypted key of a webhook, and the ID of the key that encrypts it."""

    secret_id: int
    webhook_id: int
    user_id: int
    key_id: str
    token: bytes


@statement
def _webhook_secrets_sealed_by_others() -> Select[Any]:
    return (
        select(
            _SECRETS.c.id.label("secret_id"),
            _SECRETS.c.webhook_id,
            _SECRETS.c.user_id,
            _SECRETS.c.key_id,
            _SECRETS.c.sealed.label("token"),
        )
        .where(_SECRETS.c.key_id != bindparam("key", type_=Text))
        .order_by(_SECRETS.c.id)
        .limit(bindparam("most", type_=BigInteger))
        .with_for_update(key_share=True)
    )


async def sealed_by_others(writer: Writer, key_id: str, most: int) -> list[SealedKey]:
    """Lock and return up to `most` keys that are encrypted with another key."""
    found = await writer.fetch_values(_webhook_secrets_sealed_by_others(), EVERYBODY, key=key_id, most=most)
    return [SealedKey(**dict(row)) for row in found]


@statement
def _seal_webhook_secret() -> Update:
    return (
        update(_SECRETS)
        .where(_SECRETS.c.id == bindparam("secret_id", type_=BigInteger))
        .values(key_id=bindparam("key", type_=Text), sealed=bindparam("token", type_=BYTEA))
    )


async def seal(writer: Writer, secret_id: int, key_id: str, token: bytes) -> None:
    await writer.fetch_values(_seal_webhook_secret(), EVERYBODY, secret_id=secret_id, key=key_id, token=token)
