from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import (
    COUNTERS,
    Base,
    Count,
    Feed,
    ForeignId,
    Id,
    Now,
    Words,
    at_most,
    by_last_update,
    not_negative,
    one_of,
)


class MatchType(StrEnum):
    PHRASE = "phrase"
    ALL_WORDS = "all_words"
    ANY_WORD = "any_word"


class KeywordStatus(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    ARCHIVED = "archived"


class Keyword(Base):
    """A word or phrase that a user watches the web for.

    `keyword_norm` is its normal form. If the writer gives none, a trigger sets it to the keyword in lower case.

    A mention whose lead would score at least `auto_lead_score` becomes a lead by itself.
    """

    __tablename__ = "keywords"
    __parents__ = ("user_id",)
    __counter__ = "keywords_count"
    __feed__ = Feed("Keyword", ignored=("keyword_norm", *COUNTERS), each_row=True)

    id: Mapped[Id]
    user_id: Mapped[ForeignId] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    keyword: Mapped[str]
    keyword_norm: Mapped[str]
    match_type: Mapped[MatchType] = mapped_column(Text, server_default=MatchType.PHRASE)
    required_terms: Mapped[Words]
    excluded_terms: Mapped[Words]
    platforms: Mapped[Words]
    status: Mapped[KeywordStatus] = mapped_column(Text, server_default=KeywordStatus.ACTIVE)
    auto_lead_score: Mapped[int | None] = mapped_column(SmallInteger)
    mentions_count: Mapped[Count]
    leads_count: Mapped[Count]
    new_leads_count: Mapped[Count]
    contacted_leads_count: Mapped[Count]
    qualified_leads_count: Mapped[Count]
    converted_leads_count: Mapped[Count]
    disqualified_leads_count: Mapped[Count]
    created_at: Mapped[Now]
    updated_at: Mapped[Now]
    archived_at: Mapped[datetime | None]

    __table_args__ = (
        one_of("match_type", MatchType),
        one_of("status", KeywordStatus),
        at_most("keyword", 200),
        CheckConstraint("auto_lead_score BETWEEN 0 AND 100", name="auto_lead_score_range"),
        CheckConstraint("keyword <> '' AND keyword = btrim(keyword)", name="keyword_trimmed"),
        *not_negative(*COUNTERS),
        # keywords of a user, by ID; target of the mentions' foreign key, so that both have the same user
        UniqueConstraint("user_id", "id"),
        # unique keyword and match type per user, archived ones excluded
        Index(
            "uq_keywords_user_id_keyword_norm_match_type",
            "user_id",
            "keyword_norm",
            "match_type",
            unique=True,
            postgresql_where=text("status <> 'archived'"),
        ),
        # a user's keywords with the most mentions, and with the most leads
        Index("ix_keywords_user_id_mentions_count", "user_id", text("mentions_count DESC"), text("id DESC")),
        Index("ix_keywords_user_id_leads_count", "user_id", text("leads_count DESC"), text("id DESC")),
        # last changed keywords of a user, and of all users for operators
        *by_last_update("keywords"),
        # Each ingest changes mentions_count. Free space on the page keeps these updates HOT.
        {"postgresql_with": {"fillfactor": 80}},
    )
