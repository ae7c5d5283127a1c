"""Create the tables of users, keywords, mentions, analyses, leads, integrations, logs and API keys.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Fail soon without a lock: a waiting migration would block all later statements on the table.
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    # allows one index over the user and the words of mentions; a trusted extension, which needs no superuser
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gin")
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("role", sa.Text(), server_default="member", nullable=False),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column("time_zone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("week_start", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("keywords_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("mentions_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("leads_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("new_leads_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("contacted_leads_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("qualified_leads_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("converted_leads_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("disqualified_leads_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("email ~ '^[^@[:space:]]+@[^@[:space:]]+$'", name=op.f("ck_users_email_shape")),
        sa.CheckConstraint("role IN ('member', 'operator')", name=op.f("ck_users_role_known")),
        sa.CheckConstraint(
            "status IN ('active', 'suspended', 'deleted')", name=op.f("ck_users_status_known")
        ),
        sa.CheckConstraint("char_length(email) <= 254", name=op.f("ck_users_email_length")),
        sa.CheckConstraint("char_length(name) <= 200", name=op.f("ck_users_name_length")),
        sa.CheckConstraint(
            "contacted_leads_count >= 0", name=op.f("ck_users_contacted_leads_count_not_negative")
        ),
        sa.CheckConstraint(
            "converted_leads_count >= 0", name=op.f("ck_users_converted_leads_count_not_negative")
        ),
        sa.CheckConstraint(
            "disqualified_leads_count >= 0", name=op.f("ck_users_disqualified_leads_count_not_negative")
        ),
        sa.CheckConstraint("keywords_count >= 0", name=op.f("ck_users_keywords_count_not_negative")),
        sa.CheckConstraint("leads_count >= 0", name=op.f("ck_users_leads_count_not_negative")),
        sa.CheckConstraint("mentions_count >= 0", name=op.f("ck_users_mentions_count_not_negative")),
        sa.CheckConstraint("new_leads_count >= 0", name=op.f("ck_users_new_leads_count_not_negative")),
        sa.CheckConstraint(
            "qualified_leads_count >= 0", name=op.f("ck_users_qualified_leads_count_not_negative")
        ),
        sa.CheckConstraint("week_start BETWEEN 1 AND 7", name=op.f("ck_users_week_start_iso_day")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index("uq_users_email", "users", [sa.literal_column("lower(email)")], unique=True)
    op.create_table(
        "api_keys",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("char_length(name) <= 200", name=op.f("ck_api_keys_name_length")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_api_keys_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
    )
    op.create_index(op.f("ix_api_keys_user_id_id"), "api_keys", ["user_id", "id"], unique=False)
    op.create_table(
        "integrations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("external_account_id", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("last_searched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_success_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error_code", sa.Text(), nullable=True),
        sa.Column("consecutive_failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_sync_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "sync_interval", sa.Interval(), server_default=sa.text("interval '15 minutes'"), nullable=False
        ),
        sa.Column("health_score", sa.SmallInteger(), nullable=True),
        sa.Column("health_computed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('source', 'crm', 'notification')", name=op.f("ck_integrations_kind_known")
        ),
        sa.CheckConstraint(
            "provider IN ('reddit', 'hackernews', 'x', 'bluesky', 'linkedin', 'github', 'youtube', 'rss', 'slack', 'discord', 'email', 'webhook', 'hubspot', 'salesforce', 'pipedrive', 'zapier')",
            name=op.f("ck_integrations_provider_known"),
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'active', 'paused', 'error', 'disconnected')",
            name=op.f("ck_integrations_status_known"),
        ),
        sa.CheckConstraint("char_length(name) <= 200", name=op.f("ck_integrations_name_length")),
        sa.CheckConstraint(
            "consecutive_failures >= 0", name=op.f("ck_integrations_consecutive_failures_not_negative")
        ),
        sa.CheckConstraint("health_score BETWEEN 0 AND 100", name=op.f("ck_integrations_health_score_range")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_integrations_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_integrations")),
        sa.UniqueConstraint("user_id", "id", name=op.f("uq_integrations_user_id_id")),
        sa.UniqueConstraint(
            "user_id",
            "provider",
            "external_account_id",
            name=op.f("uq_integrations_user_id_provider_external_account_id"),
        ),
    )
    op.create_index(
        "ix_integrations_next_sync_at",
        "integrations",
        ["next_sync_at"],
        unique=False,
        postgresql_where=sa.text("status = 'active'"),
    )
    op.create_table(
        "keywords",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("keyword", sa.Text(), nullable=False),
        sa.Column("keyword_norm", sa.Text(), sa.Computed("lower(keyword)", persisted=True), nullable=False),
        sa.Column("match_type", sa.Text(), server_default="phrase", nullable=False),
        sa.Column("required_terms", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("excluded_terms", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("platforms", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column("mentions_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("leads_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("new_leads_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("contacted_leads_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("qualified_leads_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("converted_leads_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("disqualified_leads_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "keyword <> '' AND keyword = btrim(keyword)", name=op.f("ck_keywords_keyword_trimmed")
        ),
        sa.CheckConstraint(
            "match_type IN ('phrase', 'all_words', 'any_word')", name=op.f("ck_keywords_match_type_known")
        ),
        sa.CheckConstraint(
            "status IN ('active', 'paused', 'archived')", name=op.f("ck_keywords_status_known")
        ),
        sa.CheckConstraint("char_length(keyword) <= 200", name=op.f("ck_keywords_keyword_length")),
        sa.CheckConstraint(
            "contacted_leads_count >= 0", name=op.f("ck_keywords_contacted_leads_count_not_negative")
        ),
        sa.CheckConstraint(
            "converted_leads_count >= 0", name=op.f("ck_keywords_converted_leads_count_not_negative")
        ),
        sa.CheckConstraint(
            "disqualified_leads_count >= 0", name=op.f("ck_keywords_disqualified_leads_count_not_negative")
        ),
        sa.CheckConstraint("leads_count >= 0", name=op.f("ck_keywords_leads_count_not_negative")),
        sa.CheckConstraint("mentions_count >= 0", name=op.f("ck_keywords_mentions_count_not_negative")),
        sa.CheckConstraint("new_leads_count >= 0", name=op.f("ck_keywords_new_leads_count_not_negative")),
        sa.CheckConstraint(
            "qualified_leads_count >= 0", name=op.f("ck_keywords_qualified_leads_count_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_keywords_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keywords")),
        sa.UniqueConstraint("user_id", "id", name=op.f("uq_keywords_user_id_id")),
        postgresql_with={"fillfactor": 80},
    )
    op.create_index(
        "ix_keywords_user_id_leads_count",
        "keywords",
        ["user_id", sa.literal_column("leads_count DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_keywords_user_id_mentions_count",
        "keywords",
        ["user_id", sa.literal_column("mentions_count DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "uq_keywords_user_id_keyword_norm_match_type",
        "keywords",
        ["user_id", "keyword_norm", "match_type"],
        unique=True,
        postgresql_where=sa.text("status <> 'archived'"),
    )
    op.create_table(
        "integration_logs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("integration_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("items_found", sa.Integer(), server_default="0", nullable=False),
        sa.Column("items_created", sa.Integer(), server_default="0", nullable=False),
        sa.Column("items_duplicate", sa.Integer(), server_default="0", nullable=False),
        sa.Column("items_failed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("http_status", sa.SmallInteger(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('sync', 'push', 'auth', 'webhook', 'config')",
            name=op.f("ck_integration_logs_kind_known"),
        ),
        sa.CheckConstraint(
            "status IN ('started', 'succeeded', 'partial', 'failed', 'skipped', 'rate_limited')",
            name=op.f("ck_integration_logs_status_known"),
        ),
        sa.CheckConstraint("char_length(message) <= 2000", name=op.f("ck_integration_logs_message_length")),
        sa.CheckConstraint("duration_ms >= 0", name=op.f("ck_integration_logs_duration_ms_not_negative")),
        sa.CheckConstraint(
            "finished_at >= started_at", name=op.f("ck_integration_logs_finished_after_started")
        ),
        sa.CheckConstraint("items_created >= 0", name=op.f("ck_integration_logs_items_created_not_negative")),
        sa.CheckConstraint(
            "items_duplicate >= 0", name=op.f("ck_integration_logs_items_duplicate_not_negative")
        ),
        sa.CheckConstraint("items_failed >= 0", name=op.f("ck_integration_logs_items_failed_not_negative")),
        sa.CheckConstraint("items_found >= 0", name=op.f("ck_integration_logs_items_found_not_negative")),
        sa.ForeignKeyConstraint(
            ["user_id", "integration_id"],
            ["integrations.user_id", "integrations.id"],
            name=op.f("fk_integration_logs_user_id_integration_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_integration_logs")),
    )
    op.create_index(
        op.f("ix_integration_logs_integration_id"),
        "integration_logs",
        ["integration_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "mentions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("keyword_id", sa.BigInteger(), nullable=False),
        sa.Column("integration_id", sa.BigInteger(), nullable=True),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="post", nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("likes", sa.Integer(), nullable=True),
        sa.Column("comments", sa.Integer(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed(
                "setweight(to_tsvector('simple', coalesce(title, '')), 'A') || setweight(to_tsvector('simple', content), 'B')",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.CheckConstraint("external_id <> ''", name=op.f("ck_mentions_external_id_present")),
        sa.CheckConstraint(
            "kind IN ('post', 'comment', 'reply', 'article', 'review', 'other')",
            name=op.f("ck_mentions_kind_known"),
        ),
        sa.CheckConstraint(
            "platform IN ('reddit', 'hackernews', 'x', 'bluesky', 'linkedin', 'github', 'youtube', 'stackoverflow', 'devto', 'mastodon', 'news', 'blog', 'forum', 'podcast', 'newsletter', 'review', 'web', 'other')",
            name=op.f("ck_mentions_platform_known"),
        ),
        sa.CheckConstraint("char_length(author) <= 200", name=op.f("ck_mentions_author_length")),
        sa.CheckConstraint("char_length(content) <= 20000", name=op.f("ck_mentions_content_length")),
        sa.CheckConstraint("char_length(external_id) <= 500", name=op.f("ck_mentions_external_id_length")),
        sa.CheckConstraint("char_length(title) <= 1000", name=op.f("ck_mentions_title_length")),
        sa.CheckConstraint("char_length(url) <= 2000", name=op.f("ck_mentions_url_length")),
        sa.CheckConstraint("comments >= 0", name=op.f("ck_mentions_comments_not_negative")),
        sa.CheckConstraint("likes >= 0", name=op.f("ck_mentions_likes_not_negative")),
        sa.ForeignKeyConstraint(
            ["integration_id"],
            ["integrations.id"],
            name=op.f("fk_mentions_integration_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "keyword_id"],
            ["keywords.user_id", "keywords.id"],
            name=op.f("fk_mentions_user_id_keyword_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mentions")),
        sa.UniqueConstraint(
            "keyword_id", "platform", "external_id", name=op.f("uq_mentions_keyword_id_platform_external_id")
        ),
    )
    op.create_index(
        "ix_mentions_created_at_id",
        "mentions",
        [sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        op.f("ix_mentions_integration_id"),
        "mentions",
        ["integration_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("integration_id IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_mentions_keyword_id"),
        "mentions",
        ["keyword_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        op.f("ix_mentions_user_id"),
        "mentions",
        ["user_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_mentions_user_id_search", "mentions", ["user_id", "search"], unique=False, postgresql_using="gin"
    )
    op.create_table(
        "analysis_results",
        sa.Column("mention_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("sentiment", sa.Text(), nullable=True),
        sa.Column("sentiment_score", sa.Numeric(precision=4, scale=3), nullable=True),
        sa.Column("intent", sa.Text(), nullable=True),
        sa.Column("intent_score", sa.Numeric(precision=4, scale=3), nullable=True),
        sa.Column("relevance", sa.Text(), nullable=True),
        sa.Column("relevance_score", sa.SmallInteger(), nullable=True),
        sa.Column("relevance_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("topics", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("summary", sa.Text(), server_default="", nullable=False),
        sa.Column("analyzer", sa.Text(), server_default="", nullable=False),
        sa.Column("analyzer_version", sa.Text(), server_default="", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("analyzed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "intent IN ('buying', 'recommendation_request', 'comparison', 'complaint', 'question', 'feature_request', 'churn_risk', 'praise', 'promotion', 'hiring', 'other')",
            name=op.f("ck_analysis_results_intent_known"),
        ),
        sa.CheckConstraint(
            "relevance IN ('high', 'medium', 'low')", name=op.f("ck_analysis_results_relevance_known")
        ),
        sa.CheckConstraint(
            "sentiment IN ('positive', 'neutral', 'negative', 'mixed')",
            name=op.f("ck_analysis_results_sentiment_known"),
        ),
        sa.CheckConstraint(
            "status <> 'succeeded' OR (sentiment IS NOT NULL AND relevance IS NOT NULL)",
            name=op.f("ck_analysis_results_succeeded_has_results"),
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'succeeded', 'failed', 'skipped')",
            name=op.f("ck_analysis_results_status_known"),
        ),
        sa.CheckConstraint(
            "char_length(relevance_reason) <= 2000", name=op.f("ck_analysis_results_relevance_reason_length")
        ),
        sa.CheckConstraint("char_length(summary) <= 2000", name=op.f("ck_analysis_results_summary_length")),
        sa.CheckConstraint(
            "intent_score BETWEEN 0 AND 1", name=op.f("ck_analysis_results_intent_score_range")
        ),
        sa.CheckConstraint(
            "relevance_score BETWEEN 0 AND 100", name=op.f("ck_analysis_results_relevance_score_range")
        ),
        sa.CheckConstraint(
            "sentiment_score BETWEEN -1 AND 1", name=op.f("ck_analysis_results_sentiment_score_range")
        ),
        sa.ForeignKeyConstraint(
            ["mention_id"], ["mentions.id"], name=op.f("fk_analysis_results_mention_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mention_id", name=op.f("pk_analysis_results")),
    )
    op.create_index(
        op.f("ix_analysis_results_user_id_intent_mention_id"),
        "analysis_results",
        ["user_id", "intent", "mention_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_analysis_results_user_id_relevance_mention_id"),
        "analysis_results",
        ["user_id", "relevance", "mention_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_analysis_results_user_id_sentiment_mention_id"),
        "analysis_results",
        ["user_id", "sentiment", "mention_id"],
        unique=False,
    )
    op.create_table(
        "leads",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("mention_id", sa.BigInteger(), nullable=False),
        sa.Column("keyword_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), server_default="new", nullable=False),
        sa.Column("disqualify_reason", sa.Text(), nullable=True),
        sa.Column("contacted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("qualified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("converted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disqualified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "status_changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("score", sa.SmallInteger(), nullable=True),
        sa.Column("score_version", sa.Text(), nullable=True),
        sa.Column("score_breakdown", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("value", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("assignee_user_id", sa.BigInteger(), nullable=True),
        sa.Column("contact_name", sa.Text(), nullable=True),
        sa.Column("contact_handle", sa.Text(), nullable=True),
        sa.Column("contact_email", sa.Text(), nullable=True),
        sa.Column("company", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), server_default="", nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("origin", sa.Text(), server_default="manual", nullable=False),
        sa.Column("external_reference", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_leads_currency_iso_code")),
        sa.CheckConstraint(
            "origin IN ('auto', 'manual', 'import', 'api')", name=op.f("ck_leads_origin_known")
        ),
        sa.CheckConstraint(
            "status IN ('new', 'contacted', 'qualified', 'converted', 'disqualified')",
            name=op.f("ck_leads_status_known"),
        ),
        sa.CheckConstraint("(value IS NULL) = (currency IS NULL)", name=op.f("ck_leads_value_has_currency")),
        sa.CheckConstraint("char_length(notes) <= 20000", name=op.f("ck_leads_notes_length")),
        sa.CheckConstraint("score BETWEEN 0 AND 100", name=op.f("ck_leads_score_range")),
        sa.CheckConstraint("value >= 0", name=op.f("ck_leads_value_not_negative")),
        sa.ForeignKeyConstraint(
            ["assignee_user_id"], ["users.id"], name=op.f("fk_leads_assignee_user_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["mention_id"], ["mentions.id"], name=op.f("fk_leads_mention_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leads")),
        sa.UniqueConstraint("mention_id", name=op.f("uq_leads_mention_id")),
    )
    op.create_index(
        op.f("ix_leads_assignee_user_id"),
        "leads",
        ["assignee_user_id"],
        unique=False,
        postgresql_where=sa.text("assignee_user_id IS NOT NULL"),
    )
    op.create_index(
        "ix_leads_created_at_id",
        "leads",
        [sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        op.f("ix_leads_keyword_id"),
        "leads",
        ["keyword_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        op.f("ix_leads_status"),
        "leads",
        ["status", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        op.f("ix_leads_user_id"),
        "leads",
        ["user_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        op.f("ix_leads_user_id_status"),
        "leads",
        ["user_id", "status", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_leads_user_id_status_changed_at",
        "leads",
        ["user_id", sa.literal_column("status_changed_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "uq_leads_user_id_external_reference",
        "leads",
        ["user_id", "external_reference"],
        unique=True,
        postgresql_where=sa.text("external_reference IS NOT NULL"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.drop_index(
        "uq_leads_user_id_external_reference",
        table_name="leads",
        postgresql_where=sa.text("external_reference IS NOT NULL"),
    )
    op.drop_index("ix_leads_user_id_status_changed_at", table_name="leads")
    op.drop_index(op.f("ix_leads_user_id_status"), table_name="leads")
    op.drop_index(op.f("ix_leads_user_id"), table_name="leads")
    op.drop_index(op.f("ix_leads_status"), table_name="leads")
    op.drop_index(op.f("ix_leads_keyword_id"), table_name="leads")
    op.drop_index("ix_leads_created_at_id", table_name="leads")
    op.drop_index(
        op.f("ix_leads_assignee_user_id"),
        table_name="leads",
        postgresql_where=sa.text("assignee_user_id IS NOT NULL"),
    )
    op.drop_table("leads")
    op.drop_index(op.f("ix_analysis_results_user_id_sentiment_mention_id"), table_name="analysis_results")
    op.drop_index(op.f("ix_analysis_results_user_id_relevance_mention_id"), table_name="analysis_results")
    op.drop_index(op.f("ix_analysis_results_user_id_intent_mention_id"), table_name="analysis_results")
    op.drop_table("analysis_results")
    op.drop_index("ix_mentions_user_id_search", table_name="mentions", postgresql_using="gin")
    op.drop_index(op.f("ix_mentions_user_id"), table_name="mentions")
    op.drop_index(op.f("ix_mentions_keyword_id"), table_name="mentions")
    op.drop_index(
        op.f("ix_mentions_integration_id"),
        table_name="mentions",
        postgresql_where=sa.text("integration_id IS NOT NULL"),
    )
    op.drop_index("ix_mentions_created_at_id", table_name="mentions")
    op.drop_table("mentions")
    op.drop_index(op.f("ix_integration_logs_integration_id"), table_name="integration_logs")
    op.drop_table("integration_logs")
    op.drop_index(
        "uq_keywords_user_id_keyword_norm_match_type",
        table_name="keywords",
        postgresql_where=sa.text("status <> 'archived'"),
    )
    op.drop_index("ix_keywords_user_id_mentions_count", table_name="keywords")
    op.drop_index("ix_keywords_user_id_leads_count", table_name="keywords")
    op.drop_table("keywords")
    op.drop_index(
        "ix_integrations_next_sync_at",
        table_name="integrations",
        postgresql_where=sa.text("status = 'active'"),
    )
    op.drop_table("integrations")
    op.drop_index(op.f("ix_api_keys_user_id_id"), table_name="api_keys")
    op.drop_table("api_keys")
    op.drop_index("uq_users_email", table_name="users")
    op.drop_table("users")
    # A downgrade of revision 0009 leaves these functions to its triggers.
    op.execute("DROP FUNCTION IF EXISTS index_mention()")
    op.execute("DROP FUNCTION IF EXISTS normalize_keyword()")
    op.execute("DROP EXTENSION IF EXISTS btree_gin")
