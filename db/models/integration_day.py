from datetime import datetime

from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Count, ForeignId, not_negative


class IntegrationDay(Base):
    """The number of runs of an integration that ended on a UTC day, and of successful ones among them.

    Updated with each recorded run, on the day when the run ended. Days without runs have no row.
    """

    __tablename__ = "integration_days"

    user_id: Mapped[ForeignId]
    integration_id: Mapped[ForeignId] = mapped_column(primary_key=True)
    day: Mapped[datetime] = mapped_column(primary_key=True)
    runs: Mapped[Count]
    succeeded: Mapped[Count]

    __table_args__ = (
        ForeignKeyConstraint(
            ["user_id", "integration_id"], ["integrations.user_id", "integrations.id"], ondelete="CASCADE"
        ),
        *not_negative("runs", "succeeded"),
    )
