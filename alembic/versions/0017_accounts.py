"""Keep the user of an API key, and find deleted users whose data is not gone yet.

Revision ID: 0017
Revises: 0016
"""

from alembic import op

from db.engine.online_ddl import create_indexes

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute(
        "CREATE OR REPLACE TRIGGER fix_parents BEFORE UPDATE OF user_id ON api_keys FOR EACH ROW "
        "WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id) EXECUTE FUNCTION refuse_new_parent()"
    )
    create_indexes({"ix_users_deleted": "users (id) WHERE status = 'deleted'"})


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute("DROP TRIGGER fix_parents ON api_keys")
    op.execute("DROP INDEX ix_users_deleted")
