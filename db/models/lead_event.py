from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, ForeignId, Id, Now, one_of
from db.models.lead import LeadStatus


class LeadEventType(StrEnum):
    CREATED = "created"
    STATUS_CHANGED = "status_changed"
    ASSIGNED = "assigned"
    UPDATED = "updated"
    NOTED = "noted"
    SCORED = "scored"
    SYNCED = "synced"


class LeadEvent(Base):
    """An event in the history of a lead. Append-only. A trigger sets `user_id` from the lead.

    `actor_user_id` is no foreign key: events outlive the user who caused them.
    """

    __tablename__ = "lead_events"
    __parents__ = ("user_id", "lead_id")

    id: Mapped[Id]
    lead_id: Mapped[ForeignId] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    user_id: Mapped[ForeignId]
    actor_user_id: Mapped[ForeignId | None]
    type: Mapped[LeadEventType] = mapped_column(Text)
    from_status: Mapped[LeadStatus | None] = mapped_column(Text)
    to_status: Mapped[LeadStatus | None] = mapped_column(Text)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    created_at: Mapped[Now]

    __table_args__ = (
        one_of("type", LeadEventType),
        one_of("from_status", LeadStatus),
        one_of("to_status", LeadStatus),
        CheckConstraint("type <> 'status_changed' OR to_status IS NOT NULL", name="status_changed_to_one"),
        # newest events of leads; cascade of a deleted lead
        Index(None, "lead_id", text("created_at DESC"), text("id DESC")),
    )
