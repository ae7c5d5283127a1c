"""Add `updated_at` to exports and API keys, indexes of rows by their last update, and triggers that advance it.

Exports and API keys of earlier releases count as updated at the time of this revision. The default for them is one
value, so that PostgreSQL rewrites no row.

Revision ID: 0020
Revises: 0019
"""

from collections.abc import Sequence

from alembic import op

from db.engine.online_ddl import create_indexes

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

NEW_COLUMNS = ("exports", "api_keys")
REPEATABLE = "-- squawk-ignore prefer-robust-stmts\n"
"""A note for the lint: a default may be set again."""
INDEXES = {
    **{
        f"ix_{table}_user_id_updated_at": f"{table} (user_id, updated_at DESC, id DESC)"
        for table in ("keywords", "mentions", "integrations")
    },
    **{
        f"ix_{table}_updated_at_id": f"{table} (coalesce(updated_at, updated_at) DESC, id DESC)"
        for table in ("users", "keywords", "mentions", "integrations")
    },
}
ADVANCE = """
CREATE OR REPLACE FUNCTION advance_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := greatest(clock_timestamp(), OLD.updated_at + interval '1 microsecond');
    RETURN NEW;
END $$
"""
COLUMNS = {
    "keywords": (
        "keyword",
        "match_type",
        "required_terms",
        "excluded_terms",
        "platforms",
        "status",
        "auto_lead_score",
        "archived_at",
    ),
    "mentions": (
        "integration_id",
        "platform",
        "external_id",
        "kind",
        "url",
        "title",
        "content",
        "author",
        "language",
        "likes",
        "comments",
        "published_at",
        "read_at",
        "starred_at",
        "dismissed_at",
        "dismiss_reason",
        "engaged_at",
    ),
    "leads": (
        "status",
        "disqualify_reason",
        "contacted_at",
        "qualified_at",
        "converted_at",
        "disqualified_at",
        "status_changed_at",
        "value",
        "currency",
        "assignee_user_id",
        "contact_name",
        "contact_handle",
        "contact_email",
        "company",
        "notes",
        "tags",
        "origin",
        "external_reference",
        "version",
    ),
    "integrations": (
        "provider",
        "kind",
        "name",
        "external_account_id",
        "status",
        "credentials_expires_at",
        "credentials_set_at",
        "scopes",
        "settings",
        "last_searched_at",
        "last_success_at",
        "last_error_at",
        "last_error_code",
        "consecutive_failures",
        "resumed_at",
        "next_sync_at",
        "sync_interval",
        "sync_cursor",
    ),
    "exports": (
        "everybody",
        "entity",
        "format",
        "columns",
        "byte_order_mark",
        "question",
        "status",
        "rows_count",
        "rows_total",
        "size_bytes",
        "error",
        "started_at",
        "finished_at",
        "expires_at",
    ),
    "api_keys": (
        "name",
        "scopes",
        "expires_at",
        "revoked_at",
    ),
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    for table in NEW_COLUMNS:
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS updated_at timestamptz NOT NULL DEFAULT statement_timestamp()"
        )
        op.execute(f"{REPEATABLE}ALTER TABLE {table} ALTER COLUMN updated_at SET DEFAULT clock_timestamp()")
    op.execute(ADVANCE)
    for table, columns in COLUMNS.items():
        op.execute(_trigger(table, columns))
    create_indexes(INDEXES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    for name in INDEXES:
        op.execute(f"DROP INDEX IF EXISTS {name}")
    for table in COLUMNS:
        op.execute(f"DROP TRIGGER advance_updated_at ON {table}")
    op.execute("DROP FUNCTION advance_updated_at()")
    for table in NEW_COLUMNS:
        op.execute(f"ALTER TABLE {table} DROP COLUMN updated_at")


def _trigger(table: str, columns: Sequence[str]) -> str:
    new, old = (", ".join(f"{row}.{name}" for name in columns) for row in ("NEW", "OLD"))
    return f"""
CREATE OR REPLACE TRIGGER advance_updated_at BEFORE UPDATE ON {table}
    FOR EACH ROW WHEN (NEW.updated_at <= OLD.updated_at AND ({new}) IS DISTINCT FROM ({old}))
    EXECUTE FUNCTION advance_updated_at()
"""
