from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Count, Feed, ForeignId, Id, Now, at_most, not_negative, one_of


class ExportEntity(StrEnum):
    KEYWORDS = "keywords"
    MENTIONS = "mentions"
    LEADS = "leads"
    INTEGRATIONS = "integrations"
    INTEGRATION_LOGS = "integration_logs"


class ExportFormat(StrEnum):
    JSON_LINES = "json_lines"
    CSV = "csv"


class ExportStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNFINISHED = "status IN ('queued', 'running')"


class Export(Base):
    """An export of a list to a file, and the job that writes the file (docs/decisions/0014-jobs.md).

    `question` is the filter and order. `position` is the keyset position of the last written row. `everybody`
    says that an operator exports the rows of all users. `size_bytes` is the size of the compressed file.
    `content_bytes` and `content_crc` describe the uncompressed content. The next turn of an unfinished export
    is due at `due_at`.
    """

    __tablename__ = "exports"
    __parents__ = ("user_id",)
    __feed__ = Feed(
        "Export",
        ignored=(
            *(
                "everybody",
                "question",
                "position",
                "rows_count",
                "size_bytes",
                "updated_at",
                "content_bytes",
                "content_crc",
            ),
            *("failures", "due_at", "purged_at"),
        ),
    )

    id: Mapped[Id]
    user_id: Mapped[ForeignId] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    everybody: Mapped[bool]
    entity: Mapped[ExportEntity] = mapped_column(Text)
    format: Mapped[ExportFormat] = mapped_column(Text)
    columns: Mapped[list[str]] = mapped_column(ARRAY(Text))
    byte_order_mark: Mapped[bool] = mapped_column(server_default="false")
    question: Mapped[dict[str, Any]] = mapped_column(JSONB)
    status: Mapped[ExportStatus] = mapped_column(Text, server_default=ExportStatus.QUEUED)
    position: Mapped[list[Any] | None] = mapped_column(JSONB)
    rows_count: Mapped[Count]
    rows_total: Mapped[int | None]
    size_bytes: Mapped[int] = mapped_column(BigInteger, server_default="0")
    content_bytes: Mapped[int] = mapped_column(BigInteger, server_default="0")
    content_crc: Mapped[int] = mapped_column(BigInteger, server_default="0")
    failures: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    error: Mapped[str | None]
    due_at: Mapped[Now]
    created_at: Mapped[Now]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    purged_at: Mapped[datetime | None]
    updated_at: Mapped[Now]

    __table_args__ = (
        one_of("entity", ExportEntity),
        one_of("format", ExportFormat),
        one_of("status", ExportStatus),
        CheckConstraint("cardinality(columns) > 0", name="columns_named"),
        CheckConstraint(f"({UNFINISHED}) = (finished_at IS NULL)", name="finished_has_moment"),
        CheckConstraint("(finished_at IS NULL) = (expires_at IS NULL)", name="finished_expires"),
        CheckConstraint("(status = 'failed') = (error IS NOT NULL)", name="failed_has_error"),
        *not_negative("rows_count", "rows_total", "size_bytes", "content_bytes", "content_crc", "failures"),
        at_most("error", 500),
        # exports of a user; number of unfinished ones; cascade of a deleted user
        Index(None, "user_id", "id"),
        # the next export that is due
        Index("ix_exports_due_at", "due_at", postgresql_where=text(UNFINISHED)),
        # expired files
        Index("ix_exports_expires_at", "expires_at", postgresql_where=text("purged_at IS NULL")),
        # exports to delete
        Index("ix_exports_purged_at", "purged_at", postgresql_where=text("purged_at IS NOT NULL")),
    )


class ExportPart(Base):
    """A piece of an export's file, beginning at the byte `starts_at`. The pieces have no gaps.

    A trigger sets `user_id` from the export. It is null in pieces that were written before revision 0024.
    """

    __tablename__ = "export_parts"

    export_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("exports.id", ondelete="CASCADE"), primary_key=True
    )
    starts_at: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    user_id: Mapped[ForeignId | None]

    __table_args__ = (
        *not_negative("starts_at"),
        CheckConstraint("octet_length(data) > 0", name="data_present"),
    )


# The data is already compressed. EXTERNAL storage does not compress it again, and allows reads of a part.
event.listen(
    Base.metadata.tables["export_parts"],
    "after_create",
    DDL("ALTER TABLE export_parts ALTER COLUMN data SET STORAGE EXTERNAL"),  # type: ignore[no-untyped-call]
)
