"""Add the user to the pieces of exported files.

A trigger copies the user from the export, also for servers of the previous release. Pieces from before this revision have
no user, and are deleted with their file some days later.

Revision ID: 0024
Revises: 0023
"""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

COPY_OWNER_OF_EXPORT = """
CREATE OR REPLACE FUNCTION copy_owner_of_export() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT user_id INTO NEW.user_id FROM exports WHERE id = NEW.export_id;
    RETURN NEW;
END $$
"""
TRIGGER = (
    "CREATE OR REPLACE TRIGGER copy_owner BEFORE INSERT ON export_parts "
    "FOR EACH ROW EXECUTE FUNCTION copy_owner_of_export()"
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute("ALTER TABLE export_parts ADD COLUMN IF NOT EXISTS user_id bigint")
    op.execute(COPY_OWNER_OF_EXPORT)
    op.execute(TRIGGER)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute("DROP POLICY IF EXISTS own_rows ON export_parts")
    op.execute("DROP TRIGGER copy_owner ON export_parts")
    op.execute("DROP FUNCTION copy_owner_of_export()")
    op.execute("ALTER TABLE export_parts DROP COLUMN user_id")
