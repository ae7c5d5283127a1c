from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Numeric, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, EmptyText, Feed, ForeignId, Now, Words, at_most, one_of


class AnalysisStatus(StrEnum):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"


class Sentiment(StrEnum):
    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"
    MIXED = "mixed"


class Intent(StrEnum):
    BUYING = "buying"
    RECOMMENDATION_REQUEST = "recommendation_request"
    COMPARISON = "comparison"
    COMPLAINT = "complaint"
    QUESTION = "question"
    FEATURE_REQUEST = "feature_request"
    CHURN_RISK = "churn_risk"
    PRAISE = "praise"
    PROMOTION = "promotion"
    HIRING = "hiring"
    OTHER = "other"


class Relevance(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class AnalysisResult(Base):
    """The analysis of a mention. A trigger sets `user_id` from the mention."""

    __tablename__ = "analysis_results"
    __parents__ = ("user_id", "mention_id")
    __feed__ = Feed("Mention", part="analysis", row_id="mention_id")

    mention_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("mentions.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[ForeignId]
    status: Mapped[AnalysisStatus] = mapped_column(Text, server_default=AnalysisStatus.PENDING)
    sentiment: Mapped[Sentiment | None] = mapped_column(Text)
    sentiment_score: Mapped[Decimal | None] = mapped_column(Numeric(4, 3))
    intent: Mapped[Intent | None] = mapped_column(Text)
    intent_score: Mapped[Decimal | None] = mapped_column(Numeric(4, 3))
    relevance: Mapped[Relevance | None] = mapped_column(Text)
    relevance_score: Mapped[int | None] = mapped_column(SmallInteger)
    relevance_reason: Mapped[EmptyText]
    topics: Mapped[Words]
    summary: Mapped[EmptyText]
    analyzer: Mapped[EmptyText]
    analyzer_version: Mapped[EmptyText]
    error: Mapped[str | None]
    analyzed_at: Mapped[datetime | None]
    created_at: Mapped[Now]

    __table_args__ = (
        one_of("status", AnalysisStatus),
        one_of("sentiment", Sentiment),
        one_of("intent", Intent),
        one_of("relevance", Relevance),
        CheckConstraint("sentiment_score BETWEEN -1 AND 1", name="sentiment_score_range"),
        CheckConstraint("intent_score BETWEEN 0 AND 1", name="intent_score_range"),
        CheckConstraint("relevance_score BETWEEN 0 AND 100", name="relevance_score_range"),
        CheckConstraint(
            "status <> 'succeeded' OR (sentiment IS NOT NULL AND relevance IS NOT NULL)",
            name="succeeded_has_results",
        ),
        at_most("relevance_reason", 2000),
        at_most("summary", 2000),
        # mentions of a user with a rare sentiment, intent or relevance
        Index(None, "user_id", "sentiment", "mention_id"),
        Index(None, "user_id", "intent", "mention_id"),
        Index(None, "user_id", "relevance", "mention_id"),
        # most relevant mentions of a user, and of all users for operators
        *(
            Index(
                name,
                *columns,
                text("mention_id DESC"),
                postgresql_where=text("relevance_score IS NOT NULL"),
            )
            for name, columns in (
                ("ix_analysis_results_user_id_relevance_score", ("user_id", text("relevance_score DESC"))),
                (
                    "ix_analysis_results_relevance_score_mention_id",
                    (text("coalesce(relevance_score, relevance_score) DESC"),),
                ),
            )
        ),
    )
