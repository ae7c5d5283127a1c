"""Append the change of a single row by a short statement, in the triggers of the change feed.

Revision ID: 0022
Revises: 0021
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


class Table(NamedTuple):
    """A table of the feed, as it was when this revision was written. `columns` are those whose changes count."""

    name: str
    entity: str
    columns: str
    owner: str = "user_id"
    row_id: str = "id"
    part: str | None = None
    each_row: bool = False
    derived: str = ""


TABLES = (
    Table(
        "analysis_results",
        "Mention",
        "status sentiment sentiment_score intent intent_score relevance relevance_score relevance_reason topics summary analyzer analyzer_version error analyzed_at",
        row_id="mention_id",
        part="analysis",
    ),
    Table(
        "exports",
        "Export",
        "entity format columns byte_order_mark status rows_total error started_at finished_at expires_at",
    ),
    Table(
        "integrations",
        "Integration",
        "provider kind name external_account_id status credentials_expires_at credentials_set_at scopes settings last_searched_at last_success_at last_error_at last_error_code consecutive_failures next_sync_at sync_interval sync_cursor health_score health_problems updated_at",
        derived="health_score health_problems",
    ),
    Table(
        "keywords",
        "Keyword",
        "keyword match_type required_terms excluded_terms platforms status auto_lead_score updated_at archived_at",
        each_row=True,
    ),
    Table(
        "leads",
        "Lead",
        "status disqualify_reason contacted_at qualified_at converted_at disqualified_at status_changed_at score score_version score_breakdown value currency assignee_user_id contact_name contact_handle contact_email company notes tags origin external_reference version updated_at",
        derived="score score_version score_breakdown",
    ),
    Table(
        "mentions",
        "Mention",
        "integration_id platform external_id kind url title content author language likes comments published_at read_at starred_at dismissed_at dismiss_reason engaged_at updated_at",
    ),
    Table(
        "users", "User", "email name role status time_zone week_start updated_at", owner="id", each_row=True
    ),
    Table(
        "webhooks",
        "Webhook",
        "url description event_types questions document scopes signature public_key status disabled_reason disabled_at updated_at",
        each_row=True,
    ),
)
INSERT = (
    "INSERT INTO changes (id, at, xid, user_id, entity, kind, row_ids, columns, actor_id, key_id, request_id)"
)
STAMP = "nextval('change_ids'), clock_timestamp(), pg_current_xact_id()"
AUTHOR = """NULLIF(split_part(author, ' ', 1), '')::bigint,
            NULLIF(split_part(author, ' ', 2), '')::bigint, NULLIF(split_part(author, ' ', 3), '')"""
DECLARE = """DECLARE
    author text := current_setting('leadgraph.author', true);
    counts boolean := split_part(author, ' ', 4) IS DISTINCT FROM 'derived';"""
KINDS = {"insert": "created", "update": "updated", "delete": "deleted"}


def changed(table: Table, old: str, new: str) -> str:
    """Return SQL for the array of the changed columns."""
    derived = table.derived.split()
    cases = [
        f"CASE WHEN {'counts AND ' if column in derived else ''}{old}.{column} IS DISTINCT FROM {new}.{column} "
        f"THEN '{column}' END"
        for column in table.columns.split()
    ]
    inner = ",\n            ".join(cases)
    return f"array_remove(ARRAY[\n            {inner}\n        ]::text[], NULL)"


def names_of_update(table: Table) -> str:
    """Return SQL for the array of the changed columns, or for the name of the part that has changed."""
    columns = changed(table, "removed", "added")
    if table.part is None:
        return columns
    return f"CASE WHEN {columns} <> '{{}}' THEN '{{{table.part}}}'::text[] ELSE '{{}}' END"


def found(table: Table, rows: str, names: str, condition: str) -> str:
    """Return SQL that finds created or deleted rows by their owners."""
    return (
        f"SELECT {table.owner} AS user_id, array_agg({table.row_id} ORDER BY {table.row_id}) AS row_ids, "
        f"{names} AS columns\n            FROM {rows}{condition} GROUP BY {table.owner}"
    )


def found_updates(table: Table) -> str:
    """Return SQL that finds updated rows by their owners and their changed columns."""
    return f"""SELECT user_id, array_agg(row_id ORDER BY row_id) AS row_ids, columns
            FROM (
                SELECT added.{table.owner} AS user_id, added.{table.row_id} AS row_id, {names_of_update(table)} AS columns
                FROM added JOIN removed USING ({table.row_id})
            ) AS change WHERE columns <> '{{}}' GROUP BY user_id, columns"""


def part_of(table: Table) -> tuple[str, str]:
    """Return SQL for the columns of a created or deleted row, and a condition: a part that goes with its whole is no update."""
    if table.part is None:
        return "NULL::text[]", ""
    whole = next(other.name for other in TABLES if other.entity == table.entity and other.part is None)
    condition = f"\n            WHERE EXISTS (SELECT FROM {whole} WHERE {whole}.id = removed.{table.row_id})"
    return f"'{{{table.part}}}'::text[]", condition


def kind_of(table: Table, event: str) -> str:
    """Return the kind of an event. Each event of a part is an update."""
    return KINDS[event] if table.part is None else "updated"


# The functions of this revision


def append(kind: str, entity: str, changes: str) -> str:
    """Return SQL that appends the found changes."""
    return f"""
            WITH found AS MATERIALIZED (
            {changes}
            ), locked AS MATERIALIZED (
                SELECT id FROM users WHERE id IN (SELECT user_id FROM found) ORDER BY id FOR NO KEY UPDATE
            )
            {INSERT}
            SELECT {STAMP}, user_id, '{entity}', '{kind}', row_ids, columns,
            {AUTHOR}
            FROM found, (SELECT count(*) FROM locked) AS held;"""


def append_one(kind: str, entity: str) -> str:
    """Return SQL that appends the change of one row."""
    return f"""
        PERFORM 1 FROM users WHERE id = owner_id FOR NO KEY UPDATE;
        {INSERT}
        VALUES ({STAMP}, owner_id, '{entity}', {kind}, ARRAY[changed_id], changed,
            {AUTHOR});"""


def branches(table: Table) -> Iterator[tuple[str, str, str, str]]:
    """Yield each event, its rows, SQL that finds the only row, and SQL that appends the changes of many."""
    names, remains = part_of(table)
    for event, rows, condition in (("insert", "added", ""), ("delete", "removed", remains)):
        one = f"SELECT {table.owner}, {table.row_id}, {names} INTO owner_id, changed_id, changed FROM {rows}{condition};"
        yield (
            event,
            rows,
            one,
            append(kind_of(table, event), table.entity, found(table, rows, names, condition)),
        )
    if not table.each_row:
        one = f"""SELECT added.{table.owner}, added.{table.row_id}, {names_of_update(table)}
            INTO owner_id, changed_id, changed FROM added, removed;
            IF changed = '{{}}' THEN
                RETURN NULL;
            END IF;"""
        yield "update", "added", one, append("updated", table.entity, found_updates(table))


def function(table: Table) -> str:
    """Return the function of statements, which appends the change of a single row by a short statement."""
    texts = [
        f"""{"IF" if number == 0 else "ELSIF"} TG_OP = '{event.upper()}' THEN
        IF (SELECT count(*) FROM (SELECT FROM {rows} LIMIT 2) AS few) = 1 THEN
            {one}
        ELSE{many}
        END IF;"""
        for number, (event, rows, one, many) in enumerate(branches(table))
    ]
    joined = "\n    ".join(texts)
    kind = "CASE TG_OP WHEN 'INSERT' THEN 'created' WHEN 'DELETE' THEN 'deleted' ELSE 'updated' END"
    return f"""
