"""Add the rule that makes leads by itself, and an index of the e-mail addresses of leads.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

INDEX = "ix_leads_user_id_contact_email"
RANGE = "ck_keywords_auto_lead_score_range"


def upgrade() -> None:
    # Neither column is filled: the rule is off for each keyword, and no lead of an existing mention is known as deleted.
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.add_column("mentions", sa.Column("lead_deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("keywords", sa.Column("auto_lead_score", sa.SmallInteger(), nullable=True))
    op.create_check_constraint(op.f(RANGE), "keywords", "auto_lead_score BETWEEN 0 AND 100")
    # Building the index blocks writers of leads, for a second or two per million rows.
    columns = [sa.text("lower(contact_email)"), sa.text("created_at DESC"), sa.text("id DESC")]
    condition = sa.text("contact_email IS NOT NULL")
    op.create_index(INDEX, "leads", ["user_id", *columns], postgresql_where=condition)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.drop_index(INDEX, "leads")
    op.drop_constraint(op.f(RANGE), "keywords")
    op.drop_column("keywords", "auto_lead_score")
    op.drop_column("mentions", "lead_deleted_at")
