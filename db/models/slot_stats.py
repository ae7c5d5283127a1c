from datetime import datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Count, ForeignId

# Each ingest adds differences. Free space on the page keeps these updates off the index (HOT).
_FILL_FACTOR = {"postgresql_with": {"fillfactor": 70}}


def _of_keyword() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["user_id", "keyword_id"], ["keywords.user_id", "keywords.id"], ondelete="CASCADE"
    )


class SlotStats(Base):
    """The counts of a keyword in the 15 minutes from `slot` on. Empty buckets have no row.

    `leads` counts new leads. `qualified` and `converted` count leads that reach the status for the first
    time. The triggers of `db.integrity.rollups` update the counts. A CHECK against negative numbers is not
    possible: before a bucket is filled, its numbers are differences.
    """

    __tablename__ = "slot_stats"

    user_id: Mapped[ForeignId]
    keyword_id: Mapped[ForeignId] = mapped_column(primary_key=True)
    slot: Mapped[datetime] = mapped_column(primary_key=True)
    mentions: Mapped[Count]
    leads: Mapped[Count]
    qualified: Mapped[Count]
    converted: Mapped[Count]

    __table_args__ = (_of_keyword(), _FILL_FACTOR)


class DayStats(Base):
    """The counts of a keyword in a UTC day."""

    __tablename__ = "day_stats"

    user_id: Mapped[ForeignId]
    keyword_id: Mapped[ForeignId] = mapped_column(primary_key=True)
    slot: Mapped[datetime] = mapped_column(primary_key=True)
    mentions: Mapped[Count]
    leads: Mapped[Count]
    qualified: Mapped[Count]
    converted: Mapped[Count]

    __table_args__ = (_of_keyword(), _FILL_FACTOR)


class UserSlotStats(Base):
    """The counts of all keywords of a user in 15 minutes."""

    __tablename__ = "user_slot_stats"

    user_id: Mapped[ForeignId] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    slot: Mapped[datetime] = mapped_column(primary_key=True)
    mentions: Mapped[Count]
    leads: Mapped[Count]
    qualified: Mapped[Count]
    converted: Mapped[Count]

    __table_args__ = (_FILL_FACTOR,)


class UserDayStats(Base):
    """The counts of all keywords of a user in a UTC day."""

    __tablename__ = "user_day_stats"

    user_id: Mapped[ForeignId] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    slot: Mapped[datetime] = mapped_column(primary_key=True)
    mentions: Mapped[Count]
    leads: Mapped[Count]
    qualified: Mapped[Count]
    converted: Mapped[Count]

    __table_args__ = (_FILL_FACTOR,)
