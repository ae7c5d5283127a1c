"""Partition the logs of integrations by months, without moving a row.

The table becomes the default partition of a new one, with all its rows and indexes. Statements of servers of the
previous release name the new table from then on. The first statements build the key of the partition beside writers.

Revision ID: 0023
Revises: 0022
"""

from alembic import op

from db.engine.online_ddl import create_indexes

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_integration_logs_integration_id": "integration_id, created_at DESC, id DESC",
    "ix_integration_logs_integration_id_ran_at": "integration_id, least(finished_at, created_at) DESC, id DESC",
    "ix_integration_logs_user_id": "user_id, created_at DESC, id DESC",
    "ix_integration_logs_created_at_id": "created_at DESC, id DESC",
}
OF_REST = {
    "ix_integration_logs_integration_id": "integration_logs_rest_integration_id_created_at_id_idx",
    "ix_integration_logs_integration_id_ran_at": "integration_logs_rest_integration_id_least_id_idx",
    "ix_integration_logs_user_id": "integration_logs_rest_user_id_created_at_id_idx",
    "ix_integration_logs_created_at_id": "integration_logs_rest_created_at_id_idx",
}
"""The names of the indexes of the partition, as PostgreSQL names those of a new partition."""
FIX_PARENTS = """
CREATE TRIGGER fix_parents
    BEFORE UPDATE OF user_id, integration_id ON integration_logs
    FOR EACH ROW WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id OR OLD.integration_id IS DISTINCT FROM NEW.integration_id)
    EXECUTE FUNCTION refuse_new_parent()
"""
# Read and write the number of the old table's sequence within the lock. `{to}` takes it over from `{of}`.
TAKE_NUMBER = """
DO $$
DECLARE
    number bigint;
    called boolean;
BEGIN
    EXECUTE format('SELECT last_value, is_called FROM %s', pg_get_serial_sequence('{of}', 'id')) INTO number, called;
    EXECUTE 'ALTER TABLE {of} ALTER COLUMN id DROP IDENTITY';
    EXECUTE 'ALTER TABLE {to} ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME integration_logs_id_seq)';
    PERFORM setval('integration_logs_id_seq', number, called);
END $$
"""
# Policies and privileges hold for the new table from the first moment.
COPY_SECURITY = """
DO $$
DECLARE
    policy record;
    privilege record;
BEGIN
    FOR privilege IN
        SELECT privilege_type AS name, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END AS grantee
        FROM pg_class, aclexplode(relacl) WHERE oid = '{of}'::regclass AND grantee <> relowner
    LOOP
        EXECUTE format('GRANT %s ON {to} TO %s', privilege.name, privilege.grantee);
        EXECUTE format('REVOKE %s ON {of} FROM %s', privilege.name, privilege.grantee);
        IF privilege.name = 'INSERT' THEN
            EXECUTE format('GRANT USAGE ON SEQUENCE integration_logs_id_seq TO %s', privilege.grantee);
        END IF;
    END LOOP;
    IF NOT (SELECT relrowsecurity FROM pg_class WHERE oid = '{of}'::regclass) THEN
        RETURN;
    END IF;
    EXECUTE 'ALTER TABLE {to} ENABLE ROW LEVEL SECURITY';
    FOR policy IN SELECT * FROM pg_policies WHERE schemaname = current_schema() AND tablename = '{of}' LOOP
        EXECUTE format('CREATE POLICY %I ON {to} AS %s TO %s USING (%s)', policy.policyname, policy.permissive,
            array_to_string(policy.roles, ', '), policy.qual);
        EXECUTE format('DROP POLICY %I ON {of}', policy.policyname);
    END LOOP;
    EXECUTE 'ALTER TABLE {of} DISABLE ROW LEVEL SECURITY';
END $$
"""


def upgrade() -> None:
    create_indexes({"integration_logs_rest_pkey": "integration_logs (id, created_at)"}, unique=True)
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    # The partition gets another foreign key, which locks the other table, too.
    op.execute("LOCK TABLE integrations IN ACCESS EXCLUSIVE MODE")
    op.execute("ALTER TABLE integration_logs RENAME TO integration_logs_rest")
    op.execute("DROP TRIGGER fix_parents ON integration_logs_rest")
    op.execute("ALTER TABLE integration_logs_rest DROP CONSTRAINT pk_integration_logs")
    op.execute(
        "ALTER TABLE integration_logs_rest ADD CONSTRAINT integration_logs_rest_pkey "
        "PRIMARY KEY USING INDEX integration_logs_rest_pkey"
    )
    for name, new in OF_REST.items():
        op.execute(f"ALTER INDEX {name} RENAME TO {new}")
    op.execute(
        "CREATE TABLE integration_logs (LIKE integration_logs_rest INCLUDING DEFAULTS INCLUDING CONSTRAINTS) "
        "PARTITION BY RANGE (created_at)"
    )
    op.execute(TAKE_NUMBER.format(of="integration_logs_rest", to="integration_logs"))
    op.execute("ALTER TABLE integration_logs ADD CONSTRAINT pk_integration_logs PRIMARY KEY (id, created_at)")
    op.execute(
        "ALTER TABLE integration_logs ADD CONSTRAINT fk_integration_logs_user_id_integration_id "
        "FOREIGN KEY (user_id, integration_id) REFERENCES integrations (user_id, id) ON DELETE CASCADE"
    )
    for name, columns in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON integration_logs ({columns})")
    op.execute(FIX_PARENTS)
    op.execute(COPY_SECURITY.format(of="integration_logs_rest", to="integration_logs"))
    op.execute("ALTER TABLE integration_logs ATTACH PARTITION integration_logs_rest DEFAULT")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute("ALTER TABLE integration_logs DETACH PARTITION integration_logs_rest")
    op.execute("INSERT INTO integration_logs_rest SELECT * FROM integration_logs")
    op.execute(TAKE_NUMBER.format(of="integration_logs", to="integration_logs_rest"))
    op.execute(COPY_SECURITY.format(of="integration_logs", to="integration_logs_rest"))
    op.drop_table("integration_logs")
    op.execute("ALTER TABLE integration_logs_rest DROP CONSTRAINT integration_logs_rest_pkey")
    for name, new in OF_REST.items():
        op.execute(f"ALTER INDEX {new} RENAME TO {name}")
    op.execute("ALTER TABLE integration_logs_rest RENAME TO integration_logs")
    op.execute("ALTER TABLE integration_logs ADD CONSTRAINT pk_integration_logs PRIMARY KEY (id)")
    op.execute(FIX_PARENTS)
