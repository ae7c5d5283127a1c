from datetime import datetime
from enum import IntEnum, StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Index, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import (
    COUNTERS,
    Base,
    Count,
    EmptyText,
    Feed,
    Id,
    Now,
    at_most,
    by_last_update,
    not_negative,
    one_of,
)


class UserRole(StrEnum):
    MEMBER = "member"
    OPERATOR = "operator"


class UserStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    DELETED = "deleted"


class Weekday(IntEnum):
    """A day of the week, with its ISO number."""

    MONDAY = 1
    TUESDAY = 2
    WEDNESDAY = 3
    THURSDAY = 4
    FRIDAY = 5
    SATURDAY = 6
    SUNDAY = 7


class User(Base):
    """A user. Each write of the user's data also updates this row, because it holds the counters.

    `data_version` grows with each transaction that changes the user's data, except for ingest of mentions and for
    recomputation. `recomputations` grows with each recomputation of stored figures of the user: health, counters and
    roll-ups.
    `last_write_at` is the moment of the last transaction that wrote the user's data (db.language.moment).
    """

    __tablename__ = "users"
    __feed__ = Feed(
        "User",
        owner="id",
        ignored=(
            "last_write_at",
            "last_seen_at",
            "data_version",
            "recomputations",
            *COUNTERS,
        ),
        each_row=True,
    )

    id: Mapped[Id]
    email: Mapped[str]
    name: Mapped[EmptyText]
    role: Mapped[UserRole] = mapped_column(Text, server_default=UserRole.MEMBER)
    status: Mapped[UserStatus] = mapped_column(Text, server_default=UserStatus.ACTIVE)
    time_zone: Mapped[str] = mapped_column(server_default="UTC")
    week_start: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    keywords_count: Mapped[Count]
    mentions_count: Mapped[Count]
    leads_count: Mapped[Count]
    new_leads_count: Mapped[Count]
    contacted_leads_count: Mapped[Count]
    qualified_leads_count: Mapped[Count]
    converted_leads_count: Mapped[Count]
    disqualified_leads_count: Mapped[Count]
    data_version: Mapped[int] = mapped_column(BigInteger, server_default="0")
    recomputations: Mapped[int] = mapped_column(BigInteger, server_default="0")
    last_write_at: Mapped[datetime | None]
    created_at: Mapped[Now]
    updated_at: Mapped[Now]
    last_seen_at: Mapped[datetime | None]

    __table_args__ = (
        one_of("role", UserRole),
        one_of("status", UserStatus),
        CheckConstraint("email ~ '^[^@[:space:]]+@[^@[:space:]]+$'", name="email_shape"),
        at_most("email", 254),
        at_most("name", 200),
        CheckConstraint("week_start BETWEEN 1 AND 7", name="week_start_iso_day"),
        *not_negative("keywords_count", *COUNTERS),
        # user by e-mail address, ignoring case; unique address
        Index("uq_users_email", text("lower(email)"), unique=True),
        # last changed users, for operators
        by_last_update("users")[1],
        # deleted users, whose data workers delete
        Index("ix_users_deleted", "id", postgresql_where=text("status = 'deleted'")),
        # Each write changes counters. Free space on the page keeps these updates off the indexes (HOT).
        {"postgresql_with": {"fillfactor": 70}},
    )
