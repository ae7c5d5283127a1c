"""Add triggers that update counters, and triggers that fix the owners of rows.

The SQL is a frozen copy. db/integrity/counters.py and db/integrity/ownership.py explain it. A test fails if these
modules differ from the result of all revisions.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FUNCTIONS = [
    """
CREATE FUNCTION copy_owner_of_mention() RETURNS trigger LANGUAGE plpgsql AS $$
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
""",
    """
CREATE FUNCTION refuse_new_parent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE integrity_constraint_violation USING
        MESSAGE = format('the parents of a row of %s cannot be changed', TG_TABLE_NAME),
        HINT = 'Delete the row and insert another.',
        TABLE = TG_TABLE_NAME, CONSTRAINT = format('%s_parents_fixed', TG_TABLE_NAME);
END $$
""",
    """
CREATE FUNCTION count_keywords() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    step integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
    user_ids bigint[];
    differences integer[];
BEGIN
    SELECT array_agg(user_id), array_agg(difference) INTO user_ids, differences
    FROM (SELECT user_id, step * count(*)::integer AS difference FROM changed GROUP BY user_id) AS change;
    IF user_ids IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM 1 FROM users WHERE id = ANY (user_ids) ORDER BY id FOR NO KEY UPDATE;
    UPDATE users SET keywords_count = keywords_count + difference
    FROM unnest(user_ids, differences) AS change (user_id, difference)
    WHERE users.id = change.user_id;
    RETURN NULL;
END $$
""",
    """
CREATE FUNCTION count_mentions() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    step integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
    user_ids bigint[];
    keyword_ids bigint[];
    differences integer[];
BEGIN
    SELECT array_agg(user_id), array_agg(keyword_id), array_agg(difference)
    INTO user_ids, keyword_ids, differences
    FROM (
        SELECT user_id, keyword_id, step * count(*)::integer AS difference
        FROM changed GROUP BY user_id, keyword_id
    ) AS change;
    IF user_ids IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM 1 FROM users WHERE id = ANY (user_ids) ORDER BY id FOR NO KEY UPDATE;
    UPDATE users SET mentions_count = mentions_count + change.difference
    FROM (
        SELECT user_id, sum(difference)::integer AS difference
        FROM unnest(user_ids, differences) AS row (user_id, difference) GROUP BY user_id
    ) AS change
    WHERE users.id = change.user_id;
    PERFORM 1 FROM keywords WHERE id = ANY (keyword_ids) ORDER BY id FOR NO KEY UPDATE;
    UPDATE keywords SET mentions_count = mentions_count + change.difference
    FROM unnest(keyword_ids, differences) AS change (keyword_id, difference)
    WHERE keywords.id = change.keyword_id;
    RETURN NULL;
END $$
""",
    """
