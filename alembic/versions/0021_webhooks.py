"""Webhooks: subscriptions to events, their secrets, and their deliveries.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


FUNCTIONS = [
    """
CREATE OR REPLACE FUNCTION feed_webhooks() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
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
        SELECT nextval('change_ids'), clock_timestamp(), pg_current_xact_id(), user_id, 'Webhook', 'created',
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
        SELECT nextval('change_ids'), clock_timestamp(), pg_current_xact_id(), user_id, 'Webhook', 'deleted',
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
CREATE OR REPLACE FUNCTION feed_row_of_webhooks() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    author text := current_setting('leadgraph.author', true);
    counts boolean := split_part(author, ' ', 4) IS DISTINCT FROM 'derived';
    changed text[] := array_remove(ARRAY[
            CASE WHEN OLD.url IS DISTINCT FROM NEW.url THEN 'url' END,
            CASE WHEN OLD.description IS DISTINCT FROM NEW.description THEN 'description' END,
            CASE WHEN OLD.event_types IS DISTINCT FROM NEW.event_types THEN 'event_types' END,
            CASE WHEN OLD.questions IS DISTINCT FROM NEW.questions THEN 'questions' END,
            CASE WHEN OLD.document IS DISTINCT FROM NEW.document THEN 'document' END,
            CASE WHEN OLD.scopes IS DISTINCT FROM NEW.scopes THEN 'scopes' END,
            CASE WHEN OLD.signature IS DISTINCT FROM NEW.signature THEN 'signature' END,
            CASE WHEN OLD.public_key IS DISTINCT FROM NEW.public_key THEN 'public_key' END,
            CASE WHEN OLD.status IS DISTINCT FROM NEW.status THEN 'status' END,
            CASE WHEN OLD.disabled_reason IS DISTINCT FROM NEW.disabled_reason THEN 'disabled_reason' END,
            CASE WHEN OLD.disabled_at IS DISTINCT FROM NEW.disabled_at THEN 'disabled_at' END,
            CASE WHEN OLD.updated_at IS DISTINCT FROM NEW.updated_at THEN 'updated_at' END
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
        SELECT nextval('change_ids'), clock_timestamp(), pg_current_xact_id(), user_id, 'Webhook', 'updated',
            row_ids, columns, NULLIF(split_part(author, ' ', 1), '')::bigint,
            NULLIF(split_part(author, ' ', 2), '')::bigint, NULLIF(split_part(author, ' ', 3), '')
        FROM found, (SELECT count(*) FROM locked) AS held;
    PERFORM pg_notify('changes', '');
    RETURN NULL;
END $$
""",
    (
        "DO $$ BEGIN EXECUTE format('ALTER FUNCTION feed_webhooks() SET search_path = pg_catalog, %I, "
        "pg_temp', current_schema()); END $$"
    ),
    (
        "DO $$ BEGIN EXECUTE format('ALTER FUNCTION feed_row_of_webhooks() SET search_path = pg_catalog, "
        "%I, pg_temp', current_schema()); END $$"
    ),
]
TRIGGERS = [
    (
        "CREATE TRIGGER feed_insert AFTER INSERT ON webhooks REFERENCING NEW TABLE AS added FOR EACH "
        "STATEMENT EXECUTE FUNCTION feed_webhooks()"
    ),
    (
        "CREATE TRIGGER feed_update AFTER UPDATE OF url, description, event_types, questions, document, "
        "scopes, signature, public_key, status, disabled_reason, disabled_at, updated_at ON webhooks FOR "
        "EACH ROW WHEN (OLD.url IS DISTINCT FROM NEW.url OR OLD.description IS DISTINCT FROM "
        "NEW.description OR OLD.event_types IS DISTINCT FROM NEW.event_types OR OLD.questions IS DISTINCT "
        "FROM NEW.questions OR OLD.document IS DISTINCT FROM NEW.document OR OLD.scopes IS DISTINCT FROM "
        "NEW.scopes OR OLD.signature IS DISTINCT FROM NEW.signature OR OLD.public_key IS DISTINCT FROM "
        "NEW.public_key OR OLD.status IS DISTINCT FROM NEW.status OR OLD.disabled_reason IS DISTINCT FROM "
        "NEW.disabled_reason OR OLD.disabled_at IS DISTINCT FROM NEW.disabled_at OR OLD.updated_at IS "
        "DISTINCT FROM NEW.updated_at) EXECUTE FUNCTION feed_row_of_webhooks()"
    ),
    (
        "CREATE TRIGGER feed_delete AFTER DELETE ON webhooks REFERENCING OLD TABLE AS removed FOR EACH "
        "STATEMENT EXECUTE FUNCTION feed_webhooks()"
    ),
    (
        "CREATE TRIGGER feed_truncate AFTER TRUNCATE ON webhooks FOR EACH STATEMENT EXECUTE FUNCTION "
        "renew_change_feed()"
    ),
]
PARENTS = {
    "webhook_deliveries": ("user_id", "webhook_id"),
    "webhook_secrets": ("user_id", "webhook_id"),
    "webhooks": ("user_id",),
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.create_table(
        "webhooks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("everybody", sa.Boolean(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("event_types", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("questions", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("signature", sa.Text(), server_default="v1", nullable=False),
        sa.Column("public_key", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("change_id", sa.BigInteger(), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("resumes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(status = 'disabled') = (disabled_reason IS NOT NULL)",
            name=op.f("ck_webhooks_disabled_has_reason"),
        ),
        sa.CheckConstraint(
            "disabled_reason IN ('gone', 'failing', 'position_expired', 'not_allowed')",
            name=op.f("ck_webhooks_disabled_reason_known"),
        ),
        sa.CheckConstraint("signature IN ('v1', 'v1a')", name=op.f("ck_webhooks_signature_known")),
        sa.CheckConstraint(
            "status IN ('active', 'paused', 'disabled')", name=op.f("ck_webhooks_status_known")
        ),
        sa.CheckConstraint(
            "(disabled_reason IS NULL) = (disabled_at IS NULL)", name=op.f("ck_webhooks_disabled_has_moment")
        ),
        sa.CheckConstraint("cardinality(event_types) > 0", name=op.f("ck_webhooks_event_types_named")),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_webhooks_failures_not_negative")),
        sa.CheckConstraint("char_length(description) <= 500", name=op.f("ck_webhooks_description_length")),
        sa.CheckConstraint("char_length(document) <= 20000", name=op.f("ck_webhooks_document_length")),
        sa.CheckConstraint("char_length(url) <= 2048", name=op.f("ck_webhooks_url_length")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_webhooks_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
        sa.UniqueConstraint("user_id", "id", name=op.f("uq_webhooks_user_id_id")),
    )
    op.create_index(
        "ix_webhooks_active", "webhooks", ["id"], unique=False, postgresql_where=sa.text("status = 'active'")
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("webhook_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.BigInteger(), nullable=False),
        sa.Column("changed", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("response_status", sa.SmallInteger(), nullable=True),
        sa.Column("response_excerpt", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(status = 'pending') = (finished_at IS NULL)",
            name=op.f("ck_webhook_deliveries_finished_has_moment"),
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'delivered', 'failed')", name=op.f("ck_webhook_deliveries_status_known")
        ),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_webhook_deliveries_attempts_not_negative")),
        sa.CheckConstraint("char_length(error) <= 500", name=op.f("ck_webhook_deliveries_error_length")),
        sa.CheckConstraint(
            "char_length(response_excerpt) <= 1000",
            name=op.f("ck_webhook_deliveries_response_excerpt_length"),
        ),
        sa.CheckConstraint("duration_ms >= 0", name=op.f("ck_webhook_deliveries_duration_ms_not_negative")),
        sa.ForeignKeyConstraint(
            ["user_id", "webhook_id"],
            ["webhooks.user_id", "webhooks.id"],
            name=op.f("fk_webhook_deliveries_user_id_webhook_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint(
            "webhook_id", "message_id", name=op.f("uq_webhook_deliveries_webhook_id_message_id")
        ),
    )
    op.create_index(
        "ix_webhook_deliveries_due",
        "webhook_deliveries",
        ["webhook_id", "due_at"],
        unique=False,
        postgresql_where=sa.text("status = 'pending' AND due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_webhook_deliveries_finished_at",
        "webhook_deliveries",
        ["finished_at"],
        unique=False,
        postgresql_where=sa.text("finished_at IS NOT NULL"),
    )
    op.create_index(
        "ix_webhook_deliveries_row",
        "webhook_deliveries",
        ["webhook_id", "entity", "entity_id", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        op.f("ix_webhook_deliveries_user_id_id"), "webhook_deliveries", ["user_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_webhook_deliveries_webhook_id_id"), "webhook_deliveries", ["webhook_id", "id"], unique=False
    )
    op.create_table(
        "webhook_secrets",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("webhook_id", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id", "webhook_id"],
            ["webhooks.user_id", "webhooks.id"],
            name=op.f("fk_webhook_secrets_user_id_webhook_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_secrets")),
    )
    op.create_index(
        op.f("ix_webhook_secrets_webhook_id_id"), "webhook_secrets", ["webhook_id", "id"], unique=False
    )
    for table, columns in PARENTS.items():
        changed = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns)
        op.execute(
            f"CREATE TRIGGER fix_parents BEFORE UPDATE OF {', '.join(columns)} ON {table} FOR EACH ROW "
            f"WHEN ({changed}) EXECUTE FUNCTION refuse_new_parent()"
        )
    for statement in (*FUNCTIONS, *TRIGGERS):
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    for table in ("webhook_secrets", "webhook_deliveries", "webhooks"):
        op.drop_table(table)
    for function in ("feed_webhooks", "feed_row_of_webhooks"):
        op.execute(f"DROP FUNCTION {function}()")
