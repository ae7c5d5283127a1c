from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Interval,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import (
    Base,
    Count,
    EmptyText,
    Feed,
    ForeignId,
    Id,
    Now,
    Words,
    at_most,
    by_last_update,
    not_negative,
    one_of,
)


class IntegrationProvider(StrEnum):
    REDDIT = "reddit"
    HACKERNEWS = "hackernews"
    X = "x"
    BLUESKY = "bluesky"
    LINKEDIN = "linkedin"
    GITHUB = "github"
    YOUTUBE = "youtube"
    RSS = "rss"
    SLACK = "slack"
    DISCORD = "discord"
    EMAIL = "email"
    WEBHOOK = "webhook"
    HUBSPOT = "hubspot"
    SALESFORCE = "salesforce"
    PIPEDRIVE = "pipedrive"
    ZAPIER = "zapier"


class IntegrationKind(StrEnum):
    SOURCE = "source"
    CRM = "crm"
    NOTIFICATION = "notification"


class IntegrationStatus(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    PAUSED = "paused"
    ERROR = "error"
    DISCONNECTED = "disconnected"


class Integration(Base):
    """A connected source, CRM or notification channel of a user.

    `credentials` are encrypted with the key `credentials_key_id`. Reads of the API never return them.
    `credentials_set_at` and `resumed_at` are the times when the user last replaced the credentials, and last
    resumed or reconnected the integration. Runs that ended before say nothing about the present.
    """

    __tablename__ = "integrations"
    __parents__ = ("user_id",)
    __feed__ = Feed(
        "Integration",
        ignored=("credentials", "credentials_key_id", "resumed_at", "health_computed_at", "health_version"),
        derived=("health_score", "health_problems"),
    )

    id: Mapped[Id]
    user_id: Mapped[ForeignId] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    provider: Mapped[IntegrationProvider] = mapped_column(Text)
    kind: Mapped[IntegrationKind] = mapped_column(Text)
    name: Mapped[EmptyText]
    external_account_id: Mapped[EmptyText]
    status: Mapped[IntegrationStatus] = mapped_column(Text, server_default=IntegrationStatus.PENDING)
    credentials: Mapped[bytes | None] = mapped_column(LargeBinary)
    credentials_key_id: Mapped[str | None]
    credentials_expires_at: Mapped[datetime | None]
    credentials_set_at: Mapped[datetime | None]
    scopes: Mapped[Words]
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    last_searched_at: Mapped[datetime | None]
    last_success_at: Mapped[datetime | None]
    last_error_at: Mapped[datetime | None]
    last_error_code: Mapped[str | None]
    consecutive_failures: Mapped[Count]
    resumed_at: Mapped[datetime | None]
    next_sync_at: Mapped[datetime | None]
    sync_interval: Mapped[timedelta] = mapped_column(Interval, server_default=text("interval '15 minutes'"))
    sync_cursor: Mapped[str | None]
    health_score: Mapped[int | None] = mapped_column(SmallInteger)
    health_computed_at: Mapped[datetime | None]
    health_version: Mapped[str | None]
    health_problems: Mapped[Words]
    created_at: Mapped[Now]
    updated_at: Mapped[Now]

    __table_args__ = (
        one_of("provider", IntegrationProvider),
        one_of("kind", IntegrationKind),
        one_of("status", IntegrationStatus),
        CheckConstraint("health_score BETWEEN 0 AND 100", name="health_score_range"),
        *not_negative("consecutive_failures"),
        CheckConstraint(
            "(credentials IS NULL) = (credentials_key_id IS NULL)", name="credentials_name_their_key"
        ),
        at_most("name", 200),
        # integrations of a user, by ID; target of the logs' foreign key, so that both have the same user
        UniqueConstraint("user_id", "id"),
        # one integration per account of a user at a provider
        UniqueConstraint("user_id", "provider", "external_account_id"),
        # last changed integrations of a user, and of all users for operators
        *by_last_update("integrations"),
        # active integrations due for a sync
        Index("ix_integrations_next_sync_at", "next_sync_at", postgresql_where=text("status = 'active'")),
    )
