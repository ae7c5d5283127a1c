from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, EmptyText, ForeignId, Id, Now, Words, at_most


class ApiKey(Base):
    """An API key. The key itself is shown once. `secret_hash` is the SHA-256 of its secret."""

    __tablename__ = "api_keys"
    __parents__ = ("user_id",)

    id: Mapped[Id]
    user_id: Mapped[ForeignId] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[EmptyText]
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    scopes: Mapped[Words]
    created_at: Mapped[Now]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    updated_at: Mapped[Now]

    __table_args__ = (
        at_most("name", 200),
        # keys of a user, newest first; cascade of a deleted user
        Index(None, "user_id", "id"),
    )
