from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Sequence, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, base
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from db.models.base import Base, ForeignId, Partitions, one_of


class ChangeKind(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


class TransactionId(UserDefinedType[str]):
    """PostgreSQL's `xid8`, which never wraps around."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Return the name of the type."""
        return "xid8"


base.ischema_names["xid8"] = TransactionId  # for the comparison of models and database

CHANGE_IDS = Sequence("change_ids", data_type=BigInteger, metadata=Base.metadata)
"""The IDs of changes. A trigger draws them while it holds the lock of the owner."""
PARTITIONS = Partitions("changes", "at", ahead=4)
"""A partition per day, and `changes_rest`."""


class RowChange(Base):
    """The change that one statement made to rows of one user and entity (docs/decisions/0052-change-feed.md).

    Triggers append the rows (`db.integrity.feed`). `row_ids` are the rows that the statement created, updated or
    deleted. `columns` names the changed columns of an update. `actor_id`, `key_id` and `request_id` say who sent the
    write, and are null for other SQL. The table is partitioned by days in UTC.
    """

    __tablename__ = "changes"
    __partitions__ = PARTITIONS

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    xid: Mapped[str] = mapped_column(TransactionId)
    user_id: Mapped[ForeignId]
    entity: Mapped[str]
    kind: Mapped[ChangeKind] = mapped_column(Text)
    row_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    columns: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    actor_id: Mapped[ForeignId | None]
    key_id: Mapped[ForeignId | None]
    request_id: Mapped[str | None]

    __table_args__ = (
        one_of("kind", ChangeKind),
        CheckConstraint("(kind = 'updated') = (columns IS NOT NULL)", name="update_has_columns"),
        # changes of a user, in the order of commits
        Index(None, "user_id", "id"),
        # changes of transactions that a snapshot did not see
        Index(None, "xid", "id"),
        # changes of a row
        Index("ix_changes_row_ids", "row_ids", postgresql_using="gin"),
        {"postgresql_partition_by": "RANGE (at)"},
    )


class ChangeFeed(Base):
    """The state of the feed, in one row.

    `feed_id` names the series of changes to which positions belong. TRUNCATE and a restore renew it. Changes up to
    `expired_id` and `expired_xid` are dropped, or will be: positions before them have expired. `expired_before` is the
    end of the last expired partition, and `expired_at` the time when it expired.
    """

    __tablename__ = "change_feed"

    single: Mapped[bool] = mapped_column(primary_key=True, server_default="true")
    feed_id: Mapped[str] = mapped_column(server_default=text("substr((gen_random_uuid())::text, 1, 8)"))
    expired_id: Mapped[int] = mapped_column(BigInteger, server_default="0")
    expired_xid: Mapped[str] = mapped_column(TransactionId, server_default="0")
    expired_before: Mapped[datetime | None]
    expired_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("single", name="single_row"),)
