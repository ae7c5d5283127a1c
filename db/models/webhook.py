from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, EmptyText, Feed, ForeignId, Id, Now, Words, at_most, not_negative, one_of


class WebhookStatus(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    DISABLED = "disabled"


class WebhookDisabledReason(StrEnum):
    GONE = "gone"
    FAILING = "failing"
    POSITION_EXPIRED = "position_expired"
    NOT_ALLOWED = "not_allowed"


class WebhookEventType(StrEnum):
    """The types of events: an entity, and what happened to a row of it."""

    KEYWORD_CREATED = "keyword.created"
    KEYWORD_UPDATED = "keyword.updated"
    KEYWORD_DELETED = "keyword.deleted"
    MENTION_CREATED = "mention.created"
    MENTION_UPDATED = "mention.updated"
    MENTION_DELETED = "mention.deleted"
    LEAD_CREATED = "lead.created"
    LEAD_UPDATED = "lead.updated"
    LEAD_DELETED = "lead.deleted"
    INTEGRATION_CREATED = "integration.created"
    INTEGRATION_UPDATED = "integration.updated"
    INTEGRATION_DELETED = "integration.deleted"
    EXPORT_CREATED = "export.created"
    EXPORT_UPDATED = "export.updated"
    EXPORT_DELETED = "export.deleted"
    WEBHOOK_CREATED = "webhook.created"
    WEBHOOK_UPDATED = "webhook.updated"
    WEBHOOK_DELETED = "webhook.deleted"
    USER_UPDATED = "user.updated"


class WebhookSignature(StrEnum):
    V1 = "v1"
    V1A = "v1a"


class WebhookDeliveryStatus(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Webhook(Base):
    """A subscription of a user to events, and the URL that gets them (docs/decisions/0054-webhooks.md).

    `everybody` says that an operator gets the events of all users. `questions` holds the filters by entity. `document`
    is the stored query of the payload, which runs with the `scopes`. `position` is the place in the change feed up to
    which deliveries exist, and `change_id` the last change before it. Since `failing_since`, no attempt has succeeded.
    After some `failures` in a row, no attempt begins before `resumes_at`, and then a single one.
    """

    __tablename__ = "webhooks"
    __parents__ = ("user_id",)
    __feed__ = Feed(
        "Webhook",
        ignored=("everybody", "position", "change_id", "failing_since", "failures", "resumes_at"),
        each_row=True,
    )

    id: Mapped[Id]
    user_id: Mapped[ForeignId] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    everybody: Mapped[bool]
    url: Mapped[str]
    description: Mapped[EmptyText]
    event_types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    questions: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    document: Mapped[str | None]
    scopes: Mapped[Words]
    signature: Mapped[WebhookSignature] = mapped_column(Text, server_default=WebhookSignature.V1)
    public_key: Mapped[str | None]
    status: Mapped[WebhookStatus] = mapped_column(Text, server_default=WebhookStatus.ACTIVE)
    disabled_reason: Mapped[WebhookDisabledReason | None] = mapped_column(Text)
    disabled_at: Mapped[datetime | None]
    position: Mapped[str]
    change_id: Mapped[int] = mapped_column(BigInteger)
    failing_since: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    resumes_at: Mapped[datetime | None]
    created_at: Mapped[Now]
    updated_at: Mapped[Now]

    __table_args__ = (
        one_of("signature", WebhookSignature),
        one_of("status", WebhookStatus),
        one_of("disabled_reason", WebhookDisabledReason),
        CheckConstraint("(status = 'disabled') = (disabled_reason IS NOT NULL)", name="disabled_has_reason"),
        CheckConstraint("(disabled_reason IS NULL) = (disabled_at IS NULL)", name="disabled_has_moment"),
        CheckConstraint("cardinality(event_types) > 0", name="event_types_named"),
        *not_negative("failures"),
        at_most("url", 2048),
        at_most("description", 500),
        at_most("document", 20_000),
        # webhooks of a user; target of the foreign keys of secrets and deliveries; cascade of a deleted user
        UniqueConstraint("user_id", "id"),
        # webhooks that get events
        Index("ix_webhooks_active", "id", postgresql_where=text("status = 'active'")),
    )


class WebhookSecret(Base):
    """A key that signs the messages of a webhook, encrypted by the vault's key `key_id`.

    Several keys sign during a rotation. A key with `expires_at` does so until then.
    """

    __tablename__ = "webhook_secrets"
    __parents__ = ("user_id", "webhook_id")

    id: Mapped[Id]
    user_id: Mapped[ForeignId]
    webhook_id: Mapped[ForeignId]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    key_id: Mapped[str]
    created_at: Mapped[Now]
    expires_at: Mapped[datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(
            ["user_id", "webhook_id"], ["webhooks.user_id", "webhooks.id"], ondelete="CASCADE"
        ),
        # keys of a webhook; cascade of a deleted webhook
        Index(None, "webhook_id", "id"),
    )


class WebhookDelivery(Base):
    """A message for a webhook about one event, and the state of its delivery.

    `message_id` follows from the webhook and the event, so a replay has the ID of the first delivery. A pending delivery
    without `due_at` waits for an earlier one of the same row. `payload` is rendered once, before the first attempt.
    The lease belongs to `holder` until `leased_until`. `attempts` counts the leases.
    """

    __tablename__ = "webhook_deliveries"
    __parents__ = ("user_id", "webhook_id")

    id: Mapped[Id]
    user_id: Mapped[ForeignId]
    webhook_id: Mapped[ForeignId]
    message_id: Mapped[str]
    event_type: Mapped[str]
    entity: Mapped[str]
    entity_id: Mapped[ForeignId]
    changed: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    occurred_at: Mapped[datetime]
    payload: Mapped[str | None]
    status: Mapped[WebhookDeliveryStatus] = mapped_column(Text, server_default=WebhookDeliveryStatus.PENDING)
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    due_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    holder: Mapped[str | None]
    attempted_at: Mapped[datetime | None]
    response_status: Mapped[int | None] = mapped_column(SmallInteger)
    response_excerpt: Mapped[str | None]
    error: Mapped[str | None]
    duration_ms: Mapped[int | None]
    finished_at: Mapped[datetime | None]
    created_at: Mapped[Now]

    __table_args__ = (
        one_of("status", WebhookDeliveryStatus),
        CheckConstraint("(status = 'pending') = (finished_at IS NULL)", name="finished_has_moment"),
        *not_negative("attempts", "duration_ms"),
        at_most("response_excerpt", 1000),
        at_most("error", 500),
        ForeignKeyConstraint(
            ["user_id", "webhook_id"], ["webhooks.user_id", "webhooks.id"], ondelete="CASCADE"
        ),
        # the delivery of an event
        UniqueConstraint("webhook_id", "message_id"),
        # deliveries of a user
        Index(None, "user_id", "id"),
        # deliveries of a webhook; cascade of a deleted webhook
        Index(None, "webhook_id", "id"),
        # deliveries of a webhook that are due
        Index(
            "ix_webhook_deliveries_due",
            "webhook_id",
            "due_at",
            postgresql_where=text("status = 'pending' AND due_at IS NOT NULL"),
        ),
        # pending deliveries about a row
        Index(
            "ix_webhook_deliveries_row",
            "webhook_id",
            "entity",
            "entity_id",
            "id",
            postgresql_where=text("status = 'pending'"),
        ),
        # finished deliveries to delete
        Index(
            "ix_webhook_deliveries_finished_at",
            "finished_at",
            postgresql_where=text("finished_at IS NOT NULL"),
        ),
    )
