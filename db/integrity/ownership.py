"""Triggers that fix the owner of each row.

A mention and a log refer to their user and their keyword or integration by one foreign key over two columns.
A trigger copies the user of a lead and an analysis from the mention, the user of an event from the lead, and the user
of a piece of a file from the export, whatever the writer sends. These columns cannot be updated. Counters and permissions rely on that.
"""

from collections.abc import Sequence

from db.models.base import models

COPY_OWNER_OF_MENTION = """
CREATE OR REPLACE FUNCTION copy_owner_of_mention() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'leads' THEN
        SELECT user_id, keyword_id INTO NEW.user_id, NEW.keyword_id FROM mentions WHERE id = NEW.mention_id;
    ELSE
        SELECT user_id INTO NEW.user_id FROM mentions WHERE id = NEW.mention_id;
    END IF;
    IF NOT FOUND THEN
        RAISE foreign_key_violation USING
            MESSAGE = format('there is no mention %s', NEW.mention_id),
            TABLE = TG_TABLE_NAME, CONSTRAINT = format('fk_%s_mention_id', TG_TABLE_NAME);
    END IF;
    RETURN NEW;
END $$
"""

COPY_OWNER_OF_LEAD = """
CREATE OR REPLACE FUNCTION copy_owner_of_lead() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT user_id INTO NEW.user_id FROM leads WHERE id = NEW.lead_id;
    IF NOT FOUND THEN
        RAISE foreign_key_violation USING
            MESSAGE = format('there is no lead %s', NEW.lead_id),
            TABLE = TG_TABLE_NAME, CONSTRAINT = format('fk_%s_lead_id', TG_TABLE_NAME);
    END IF;
    RETURN NEW;
END $$
"""

COPY_OWNER_OF_EXPORT = """
CREATE OR REPLACE FUNCTION copy_owner_of_export() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT user_id INTO NEW.user_id FROM exports WHERE id = NEW.export_id;
    RETURN NEW;
END $$
"""

REFUSE_NEW_PARENT = """
CREATE OR REPLACE FUNCTION refuse_new_parent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE integrity_constraint_violation USING
        MESSAGE = format('the parents of a row of %s cannot be changed', TG_TABLE_NAME),
        HINT = 'Delete the row and insert another.',
        TABLE = TG_TABLE_NAME, CONSTRAINT = format('%s_parents_fixed', TG_TABLE_NAME);
END $$
"""

PARENTS = {model.__tablename__: model.__parents__ for model in models() if model.__parents__}


def _fixed(table: str, columns: Sequence[str]) -> str:
    changed = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns)
    return (
        f"CREATE TRIGGER fix_parents BEFORE UPDATE OF {', '.join(columns)} ON {table} "
        f"FOR EACH ROW WHEN ({changed}) EXECUTE FUNCTION refuse_new_parent()"
    )


FUNCTIONS = [COPY_OWNER_OF_MENTION, COPY_OWNER_OF_LEAD, COPY_OWNER_OF_EXPORT, REFUSE_NEW_PARENT]
TRIGGERS = [
    *(
        f"CREATE TRIGGER copy_owner BEFORE INSERT ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION copy_owner_of_mention()"
        for table in ("analysis_results", "leads")
    ),
    "CREATE TRIGGER copy_owner BEFORE INSERT ON lead_events FOR EACH ROW EXECUTE FUNCTION copy_owner_of_lead()",
    "CREATE TRIGGER copy_owner BEFORE INSERT ON export_parts FOR EACH ROW EXECUTE FUNCTION copy_owner_of_export()",
    *(_fixed(table, columns) for table, columns in PARENTS.items()),
]
