from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import (
    EARLIEST,
    Base,
    EmptyText,
    Feed,
    ForeignId,
    Id,
    Now,
    at_most,
    by_last_update,
    not_negative,
    one_of,
)


class Platform(StrEnum):
    REDDIT = "reddit"
    HACKERNEWS = "hackernews"
    X = "x"
    BLUESKY = "bluesky"
    LINKEDIN = "linkedin"
    GITHUB = "github"
    YOUTUBE = "youtube"
    STACKOVERFLOW = "stackoverflow"
    DEVTO = "devto"
    MASTODON = "mastodon"
    NEWS = "news"
    BLOG = "blog"
    FORUM = "forum"
    PODCAST = "podcast"
    NEWSLETTER = "newsletter"
    REVIEW = "review"
    WEB = "web"
    OTHER = "other"


class MentionKind(StrEnum):
    POST = "post"
    COMMENT = "comment"
    REPLY = "reply"
    ARTICLE = "article"
    REVIEW = "review"
    OTHER = "other"


class DismissReason(StrEnum):
    SPAM = "spam"
    IRRELEVANT = "irrelevant"
    DUPLICATE = "duplicate"
    OWN_POST = "own_post"
    OTHER = "other"


_PUBLISHED = f"coalesce(published_at, {EARLIEST})"


class Mention(Base):
    """A post that contains a keyword. `published_at` is the post's time, `created_at` the time of ingest.

    `lead_deleted_at` is the time when a user last deleted the mention's lead: no rule makes it again.

    `read_at`, `starred_at`, `dismissed_at` and `engaged_at` are the marks of the user's triage. `search` has the
    lexemes of `text.lexemes`. If the writer gives none, a trigger sets it to PostgreSQL's own lexemes and a mark.
    """

    __tablename__ = "mentions"
    __parents__ = ("user_id", "keyword_id")
    __feed__ = Feed("Mention", ignored=("lead_deleted_at", "search"))

    id: Mapped[Id]
    user_id: Mapped[ForeignId]
    keyword_id: Mapped[ForeignId]
    integration_id: Mapped[ForeignId | None] = mapped_column(
        ForeignKey("integrations.id", ondelete="SET NULL")
    )
    platform: Mapped[Platform] = mapped_column(Text)
    external_id: Mapped[str]
    kind: Mapped[MentionKind] = mapped_column(Text, server_default=MentionKind.POST)
    url: Mapped[str]
    title: Mapped[str | None]
    content: Mapped[str]
    author: Mapped[EmptyText]
    language: Mapped[str | None]
    likes: Mapped[int | None]
    comments: Mapped[int | None]
    published_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    starred_at: Mapped[datetime | None]
    dismissed_at: Mapped[datetime | None]
    dismiss_reason: Mapped[DismissReason | None] = mapped_column(Text)
    engaged_at: Mapped[datetime | None]
    lead_deleted_at: Mapped[datetime | None]
    created_at: Mapped[Now]
    updated_at: Mapped[Now]
    search: Mapped[bytes] = mapped_column(TSVECTOR)

    __table_args__ = (
        # A foreign key over both columns guarantees that a mention has the user of its keyword.
        ForeignKeyConstraint(
            ["user_id", "keyword_id"], ["keywords.user_id", "keywords.id"], ondelete="CASCADE"
        ),
        one_of("platform", Platform),
        one_of("kind", MentionKind),
        one_of("dismiss_reason", DismissReason),
        CheckConstraint("dismiss_reason IS NULL OR dismissed_at IS NOT NULL", name="reason_of_dismissed"),
        CheckConstraint("external_id <> ''", name="external_id_present"),
        at_most("external_id", 500),
        at_most("url", 2000),
        at_most("title", 1000),
        at_most("content", 20_000),
        at_most("author", 200),
        *not_negative("likes", "comments"),
        # one mention per keyword and post
        UniqueConstraint("keyword_id", "platform", "external_id"),
        # newest mentions of each of many keywords; cascade of a deleted keyword
        Index(None, "keyword_id", text("created_at DESC"), text("id DESC")),
        # newest mentions of a user
        Index(None, "user_id", text("created_at DESC"), text("id DESC")),
        # newest mentions of all users, for operators and for retention
        Index("ix_mentions_created_at_id", text("created_at DESC"), text("id DESC")),
        # last published mentions of a user, and of all users for operators; without a time of publication last
        Index("ix_mentions_user_id_published_at", "user_id", text(f"{_PUBLISHED} DESC"), text("id DESC")),
        Index(
            "ix_mentions_published_at_id", text(f"coalesce({_PUBLISHED}, {_PUBLISHED}) DESC"), text("id DESC")
        ),
        # last changed mentions of a user, and of all users for operators
        *by_last_update("mentions"),
        # mentions of a user by the post's ID
        Index(None, "user_id", "external_id"),
        # newest mentions of an integration; mentions of a deleted integration, to be set to null
        Index(
            None,
            "integration_id",
            text("created_at DESC"),
            text("id DESC"),
            postgresql_where=text("integration_id IS NOT NULL"),
        ),
        # newest unread, starred, dismissed and engaged mentions of a user
        *(
            Index(
                f"ix_mentions_user_id_{name}",
                "user_id",
                text("created_at DESC"),
                text("id DESC"),
                postgresql_where=text(condition),
            )
            for name, condition in (
                ("unread", "read_at IS NULL"),
                ("starred", "starred_at IS NOT NULL"),
                ("dismissed", "dismissed_at IS NOT NULL"),
                ("engaged", "engaged_at IS NOT NULL"),
            )
        ),
        # full-text search in the mentions of a user
        Index("ix_mentions_user_id_search", "user_id", "search", postgresql_using="gin"),
    )
