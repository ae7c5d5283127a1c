"""Add the stored health of integrations, and their runs per day.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Fail soon without a lock: a waiting migration would block all later statements on the table.
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.add_column("integrations", sa.Column("health_version", sa.Text(), nullable=True))
    op.add_column(
        "integrations",
        sa.Column("health_problems", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
    )
    op.create_table(
        "integration_days",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("integration_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.DateTime(timezone=True), nullable=False),
        sa.Column("runs", sa.Integer(), server_default="0", nullable=False),
        sa.Column("succeeded", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("runs >= 0", name=op.f("ck_integration_days_runs_not_negative")),
        sa.CheckConstraint("succeeded >= 0", name=op.f("ck_integration_days_succeeded_not_negative")),
        sa.ForeignKeyConstraint(
            ["user_id", "integration_id"],
            ["integrations.user_id", "integrations.id"],
            name=op.f("fk_integration_days_user_id_integration_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("integration_id", "day", name=op.f("pk_integration_days")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.drop_table("integration_days")
    op.drop_column("integrations", "health_problems")
    op.drop_column("integrations", "health_version")
