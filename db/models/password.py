from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, ForeignId, Now, at_most


class Password(Base):
    """The password of a user. `hash` is its Argon2 hash, with the parameters and the salt."""

    __tablename__ = "passwords"

    user_id: Mapped[ForeignId] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    hash: Mapped[str]
    changed_at: Mapped[Now]

    __table_args__ = (at_most("hash", 500),)
