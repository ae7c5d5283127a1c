"""Add the moments of writes, the times that reset an integration, and an index of runs by their end.

New rows no longer get the start of their transaction as their time, also from servers of the previous release.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

from db.engine.online_ddl import create_indexes

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
COLUMNS = {"users": ("last_write_at",), "integrations": ("credentials_set_at", "resumed_at")}
DEFAULTS = {
    "analysis_results": ("created_at",),
    "api_keys": ("created_at",),
    "exports": ("due_at", "created_at"),
    "integration_logs": ("created_at",),
    "integrations": ("created_at", "updated_at"),
    "keywords": ("created_at", "updated_at"),
    "lead_events": ("created_at",),
    "leads": ("status_changed_at", "created_at", "updated_at"),
    "mentions": ("created_at", "updated_at"),
    "users": ("created_at", "updated_at"),
}
INDEX = "ix_integration_logs_integration_id_ran_at"


def upgrade() -> None:
    create_indexes({INDEX: "integration_logs (integration_id, least(finished_at, created_at) DESC, id DESC)"})
    # Fail soon without a lock: a waiting migration would block all later statements on the table.
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    for table, names in COLUMNS.items():
        for name in names:
            op.add_column(table, sa.Column(name, MOMENT, nullable=True))
    _set_defaults("clock_timestamp()", "statement_timestamp()")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.drop_index(INDEX, "integration_logs")
    _set_defaults("now()", "now()")
    for table, names in COLUMNS.items():
        for name in names:
            op.drop_column(table, name)


def _set_defaults(clock: str, start: str) -> None:
    for table, names in DEFAULTS.items():
        for name in names:
            op.alter_column(table, name, server_default=sa.text(clock))
    for name, default in (("created_at", start), ("expires_at", f"{start} + interval '24 hours'")):
        op.alter_column("idempotency_keys", name, server_default=sa.text(default))
