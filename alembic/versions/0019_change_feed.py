"""Add the change feed, appended by triggers.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import UserDefinedType

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
TABLES = ("analysis_results", "exports", "integrations", "keywords", "leads", "mentions", "users")
EACH_ROW = ("keywords", "users")


class TransactionId(UserDefinedType[str]):
    """PostgreSQL's `xid8`."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Return the name of the type."""
        return "xid8"


FUNCTIONS = [
    """
CREATE OR REPLACE FUNCTION renew_change_feed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO change_feed DEFAULT VALUES
    ON CONFLICT (single) DO UPDATE SET feed_id = substr(gen_random_uuid()::text, 1, 8);
    PERFORM pg_notify('changes', '');
    RETURN NULL;
END $$
""",
    """
CREATE OR REPLACE FUNCTION feed_analysis_results() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    author text := current_setting('leadgraph.author', true);
    counts boolean := split_part(author, ' ', 4) IS DISTINCT FROM 'derived';
BEGIN
    IF TG_OP = 'INSERT' THEN
        WITH found AS MATERIALIZED (
            SELECT user_id AS user_id, array_agg(mention_id ORDER BY mention_id) AS row_ids, '{analysis}'::text[] AS columns
            FROM added GROUP BY user_id
        ), locked AS MATERIALIZED (
            SELECT id FROM users WHERE id IN (SELECT user_id FROM found) ORDER BY id FOR NO KEY UPDATE
        )
        INSERT INTO changes (id, at, xid, user_id, entity, kind, row_ids, columns, actor_id, key_id, request_id)
        SELECT nextval('change_ids'), clock_timestamp(), pg_current_xact_id(), user_id, 'Mention', 'updated',
            row_ids, columns, NULLIF(split_part(author, ' ', 1), '')::bigint,
            NULLIF(split_part(author, ' ', 2), '')::bigint, NULLIF(split_part(author, ' ', 3), '')
        FROM found, (SELECT count(*) FROM locked) AS held;
    ELSIF TG_OP = 'UPDATE' THEN
        WITH found AS MATERIALIZED (
            SELECT user_id, array_agg(row_id ORDER BY row_id) AS row_ids, columns
            FROM (
                SELECT added.user_id AS user_id, added.mention_id AS row_id, CASE WHEN array_remove(ARRAY[
            CASE WHEN removed.status IS DISTINCT FROM added.status THEN 'status' END,
            CASE WHEN removed.sentiment IS DISTINCT FROM added.sentiment THEN 'sentiment' END,
            CASE WHEN removed.sentiment_score IS DISTINCT FROM added.sentiment_score THEN 'sentiment_score' END,
            CASE WHEN removed.intent IS DISTINCT FROM added.intent THEN 'intent' END,
            CASE WHEN removed.intent_score IS DISTINCT FROM added.intent_score THEN 'intent_score' END,
            CASE WHEN removed.relevance IS DISTINCT FROM added.relevance THEN 'relevance' END,
            CASE WHEN removed.relevance_score IS DISTINCT FROM added.relevance_score THEN 'relevance_score' END,
            CASE WHEN removed.relevance_reason IS DISTINCT FROM added.relevance_reason THEN 'relevance_reason' END,
            CASE WHEN removed.topics IS DISTINCT FROM added.topics THEN 'topics' END,
            CASE WHEN removed.summary IS DISTINCT FROM added.summary THEN 'summary' END,
            CASE WHEN removed.analyzer IS DISTINCT FROM added.analyzer THEN 'analyzer' END,
            CASE WHEN removed.analyzer_version IS DISTINCT FROM added.analyzer_version THEN 'analyzer_version' END,
            CASE WHEN removed.error IS DISTINCT FROM added.error THEN 'error' END,
            CASE WHEN removed.analyzed_at IS DISTINCT FROM added.analyzed_at THEN 'analyzed_at' END
        ]::text[], NULL) <> '{}' THEN '{analysis}'::text[] ELSE '{}' END AS columns
                FROM added JOIN removed USING (mention_id)
            ) AS change WHERE columns <> '{}' GROUP BY user_id, columns
        ), locked AS MATERIALIZED (
            SELECT id FROM users WHERE id IN (SELECT user_id FROM found) ORDER BY id FOR NO KEY UPDATE
        )
        INSERT INTO changes (id, at, xid, user_id, entity, kind, row_ids, columns, actor_id, key_id, request_id)
        SELECT nextval('change_ids'), clock_timestamp(), pg_current_xact_id(), user_id, 'Mention', 'updated',
            row_ids, columns, NULLIF(split_part(author, ' ', 1), '')::bigint,
            NULLIF(split_part(author, ' ', 2), '')::bigint, NULLIF(split_part(author, ' ', 3), '')
        FROM found, (SELECT count(*) FROM locked) AS held;
    ELSIF TG_OP = 'DELETE' THEN
        WITH found AS MATERIALIZED (
            SELECT user_id AS user_id, array_agg(mention_id ORDER BY mention_id) AS row_ids, '{analysis}'::text[] AS columns
            FROM removed
            WHERE EXISTS (SELECT FROM mentions WHERE mentions.id = removed.mention_id) GROUP BY user_id
        ), locked AS MATERIALIZED (
            SELECT id FROM users WHERE id IN (SELECT user_id FROM found) ORDER BY id FOR NO KEY UPDATE
        )
        INSERT INTO changes (id, at, xid, user_id, entity, kind, row_ids, columns, actor_id, key_id, request_id)
        SELECT nextval('change_ids'), clock_timestamp(), pg_current_xact_id(), user_id, 'Mention', 'updated',
            row_ids, columns, NULLIF(split_part(author, ' ', 1), '')::bigint,
            NULLIF(split_part(author, ' ', 2), '')::bigint, NULLIF(split_part(author, ' ', 3), '')
        FROM found, (SELECT count(*) FROM locked) AS held;
    END IF;
    IF FOUND THEN
        PERFORM pg_notify('changes', '');
    END IF;
    RETURN NULL;
END $$
""",
    """
CREATE OR REPLACE FUNCTION feed_exports() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    author text := current_setting('leadgraph.author', true);
    counts boolean := split_part(author, ' ', 4) IS DISTINCT FROM 'derived';
BEGIN
    IF TG_OP = 'INSERT' THEN
        WITH found AS MATERIALIZED (
            SELECT user_id AS user_id, array_agg(id ORDER BY id) AS row_ids, NULL::text[] AS columns
            FROM added GROUP BY user_id
        ), locked AS MATERIALIZED (
            SELECT id FROM users WHERE id IN (SELECT user_id FROM found) ORDER BY id FOR NO KEY UPDATE
        )
        INSERT INTO changes (id, at, xid, user_id, entity, kind, row_ids, columns, actor_id, key_id, request_id)
        SELECT nextval('change_ids'), clock_timestamp(), pg_current_xact_id(), user_id, 'Export', 'created',
            row_ids, columns, NULLIF(split_part(author, ' ', 1), '')::bigint,
            NULLIF(split_part(author, ' ', 2), '')::bigint, NULLIF(split_part(author, ' ', 3), '')
        FROM found, (SELECT count(*) FROM locked) AS held;
    ELSIF TG_OP = 'UPDATE' THEN
        WITH found AS MATERIALIZED (
            SELECT user_id, array_agg(row_id ORDER BY row_id) AS row_ids, columns
            FROM (
                SELECT added.user_id AS user_id, added.id AS row_id, array_remove(ARRAY[
            CASE WHEN removed.entity IS DISTINCT FROM added.entity THEN 'entity' END,
            CASE WHEN removed.format IS DISTINCT FROM added.format THEN 'format' END,
            CASE WHEN removed.columns IS DISTINCT FROM added.columns THEN 'columns' END,
            CASE WHEN removed.byte_order_mark IS DISTINCT FROM added.byte_order_mark THEN 'byte_order_mark' END,
            CASE WHEN removed.status IS DISTINCT FROM added.status THEN 'status' END,
            CASE WHEN removed.rows_total IS DISTINCT FROM added.rows_total THEN 'rows_total' END,
            CASE WHEN removed.error IS DISTINCT FROM added.error THEN 'error' END,
            CASE WHEN removed.started_at IS DISTINCT FROM added.started_at THEN 'started_at' END,
            CASE WHEN removed.finished_at IS DISTINCT FROM added.finished_at THEN 'finished_at' END,
            CASE WHEN removed.expires_at IS DISTINCT FROM added.expires_at THEN 'expires_at' END
        ]::text[], NULL) AS columns
                FROM added JOIN removed USING (id)
            ) AS change WHERE columns <> '{}' GROUP BY user_id, columns
        ), locked AS MATERIALIZED (
            SELECT id FROM users WHERE id IN (SELECT user_id FROM found) ORDER BY id FOR NO KEY UPDATE
        )
        INSERT INTO changes (id, at, xid, user_id, entity, kind, row_ids, columns, actor_id, key_id, request_id)
        SELECT nextval('change_ids'), clock_timestamp(), pg_current_xact_id(), user_id, 'Export', 'updated',
            row_ids, columns, NULLIF(split_part(author, ' ', 1), '')::bigint,
            NULLIF(split_part(author, ' ', 2), '')::bigint, NULLIF(split_part(author, ' ', 3), '')
        FROM found, (SELECT count(*) FROM locked) AS held;
    ELSIF TG_OP = 'DELETE' THEN
        WITH found AS MATERIALIZED (
            SELECT user_id AS user_id, array_agg(id ORDER BY id) AS row_ids, NULL::text[] AS columns
            FROM removed GROUP BY user_id
        ), locked AS MATERIALIZED (
            SELECT id FROM users WHERE id IN (SELECT user_id FROM found) ORDER BY id FOR NO KEY UPDATE
        )
        INSERT INTO changes (id, at, xid, user_id, entity, kind, row_ids, columns, actor_id, key_id, request_id)
        SELECT nextval('change_ids'), clock_timestamp(), pg_current_xact_id(), user_id, 'Export', 'deleted',
            row_ids, columns, NULLIF(split_part(author, ' ', 1), '')::bigint,
            NULLIF(split_part(author, ' ', 2), '')::bigint, NULLIF(split_part(author, ' ', 3), '')
        FROM found, (SELECT count(*) FROM locked) AS held;
    END IF;
    IF FOUND THEN
        PERFORM pg_notify('changes', '');
    END IF;
    RETURN NULL;
END $$
""",
    """
CREATE OR REPLACE FUNCTION feed_integrations() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    author text := current_setting('leadgraph.author', true);
    counts boolean := split_part(author, ' ', 4) IS DISTINCT FROM 'derived';
BEGIN
    IF TG_OP = 'INSERT' THEN
        WITH found AS MATERIALIZED (
            SELECT user_id AS user_id, array_agg(id ORDER BY id) AS row_ids, NULL::text[] AS columns
            FROM added GROUP BY user_id
        ), locked AS MATERIALIZED (
            SELECT id FROM users WHERE id IN (SELECT user_id FROM found) ORDER BY id FOR NO KEY UPDATE
        )
        INSERT INTO changes (id, at, xid, user_id, entity, kind, row_ids, columns, actor_id, key_id, request_id)
        SELECT nextval('change_ids'), clock_timestamp(), pg_current_xact_id(), user_id, 'Integration', 'created',
            row_ids, columns, NULLIF(split_part(author, ' ', 1), '')::bigint,
            NULLIF(split_part(author, ' ', 2), '')::bigint, NULLIF(split_part(author, ' ', 3), '')
        FROM found, (SELECT count(*) FROM locked) AS held;
    ELSIF TG_OP = 'UPDATE' THEN
        WITH found AS MATERIALIZED (
            SELECT user_id, array_agg(row_id ORDER BY row_id) AS row_ids, columns
            FROM (
                SELECT added.user_id AS user_id, added.id AS row_id, array_remove(ARRAY[
            CASE WHEN removed.provider IS DISTINCT FROM added.provider THEN 'provider' END,
            CASE WHEN removed.kind IS DISTINCT FROM added.kind THEN 'kind' END,
            CASE WHEN removed.name IS DISTINCT FROM added.name THEN 'name' END,
            CASE WHEN removed.external_account_id IS DISTINCT FROM added.external_account_id THEN 'external_account_id' END,
            CASE WHEN removed.status IS DISTINCT FROM added.status THEN 'status' END,
            CASE WHEN removed.credentials_expires_at IS DISTINCT FROM added.credentials_expires_at THEN 'credentials_expires_at' END,
            CASE WHEN removed.credentials_set_at IS DISTINCT FROM added.credentials_set_at THEN 'credentials_set_at' END,
            CASE WHEN removed.scopes IS DISTINCT FROM added.scopes THEN 'scopes' END,
            CASE WHEN removed.settings IS DISTINCT FROM added.settings THEN 'settings' END,
            CASE WHEN removed.last_searched_at IS DISTINCT FROM added.last_searched_at THEN 'last_searched_at' END,
            CASE WHEN removed.last_success_at IS DISTINCT FROM added.last_success_at THEN 'last_success_at' END,
            CASE WHEN removed.last_error_at IS DISTINCT FROM added.last_error_at THEN 'last_error_at' END,
            CASE WHEN removed.last_error_code IS DISTINCT FROM added.last_error_code THEN 'last_error_code' END,
            CASE WHEN removed.consecutive_failures IS DISTINCT FROM added.consecutive_failures THEN 'consecutive_failures' END,
            CASE WHEN removed.next_sync_at IS DISTINCT FROM added.next_sync_at THEN 'next_sync_at' END,
            CASE WHEN removed.sync_interval IS DISTINCT FROM added.sync_interval THEN 'sync_interval' END,
            CASE WHEN removed.sync_cursor IS DISTINCT FROM added.sync_cursor THEN 'sync_cursor' END,
            CASE WHEN counts AND removed.health_score IS DISTINCT FROM added.health_score THEN 'health_score' END,
            CASE WHEN counts AND removed.health_problems IS DISTINCT FROM added.health_problems THEN 'health_problems' END,
            CASE WHEN removed.updated_at IS DISTINCT FROM added.updated_at THEN 'updated_at' END
        ]::text[], NULL) AS columns
                FROM added JOIN removed USING (id)
            ) AS change WHERE columns <> '{}' GROUP BY user_id, columns
        ), locked AS MATERIALIZED (
            SELECT id FROM users WHERE id IN (SELECT user_id FROM found) ORDER BY id FOR NO KEY UPDATE
        )
        INSERT INTO changes (id, at, xid, user_id, entity, kind, row_ids, columns, actor_id, key_id, request_id)
        SELECT nextval('change_ids'), clock_timestamp(), pg_current_xact_id(), user_id, 'Integration', 'updated',
            row_ids, columns, NULLIF(split_part(author, ' ', 1), '')::bigint,
            NULLIF(split_part(author, ' ', 2), '')::bigint, NULLIF(split_part(author, ' ', 3), '')
        FROM found, (SELECT count(*) FROM locked) AS held;
    ELSIF TG_OP = 'DELETE' THEN
        WITH found AS MATERIALIZED (
            SELECT user_id AS user_id, array_agg(id ORDER BY id) AS row_ids, NULL::text[] AS columns
            FROM removed GROUP BY user_id
        ), locked AS MATERIALIZED (
            SELECT id FROM users WHERE id IN (SELECT user_id FROM found) ORDER BY id FOR NO KEY UPDATE
        )
        INSERT INTO changes (id, at, xid, user_id, entity, kind, row_ids, columns, actor_id, key_id, request_id)
        SELECT nextval('change_ids'), clock_timestamp(), pg_current_xact_id(), user_id, 'Integration', 'deleted',
            row_ids, columns, NULLIF(split_part(author, ' ', 1), '')::bigint,
            NULLIF(split_part(author, ' ', 2), '')::bigint, NULLIF(split_part(author, ' ', 3), '')
        FROM found, (SELECT count(*) FROM locked) AS held;
    END IF;
    IF FOUND THEN
        PERFORM pg_notify('changes', '');
    END IF;
    RETURN NULL;
END $$
""",
    """
CREATE OR REPLACE FUNCTION feed_keywords() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    author text := current_setting('leadgraph.author', true);
    counts boolean := split_part(author, ' ', 4) IS DISTINCT FROM 'derived';
BEGIN
    IF TG_OP = 'INSERT' THEN
        WITH found AS MATERIALIZED (
            SELECT user_id AS user_id, array_agg(id ORDER BY id) AS row_ids, NULL::text[] AS columns
            FROM added GROUP BY user_id
        ), locked AS MATERIALIZED (
            SELECT id FROM users WHERE id IN (SELECT user_id FROM found) ORDER BY id FOR NO KEY UPDATE
        )
        INSERT INTO changes (id, at, xid, user_id, entity, kind, row_ids, columns, actor_id, key_id, request_id)
        SELECT nextval('change_ids'), clock_timestamp(), pg_current_xact_id(), user_id, 'Keyword', 'created',
            row_ids, columns, NULLIF(split_part(author, ' ', 1), '')::bigint,
            NULLIF(split_part(author, ' ', 2), '')::bigint, NULLIF(split_part(author, ' ', 3), '')
        FROM found, (SELECT count(*) FROM locked) AS held;
    ELSIF TG_OP = 'DELETE' THEN
        WITH found AS MATERIALIZED (
            SELECT user_id AS user_id, array_agg(id ORDER BY id) AS row_ids, NULL::text[] AS columns
            FROM removed GROUP BY user_id
        ), locked AS MATERIALIZED (
            SELECT id FROM users WHERE id IN (SELECT user_id FROM found) ORDER BY id FOR NO KEY UPDATE
        )
        INSERT INTO changes (id, at, xid, user_id, entity, kind, row_ids, columns, actor_id, key_id, request_id)
        SELECT nextval('change_ids'), clock_timestamp(), pg_current_xact_id(), user_id, 'Keyword', 'deleted',
            row_ids, columns, NULLIF(split_part(author, ' ', 1), '')::bigint,
            NULLIF(split_part(author, ' ', 2), '')::bigint, NULLIF(split_part(author, ' ', 3), '')
        FROM found, (SELECT count(*) FROM locked) AS held;
    END IF;
    IF FOUND THEN
        PERFORM pg_notify('changes', '');
    END IF;
    RETURN NULL;
END $$
""",
    """
CREATE OR REPLACE FUNCTION feed_row_of_keywords() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    author text := current_setting('leadgraph.author', true);
    counts boolean := split_part(author, ' ', 4) IS DISTINCT FROM 'derived';
    changed text[] := array_remove(ARRAY[
            CASE WHEN OLD.keyword IS DISTINCT FROM NEW.keyword THEN 'keyword' END,
            CASE WHEN OLD.match_type IS DISTINCT FROM NEW.match_type THEN 'match_type' END,
            CASE WHEN OLD.required_terms IS DISTINCT FROM NEW.required_terms THEN 'required_terms' END,
            CASE WHEN OLD.excluded_terms IS DISTINCT FROM NEW.excluded_terms THEN 'excluded_terms' END,
            CASE WHEN OLD.platforms IS DISTINCT FROM NEW.platforms THEN 'platforms' END,
            CASE WHEN OLD.status IS DISTINCT FROM NEW.status THEN 'status' END,
            CASE WHEN OLD.auto_lead_score IS DISTINCT FROM NEW.auto_lead_score THEN 'auto_lead_score' END,
            CASE WHEN OLD.updated_at IS DISTINCT FROM NEW.updated_at THEN 'updated_at' END,
            CASE WHEN OLD.archived_at IS DISTINCT FROM NEW.archived_at THEN 'archived_at' END
        ]::text[], NULL);
BEGIN
    IF changed = '{}' THEN
        RETURN NULL;
    END IF;
        WITH found AS MATERIALIZED (
            SELECT NEW.user_id AS user_id, ARRAY[NEW.id] AS row_ids, changed AS columns
        ), locked AS MATERIALIZED (
            SELECT id FROM users WHERE id IN (SELECT user_id FROM found) ORDER BY id FOR NO KEY UPDATE
        )
        INSERT INTO changes (id, at, xid, user_id, entity, kind, row_ids, columns, actor_id, key_id, request_id)
        SELECT nextval('change_ids'), clock_timestamp(), pg_current_xact_id(), user_id, 'Keyword', 'updated',
            row_ids, columns, NULLIF(split_part(author, ' ', 1), '')::bigint,
            NULLIF(split_part(author, ' ', 2), '')::bigint, NULLIF(split_part(author, ' ', 3), '')
        FROM found, (SELECT count(*) FROM locked) AS held;
    PERFORM pg_notify('changes', '');
    RETURN NULL;
END $$
""",
    """
CREATE OR REPLACE FUNCTION feed_leads() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    author text := current_setting('leadgraph.author', true);
    counts boolean := split_part(author, ' ', 4) IS DISTINCT FROM 'derived';
BEGIN
    IF TG_OP = 'INSERT' THEN
        WITH found AS MATERIALIZED (
            SELECT user_id AS user_id, array_agg(id ORDER BY id) AS row_ids, NULL::text[] AS columns
            FROM added GROUP BY user_id
        ), locked AS MATERIALIZED (
            SELECT id FROM users WHERE id IN (SELECT user_id FROM found) ORDER BY id FOR NO KEY UPDATE
        )
        INSERT INTO changes (id, at, xid, user_id, entity, kind, row_ids, columns, actor_id, key_id, request_id)
        SELECT nextval('change_ids'), clock_timestamp(), pg_current_xact_id(), user_id, 'Lead', 'created',
            row_ids, columns, NULLIF(split_part(author, ' ', 1), '')::bigint,
            NULLIF(split_part(author, ' ', 2), '')::bigint, NULLIF(split_part(author, ' ', 3), '')
        FROM found, (SELECT count(*) FROM locked) AS held;
    ELSIF TG_OP = 'UPDATE' THEN
        WITH found AS MATERIALIZED (
            SELECT user_id, array_agg(row_id ORDER BY row_id) AS row_ids, columns
            FROM (
                SELECT added.user_id AS user_id, added.id AS row_id, array_remove(ARRAY[
            CASE WHEN removed.status IS DISTINCT FROM added.status THEN 'status' END,
            CASE WHEN removed.disqualify_reason IS DISTINCT FROM added.disqualify_reason THEN 'disqualify_reason' END,
            CASE WHEN removed.contacted_at IS DISTINCT FROM added.contacted_at THEN 'contacted_at' END,
            CASE WHEN removed.qualified_at IS DISTINCT FROM added.qualified_at THEN 'qualified_at' END,
            CASE WHEN removed.converted_at IS DISTINCT FROM added.converted_at THEN 'converted_at' END,
            CASE WHEN removed.disqualified_at IS DISTINCT FROM added.disqualified_at THEN 'disqualified_at' END,
            CASE WHEN removed.status_changed_at IS DISTINCT FROM added.status_changed_at THEN 'status_changed_at' END,
            CASE WHEN counts AND removed.score IS DISTINCT FROM added.score THEN 'score' END,
            CASE WHEN counts AND removed.score_version IS DISTINCT FROM added.score_version THEN 'score_version' END,
            CASE WHEN counts AND removed.score_breakdown IS DISTINCT FROM added.score_breakdown THEN 'score_breakdown' END,
            CASE WHEN removed.value IS DISTINCT FROM added.value THEN 'value' END,
            CASE WHEN removed.currency IS DISTINCT FROM added.currency THEN 'currency' END,
            CASE WHEN removed.assignee_user_id IS DISTINCT FROM added.assignee_user_id THEN 'assignee_user_id' END,
            CASE WHEN removed.contact_name IS DISTINCT FROM added.contact_name THEN 'contact_name' END,
            CASE WHEN removed.contact_handle IS DISTINCT FROM added.contact_handle THEN 'contact_handle' END,
            CASE WHEN removed.contact_email IS DISTINCT FROM added.contact_email THEN 'contact_email' END,
            CASE WHEN removed.company IS DISTINCT FROM added.company THEN 'company' END,
            CASE WHEN removed.notes IS DISTINCT FROM added.notes THEN 'notes' END,
            CASE WHEN removed.tags IS DISTINCT FROM added.tags THEN 'tags' END,
            CASE WHEN removed.origin IS DISTINCT FROM added.origin THEN 'origin' END,
            CASE WHEN removed.external_reference IS DISTINCT FROM added.external_reference THEN 'external_reference' END,
            CASE WHEN removed.version IS DISTINCT FROM added.version THEN 'version' END,
            CASE WHEN removed.updated_at IS DISTINCT FROM added.updated_at THEN 'updated_at' END
        ]::text[], NULL) AS columns
                FROM added JOIN removed USING (id)
            ) AS change WHERE columns <> '{}' GROUP BY user_id, columns
        ), locked AS MATERIALIZED (
            SELECT id FROM users WHERE id IN (SELECT user_id FROM found) ORDER BY id FOR NO KEY UPDATE
        )
        INSERT INTO changes (id, at, xid, user_id, entity, kind, row_ids, columns, actor_id, key_id, request_id)
        SELECT nextval('change_ids'), clock_timestamp(), pg_current_xact_id(), user_id, 'Lead', 'updated',
            row_ids, columns, NULLIF(split_part(author, ' ', 1), '')::bigint,
            NULLIF(split_part(author, ' ', 2), '')::bigint, NULLIF(split_part(author, ' ', 3), '')
        FROM found, (SELECT count(*) FROM locked) AS held;
    ELSIF TG_OP = 'DELETE' THEN
        WITH found AS MATERIALIZED (
            SELECT user_id AS user_id, array_agg(id ORDER BY id) AS row_ids, NULL::text[] AS columns
            FROM removed GROUP BY user_id
        ), locked AS MATERIALIZED (
            SELECT id FROM users WHERE id IN (SELECT user_id FROM found) ORDER BY id FOR NO KEY UPDATE
        )
        INSERT INTO changes (id, at, xid, user_id, entity, kind, row_ids, columns, actor_id, key_id, request_id)
        SELECT nextval('change_ids'), clock_timestamp(), pg_current_xact_id(), user_id, 'Lead', 'deleted',
            row_ids, columns, NULLIF(split_part(author, ' ', 1), '')::bigint,
            NULLIF(split_part(author, ' ', 2), '')::bigint, NULLIF(split_part(author, ' ', 3), '')
        FROM found, (SELECT count(*) FROM locked) AS held;
    END IF;
    IF FOUND THEN
        PERFORM pg_notify('changes', '');
    END IF;
    RETURN NULL;
END $$
""",
    """
CREATE OR REPLACE FUNCTION feed_mentions() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    author text := current_setting('leadgraph.author', true);
    counts boolean := split_part(author, ' ', 4) IS DISTINCT FROM 'derived';
BEGIN
    IF TG_OP = 'INSERT' THEN
        WITH found AS MATERIALIZED (
            SELECT user_id AS user_id, array_agg(id ORDER BY id) AS row_ids, NULL::text[] AS columns
            FROM added GROUP BY user_id
        ), locked AS MATERIALIZED (
            SELECT id FROM users WHERE id IN (SELECT user_id FROM found) ORDER BY id FOR NO KEY UPDATE
        )
        INSERT INTO changes (id, at, xid, user_id, entity, kind, row_ids, columns, actor_id, key_id, request_id)
        SELECT nextval('change_ids'), clock_timestamp(), pg_current_xact_id(), user_id, 'Mention', 'created',
            row_ids, columns, NULLIF(split_part(author, ' ', 1), '')::bigint,
            NULLIF(split_part(author, ' ', 2), '')::bigint, NULLIF(split_part(author, ' ', 3), '')
        FROM found, (SELECT count(*) FROM locked) AS held;
    ELSIF TG_OP = 'UPDATE' THEN
        WITH found AS MATERIALIZED (
            SELECT user_id, array_agg(row_id ORDER BY row_id) AS row_ids, columns
            FROM (
                SELECT added.user_id AS user_id, added.id AS row_id, array_remove(ARRAY[
            CASE WHEN removed.integration_id IS DISTINCT FROM added.integration_id THEN 'integration_id' END,
            CASE WHEN removed.platform IS DISTINCT FROM added.platform THEN 'platform' END,
            CASE WHEN removed.external_id IS DISTINCT FROM added.external_id THEN 'external_id' END,
            CASE WHEN removed.kind IS DISTINCT FROM added.kind THEN 'kind' END,
            CASE WHEN removed.url IS DISTINCT FROM added.url THEN 'url' END,
            CASE WHEN removed.title IS DISTINCT FROM added.title THEN 'title' END,
            CASE WHEN removed.content IS DISTINCT FROM added.content THEN 'content' END,
            CASE WHEN removed.author IS DISTINCT FROM added.author THEN 'author' END,
            CASE WHEN removed.language IS DISTINCT FROM added.language THEN 'language' END,
            CASE WHEN removed.likes IS DISTINCT FROM added.likes THEN 'likes' END,
            CASE WHEN removed.comments IS DISTINCT FROM added.comments THEN 'comments' END,
            CASE WHEN removed.published_at IS DISTINCT FROM added.published_at THEN 'published_at' END,
            CASE WHEN removed.read_at IS DISTINCT FROM added.read_at THEN 'read_at' END,
            CASE WHEN removed.starred_at IS DISTINCT FROM added.starred_at THEN 'starred_at' END,
            CASE WHEN removed.dismissed_at IS DISTINCT FROM added.dismissed_at THEN 'dismissed_at' END,
            CASE WHEN removed.dismiss_reason IS DISTINCT FROM added.dismiss_reason THEN 'dismiss_reason' END,
            CASE WHEN removed.engaged_at IS DISTINCT FROM added.engaged_at THEN 'engaged_at' END,
            CASE WHEN removed.updated_at IS DISTINCT FROM added.updated_at THEN 'updated_at' END
        ]::text[], NULL) AS columns
                FROM added JOIN removed USING (id)
            ) AS change WHERE columns <> '{}' GROUP BY user_id, columns
        ), locked AS MATERIALIZED (
            SELECT id FROM users WHERE id IN (SELECT user_id FROM found) ORDER BY id FOR NO KEY UPDATE
        )
        INSERT INTO changes (id, at, xid, user_id, entity, kind, row_ids, columns, actor_id, key_id, request_id)
        SELECT nextval('change_ids'), clock_timestamp(), pg_current_xact_id(), user_id, 'Mention', 'updated',
            row_ids, columns, NULLIF(split_part(author, ' ', 1), '')::bigint,
            NULLIF(split_part(author, ' ', 2), '')::bigint, NULLIF(split_part(author, ' ', 3), '')
        FROM found, (SELECT count(*) FROM locked) AS held;
    ELSIF TG_OP = 'DELETE' THEN
        WITH found AS MATERIALIZED (
            SELECT user_id AS user_id, array_agg(id ORDER BY id) AS row_ids, NULL::text[] AS columns
            FROM removed GROUP BY user_id
        ), locked AS MATERIALIZED (
            SELECT id FROM users WHERE id IN (SELECT user_id FROM found) ORDER BY id FOR NO KEY UPDATE
        )
        INSERT INTO changes (id, at, xid, user_id, entity, kind, row_ids, columns, actor_id, key_id, request_id)
        SELECT nextval('change_ids'), clock_timestamp(), pg_current_xact_id(), user_id, 'Mention', 'deleted',
            row_ids, columns, NULLIF(split_part(author, ' ', 1), '')::bigint,
            NULLIF(split_part(author, ' ', 2), '')::bigint, NULLIF(split_part(author, ' ', 3), '')
        FROM found, (SELECT count(*) FROM locked) AS held;
    END IF;
    IF FOUND THEN
        PERFORM pg_notify('changes', '');
    END IF;
    RETURN NULL;
END $$
""",
    """
CREATE OR REPLACE FUNCTION feed_users() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    author text := current_setting('leadgraph.author', true);
    counts boolean := split_part(author, ' ', 4) IS DISTINCT FROM 'derived';
BEGIN
    IF TG_OP = 'INSERT' THEN
        WITH found AS MATERIALIZED (
            SELECT id AS user_id, array_agg(id ORDER BY id) AS row_ids, NULL::text[] AS columns
            FROM added GROUP BY id
        ), locked AS MATERIALIZED (
            SELECT id FROM users WHERE id IN (SELECT user_id FROM found) ORDER BY id FOR NO KEY UPDATE
        )
        INSERT INTO changes (id, at, xid, user_id, entity, kind, row_ids, columns, actor_id, key_id, request_id)
        SELECT nextval('change_ids'), clock_timestamp(), pg_current_xact_id(), user_id, 'User', 'created',
            row_ids, columns, NULLIF(split_part(author, ' ', 1), '')::bigint,
            NULLIF(split_part(author, ' ', 2), '')::bigint, NULLIF(split_part(author, ' ', 3), '')
        FROM found, (SELECT count(*) FROM locked) AS held;
    ELSIF TG_OP = 'DELETE' THEN
        WITH found AS MATERIALIZED (
            SELECT id AS user_id, array_agg(id ORDER BY id) AS row_ids, NULL::text[] AS columns
            FROM removed GROUP BY id
        ), locked AS MATERIALIZED (
            SELECT id FROM users WHERE id IN (SELECT user_id FROM found) ORDER BY id FOR NO KEY UPDATE
        )
        INSERT INTO changes (id, at, xid, user_id, entity, kind, row_ids, columns, actor_id, key_id, request_id)
        SELECT nextval('change_ids'), clock_timestamp(), pg_current_xact_id(), user_id, 'User', 'deleted',
            row_ids, columns, NULLIF(split_part(author, ' ', 1), '')::bigint,
            NULLIF(split_part(author, ' ', 2), '')::bigint, NULLIF(split_part(author, ' ', 3), '')
        FROM found, (SELECT count(*) FROM locked) AS held;
    END IF;
    IF FOUND THEN
        PERFORM pg_notify('changes', '');
    END IF;
    RETURN NULL;
END $$
""",
    """
CREATE OR REPLACE FUNCTION feed_row_of_users() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    author text := current_setting('leadgraph.author', true);
    counts boolean := split_part(author, ' ', 4) IS DISTINCT FROM 'derived';
    changed text[] := array_remove(ARRAY[
            CASE WHEN OLD.email IS DISTINCT FROM NEW.email THEN 'email' END,
            CASE WHEN OLD.name IS DISTINCT FROM NEW.name THEN 'name' END,
            CASE WHEN OLD.role IS DISTINCT FROM NEW.role THEN 'role' END,
            CASE WHEN OLD.status IS DISTINCT FROM NEW.status THEN 'status' END,
            CASE WHEN OLD.time_zone IS DISTINCT FROM NEW.time_zone THEN 'time_zone' END,
            CASE WHEN OLD.week_start IS DISTINCT FROM NEW.week_start THEN 'week_start' END,
            CASE WHEN OLD.updated_at IS DISTINCT FROM NEW.updated_at THEN 'updated_at' END
        ]::text[], NULL);
BEGIN
    IF changed = '{}' THEN
        RETURN NULL;
    END IF;
        WITH found AS MATERIALIZED (
            SELECT NEW.id AS user_id, ARRAY[NEW.id] AS row_ids, changed AS columns
        ), locked AS MATERIALIZED (
            SELECT id FROM users WHERE id IN (SELECT user_id FROM found) ORDER BY id FOR NO KEY UPDATE
        )
        INSERT INTO changes (id, at, xid, user_id, entity, kind, row_ids, columns, actor_id, key_id, request_id)
        SELECT nextval('change_ids'), clock_timestamp(), pg_current_xact_id(), user_id, 'User', 'updated',
            row_ids, columns, NULLIF(split_part(author, ' ', 1), '')::bigint,
            NULLIF(split_part(author, ' ', 2), '')::bigint, NULLIF(split_part(author, ' ', 3), '')
        FROM found, (SELECT count(*) FROM locked) AS held;
    PERFORM pg_notify('changes', '');
    RETURN NULL;
END $$
""",
]
TRIGGERS = [
    (
        "CREATE TRIGGER feed_insert AFTER INSERT ON analysis_results REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION feed_analysis_results()"
    ),
    (
        "CREATE TRIGGER feed_update AFTER UPDATE ON analysis_results REFERENCING OLD TABLE AS "
        "removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION feed_analysis_results()"
    ),
    (
        "CREATE TRIGGER feed_delete AFTER DELETE ON analysis_results REFERENCING OLD TABLE AS "
        "removed FOR EACH STATEMENT EXECUTE FUNCTION feed_analysis_results()"
    ),
    (
        "CREATE TRIGGER feed_truncate AFTER TRUNCATE ON analysis_results FOR EACH STATEMENT EXECUTE "
        "FUNCTION renew_change_feed()"
    ),
    (
        "CREATE TRIGGER feed_insert AFTER INSERT ON exports REFERENCING NEW TABLE AS added FOR EACH "
        "STATEMENT EXECUTE FUNCTION feed_exports()"
    ),
    (
        "CREATE TRIGGER feed_update AFTER UPDATE ON exports REFERENCING OLD TABLE AS removed NEW "
        "TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION feed_exports()"
    ),
    (
        "CREATE TRIGGER feed_delete AFTER DELETE ON exports REFERENCING OLD TABLE AS removed FOR "
        "EACH STATEMENT EXECUTE FUNCTION feed_exports()"
    ),
    (
        "CREATE TRIGGER feed_truncate AFTER TRUNCATE ON exports FOR EACH STATEMENT EXECUTE FUNCTION "
        "renew_change_feed()"
    ),
    (
        "CREATE TRIGGER feed_insert AFTER INSERT ON integrations REFERENCING NEW TABLE AS added FOR "
        "EACH STATEMENT EXECUTE FUNCTION feed_integrations()"
    ),
    (
        "CREATE TRIGGER feed_update AFTER UPDATE ON integrations REFERENCING OLD TABLE AS removed "
        "NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION feed_integrations()"
    ),
    (
        "CREATE TRIGGER feed_delete AFTER DELETE ON integrations REFERENCING OLD TABLE AS removed "
        "FOR EACH STATEMENT EXECUTE FUNCTION feed_integrations()"
    ),
    (
        "CREATE TRIGGER feed_truncate AFTER TRUNCATE ON integrations FOR EACH STATEMENT EXECUTE "
        "FUNCTION renew_change_feed()"
    ),
    (
        "CREATE TRIGGER feed_insert AFTER INSERT ON keywords REFERENCING NEW TABLE AS added FOR "
        "EACH STATEMENT EXECUTE FUNCTION feed_keywords()"
    ),
    (
        "CREATE TRIGGER feed_update AFTER UPDATE OF keyword, match_type, required_terms, "
        "excluded_terms, platforms, status, auto_lead_score, updated_at, archived_at ON keywords "
        "FOR EACH ROW WHEN (OLD.keyword IS DISTINCT FROM NEW.keyword OR OLD.match_type IS DISTINCT "
        "FROM NEW.match_type OR OLD.required_terms IS DISTINCT FROM NEW.required_terms OR "
        "OLD.excluded_terms IS DISTINCT FROM NEW.excluded_terms OR OLD.platforms IS DISTINCT FROM "
        "NEW.platforms OR OLD.status IS DISTINCT FROM NEW.status OR OLD.auto_lead_score IS DISTINCT "
        "FROM NEW.auto_lead_score OR OLD.updated_at IS DISTINCT FROM NEW.updated_at OR "
        "OLD.archived_at IS DISTINCT FROM NEW.archived_at) EXECUTE FUNCTION feed_row_of_keywords()"
    ),
    (
        "CREATE TRIGGER feed_delete AFTER DELETE ON keywords REFERENCING OLD TABLE AS removed FOR "
        "EACH STATEMENT EXECUTE FUNCTION feed_keywords()"
    ),
    (
        "CREATE TRIGGER feed_truncate AFTER TRUNCATE ON keywords FOR EACH STATEMENT EXECUTE "
        "FUNCTION renew_change_feed()"
    ),
    (
        "CREATE TRIGGER feed_insert AFTER INSERT ON leads REFERENCING NEW TABLE AS added FOR EACH "
        "STATEMENT EXECUTE FUNCTION feed_leads()"
    ),
    (
        "CREATE TRIGGER feed_update AFTER UPDATE ON leads REFERENCING OLD TABLE AS removed NEW "
        "TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION feed_leads()"
    ),
    (
        "CREATE TRIGGER feed_delete AFTER DELETE ON leads REFERENCING OLD TABLE AS removed FOR EACH "
        "STATEMENT EXECUTE FUNCTION feed_leads()"
    ),
    (
        "CREATE TRIGGER feed_truncate AFTER TRUNCATE ON leads FOR EACH STATEMENT EXECUTE FUNCTION "
        "renew_change_feed()"
    ),
    (
        "CREATE TRIGGER feed_insert AFTER INSERT ON mentions REFERENCING NEW TABLE AS added FOR "
        "EACH STATEMENT EXECUTE FUNCTION feed_mentions()"
    ),
    (
        "CREATE TRIGGER feed_update AFTER UPDATE ON mentions REFERENCING OLD TABLE AS removed NEW "
        "TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION feed_mentions()"
    ),
    (
        "CREATE TRIGGER feed_delete AFTER DELETE ON mentions REFERENCING OLD TABLE AS removed FOR "
        "EACH STATEMENT EXECUTE FUNCTION feed_mentions()"
    ),
    (
        "CREATE TRIGGER feed_truncate AFTER TRUNCATE ON mentions FOR EACH STATEMENT EXECUTE "
        "FUNCTION renew_change_feed()"
    ),
    (
        "CREATE TRIGGER feed_insert AFTER INSERT ON users REFERENCING NEW TABLE AS added FOR EACH "
        "STATEMENT EXECUTE FUNCTION feed_users()"
    ),
    (
        "CREATE TRIGGER feed_update AFTER UPDATE OF email, name, role, status, time_zone, "
        "week_start, updated_at ON users FOR EACH ROW WHEN (OLD.email IS DISTINCT FROM NEW.email OR "
        "OLD.name IS DISTINCT FROM NEW.name OR OLD.role IS DISTINCT FROM NEW.role OR OLD.status IS "
        "DISTINCT FROM NEW.status OR OLD.time_zone IS DISTINCT FROM NEW.time_zone OR OLD.week_start "
        "IS DISTINCT FROM NEW.week_start OR OLD.updated_at IS DISTINCT FROM NEW.updated_at) EXECUTE "
        "FUNCTION feed_row_of_users()"
    ),
    (
        "CREATE TRIGGER feed_delete AFTER DELETE ON users REFERENCING OLD TABLE AS removed FOR EACH "
        "STATEMENT EXECUTE FUNCTION feed_users()"
    ),
    (
        "CREATE TRIGGER feed_truncate AFTER TRUNCATE ON users FOR EACH STATEMENT EXECUTE FUNCTION "
        "renew_change_feed()"
    ),
    (
        "CREATE TRIGGER feed_truncate AFTER TRUNCATE ON changes FOR EACH STATEMENT EXECUTE FUNCTION "
        "renew_change_feed()"
    ),
]


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    _create_tables()
    for function in FUNCTIONS:
        op.execute(function)
    for name in _names():
        op.execute(
            "DO $$ BEGIN EXECUTE format("
            f"'ALTER FUNCTION {name}() SET search_path = pg_catalog, %I, pg_temp', current_schema()); END $$"
        )
    for trigger in TRIGGERS:
        op.execute(trigger)


