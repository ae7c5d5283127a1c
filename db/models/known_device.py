from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, ForeignId, Now


class KnownDevice(Base):
    """A browser or a network from which a user has signed in.

    Failed sign-ins from elsewhere do not keep the user out there. `digest` is the SHA-256 of the browser's token, or of
    the network's address.
    """

    __tablename__ = "known_devices"

    user_id: Mapped[ForeignId] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    seen_at: Mapped[Now]

    __table_args__ = (
        # devices that were not seen for long, to be purged
        Index(None, "seen_at"),
    )
