"""Add indexes for the filters and orders of leads and mentions.

Revision ID: 0013
Revises: 0012
"""

from alembic import op

from db.engine.online_ddl import create_indexes

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

PUBLISHED = "coalesce(published_at, '-infinity'::timestamptz)"
WORDS = (
    "to_tsvector('simple', coalesce(contact_name, '') || ' ' || coalesce(contact_handle, '') || ' ' || "
    "coalesce(contact_email, '') || ' ' || coalesce(company, '') || ' ' || notes)"
)
INDEXES = {
    "ix_leads_user_id_score": "leads (user_id, coalesce(score, -1) DESC, id DESC)",
    "ix_leads_score_id": "leads (coalesce(coalesce(score, -1), coalesce(score, -1)) DESC, id DESC)",
    "ix_leads_user_id_value": "leads (user_id, coalesce(value, -1) DESC, id DESC)",
    "ix_leads_value_id": "leads (coalesce(coalesce(value, -1), coalesce(value, -1)) DESC, id DESC)",
    "ix_leads_user_id_updated_at": "leads (user_id, updated_at DESC, id DESC)",
    "ix_leads_updated_at_id": "leads (coalesce(updated_at, updated_at) DESC, id DESC)",
    "ix_leads_user_id_words": (
        f"leads USING gin (user_id, ({WORDS}), tags, lower(company) gin_trgm_ops, lower(contact_email) gin_trgm_ops)"
    ),
    "ix_mentions_user_id_published_at": f"mentions (user_id, {PUBLISHED} DESC, id DESC)",
    "ix_mentions_published_at_id": f"mentions (coalesce({PUBLISHED}, {PUBLISHED}) DESC, id DESC)",
    "ix_mentions_user_id_external_id": "mentions (user_id, external_id)",
    "ix_analysis_results_user_id_relevance_score": (
        "analysis_results (user_id, relevance_score DESC, mention_id DESC) WHERE relevance_score IS NOT NULL"
    ),
    "ix_analysis_results_relevance_score_mention_id": (
        "analysis_results (coalesce(relevance_score, relevance_score) DESC, mention_id DESC) "
        "WHERE relevance_score IS NOT NULL"
    ),
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    # parts of words in an index; a trusted extension, which needs no superuser
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    create_indexes(INDEXES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    for name in INDEXES:
        op.execute(f"DROP INDEX IF EXISTS {name}")
    op.execute("DROP EXTENSION IF EXISTS pg_trgm")
