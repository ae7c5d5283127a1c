"""Let all deliveries of a webhook wait whose receiver fails again and again.

Revision ID: 0022
Revises: 0021
"""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute("ALTER TABLE webhooks ADD COLUMN IF NOT EXISTS failures smallint NOT NULL DEFAULT '0'")
    op.execute("ALTER TABLE webhooks ADD COLUMN IF NOT EXISTS resumes_at timestamptz")
    op.create_check_constraint("failures_not_negative", "webhooks", "failures >= 0")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute("ALTER TABLE webhooks DROP COLUMN IF EXISTS resumes_at, DROP COLUMN IF EXISTS failures")
