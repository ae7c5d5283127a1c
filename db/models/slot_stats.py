from datetime import datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Count, ForeignId

# Differences are added at the end of each ingest: room on the page keeps those updates off the index (HOT).
_ROOM = {"postgresql_with": {"fillfactor": 70}}


def _of_keyword() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["user_id", "keyword_id"], ["keywords.user_id", "keywords.id"], ondelete="CASCADE"
    )


class SlotStats(Base):
    """What happened to a keyword within a quarter of an hour that begins at `slot`; only where anything did.

    `leads` counts those made then, `qualified` and `converted` those that first were then. Kept by the
    triggers of `db.integrity.rollups`; there is no CHECK that they are not negative, for before they have been filled
    they are differences.
    """

    __tablename__ = "slot_stats"

    user_id: Mapped[ForeignId]
    keyword_id: Mapped[ForeignId] = mapped_column(primary_key=True)
    slot: Mapped[datetime] = mapped_column(primary_key=True)
    mentions: Mapped[Count]
    leads: Mapped[Count]
    qualified: Mapped[Count]
    converted: Mapped[Count]

    __table_args__ = (_of_keyword(), _ROOM)


class DayStats(Base):
    """The same within a day of UTC."""

    __tablename__ = "day_stats"

    user_id: Mapped[ForeignId]
    keyword_id: Mapped[ForeignId] = mapped_column(primary_key=True)
    slot: Mapped[datetime] = mapped_column(primary_key=True)
    mentions: Mapped[Count]
    leads: Mapped[Count]
    qualified: Mapped[Count]
    converted: Mapped[Count]

    __table_args__ = (_of_keyword(), _ROOM)


class UserSlotStats(Base):
    """What happened to all keywords of a user within a quarter of an hour."""

    __tablename__ = "user_slot_stats"

    user_id: Mapped[ForeignId] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    slot: Mapped[datetime] = mapped_column(primary_key=True)
    mentions: Mapped[Count]
    leads: Mapped[Count]
    qualified: Mapped[Count]
    converted: Mapped[Count]

    __table_args__ = (_ROOM,)


class UserDayStats(Base):
    """The same within a day of UTC."""

    __tablename__ = "user_day_stats"

    user_id: Mapped[ForeignId] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    slot: Mapped[datetime] = mapped_column(primary_key=True)
    mentions: Mapped[Count]
    leads: Mapped[Count]
    qualified: Mapped[Count]
    converted: Mapped[Count]

    __table_args__ = (_ROOM,)
