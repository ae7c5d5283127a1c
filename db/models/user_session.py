from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, EmptyText, ForeignId, Id, Now, at_most


class UserSession(Base):
    """A sign-in of a user in a browser. The token itself is only in the browser's cookie.

    `token_hash` is the SHA-256 of the token. After a rotation, `previous_hash` keeps the earlier token valid until the
    browser has used the new one. The session ends at `expires_at`, which each use defers up to `ends_at`.
    """

    __tablename__ = "sessions"

    id: Mapped[Id]
    user_id: Mapped[ForeignId] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    previous_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    address: Mapped[EmptyText]
    user_agent: Mapped[EmptyText]
    created_at: Mapped[Now]
    rotated_at: Mapped[Now]
    last_used_at: Mapped[Now]
    expires_at: Mapped[datetime]
    ends_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("token_hash"),
        at_most("address", 100),
        at_most("user_agent", 300),
        # session by its earlier token
        Index(None, "previous_hash", postgresql_where=text("previous_hash IS NOT NULL")),
        # sessions of a user, newest first; cascade of a deleted user
        Index(None, "user_id", "id"),
        # expired sessions, to be purged
        Index(None, "expires_at"),
    )
