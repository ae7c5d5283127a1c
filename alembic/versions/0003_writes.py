"""Add data versions of users, triage, lead events, credentials and idempotency keys.

Revision ID: 0003
Revises: 0002
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.engine.online_ddl import add_checks, create_indexes

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATUSES = "'new', 'contacted', 'qualified', 'converted', 'disqualified'"
MOMENT = sa.DateTime(timezone=True)
TRIAGE = ("read_at", "starred_at", "dismissed_at", "engaged_at")
TRIAGE_INDEXES = {
    "unread": "read_at IS NULL",
    "starred": "starred_at IS NOT NULL",
    "dismissed": "dismissed_at IS NOT NULL",
    "engaged": "engaged_at IS NOT NULL",
}
TRIAGE_CHECKS = {
    "ck_mentions_dismiss_reason_known": "dismiss_reason IN ('spam', 'irrelevant', 'duplicate', 'own_post', 'other')",
    "ck_mentions_reason_of_dismissed": "dismiss_reason IS NULL OR dismissed_at IS NOT NULL",
}
CREDENTIALS_CHECKS = {
    "ck_integrations_credentials_name_their_key": "(credentials IS NULL) = (credentials_key_id IS NULL)",
}

FUNCTION = """
CREATE FUNCTION copy_owner_of_lead() RETURNS trigger LANGUAGE plpgsql AS $$
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

TRIGGERS = [
    """
CREATE TRIGGER copy_owner
    BEFORE INSERT ON lead_events
    FOR EACH ROW
    EXECUTE FUNCTION copy_owner_of_lead()
""",
    """
CREATE TRIGGER fix_parents
    BEFORE UPDATE OF user_id, lead_id ON lead_events
    FOR EACH ROW WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id OR OLD.lead_id IS DISTINCT FROM NEW.lead_id)
    EXECUTE FUNCTION refuse_new_parent()
""",
]


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    # Both commit, so that neither an index nor a check of the new columns blocks writers.
    _add_credentials()
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    _add_triage()
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.add_column("users", sa.Column("data_version", sa.BigInteger(), server_default="0", nullable=False))
    _create_lead_events()
    _create_idempotency_keys()


def _add_triage() -> None:
    for name in TRIAGE:
        op.add_column("mentions", sa.Column(name, MOMENT, nullable=True), if_not_exists=True)
    op.add_column("mentions", sa.Column("dismiss_reason", sa.Text(), nullable=True), if_not_exists=True)
    add_checks("mentions", TRIAGE_CHECKS)
    create_indexes(
        {
            f"ix_mentions_user_id_{name}": f"mentions (user_id, created_at DESC, id DESC) WHERE {condition}"
            for name, condition in TRIAGE_INDEXES.items()
        }
    )


def _add_credentials() -> None:
    columns: tuple[sa.Column[Any], ...] = (
        sa.Column("credentials", sa.LargeBinary(), nullable=True),
        sa.Column("credentials_key_id", sa.Text(), nullable=True),
        sa.Column("credentials_expires_at", MOMENT, nullable=True),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("sync_cursor", sa.Text(), nullable=True),
    )
    for column in columns:
        op.add_column("integrations", column, if_not_exists=True)
    add_checks("integrations", CREDENTIALS_CHECKS)


def _create_lead_events() -> None:
    op.create_table(
        "lead_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("actor_user_id", sa.BigInteger(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("from_status", sa.Text(), nullable=True),
        sa.Column("to_status", sa.Text(), nullable=True),
        sa.Column("data", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "type IN ('created', 'status_changed', 'assigned', 'updated', 'noted', 'scored', 'synced')",
            name=op.f("ck_lead_events_type_known"),
        ),
        sa.CheckConstraint(f"from_status IN ({STATUSES})", name=op.f("ck_lead_events_from_status_known")),
        sa.CheckConstraint(f"to_status IN ({STATUSES})", name=op.f("ck_lead_events_to_status_known")),
        sa.CheckConstraint(
            "type <> 'status_changed' OR to_status IS NOT NULL",
            name=op.f("ck_lead_events_status_changed_to_one"),
        ),
        sa.ForeignKeyConstraint(
            ["lead_id"], ["leads.id"], name=op.f("fk_lead_events_lead_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_events")),
    )
    op.create_index(
        op.f("ix_lead_events_lead_id"),
        "lead_events",
        ["lead_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
    )
    for statement in (FUNCTION, *TRIGGERS):
        op.execute(statement)


def _create_idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("response", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "expires_at", MOMENT, server_default=sa.text("now() + interval '24 hours'"), nullable=False
        ),
        sa.CheckConstraint("char_length(key) <= 255", name=op.f("ck_idempotency_keys_key_length")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_idempotency_keys_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(op.f("ix_idempotency_keys_expires_at"), "idempotency_keys", ["expires_at"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.drop_table("idempotency_keys")
    op.drop_table("lead_events")
    op.execute("DROP FUNCTION copy_owner_of_lead()")
    for name in ("sync_cursor", "scopes", "credentials_expires_at", "credentials_key_id", "credentials"):
        op.drop_column("integrations", name)
    for name in TRIAGE_INDEXES:
        op.drop_index(f"ix_mentions_user_id_{name}", "mentions")
    for name in ("dismiss_reason", *TRIAGE):
        op.drop_column("mentions", name)
    op.drop_column("users", "data_version")
