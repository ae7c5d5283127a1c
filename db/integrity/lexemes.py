"""Triggers for writers that give no lexemes and no normal form: earlier releases, and SQL by hand.

PostgreSQL then makes lexemes of its own, so that a search finds the plain words of the row. The lexeme `OLD` marks
the row for `db.integrity.backfill`, which replaces them.
"""

from db.models.lead import SEARCHED
from text.lexemes import OLD

_LEXEMES = f"""setweight(to_tsvector('simple', coalesce(NEW.title, '')), 'A')
        || setweight(to_tsvector('simple', NEW.content), 'B') || '''{OLD}'''::tsvector"""
_OF_NEW, _OF_OLD = (", ".join(f"{row}.{name}" for name in SEARCHED) for row in ("NEW", "OLD"))
_LEAD_LEXEMES = f"""CASE WHEN concat_ws('', {_OF_NEW}) <> '' THEN
        setweight(to_tsvector('simple', concat_ws(' ', {_OF_NEW})), 'B') || '''{OLD}'''::tsvector END"""

FUNCTIONS = [
    f"""
CREATE OR REPLACE FUNCTION index_mention() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.search := {_LEXEMES};
    RETURN NEW;
END $$
""",
    f"""
CREATE OR REPLACE FUNCTION index_lead() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.search := {_LEAD_LEXEMES};
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
    f"""
CREATE OR REPLACE TRIGGER index_new_lead BEFORE INSERT ON leads
    FOR EACH ROW WHEN (NEW.search IS NULL AND concat_ws('', {_OF_NEW}) <> '') EXECUTE FUNCTION index_lead()
""",
    f"""
CREATE OR REPLACE TRIGGER index_changed_lead BEFORE UPDATE OF {", ".join(SEARCHED)} ON leads
    FOR EACH ROW WHEN (
        NEW.search IS NOT DISTINCT FROM OLD.search
        AND ({_OF_NEW})
            IS DISTINCT FROM ({_OF_OLD})
    ) EXECUTE FUNCTION index_lead()
""",
    """
CREATE OR REPLACE TRIGGER normalize_new_keyword BEFORE INSERT ON keywords
    FOR EACH ROW WHEN (NEW.keyword_norm IS NULL) EXECUTE FUNCTION normalize_keyword()
""",
]
