"""Add the rule that makes leads by itself, and an index of the e-mail addresses of leads.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

from db.engine.online_ddl import add_checks, create_indexes

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

INDEX = "ix_leads_user_id_contact_email"
COLUMNS = "lower(contact_email), created_at DESC, id DESC"
RANGE = "ck_keywords_auto_lead_score_range"


def upgrade() -> None:
    create_indexes({INDEX: f"leads (user_id, {COLUMNS}) WHERE contact_email IS NOT NULL"})
    # Neither column is filled: the rule is off for each keyword, and no lead of an existing mention is known as deleted.
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    deleted_at = sa.Column("lead_deleted_at", sa.DateTime(timezone=True), nullable=True)
    op.add_column("mentions", deleted_at, if_not_exists=True)
    op.add_column(
        "keywords", sa.Column("auto_lead_score", sa.SmallInteger(), nullable=True), if_not_exists=True
    )
    add_checks("keywords", {RANGE: "auto_lead_score BETWEEN 0 AND 100"})


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.drop_index(INDEX, "leads")
    op.drop_constraint(op.f(RANGE), "keywords")
    op.drop_column("keywords", "auto_lead_score")
    op.drop_column("mentions", "lead_deleted_at")
