"""Counter columns, updated by triggers in the writer's own transaction, for any SQL.

Each statement that inserts, deletes or updates rows fires its table's trigger once. A cascade fires it once
for all of its rows. The trigger sums the differences per parent, drops zeros, and adds the rest to the
parents' counters. `n = n + difference` reads the newest n under the row lock, so the differences of
concurrent writers add up. The cost does not depend on the size of the counter. Counters are therefore correct
whatever writers do, and `db.integrity.audit` verifies them.

Lock order, for triggers and for all other writers: users in ID order, then keywords in ID order.

The rule for writers: **a transaction that writes keywords, mentions or leads first runs `LOCK_USERS` with the
users of these rows**, and with the users to whom it assigns leads. A single statement then needs a
transaction, too. After the lock, any order of statements and rows is safe, because no other transaction
writes rows of these users. `db.statements.user` has the same lock, which also increments the users'
`data_version`. All writers but ingest use that one.

Without the lock, two transactions can each hold a row that the other waits for, and PostgreSQL ends one of
them with `deadlock_detected`. Counters stay correct, but the write must be repeated. Single statements are no
exception. A statement locks the rows that it changes before its triggers lock the parents, and a cascade
locks the parents before the rows. So an update of one lead and a deletion of its keyword can deadlock. So can
any statement and a transaction that locked the user and needs the same row. Only inserts without conflicting
unique keys are safe with each other.

- Delete users: lock them FOR UPDATE.
- TRUNCATE: run `LOCK TABLE users IN EXCLUSIVE MODE` first, because the rows belong to all users. READ
  COMMITTED only: with an older snapshot, counters that other transactions changed since would keep their
  values.

Write many rows in one statement. Each statement leaves a dead version of its parents' rows, and each later
statement of the transaction has to scan past all of them.
"""

from collections.abc import Mapping

from db.models import LeadStatus
from db.models.base import models

STATUS_COUNTERS = {status: f"{status}_leads_count" for status in LeadStatus}

LOCK_USERS = "SELECT id FROM users WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE"

COUNTED = {model.__tablename__: model.__counter__ for model in models() if model.__counter__}
"""The tables whose rows are counted by user alone, and the columns of `users` that count them."""


def _count_by_user(table: str, counter: str) -> str:
    return f"""
CREATE OR REPLACE FUNCTION count_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
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
    UPDATE users SET {counter} = {counter} + difference
    FROM unnest(user_ids, differences) AS change (user_id, difference)
    WHERE users.id = change.user_id;
    RETURN NULL;
END $$
"""


COUNT_MENTIONS = """
CREATE OR REPLACE FUNCTION count_mentions() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""


def _update_by_status(parent: str, ids: str) -> str:
    """Return SQL that adds lead differences, in total and per status, to the counters of one parent table.

    Differences that sum to zero for a parent, such as leads moved between a user's keywords, leave its row
    unchanged.
    """
    per_status = [
        f"sum(difference) FILTER (WHERE status = '{status}') AS {column}"
        for status, column in STATUS_COUNTERS.items()
    ]
    sets = [
        f"{column} = {parent}.{column} + coalesce(change.{column}, 0)"
        for column in ("leads_count", *STATUS_COUNTERS.values())
    ]
    separator = ",\n        "
    return f"""
    SELECT array_agg(DISTINCT parent_id) INTO parent_ids
    FROM (
        SELECT parent_id FROM unnest({ids}, statuses, differences) AS row (parent_id, status, difference)
        GROUP BY parent_id, status HAVING sum(difference) <> 0
    ) AS change;
    PERFORM 1 FROM {parent} WHERE id = ANY (parent_ids) ORDER BY id FOR NO KEY UPDATE;
    UPDATE {parent} SET
        {separator.join(sets)}
    FROM (
        SELECT parent_id, sum(difference) AS leads_count,
            {separator.join(per_status)}
        FROM unnest({ids}, statuses, differences) AS row (parent_id, status, difference)
        GROUP BY parent_id
    ) AS change
    WHERE {parent}.id = change.parent_id AND {parent}.id = ANY (parent_ids);"""


COUNT_LEADS = f"""
CREATE OR REPLACE FUNCTION count_leads() RETURNS trigger LANGUAGE plpgsql AS $$
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
    {_update_by_status("users", "user_ids").strip()}
    {_update_by_status("keywords", "keyword_ids").strip()}
    RETURN NULL;
END $$
"""

# TRUNCATE provides no rows to sum, so all counters of the table are set to zero.
_TRUNCATED: dict[str, dict[str, tuple[str, ...]]] = {
    **{table: {"users": (counter,)} for table, counter in COUNTED.items()},
    "mentions": {"users": ("mentions_count",), "keywords": ("mentions_count",)},
    "leads": {
        "users": ("leads_count", *STATUS_COUNTERS.values()),
        "keywords": ("leads_count", *STATUS_COUNTERS.values()),
    },
}


def _reset(parent: str, columns: tuple[str, ...]) -> str:
    sets = ", ".join(f"{column} = 0" for column in columns)
    wrong = " OR ".join(f"{column} <> 0" for column in columns)
    return f"    UPDATE {parent} SET {sets} WHERE {wrong};"


def _forget(table: str) -> str:
    updates = "\n".join(_reset(parent, columns) for parent, columns in _TRUNCATED[table].items())
    return f"""
CREATE OR REPLACE FUNCTION forget_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
{updates}
    RETURN NULL;
END $$
"""


def statement_triggers(table: str, count: str, events: Mapping[str, str], forget: str) -> list[str]:
    """Return triggers that call `count` for each event with its transition tables, and `forget` after TRUNCATE."""
    changes = [
        f"CREATE TRIGGER {count}_{event} AFTER {event.upper()} ON {table} "
        f"REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION {count}()"
        for event, tables in events.items()
    ]
    truncated = (
        f"CREATE TRIGGER {count}_truncate AFTER TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {forget}()"
    )
    return [*changes, truncated]


def _triggers(table: str, *, old: str, new: str, updates: bool) -> list[str]:
    """Return the triggers of one counted table.

    A row's parents never change. Only leads need a trigger for updates, because they are counted by status.
    """
    events = {"insert": f"NEW TABLE AS {new}", "delete": f"OLD TABLE AS {old}"}
    if updates:
        events["update"] = f"OLD TABLE AS {old} NEW TABLE AS {new}"
    return statement_triggers(table, f"count_{table}", events, f"forget_{table}")


FUNCTIONS = [
    *(_count_by_user(table, counter) for table, counter in COUNTED.items()),
    COUNT_MENTIONS,
    COUNT_LEADS,
    *(_forget(table) for table in _TRUNCATED),
]
TRIGGERS = [
    *(
        trigger
        for table in COUNTED
        for trigger in _triggers(table, old="changed", new="changed", updates=False)
    ),
    *_triggers("mentions", old="changed", new="changed", updates=False),
    *_triggers("leads", old="removed", new="added", updates=True),
]
