from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, ForeignId, Now, Words


class BrowserToken(Base):
    """A short-lived token of an API key for a browser. `token_hash` is the SHA-256 of the token."""

    __tablename__ = "browser_tokens"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[ForeignId] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    api_key_id: Mapped[ForeignId] = mapped_column(ForeignKey("api_keys.id", ondelete="CASCADE"))
    scopes: Mapped[Words]
    created_at: Mapped[Now]
    expires_at: Mapped[datetime]

    __table_args__ = (
        # cascade of a deleted user
        Index(None, "user_id"),
        # cascade of a deleted API key
        Index(None, "api_key_id"),
        # expired tokens, to be purged
        Index(None, "expires_at"),
    )
