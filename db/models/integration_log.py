from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Integer, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import (
    Base,
    Count,
    EmptyText,
    ForeignId,
    Id,
    Now,
    Partitions,
    at_most,
    not_negative,
    one_of,
)


class IntegrationLogKind(StrEnum):
    SYNC = "sync"
    PUSH = "push"
    AUTH = "auth"
    WEBHOOK = "webhook"
    CONFIG = "config"


class IntegrationLogStatus(StrEnum):
    STARTED = "started"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    SKIPPED = "skipped"
    RATE_LIMITED = "rate_limited"


RAN_AT = "least(finished_at, created_at)"
"""SQL for the time when a run ended. A run without an end ended when it was recorded, and none ends in the future."""


PARTITIONS = Partitions("integration_logs", "created_at", ahead=2, monthly=True)
"""A partition per month, and `integration_logs_rest`."""


class IntegrationLog(Base):
    """A run or event of an integration. Append-only. A report can come late, so `created_at` is not the run's time.

    The table is partitioned by months in UTC.
    """

    __tablename__ = "integration_logs"
    __partitions__ = PARTITIONS
    __parents__ = ("user_id", "integration_id")

    id: Mapped[Id]
    user_id: Mapped[ForeignId]
    integration_id: Mapped[ForeignId]
    kind: Mapped[IntegrationLogKind] = mapped_column(Text)
    status: Mapped[IntegrationLogStatus] = mapped_column(Text)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    duration_ms: Mapped[int | None] = mapped_column(Integer)
    items_found: Mapped[Count]
    items_created: Mapped[Count]
    items_duplicate: Mapped[Count]
    items_failed: Mapped[Count]
    http_status: Mapped[int | None] = mapped_column(SmallInteger)
    error_code: Mapped[str | None]
    message: Mapped[EmptyText]
    created_at: Mapped[Now] = mapped_column(primary_key=True)

    __table_args__ = (
        CheckConstraint("finished_at >= started_at", name="finished_after_started"),
        # A foreign key over both columns guarantees that a log has the user of its integration.
        ForeignKeyConstraint(
            ["user_id", "integration_id"], ["integrations.user_id", "integrations.id"], ondelete="CASCADE"
        ),
        one_of("kind", IntegrationLogKind),
        one_of("status", IntegrationLogStatus),
        *not_negative("duration_ms", "items_found", "items_created", "items_duplicate", "items_failed"),
        at_most("message", 2000),
        # newest logs of each of many integrations; cascade of a deleted integration
        Index(None, "integration_id", text("created_at DESC"), text("id DESC")),
        # runs of an integration by the time when they ended, for its days and its health
        Index(
            "ix_integration_logs_integration_id_ran_at",
            "integration_id",
            text(f"{RAN_AT} DESC"),
            text("id DESC"),
        ),
        # newest logs of a user
        Index(None, "user_id", text("created_at DESC"), text("id DESC")),
        # newest logs of all users, for operators and for retention
        Index("ix_integration_logs_created_at_id", text("created_at DESC"), text("id DESC")),
        {"postgresql_partition_by": "RANGE (created_at)"},
    )
