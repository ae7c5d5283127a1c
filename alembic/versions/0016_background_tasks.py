"""Add the schedule of background tasks.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
CHECKS = {
    "every_positive": "every > interval '0'",
    "position_of_run": "position IS NULL OR running_since IS NOT NULL",
    "failure_has_moment": "(failed_at IS NULL) = (failure IS NULL)",
    "failures_not_negative": "failures >= 0",
    "seconds_not_negative": "seconds >= 0",
    "failure_length": "char_length(failure) <= 500",
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.create_table(
        "background_tasks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("every", sa.Interval(), nullable=False),
        sa.Column("due_at", MOMENT, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("leased_until", MOMENT, nullable=True),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("running_since", MOMENT, nullable=True),
        sa.Column("position", postgresql.JSONB(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("succeeded_at", MOMENT, nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("failed_at", MOMENT, nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        *(
            sa.CheckConstraint(check, name=op.f(f"ck_background_tasks_{name}"))
            for name, check in CHECKS.items()
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_background_tasks")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.drop_table("background_tasks")
