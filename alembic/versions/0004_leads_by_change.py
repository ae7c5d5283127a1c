"""Add indexes for leads of a keyword, and of all users, by their last change of status.

Revision ID: 0004
Revises: 0003
"""

from alembic import op

from db.engine.online_ddl import create_indexes

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_leads_keyword_id_status_changed_at": "leads (keyword_id, status_changed_at DESC, id DESC)",
    "ix_leads_status_changed_at_id": "leads (status_changed_at DESC, id DESC)",
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    create_indexes(INDEXES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    for name in INDEXES:
        op.drop_index(name, "leads")