CREATE FUNCTION count_leads() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    user_ids bigint[];
    keyword_ids bigint[];
    statuses text[];
    differences integer[];
    parent_ids bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(user_id), array_agg(keyword_id), array_agg(status), array_agg(difference)
        INTO user_ids, keyword_ids, statuses, differences
        FROM (
            SELECT user_id, keyword_id, status, count(*)::integer AS difference
            FROM added GROUP BY user_id, keyword_id, status
        ) AS change;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(user_id), array_agg(keyword_id), array_agg(status), array_agg(difference)
        INTO user_ids, keyword_ids, statuses, differences
        FROM (
            SELECT user_id, keyword_id, status, -count(*)::integer AS difference
            FROM removed GROUP BY user_id, keyword_id, status
        ) AS change;
    ELSE
        SELECT array_agg(user_id), array_agg(keyword_id), array_agg(status), array_agg(difference)
        INTO user_ids, keyword_ids, statuses, differences
        FROM (
            SELECT user_id, keyword_id, status, sum(step)::integer AS difference
            FROM (
                SELECT user_id, keyword_id, status, 1 AS step FROM added
                UNION ALL
                SELECT user_id, keyword_id, status, -1 AS step FROM removed
            ) AS row
            GROUP BY user_id, keyword_id, status HAVING sum(step) <> 0
        ) AS change;
    END IF;
    IF user_ids IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(DISTINCT parent_id) INTO parent_ids
    FROM (
        SELECT parent_id FROM unnest(user_ids, statuses, differences) AS row (parent_id, status, difference)
        GROUP BY parent_id, status HAVING sum(difference) <> 0
    ) AS change;
    PERFORM 1 FROM users WHERE id = ANY (parent_ids) ORDER BY id FOR NO KEY UPDATE;
    UPDATE users SET
        leads_count = users.leads_count + coalesce(change.leads_count, 0),
        new_leads_count = users.new_leads_count + coalesce(change.new_leads_count, 0),
        contacted_leads_count = users.contacted_leads_count + coalesce(change.contacted_leads_count, 0),
        qualified_leads_count = users.qualified_leads_count + coalesce(change.qualified_leads_count, 0),
        converted_leads_count = users.converted_leads_count + coalesce(change.converted_leads_count, 0),
        disqualified_leads_count = users.disqualified_leads_count + coalesce(change.disqualified_leads_count, 0)
    FROM (
        SELECT parent_id, sum(difference) AS leads_count,
            sum(difference) FILTER (WHERE status = 'new') AS new_leads_count,
        sum(difference) FILTER (WHERE status = 'contacted') AS contacted_leads_count,
        sum(difference) FILTER (WHERE status = 'qualified') AS qualified_leads_count,
        sum(difference) FILTER (WHERE status = 'converted') AS converted_leads_count,
        sum(difference) FILTER (WHERE status = 'disqualified') AS disqualified_leads_count
        FROM unnest(user_ids, statuses, differences) AS row (parent_id, status, difference)
        GROUP BY parent_id
    ) AS change
    WHERE users.id = change.parent_id AND users.id = ANY (parent_ids);
    SELECT array_agg(DISTINCT parent_id) INTO parent_ids
    FROM (
        SELECT parent_id FROM unnest(keyword_ids, statuses, differences) AS row (parent_id, status, difference)
        GROUP BY parent_id, status HAVING sum(difference) <> 0
    ) AS change;
    PERFORM 1 FROM keywords WHERE id = ANY (parent_ids) ORDER BY id FOR NO KEY UPDATE;
    UPDATE keywords SET
        leads_count = keywords.leads_count + coalesce(change.leads_count, 0),
        new_leads_count = keywords.new_leads_count + coalesce(change.new_leads_count, 0),
        contacted_leads_count = keywords.contacted_leads_count + coalesce(change.contacted_leads_count, 0),
        qualified_leads_count = keywords.qualified_leads_count + coalesce(change.qualified_leads_count, 0),
        converted_leads_count = keywords.converted_leads_count + coalesce(change.converted_leads_count, 0),
        disqualified_leads_count = keywords.disqualified_leads_count + coalesce(change.disqualified_leads_count, 0)
    FROM (
        SELECT parent_id, sum(difference) AS leads_count,
            sum(difference) FILTER (WHERE status = 'new') AS new_leads_count,
        sum(difference) FILTER (WHERE status = 'contacted') AS contacted_leads_count,
        sum(difference) FILTER (WHERE status = 'qualified') AS qualified_leads_count,
        sum(difference) FILTER (WHERE status = 'converted') AS converted_leads_count,
        sum(difference) FILTER (WHERE status = 'disqualified') AS disqualified_leads_count
        FROM unnest(keyword_ids, statuses, differences) AS row (parent_id, status, difference)
        GROUP BY parent_id
    ) AS change
    WHERE keywords.id = change.parent_id AND keywords.id = ANY (parent_ids);
    RETURN NULL;
END $$
""",
    """
CREATE FUNCTION forget_keywords() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE users SET keywords_count = 0 WHERE keywords_count <> 0;
    RETURN NULL;
END $$
""",
    """
CREATE FUNCTION forget_mentions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE users SET mentions_count = 0 WHERE mentions_count <> 0;
    UPDATE keywords SET mentions_count = 0 WHERE mentions_count <> 0;
    RETURN NULL;
END $$
""",
    """
CREATE FUNCTION forget_leads() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE users SET leads_count = 0, new_leads_count = 0, contacted_leads_count = 0, qualified_leads_count = 0, converted_leads_count = 0, disqualified_leads_count = 0 WHERE leads_count <> 0 OR new_leads_count <> 0 OR contacted_leads_count <> 0 OR qualified_leads_count <> 0 OR converted_leads_count <> 0 OR disqualified_leads_count <> 0;
    UPDATE keywords SET leads_count = 0, new_leads_count = 0, contacted_leads_count = 0, qualified_leads_count = 0, converted_leads_count = 0, disqualified_leads_count = 0 WHERE leads_count <> 0 OR new_leads_count <> 0 OR contacted_leads_count <> 0 OR qualified_leads_count <> 0 OR converted_leads_count <> 0 OR disqualified_leads_count <> 0;
    RETURN NULL;
END $$
""",
]

TRIGGERS = [
    """
CREATE TRIGGER copy_owner
    BEFORE INSERT ON analysis_results
    FOR EACH ROW
    EXECUTE FUNCTION copy_owner_of_mention()
""",
    """
CREATE TRIGGER copy_owner
    BEFORE INSERT ON leads
    FOR EACH ROW
    EXECUTE FUNCTION copy_owner_of_mention()
""",
    """
