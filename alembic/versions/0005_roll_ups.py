"""Add roll-ups: counts of mentions and leads per 15 minutes and per day, by keyword and by user.

The triggers count later changes only. `leadgraph counters backfill` fills older rows in online, in batches, and stores
its progress in `backfills`. The SQL is a frozen copy. db/integrity/rollups.py explains it.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

FUNCTIONS = [
    """
CREATE FUNCTION add_to_slots(
    user_ids bigint[], keyword_ids bigint[], moments timestamptz[],
    more_mentions integer[], more_leads integer[], more_qualified integer[], more_converted integer[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    less boolean := 0 > ANY (more_mentions || more_leads || more_qualified || more_converted);
    live_user_ids bigint[];
    live_keyword_ids bigint[];
BEGIN
    IF user_ids IS NULL THEN
        RETURN;
    END IF;
    live_user_ids := ARRAY(SELECT id FROM users WHERE id = ANY (user_ids) ORDER BY id FOR NO KEY UPDATE);
    live_keyword_ids := ARRAY(
        SELECT id FROM keywords WHERE id = ANY (keyword_ids) ORDER BY id FOR NO KEY UPDATE
    );

    INSERT INTO user_slot_stats (user_id, slot, mentions, leads, qualified, converted)
    SELECT user_id, date_bin('15 minutes', moment, '2000-01-01 00:00+00'), coalesce(sum(mentions), 0), coalesce(sum(leads), 0), coalesce(sum(qualified), 0), coalesce(sum(converted), 0)
    FROM unnest(user_ids, keyword_ids, moments, more_mentions, more_leads, more_qualified, more_converted)
        AS change (user_id, keyword_id, moment, mentions, leads, qualified, converted)
        JOIN unnest(live_user_ids) AS live (id) ON live.id = change.user_id
    GROUP BY user_id, date_bin('15 minutes', moment, '2000-01-01 00:00+00') HAVING sum(mentions) <> 0 OR sum(leads) <> 0 OR sum(qualified) <> 0 OR sum(converted) <> 0
    ON CONFLICT (user_id, slot) DO UPDATE SET
        mentions = user_slot_stats.mentions + EXCLUDED.mentions,
        leads = user_slot_stats.leads + EXCLUDED.leads,
        qualified = user_slot_stats.qualified + EXCLUDED.qualified,
        converted = user_slot_stats.converted + EXCLUDED.converted;
    IF less THEN
        DELETE FROM user_slot_stats USING unnest(user_ids, moments) AS change (id, moment)
        WHERE user_slot_stats.user_id = change.id AND user_slot_stats.slot = date_bin('15 minutes', change.moment, '2000-01-01 00:00+00')
            AND user_slot_stats.mentions = 0 AND user_slot_stats.leads = 0 AND user_slot_stats.qualified = 0 AND user_slot_stats.converted = 0;
    END IF;
    INSERT INTO user_day_stats (user_id, slot, mentions, leads, qualified, converted)
    SELECT user_id, date_bin('1 day', moment, '2000-01-01 00:00+00'), coalesce(sum(mentions), 0), coalesce(sum(leads), 0), coalesce(sum(qualified), 0), coalesce(sum(converted), 0)
    FROM unnest(user_ids, keyword_ids, moments, more_mentions, more_leads, more_qualified, more_converted)
        AS change (user_id, keyword_id, moment, mentions, leads, qualified, converted)
        JOIN unnest(live_user_ids) AS live (id) ON live.id = change.user_id
    GROUP BY user_id, date_bin('1 day', moment, '2000-01-01 00:00+00') HAVING sum(mentions) <> 0 OR sum(leads) <> 0 OR sum(qualified) <> 0 OR sum(converted) <> 0
    ON CONFLICT (user_id, slot) DO UPDATE SET
        mentions = user_day_stats.mentions + EXCLUDED.mentions,
        leads = user_day_stats.leads + EXCLUDED.leads,
        qualified = user_day_stats.qualified + EXCLUDED.qualified,
        converted = user_day_stats.converted + EXCLUDED.converted;
    IF less THEN
        DELETE FROM user_day_stats USING unnest(user_ids, moments) AS change (id, moment)
        WHERE user_day_stats.user_id = change.id AND user_day_stats.slot = date_bin('1 day', change.moment, '2000-01-01 00:00+00')
            AND user_day_stats.mentions = 0 AND user_day_stats.leads = 0 AND user_day_stats.qualified = 0 AND user_day_stats.converted = 0;
    END IF;
    INSERT INTO slot_stats (user_id, keyword_id, slot, mentions, leads, qualified, converted)
    SELECT user_id, keyword_id, date_bin('15 minutes', moment, '2000-01-01 00:00+00'), coalesce(sum(mentions), 0), coalesce(sum(leads), 0), coalesce(sum(qualified), 0), coalesce(sum(converted), 0)
    FROM unnest(user_ids, keyword_ids, moments, more_mentions, more_leads, more_qualified, more_converted)
        AS change (user_id, keyword_id, moment, mentions, leads, qualified, converted)
        JOIN unnest(live_keyword_ids) AS live (id) ON live.id = change.keyword_id
    GROUP BY user_id, keyword_id, date_bin('15 minutes', moment, '2000-01-01 00:00+00') HAVING sum(mentions) <> 0 OR sum(leads) <> 0 OR sum(qualified) <> 0 OR sum(converted) <> 0
    ON CONFLICT (keyword_id, slot) DO UPDATE SET
        mentions = slot_stats.mentions + EXCLUDED.mentions,
        leads = slot_stats.leads + EXCLUDED.leads,
        qualified = slot_stats.qualified + EXCLUDED.qualified,
        converted = slot_stats.converted + EXCLUDED.converted;
    IF less THEN
        DELETE FROM slot_stats USING unnest(keyword_ids, moments) AS change (id, moment)
        WHERE slot_stats.keyword_id = change.id AND slot_stats.slot = date_bin('15 minutes', change.moment, '2000-01-01 00:00+00')
            AND slot_stats.mentions = 0 AND slot_stats.leads = 0 AND slot_stats.qualified = 0 AND slot_stats.converted = 0;
    END IF;
    INSERT INTO day_stats (user_id, keyword_id, slot, mentions, leads, qualified, converted)
    SELECT user_id, keyword_id, date_bin('1 day', moment, '2000-01-01 00:00+00'), coalesce(sum(mentions), 0), coalesce(sum(leads), 0), coalesce(sum(qualified), 0), coalesce(sum(converted), 0)
    FROM unnest(user_ids, keyword_ids, moments, more_mentions, more_leads, more_qualified, more_converted)
        AS change (user_id, keyword_id, moment, mentions, leads, qualified, converted)
        JOIN unnest(live_keyword_ids) AS live (id) ON live.id = change.keyword_id
    GROUP BY user_id, keyword_id, date_bin('1 day', moment, '2000-01-01 00:00+00') HAVING sum(mentions) <> 0 OR sum(leads) <> 0 OR sum(qualified) <> 0 OR sum(converted) <> 0
    ON CONFLICT (keyword_id, slot) DO UPDATE SET
        mentions = day_stats.mentions + EXCLUDED.mentions,
        leads = day_stats.leads + EXCLUDED.leads,
        qualified = day_stats.qualified + EXCLUDED.qualified,
        converted = day_stats.converted + EXCLUDED.converted;
    IF less THEN
        DELETE FROM day_stats USING unnest(keyword_ids, moments) AS change (id, moment)
        WHERE day_stats.keyword_id = change.id AND day_stats.slot = date_bin('1 day', change.moment, '2000-01-01 00:00+00')
            AND day_stats.mentions = 0 AND day_stats.leads = 0 AND day_stats.qualified = 0 AND day_stats.converted = 0;
    END IF;
END $$
""",
    """
CREATE FUNCTION roll_up_mentions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM add_to_slots(
            array_agg(user_id), array_agg(keyword_id), array_agg(slot),
            array_agg(mentions), NULL, NULL, NULL
        )
        FROM (
            SELECT user_id, keyword_id, date_bin('15 minutes', moment, '2000-01-01 00:00+00') AS slot,
                sum(mentions)::integer AS mentions
            FROM (
            SELECT user_id, keyword_id, created_at AS moment, 1 AS mentions FROM added WHERE created_at IS NOT NULL
            ) AS event
            GROUP BY user_id, keyword_id, date_bin('15 minutes', moment, '2000-01-01 00:00+00')
            HAVING sum(mentions) <> 0
        ) AS change;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM add_to_slots(
            array_agg(user_id), array_agg(keyword_id), array_agg(slot),
            array_agg(mentions), NULL, NULL, NULL
        )
        FROM (
            SELECT user_id, keyword_id, date_bin('15 minutes', moment, '2000-01-01 00:00+00') AS slot,
                sum(mentions)::integer AS mentions
            FROM (
            SELECT user_id, keyword_id, created_at AS moment, -1 AS mentions FROM removed WHERE created_at IS NOT NULL
            ) AS event
            GROUP BY user_id, keyword_id, date_bin('15 minutes', moment, '2000-01-01 00:00+00')
            HAVING sum(mentions) <> 0
        ) AS change;
    ELSE
        PERFORM add_to_slots(
            array_agg(user_id), array_agg(keyword_id), array_agg(slot),
            array_agg(mentions), NULL, NULL, NULL
        )
        FROM (
            SELECT user_id, keyword_id, date_bin('15 minutes', moment, '2000-01-01 00:00+00') AS slot,
                sum(mentions)::integer AS mentions
            FROM (
            SELECT user_id, keyword_id, created_at AS moment, 1 AS mentions FROM added WHERE created_at IS NOT NULL
            UNION ALL SELECT user_id, keyword_id, created_at AS moment, -1 AS mentions FROM removed WHERE created_at IS NOT NULL
            ) AS event
            GROUP BY user_id, keyword_id, date_bin('15 minutes', moment, '2000-01-01 00:00+00')
            HAVING sum(mentions) <> 0
        ) AS change;
    END IF;
    RETURN NULL;
END $$
""",
    """
CREATE FUNCTION roll_up_leads() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM add_to_slots(
            array_agg(user_id), array_agg(keyword_id), array_agg(slot),
            NULL, array_agg(leads), array_agg(qualified), array_agg(converted)
        )
        FROM (
            SELECT user_id, keyword_id, date_bin('15 minutes', moment, '2000-01-01 00:00+00') AS slot,
                sum(leads)::integer AS leads, sum(qualified)::integer AS qualified, sum(converted)::integer AS converted
            FROM (
            SELECT user_id, keyword_id, created_at AS moment, 1 AS leads, 0 AS qualified, 0 AS converted FROM added WHERE created_at IS NOT NULL
            UNION ALL SELECT user_id, keyword_id, qualified_at AS moment, 0 AS leads, 1 AS qualified, 0 AS converted FROM added WHERE qualified_at IS NOT NULL
            UNION ALL SELECT user_id, keyword_id, converted_at AS moment, 0 AS leads, 0 AS qualified, 1 AS converted FROM added WHERE converted_at IS NOT NULL
            ) AS event
            GROUP BY user_id, keyword_id, date_bin('15 minutes', moment, '2000-01-01 00:00+00')
            HAVING sum(leads) <> 0 OR sum(qualified) <> 0 OR sum(converted) <> 0
        ) AS change;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM add_to_slots(
            array_agg(user_id), array_agg(keyword_id), array_agg(slot),
            NULL, array_agg(leads), array_agg(qualified), array_agg(converted)
        )
        FROM (
            SELECT user_id, keyword_id, date_bin('15 minutes', moment, '2000-01-01 00:00+00') AS slot,
                sum(leads)::integer AS leads, sum(qualified)::integer AS qualified, sum(converted)::integer AS converted
            FROM (
            SELECT user_id, keyword_id, created_at AS moment, -1 AS leads, 0 AS qualified, 0 AS converted FROM removed WHERE created_at IS NOT NULL
            UNION ALL SELECT user_id, keyword_id, qualified_at AS moment, 0 AS leads, -1 AS qualified, 0 AS converted FROM removed WHERE qualified_at IS NOT NULL
            UNION ALL SELECT user_id, keyword_id, converted_at AS moment, 0 AS leads, 0 AS qualified, -1 AS converted FROM removed WHERE converted_at IS NOT NULL
            ) AS event
            GROUP BY user_id, keyword_id, date_bin('15 minutes', moment, '2000-01-01 00:00+00')
            HAVING sum(leads) <> 0 OR sum(qualified) <> 0 OR sum(converted) <> 0
        ) AS change;
    ELSE
        PERFORM add_to_slots(
            array_agg(user_id), array_agg(keyword_id), array_agg(slot),
            NULL, array_agg(leads), array_agg(qualified), array_agg(converted)
        )
        FROM (
            SELECT user_id, keyword_id, date_bin('15 minutes', moment, '2000-01-01 00:00+00') AS slot,
                sum(leads)::integer AS leads, sum(qualified)::integer AS qualified, sum(converted)::integer AS converted
            FROM (
            SELECT user_id, keyword_id, created_at AS moment, 1 AS leads, 0 AS qualified, 0 AS converted FROM added WHERE created_at IS NOT NULL
            UNION ALL SELECT user_id, keyword_id, qualified_at AS moment, 0 AS leads, 1 AS qualified, 0 AS converted FROM added WHERE qualified_at IS NOT NULL
            UNION ALL SELECT user_id, keyword_id, converted_at AS moment, 0 AS leads, 0 AS qualified, 1 AS converted FROM added WHERE converted_at IS NOT NULL
            UNION ALL SELECT user_id, keyword_id, created_at AS moment, -1 AS leads, 0 AS qualified, 0 AS converted FROM removed WHERE created_at IS NOT NULL
            UNION ALL SELECT user_id, keyword_id, qualified_at AS moment, 0 AS leads, -1 AS qualified, 0 AS converted FROM removed WHERE qualified_at IS NOT NULL
            UNION ALL SELECT user_id, keyword_id, converted_at AS moment, 0 AS leads, 0 AS qualified, -1 AS converted FROM removed WHERE converted_at IS NOT NULL
            ) AS event
            GROUP BY user_id, keyword_id, date_bin('15 minutes', moment, '2000-01-01 00:00+00')
            HAVING sum(leads) <> 0 OR sum(qualified) <> 0 OR sum(converted) <> 0
        ) AS change;
    END IF;
    RETURN NULL;
END $$
""",
    """
CREATE FUNCTION forget_slots_of_mentions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE invalid_transaction_state USING
            MESSAGE = 'TRUNCATE mentions needs a transaction that is READ COMMITTED',
            HINT = 'Counters that others have changed since the snapshot would stay as they are.';
    END IF;
    DELETE FROM user_slot_stats;
    DELETE FROM user_day_stats;
    DELETE FROM slot_stats;
    DELETE FROM day_stats;
    RETURN NULL;
END $$
""",
    """
CREATE FUNCTION forget_slots_of_leads() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE invalid_transaction_state USING
            MESSAGE = 'TRUNCATE leads needs a transaction that is READ COMMITTED',
            HINT = 'Counters that others have changed since the snapshot would stay as they are.';
    END IF;
    DELETE FROM user_slot_stats WHERE mentions = 0;
    UPDATE user_slot_stats SET leads = 0, qualified = 0, converted = 0 WHERE leads <> 0 OR qualified <> 0 OR converted <> 0;
    DELETE FROM user_day_stats WHERE mentions = 0;
    UPDATE user_day_stats SET leads = 0, qualified = 0, converted = 0 WHERE leads <> 0 OR qualified <> 0 OR converted <> 0;
    DELETE FROM slot_stats WHERE mentions = 0;
    UPDATE slot_stats SET leads = 0, qualified = 0, converted = 0 WHERE leads <> 0 OR qualified <> 0 OR converted <> 0;
    DELETE FROM day_stats WHERE mentions = 0;
    UPDATE day_stats SET leads = 0, qualified = 0, converted = 0 WHERE leads <> 0 OR qualified <> 0 OR converted <> 0;
    RETURN NULL;
END $$
""",
]

TRIGGERS = [
    """
CREATE TRIGGER roll_up_mentions_insert
    AFTER INSERT ON mentions
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT
    EXECUTE FUNCTION roll_up_mentions()
""",
    """
CREATE TRIGGER roll_up_mentions_delete
    AFTER DELETE ON mentions
    REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT
    EXECUTE FUNCTION roll_up_mentions()
""",
    """
CREATE TRIGGER roll_up_mentions_update
    AFTER UPDATE ON mentions
    REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT
    EXECUTE FUNCTION roll_up_mentions()
""",
    """
CREATE TRIGGER roll_up_mentions_truncate
    AFTER TRUNCATE ON mentions
    FOR EACH STATEMENT
    EXECUTE FUNCTION forget_slots_of_mentions()
""",
    """
CREATE TRIGGER roll_up_leads_insert
    AFTER INSERT ON leads
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT
    EXECUTE FUNCTION roll_up_leads()
""",
    """
CREATE TRIGGER roll_up_leads_delete
    AFTER DELETE ON leads
    REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT
    EXECUTE FUNCTION roll_up_leads()
""",
    """
CREATE TRIGGER roll_up_leads_update
    AFTER UPDATE ON leads
    REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT
    EXECUTE FUNCTION roll_up_leads()
""",
    """
CREATE TRIGGER roll_up_leads_truncate
    AFTER TRUNCATE ON leads
    FOR EACH STATEMENT
    EXECUTE FUNCTION forget_slots_of_leads()
""",
]

DROPPED_TRIGGERS = [
    ("roll_up_mentions_insert", "mentions"),
    ("roll_up_mentions_delete", "mentions"),
    ("roll_up_mentions_update", "mentions"),
    ("roll_up_mentions_truncate", "mentions"),
    ("roll_up_leads_insert", "leads"),
    ("roll_up_leads_delete", "leads"),
    ("roll_up_leads_update", "leads"),
    ("roll_up_leads_truncate", "leads"),
]

DROPPED_FUNCTIONS = [
    "add_to_slots(bigint[], bigint[], timestamptz[], integer[], integer[], integer[], integer[])",
    "roll_up_mentions()",
    "roll_up_leads()",
    "forget_slots_of_mentions()",
    "forget_slots_of_leads()",
]

TABLES = ["user_slot_stats", "user_day_stats", "slot_stats", "day_stats"]


def upgrade() -> None:
    # CREATE TRIGGER waits for the table's writers and blocks new ones, so fail soon without a lock.
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.create_table(
        "user_slot_stats",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("slot", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mentions", sa.Integer(), server_default="0", nullable=False),
        sa.Column("leads", sa.Integer(), server_default="0", nullable=False),
        sa.Column("qualified", sa.Integer(), server_default="0", nullable=False),
        sa.Column("converted", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_slot_stats_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "slot", name=op.f("pk_user_slot_stats")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "user_day_stats",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("slot", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mentions", sa.Integer(), server_default="0", nullable=False),
        sa.Column("leads", sa.Integer(), server_default="0", nullable=False),
        sa.Column("qualified", sa.Integer(), server_default="0", nullable=False),
        sa.Column("converted", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_day_stats_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "slot", name=op.f("pk_user_day_stats")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "slot_stats",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("keyword_id", sa.BigInteger(), nullable=False),
        sa.Column("slot", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mentions", sa.Integer(), server_default="0", nullable=False),
        sa.Column("leads", sa.Integer(), server_default="0", nullable=False),
        sa.Column("qualified", sa.Integer(), server_default="0", nullable=False),
        sa.Column("converted", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "keyword_id"],
            ["keywords.user_id", "keywords.id"],
            name=op.f("fk_slot_stats_user_id_keyword_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("keyword_id", "slot", name=op.f("pk_slot_stats")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "day_stats",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("keyword_id", sa.BigInteger(), nullable=False),
        sa.Column("slot", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mentions", sa.Integer(), server_default="0", nullable=False),
        sa.Column("leads", sa.Integer(), server_default="0", nullable=False),
        sa.Column("qualified", sa.Integer(), server_default="0", nullable=False),
        sa.Column("converted", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "keyword_id"],
            ["keywords.user_id", "keywords.id"],
            name=op.f("fk_day_stats_user_id_keyword_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("keyword_id", "slot", name=op.f("pk_day_stats")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "backfills",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("reached_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_backfills")),
    )
    for statement in [*FUNCTIONS, *TRIGGERS]:
        op.execute(statement)
    # The triggers block writers until the commit, so an empty database needs no backfill.
    op.execute(
        "INSERT INTO backfills (name, finished_at) "
        "SELECT name, CASE WHEN NOT EXISTS (SELECT FROM mentions) THEN now() END "
        f"FROM unnest(ARRAY[{', '.join(repr(table) for table in TABLES)}]) AS name"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    for trigger, table in DROPPED_TRIGGERS:
        op.execute(f"DROP TRIGGER {trigger} ON {table}")
    for function in DROPPED_FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    for table in [*TABLES, "backfills"]:
        op.drop_table(table)
