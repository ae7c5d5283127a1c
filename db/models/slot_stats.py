from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from db.models.base import Base, Count, ForeignId

# Each ingest adds differences. Free space on the page keeps these updates off the index (HOT).
_FILL_FACTOR = {"postgresql_with": {"fillfactor": 70}}


class _KeywordStats(Base):
    """The counts of a keyword in a bucket that begins at `slot`. Empty buckets have no row.

    `leads` counts new leads. `qualified` and `converted` count leads that reach the status for the first
    time. The triggers of `db.integrity.rollups` update the counts. A CHECK against negative numbers is not
    possible: before a bucket is filled, its numbers are differences.
    """

    __abstract__ = True

    user_id: Mapped[ForeignId]
    keyword_id: Mapped[ForeignId] = mapped_column(primary_key=True)
    slot: Mapped[datetime] = mapped_column(primary_key=True)
    mentions: Mapped[Count]
    leads: Mapped[Count]
    qualified: Mapped[Count]
    converted: Mapped[Count]

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805 - SQLAlchemy passes the class
        keyword = ForeignKeyConstraint(
            ["user_id", "keyword_id"], ["keywords.user_id", "keywords.id"], ondelete="CASCADE"
        )
        return keyword, _FILL_FACTOR


class _UserStats(Base):
    """The counts of all keywords of a user in a bucket."""

    __abstract__ = True
    __table_args__ = (_FILL_FACTOR,)

    user_id: Mapped[ForeignId] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    slot: Mapped[datetime] = mapped_column(primary_key=True)
    mentions: Mapped[Count]
    leads: Mapped[Count]
    qualified: Mapped[Count]
    converted: Mapped[Count]


class SlotStats(_KeywordStats):
    """The counts of a keyword in 15 minutes."""

    __tablename__ = "slot_stats"


class DayStats(_KeywordStats):
    """The counts of a keyword in a UTC day."""

    __tablename__ = "day_stats"


class UserSlotStats(_UserStats):
    """The counts of all keywords of a user in 15 minutes."""

    __tablename__ = "user_slot_stats"


class UserDayStats(_UserStats):
    """The counts of all keywords of a user in a UTC day."""

    __tablename__ = "user_day_stats"
