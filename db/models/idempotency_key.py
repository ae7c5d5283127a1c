from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, ForeignId, at_most


class IdempotencyKey(Base):
    """The stored response of a call. A repetition returns the same response and writes nothing.

    `request_hash` is the SHA-256 of the request.
    """

    __tablename__ = "idempotency_keys"

    user_id: Mapped[ForeignId] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    response: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=func.statement_timestamp())
    expires_at: Mapped[datetime] = mapped_column(
        server_default=text("statement_timestamp() + interval '24 hours'")
    )

    __table_args__ = (
        at_most("key", 255),
        # expired keys, to be purged
        Index(None, "expires_at"),
    )
