"""Add the byte order mark of exported CSV files.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Fail soon without a lock: a waiting migration would block all later statements on the table.
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    # A constant default rewrites no rows.
    op.add_column(
        "exports", sa.Column("byte_order_mark", sa.Boolean(), server_default="false", nullable=False)
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.drop_column("exports", "byte_order_mark")
