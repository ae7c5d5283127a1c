from datetime import datetime

from sqlalchemy import BigInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base


class Backfill(Base):
    """The progress of filling a table that a revision added with the rows before that revision.

    The parents up to `reached_id` are filled. All parents are filled once `finished_at` is set.
    """

    __tablename__ = "backfills"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    reached_id: Mapped[int] = mapped_column(BigInteger, server_default="0")
    finished_at: Mapped[datetime | None]
