from datetime import datetime

from sqlalchemy import BigInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base


class Backfill(Base):
    """Something that a revision began to keep, and how far it has been filled in for what was there before.

    Everything up to `reached_id` is complete, and all of it from `finished_at` on.
    """

    __tablename__ = "backfills"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    reached_id: Mapped[int] = mapped_column(BigInteger, server_default="0")
    finished_at: Mapped[datetime | None]