CREATE OR REPLACE FUNCTION feed_{table.name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
{DECLARE}
    owner_id bigint;
    changed_id bigint;
    changed text[];
BEGIN
    {joined}
    END IF;
    IF owner_id IS NOT NULL THEN{append_one("'updated'" if table.part else kind, table.entity)}
    END IF;
    IF FOUND THEN
        PERFORM pg_notify('changes', '');
    END IF;
    RETURN NULL;
END $$
"""


def row_function(table: Table) -> str:
    """Return the function of updated rows."""
    return f"""
CREATE OR REPLACE FUNCTION feed_row_of_{table.name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
{DECLARE}
    owner_id bigint := NEW.{table.owner};
    changed_id bigint := NEW.{table.row_id};
    changed text[] := {changed(table, "OLD", "NEW")};
BEGIN
    IF changed = '{{}}' THEN
        RETURN NULL;
    END IF;{append_one("'updated'", table.entity)}
    PERFORM pg_notify('changes', '');
    RETURN NULL;
END $$
"""


# The functions of the revisions before


def former_append(kind: str, entity: str, changes: str) -> str:
    """Return SQL that appends the found changes."""
    return f"""
        WITH found AS MATERIALIZED (
            {changes}
        ), locked AS MATERIALIZED (
            SELECT id FROM users WHERE id IN (SELECT user_id FROM found) ORDER BY id FOR NO KEY UPDATE
        )
        {INSERT}
        SELECT {STAMP}, user_id, '{entity}', '{kind}',
            row_ids, columns, {AUTHOR}
        FROM found, (SELECT count(*) FROM locked) AS held;"""


def former_function(table: Table) -> str:
    """Return the function of statements."""
    names, remains = part_of(table)
    changes = {
        "insert": found(table, "added", names, ""),
        "update": found_updates(table),
        "delete": found(table, "removed", names, remains),
    }
    if table.each_row:
        del changes["update"]
    joined = "\n    ".join(
        f"{'IF' if number == 0 else 'ELSIF'} TG_OP = '{event.upper()}' THEN"
        f"{former_append(kind_of(table, event), table.entity, each)}"
        for number, (event, each) in enumerate(changes.items())
    )
    return f"""
CREATE OR REPLACE FUNCTION feed_{table.name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
{DECLARE}
BEGIN
    {joined}
    END IF;
    IF FOUND THEN
        PERFORM pg_notify('changes', '');
    END IF;
    RETURN NULL;
END $$
"""


def former_row_function(table: Table) -> str:
    """Return the function of updated rows."""
    changes = f"SELECT NEW.{table.owner} AS user_id, ARRAY[NEW.{table.row_id}] AS row_ids, changed AS columns"
    return f"""
CREATE OR REPLACE FUNCTION feed_row_of_{table.name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
{DECLARE}
    changed text[] := {changed(table, "OLD", "NEW")};
BEGIN
    IF changed = '{{}}' THEN
        RETURN NULL;
    END IF;{former_append("updated", table.entity, changes)}
    PERFORM pg_notify('changes', '');
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    _replace(function, row_function)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    _replace(former_function, former_row_function)


def _replace(of_statements: Callable[[Table], str], of_rows: Callable[[Table], str]) -> None:
    """Replace the functions. This resets their settings, so that their schemas are fixed again."""
    for table in TABLES:
        op.execute(of_statements(table))
        _fix_path(f"feed_{table.name}")
        if table.each_row:
            op.execute(of_rows(table))
            _fix_path(f"feed_row_of_{table.name}")


def _fix_path(name: str) -> None:
    op.execute(
        "DO $$ BEGIN EXECUTE format("
        f"'ALTER FUNCTION {name}() SET search_path = pg_catalog, %I, pg_temp', current_schema()); END $$"
    )
