"""Add exports and the pieces of their files, and indexes for logs of a user and of all users.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.engine.online_ddl import create_indexes

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
UNFINISHED = "status IN ('queued', 'running')"
CHECKS = {
    "entity_known": "entity IN ('keywords', 'mentions', 'leads', 'integrations', 'integration_logs')",
    "format_known": "format IN ('json_lines', 'csv')",
    "status_known": "status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')",
    "columns_named": "cardinality(columns) > 0",
    "finished_has_moment": f"({UNFINISHED}) = (finished_at IS NULL)",
    "finished_expires": "(finished_at IS NULL) = (expires_at IS NULL)",
    "failed_has_error": "(status = 'failed') = (error IS NOT NULL)",
    "rows_count_not_negative": "rows_count >= 0",
    "rows_total_not_negative": "rows_total >= 0",
    "size_bytes_not_negative": "size_bytes >= 0",
    "content_bytes_not_negative": "content_bytes >= 0",
    "content_crc_not_negative": "content_crc >= 0",
    "failures_not_negative": "failures >= 0",
    "error_length": "char_length(error) <= 500",
}
INDEXES = {
    "ix_exports_due_at": ("due_at", UNFINISHED),
    "ix_exports_expires_at": ("expires_at", "purged_at IS NULL"),
    "ix_exports_purged_at": ("purged_at", "purged_at IS NOT NULL"),
}
LOG_INDEXES = {
    "ix_integration_logs_user_id": "integration_logs (user_id, created_at DESC, id DESC)",
    "ix_integration_logs_created_at_id": "integration_logs (created_at DESC, id DESC)",
}
TRIGGER = """
CREATE TRIGGER fix_parents
    BEFORE UPDATE OF user_id ON exports
    FOR EACH ROW WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id)
    EXECUTE FUNCTION refuse_new_parent()
"""


def upgrade() -> None:
    create_indexes(LOG_INDEXES)
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    _create_exports()
    _create_export_parts()


def _create_exports() -> None:
    op.create_table(
        "exports",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("everybody", sa.Boolean(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("columns", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("question", postgresql.JSONB(), nullable=False),
        sa.Column("status", sa.Text(), server_default="queued", nullable=False),
        sa.Column("position", postgresql.JSONB(), nullable=True),
        sa.Column("rows_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rows_total", sa.Integer(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("content_bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("content_crc", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("failures", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("due_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        *(
            sa.Column(name, MOMENT, nullable=True)
            for name in ("started_at", "finished_at", "expires_at", "purged_at")
        ),
        *(sa.CheckConstraint(check, name=op.f(f"ck_exports_{name}")) for name, check in CHECKS.items()),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_exports_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
    )
    op.create_index(op.f("ix_exports_user_id_id"), "exports", ["user_id", "id"])
    for name, (column, condition) in INDEXES.items():
        op.create_index(name, "exports", [column], postgresql_where=sa.text(condition))
    op.execute(TRIGGER)


def _create_export_parts() -> None:
    op.create_table(
        "export_parts",
        sa.Column("export_id", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("starts_at >= 0", name=op.f("ck_export_parts_starts_at_not_negative")),
        sa.CheckConstraint("octet_length(data) > 0", name=op.f("ck_export_parts_data_present")),
        sa.ForeignKeyConstraint(
            ["export_id"], ["exports.id"], name=op.f("fk_export_parts_export_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("export_id", "starts_at", name=op.f("pk_export_parts")),
    )
    op.execute("ALTER TABLE export_parts ALTER COLUMN data SET STORAGE EXTERNAL")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    for name in LOG_INDEXES:
        op.drop_index(name, "integration_logs")
    op.drop_table("export_parts")
    op.drop_table("exports")
