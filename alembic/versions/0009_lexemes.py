"""Store lexemes of mentions and normal forms of keywords that the application makes.

The columns keep their values. `leadgraph counters backfill` replaces them. A downgrade leaves the columns as they
are: the previous release finds the same plain words, and triggers fill both columns for it.

Revision ID: 0009
Revises: 0008
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

FUNCTIONS = [
    """
CREATE OR REPLACE FUNCTION index_mention() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.search := setweight(to_tsvector('simple', coalesce(NEW.title, '')), 'A')
        || setweight(to_tsvector('simple', NEW.content), 'B') || ''' old'''::tsvector;
    RETURN NEW;
END $$
""",
    """
CREATE OR REPLACE FUNCTION normalize_keyword() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.keyword_norm := lower(NEW.keyword);
    RETURN NEW;
END $$
""",
]
TRIGGERS = [
    """
CREATE OR REPLACE TRIGGER index_new_mention BEFORE INSERT ON mentions
    FOR EACH ROW WHEN (NEW.search IS NULL) EXECUTE FUNCTION index_mention()
""",
    """
CREATE OR REPLACE TRIGGER index_changed_mention BEFORE UPDATE OF title, content ON mentions
    FOR EACH ROW WHEN (
        NEW.search IS NOT DISTINCT FROM OLD.search
        AND (NEW.title, NEW.content) IS DISTINCT FROM (OLD.title, OLD.content)
    ) EXECUTE FUNCTION index_mention()
""",
    """
CREATE OR REPLACE TRIGGER normalize_new_keyword BEFORE INSERT ON keywords
    FOR EACH ROW WHEN (NEW.keyword_norm IS NULL) EXECUTE FUNCTION normalize_keyword()
""",
]


def upgrade() -> None:
    # Neither table is rewritten. Fail soon without a lock: a waiting migration would block later statements.
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.execute("ALTER TABLE keywords ALTER COLUMN keyword_norm DROP EXPRESSION IF EXISTS")
    op.execute("ALTER TABLE mentions ALTER COLUMN search DROP EXPRESSION IF EXISTS")
    op.execute("DROP TRIGGER IF EXISTS normalize_changed_keyword ON keywords")
    for statement in [*FUNCTIONS, *TRIGGERS]:
        op.execute(statement)
    # An empty table needs no backfill, because the triggers mark each row that a later writer leaves incomplete.
    op.execute(
        "INSERT INTO backfills (name, finished_at) VALUES "
        "('keyword_forms', CASE WHEN NOT EXISTS (SELECT FROM keywords) THEN now() END), "
        "('mention_lexemes', CASE WHEN NOT EXISTS (SELECT FROM mentions) THEN now() END)"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    # The previous release writes no normal form when it changes a keyword.
    op.execute(
        "CREATE TRIGGER normalize_changed_keyword BEFORE UPDATE OF keyword ON keywords "
        "FOR EACH ROW WHEN (NEW.keyword <> OLD.keyword) EXECUTE FUNCTION normalize_keyword()"
    )
    op.execute("DELETE FROM backfills WHERE name IN ('keyword_forms', 'mention_lexemes')")