CREATE TRIGGER fix_parents
    BEFORE UPDATE OF user_id ON keywords
    FOR EACH ROW WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id)
    EXECUTE FUNCTION refuse_new_parent()
""",
    """
CREATE TRIGGER fix_parents
    BEFORE UPDATE OF user_id, keyword_id ON mentions
    FOR EACH ROW WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id OR OLD.keyword_id IS DISTINCT FROM NEW.keyword_id)
    EXECUTE FUNCTION refuse_new_parent()
""",
    """
CREATE TRIGGER fix_parents
    BEFORE UPDATE OF user_id, mention_id ON analysis_results
    FOR EACH ROW WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id OR OLD.mention_id IS DISTINCT FROM NEW.mention_id)
    EXECUTE FUNCTION refuse_new_parent()
""",
    """
CREATE TRIGGER fix_parents
    BEFORE UPDATE OF user_id, mention_id, keyword_id ON leads
    FOR EACH ROW WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id OR OLD.mention_id IS DISTINCT FROM NEW.mention_id OR OLD.keyword_id IS DISTINCT FROM NEW.keyword_id)
    EXECUTE FUNCTION refuse_new_parent()
""",
    """
CREATE TRIGGER fix_parents
    BEFORE UPDATE OF user_id ON integrations
    FOR EACH ROW WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id)
    EXECUTE FUNCTION refuse_new_parent()
""",
    """
CREATE TRIGGER fix_parents
    BEFORE UPDATE OF user_id, integration_id ON integration_logs
    FOR EACH ROW WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id OR OLD.integration_id IS DISTINCT FROM NEW.integration_id)
    EXECUTE FUNCTION refuse_new_parent()
""",
    """
CREATE TRIGGER count_keywords_insert
    AFTER INSERT ON keywords
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT
    EXECUTE FUNCTION count_keywords()
""",
    """
CREATE TRIGGER count_keywords_delete
    AFTER DELETE ON keywords
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT
    EXECUTE FUNCTION count_keywords()
""",
    """
CREATE TRIGGER count_keywords_truncate
    AFTER TRUNCATE ON keywords
    FOR EACH STATEMENT
    EXECUTE FUNCTION forget_keywords()
""",
    """
CREATE TRIGGER count_mentions_insert
    AFTER INSERT ON mentions
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT
    EXECUTE FUNCTION count_mentions()
""",
    """
CREATE TRIGGER count_mentions_delete
    AFTER DELETE ON mentions
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT
    EXECUTE FUNCTION count_mentions()
""",
    """
CREATE TRIGGER count_mentions_truncate
    AFTER TRUNCATE ON mentions
    FOR EACH STATEMENT
    EXECUTE FUNCTION forget_mentions()
""",
    """
CREATE TRIGGER count_leads_insert
    AFTER INSERT ON leads
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT
    EXECUTE FUNCTION count_leads()
""",
    """
CREATE TRIGGER count_leads_delete
    AFTER DELETE ON leads
    REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT
    EXECUTE FUNCTION count_leads()
""",
    """
CREATE TRIGGER count_leads_update
    AFTER UPDATE ON leads
    REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT
    EXECUTE FUNCTION count_leads()
""",
    """
CREATE TRIGGER count_leads_truncate
    AFTER TRUNCATE ON leads
    FOR EACH STATEMENT
    EXECUTE FUNCTION forget_leads()
""",
]

DROPPED_TRIGGERS = [
    ("copy_owner", "analysis_results"),
    ("copy_owner", "leads"),
    ("fix_parents", "keywords"),
    ("fix_parents", "mentions"),
    ("fix_parents", "analysis_results"),
    ("fix_parents", "leads"),
    ("fix_parents", "integrations"),
    ("fix_parents", "integration_logs"),
    ("count_keywords_insert", "keywords"),
    ("count_keywords_delete", "keywords"),
    ("count_keywords_truncate", "keywords"),
    ("count_mentions_insert", "mentions"),
    ("count_mentions_delete", "mentions"),
    ("count_mentions_truncate", "mentions"),
    ("count_leads_insert", "leads"),
    ("count_leads_delete", "leads"),
    ("count_leads_update", "leads"),
    ("count_leads_truncate", "leads"),
]

DROPPED_FUNCTIONS = [
    "copy_owner_of_mention",
    "refuse_new_parent",
    "count_keywords",
    "count_mentions",
    "count_leads",
    "forget_keywords",
    "forget_mentions",
    "forget_leads",
]


def upgrade() -> None:
    # CREATE TRIGGER waits for the table's writers and blocks new ones, so fail soon without a lock.
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    for statement in [*FUNCTIONS, *TRIGGERS]:
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    for trigger, table in DROPPED_TRIGGERS:
        op.execute(f"DROP TRIGGER {trigger} ON {table}")
    for function in DROPPED_FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}()")
