from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, EmptyText, Feed, ForeignId, Id, Now, Words, at_most, one_of


class LeadStatus(StrEnum):
    NEW = "new"
    CONTACTED = "contacted"
    QUALIFIED = "qualified"
    CONVERTED = "converted"
    DISQUALIFIED = "disqualified"


class LeadOrigin(StrEnum):
    AUTO = "auto"
    MANUAL = "manual"
    IMPORT = "import"
    API = "api"


SEARCHED = ("contact_name", "contact_handle", "contact_email", "company", "notes")
"""The columns that a full-text search reads. The mention of the lead has an index of its own."""


class Lead(Base):
    """A promising mention on its way to a customer.

    A trigger sets `user_id` and `keyword_id` from the mention.

    `contacted_at`, `qualified_at`, `converted_at` and `disqualified_at` say when a status was first reached.
    They are never cleared. `search` has the lexemes of the columns in `SEARCHED` (`text.lexemes`), and is null if they
    have no words.
    """

    __tablename__ = "leads"
    __parents__ = ("user_id", "mention_id", "keyword_id")
    __feed__ = Feed("Lead", ignored=("search",), derived=("score", "score_version", "score_breakdown"))

    id: Mapped[Id]
    user_id: Mapped[ForeignId]
    mention_id: Mapped[ForeignId] = mapped_column(ForeignKey("mentions.id", ondelete="CASCADE"))
    keyword_id: Mapped[ForeignId]
    status: Mapped[LeadStatus] = mapped_column(Text, server_default=LeadStatus.NEW)
    disqualify_reason: Mapped[str | None]
    contacted_at: Mapped[datetime | None]
    qualified_at: Mapped[datetime | None]
    converted_at: Mapped[datetime | None]
    disqualified_at: Mapped[datetime | None]
    status_changed_at: Mapped[Now]
    score: Mapped[int | None] = mapped_column(SmallInteger)
    score_version: Mapped[str | None]
    score_breakdown: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    value: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    currency: Mapped[str | None]
    assignee_user_id: Mapped[ForeignId | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    contact_name: Mapped[str | None]
    contact_handle: Mapped[str | None]
    contact_email: Mapped[str | None]
    company: Mapped[str | None]
    notes: Mapped[EmptyText]
    tags: Mapped[Words]
    origin: Mapped[LeadOrigin] = mapped_column(Text, server_default=LeadOrigin.MANUAL)
    external_reference: Mapped[str | None]
    search: Mapped[bytes | None] = mapped_column(TSVECTOR)
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[Now]
    updated_at: Mapped[Now]

    __table_args__ = (
        one_of("status", LeadStatus),
        one_of("origin", LeadOrigin),
        CheckConstraint("score BETWEEN 0 AND 100", name="score_range"),
        CheckConstraint("value >= 0", name="value_not_negative"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_iso_code"),
        CheckConstraint("(value IS NULL) = (currency IS NULL)", name="value_has_currency"),
        at_most("notes", 20_000),
        # at most one lead per mention; lead of a mention
        UniqueConstraint("mention_id"),
        # newest leads of a user
        Index(None, "user_id", text("created_at DESC"), text("id DESC")),
        # leads of a user by their last change of status
        Index(
            "ix_leads_user_id_status_changed_at",
            "user_id",
            text("status_changed_at DESC"),
            text("id DESC"),
        ),
        # leads of a keyword by their last change of status
        Index(
            "ix_leads_keyword_id_status_changed_at",
            "keyword_id",
            text("status_changed_at DESC"),
            text("id DESC"),
        ),
        # leads of all users by their last change of status, for operators
        Index("ix_leads_status_changed_at_id", text("status_changed_at DESC"), text("id DESC")),
        # newest leads of a user in a status; number of a user's leads per status
        Index(None, "user_id", "status", text("created_at DESC"), text("id DESC")),
        # newest leads of a keyword
        Index(None, "keyword_id", text("created_at DESC"), text("id DESC")),
        # newest leads of all users, for operators
        Index("ix_leads_created_at_id", text("created_at DESC"), text("id DESC")),
        # newest leads of all users in a status; number of leads per status
        Index(None, "status", text("created_at DESC"), text("id DESC")),
        # best, most valuable and last changed leads of a user, and of all users for operators; a null comes last
        *(
            index
            for column, key in (
                ("score", "coalesce(score, -1)"),
                ("value", "coalesce(value, -1)"),
                ("updated_at", "updated_at"),
            )
            for index in (
                Index(f"ix_leads_user_id_{column}", "user_id", text(f"{key} DESC"), text("id DESC")),
                Index(f"ix_leads_{column}_id", text(f"coalesce({key}, {key}) DESC"), text("id DESC")),
            )
        ),
        # leads of a user by words, tags, or a part of the company or of the e-mail address
        Index(
            "ix_leads_user_id_search",
            "user_id",
            "search",
            "tags",
            literal_column("lower(company)").label("lower_company"),
            literal_column("lower(contact_email)").label("lower_email"),
            postgresql_using="gin",
            postgresql_ops={"lower_company": "gin_trgm_ops", "lower_email": "gin_trgm_ops"},
        ),
        # leads of a deleted assignee, to be set to null
        Index(None, "assignee_user_id", postgresql_where=text("assignee_user_id IS NOT NULL")),
        # leads of a user with the same e-mail address
        Index(
            "ix_leads_user_id_contact_email",
            "user_id",
            text("lower(contact_email)"),
            text("created_at DESC"),
            text("id DESC"),
            postgresql_where=text("contact_email IS NOT NULL"),
        ),
        # lead by the reference of a CRM
        Index(
            "uq_leads_user_id_external_reference",
            "user_id",
            "external_reference",
            unique=True,
            postgresql_where=text("external_reference IS NOT NULL"),
        ),
    )