def _create_tables() -> None:
    op.execute("CREATE SEQUENCE change_ids AS bigint")
    op.create_table(
        "change_feed",
        sa.Column("single", sa.Boolean(), server_default="true", nullable=False),
        sa.Column(
            "feed_id",
            sa.Text(),
            server_default=sa.text("substr((gen_random_uuid())::text, 1, 8)"),
            nullable=False,
        ),
        sa.Column("expired_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("expired_xid", TransactionId(), server_default="0", nullable=False),
        sa.Column("expired_before", MOMENT, nullable=True),
        sa.Column("expired_at", MOMENT, nullable=True),
        sa.CheckConstraint("single", name=op.f("ck_change_feed_single_row")),
        sa.PrimaryKeyConstraint("single", name=op.f("pk_change_feed")),
    )
    op.execute("INSERT INTO change_feed DEFAULT VALUES")
    op.create_table(
        "changes",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("xid", TransactionId(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("row_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("columns", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("key_id", sa.BigInteger(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('created', 'updated', 'deleted')", name=op.f("ck_changes_kind_known")),
        sa.CheckConstraint(
            "(kind = 'updated') = (columns IS NOT NULL)", name=op.f("ck_changes_update_has_columns")
        ),
        sa.PrimaryKeyConstraint("id", "at", name=op.f("pk_changes")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index(op.f("ix_changes_user_id_id"), "changes", ["user_id", "id"])
    op.create_index(op.f("ix_changes_xid_id"), "changes", ["xid", "id"])
    op.create_index("ix_changes_row_ids", "changes", ["row_ids"], postgresql_using="gin")
    op.execute("CREATE TABLE changes_rest PARTITION OF changes DEFAULT")


def _names() -> list[str]:
    of_rows = [f"feed_row_of_{table}" for table in EACH_ROW]
    return ["renew_change_feed", *(f"feed_{table}" for table in TABLES), *of_rows]


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    for table in TABLES:
        for event in ("insert", "update", "delete", "truncate"):
            op.execute(f"DROP TRIGGER feed_{event} ON {table}")
    op.drop_table("changes")
    for name in _names():
        op.execute(f"DROP FUNCTION {name}()")
    op.drop_table("change_feed")
    op.execute("DROP SEQUENCE change_ids")
