"""Store lexemes of leads that the application makes, as those of mentions.

`leadgraph counters backfill` fills the column for the leads of earlier releases. Triggers fill it for their servers.

Revision ID: 0014
Revises: 0013
"""

from alembic import op

from db.engine.online_ddl import create_indexes

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

OLD_WORDS = (
    "to_tsvector('simple', coalesce(contact_name, '') || ' ' || coalesce(contact_handle, '') || ' ' || "
    "coalesce(contact_email, '') || ' ' || coalesce(company, '') || ' ' || notes)"
)
OTHERS = "tags, lower(company) gin_trgm_ops, lower(contact_email) gin_trgm_ops"
FUNCTION = """
CREATE OR REPLACE FUNCTION index_lead() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.search := CASE WHEN concat_ws('', NEW.contact_name, NEW.contact_handle, NEW.contact_email, NEW.company, NEW.notes) <> '' THEN
        setweight(to_tsvector('simple', concat_ws(' ', NEW.contact_name, NEW.contact_handle, NEW.contact_email, NEW.company, NEW.notes)), 'B') || ''' old'''::tsvector END;
    RETURN NEW;
END $$
"""
TRIGGERS = [
    """
CREATE OR REPLACE TRIGGER index_new_lead BEFORE INSERT ON leads
    FOR EACH ROW WHEN (NEW.search IS NULL AND concat_ws('', NEW.contact_name, NEW.contact_handle, NEW.contact_email, NEW.company, NEW.notes) <> '') EXECUTE FUNCTION index_lead()
""",
    """
CREATE OR REPLACE TRIGGER index_changed_lead BEFORE UPDATE OF contact_name, contact_handle, contact_email, company, notes ON leads
    FOR EACH ROW WHEN (
        NEW.search IS NOT DISTINCT FROM OLD.search
        AND (NEW.contact_name, NEW.contact_handle, NEW.contact_email, NEW.company, NEW.notes)
            IS DISTINCT FROM (OLD.contact_name, OLD.contact_handle, OLD.contact_email, OLD.company, OLD.notes)
    ) EXECUTE FUNCTION index_lead()
""",
]


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute("ALTER TABLE leads ADD COLUMN IF NOT EXISTS search tsvector")
    for statement in [FUNCTION, *TRIGGERS]:
        op.execute(statement)
    # An empty table needs no backfill, because the triggers mark each row that a later writer leaves incomplete.
    op.execute(
        "INSERT INTO backfills (name, finished_at) VALUES "
        "('lead_lexemes', CASE WHEN NOT EXISTS (SELECT FROM leads) THEN now() END) ON CONFLICT (name) DO NOTHING"
    )
    create_indexes({"ix_leads_user_id_search": f"leads USING gin (user_id, search, {OTHERS})"})
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_leads_user_id_words")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute(
        "SET LOCAL statement_timeout = 0"
    )  # the index of the previous release is built within the transaction
    op.execute("DROP TRIGGER index_new_lead ON leads")
    op.execute("DROP TRIGGER index_changed_lead ON leads")
    op.execute("DROP FUNCTION index_lead()")
    op.execute("ALTER TABLE leads DROP COLUMN search")
    op.execute(f"CREATE INDEX ix_leads_user_id_words ON leads USING gin (user_id, ({OLD_WORDS}), {OTHERS})")
    op.execute("DELETE FROM backfills WHERE name = 'lead_lexemes'")
