from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, Double, Interval, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Count, Now, at_most, not_negative


class BackgroundTask(Base):
    """A task that workers run periodically, in turns (docs/decisions/0037-background-tasks.md).

    A turn is leased to `holder` until `leased_until`; the last holder's name stays. A run began at `running_since` and
    continues from `position`. `succeeded_at` and `seconds` describe the last complete run. `failures` counts the
    failed turns since the last good one, and `failed_at` and `failure` describe the last of them.
    """

    __tablename__ = "background_tasks"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    every: Mapped[timedelta] = mapped_column(Interval)
    due_at: Mapped[Now]
    leased_until: Mapped[datetime | None]
    holder: Mapped[str | None]
    running_since: Mapped[datetime | None]
    position: Mapped[list[int] | None] = mapped_column(JSONB)
    failures: Mapped[Count]
    succeeded_at: Mapped[datetime | None]
    seconds: Mapped[float | None] = mapped_column(Double)
    failed_at: Mapped[datetime | None]
    failure: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("every > interval '0'", name="every_positive"),
        CheckConstraint("position IS NULL OR running_since IS NOT NULL", name="position_of_run"),
        CheckConstraint("(failed_at IS NULL) = (failure IS NULL)", name="failure_has_moment"),
        *not_negative("failures", "seconds"),
        at_most("failure", 500),
    )
