"""The change feed, appended by triggers in the writer's own transaction, for any SQL.

Each statement that inserts, updates or deletes rows of an entity appends one row to `changes` for each owner, kind and
set of changed columns. A cascade does so once for all of its rows, and a rollback leaves no change. The models declare
which rows and which columns count (`db.models.base.Feed`).

A trigger locks the owners in ID order and keeps the locks until the transaction ends, as counters do
(`db.integrity.counters`). It draws the ID of the change after that. The IDs of one owner's changes therefore ascend in
the order of commits, without exception. IDs of different owners do not.

A transaction that writes exports locks these first and their users afterwards: a turn of an export takes long, and
must not block its user. The rule of `db.integrity.counters` holds for all other tables.

The triggers are SECURITY DEFINER: members of row-level security cannot write the feed themselves. TRUNCATE leaves no
rows to tell. It renews the feed, so that all positions expire and each reader starts anew.
"""

from collections.abc import Iterator

from db.engine.author import AUTHOR
from db.engine.pool import Connection
from db.integrity.counters import COUNTED
from db.models.base import Base, Feed, models, table_of

CHANNEL = "changes"
"""The channel of NOTIFY that wakes readers. PostgreSQL sends one notification per transaction."""

_TABLES = {
    "insert": "NEW TABLE AS added",
    "update": "OLD TABLE AS removed NEW TABLE AS added",
    "delete": "OLD TABLE AS removed",
}


def fed() -> dict[str, Feed]:
    """Return the declarations by table."""
    return {model.__tablename__: model.__feed__ for model in models() if model.__feed__}


def counted_columns(model: type[Base]) -> list[str]:
    """Return the columns of the model whose changes are changes of the feed."""
    feed, table = model.__feed__, table_of(model)
    if feed is None:
        return []
    fixed = {feed.owner, feed.row_id, *model.__parents__, *feed.ignored, *COUNTED.values(), "created_at"}
    return [column.name for column in table.c if column.name not in fixed]


_COLUMNS = {model.__tablename__: counted_columns(model) for model in models() if model.__feed__}


def _changed(table: str, old: str, new: str) -> str:
    """Return SQL for the array of the changed columns."""
    feed = fed()[table]
    cases = [
        f"CASE WHEN {'counts AND ' if column in feed.derived else ''}{old}.{column} IS DISTINCT FROM {new}.{column} "
        f"THEN '{column}' END"
        for column in _COLUMNS[table]
    ]
    inner = ",\n            ".join(cases)
    return f"array_remove(ARRAY[\n            {inner}\n        ]::text[], NULL)"


_INSERT = (
    "INSERT INTO changes (id, at, xid, user_id, entity, kind, row_ids, columns, actor_id, key_id, request_id)"
)
_STAMP = "nextval('change_ids'), clock_timestamp(), pg_current_xact_id()"
_AUTHOR = """NULLIF(split_part(author, ' ', 1), '')::bigint,
            NULLIF(split_part(author, ' ', 2), '')::bigint, NULLIF(split_part(author, ' ', 3), '')"""


def _append(kind: str, entity: str, found: str) -> str:
    """Return SQL that appends the found changes. The inner join draws an ID only after all owners are locked."""
    return f"""
            WITH found AS MATERIALIZED (
            {found}
            ), locked AS MATERIALIZED (
                SELECT id FROM users WHERE id IN (SELECT user_id FROM found) ORDER BY id FOR NO KEY UPDATE
            )
            {_INSERT}
            SELECT {_STAMP}, user_id, '{entity}', '{kind}', row_ids, columns,
            {_AUTHOR}
            FROM found, (SELECT count(*) FROM locked) AS held;"""


def _append_one(kind: str, entity: str) -> str:
    """Return SQL that appends the change of one row. It takes half the time of the statement for many rows."""
    return f"""
        PERFORM 1 FROM users WHERE id = owner_id FOR NO KEY UPDATE;
        {_INSERT}
        VALUES ({_STAMP}, owner_id, '{entity}', {kind}, ARRAY[changed_id], changed,
            {_AUTHOR});"""


def _found(feed: Feed, rows: str, columns: str = "NULL::text[]", condition: str = "") -> str:
    return (
        f"SELECT {feed.owner} AS user_id, array_agg({feed.row_id} ORDER BY {feed.row_id}) AS row_ids, "
        f"{columns} AS columns\n            FROM {rows}{condition} GROUP BY {feed.owner}"
    )


def _names_of_update(table: str) -> str:
    """Return SQL for the array of the changed columns, or for the name of the part that has changed."""
    part, columns = fed()[table].part, _changed(table, "removed", "added")
    return f"CASE WHEN {columns} <> '{{}}' THEN '{{{part}}}'::text[] ELSE '{{}}' END" if part else columns


def _found_updates(table: str) -> str:
    feed, columns = fed()[table], _names_of_update(table)
    return f"""SELECT user_id, array_agg(row_id ORDER BY row_id) AS row_ids, columns
            FROM (
                SELECT added.{feed.owner} AS user_id, added.{feed.row_id} AS row_id, {columns} AS columns
                FROM added JOIN removed USING ({feed.row_id})
            ) AS change WHERE columns <> '{{}}' GROUP BY user_id, columns"""


def _only_one(rows: str) -> str:
    """Return an SQL expression: whether the statement has changed one row. It counts no further than two."""
    return f"(SELECT count(*) FROM (SELECT FROM {rows} LIMIT 2) AS few) = 1"


def _branches(table: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield each event, its rows, SQL that finds the only row, and SQL that appends the changes of many."""
    feed = fed()[table]
    names, remains = "NULL::text[]", ""
    kinds = {"insert": "created", "update": "updated", "delete": "deleted"}
    if feed.part is not None:
        # A part that is deleted together with its whole is no update.
        whole = next(name for name, other in fed().items() if other.entity == feed.entity and not other.part)
        names = f"'{{{feed.part}}}'::text[]"
        remains = f"\n            WHERE EXISTS (SELECT FROM {whole} WHERE {whole}.id = removed.{feed.row_id})"
        kinds = dict.fromkeys(kinds, "updated")
    for event, rows, condition in (("insert", "added", ""), ("delete", "removed", remains)):
        one = f"SELECT {feed.owner}, {feed.row_id}, {names} INTO owner_id, changed_id, changed FROM {rows}{condition};"
        yield event, rows, one, _append(kinds[event], feed.entity, _found(feed, rows, names, condition))
    if not feed.each_row:
        one = f"""SELECT added.{feed.owner}, added.{feed.row_id}, {_names_of_update(table)}
            INTO owner_id, changed_id, changed FROM added, removed;
            IF changed = '{{}}' THEN
                RETURN NULL;
            END IF;"""
        yield "update", "added", one, _append("updated", feed.entity, _found_updates(table))


_DECLARE = f"""
DECLARE
    author text := current_setting('{AUTHOR}', true);
    counts boolean := split_part(author, ' ', 4) IS DISTINCT FROM 'derived';"""


def _function(table: str) -> str:
    feed = fed()[table]
    branches = [
        f"""{"IF" if number == 0 else "ELSIF"} TG_OP = '{event.upper()}' THEN
        IF {_only_one(rows)} THEN
            {one}
        ELSE{many}
        END IF;"""
        for number, (event, rows, one, many) in enumerate(_branches(table))
    ]
    joined = "\n    ".join(branches)
    kind = "CASE TG_OP WHEN 'INSERT' THEN 'created' WHEN 'DELETE' THEN 'deleted' ELSE 'updated' END"
    return f"""
CREATE OR REPLACE FUNCTION feed_{table}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
{_DECLARE.strip()}
    owner_id bigint;
    changed_id bigint;
    changed text[];
BEGIN
    {joined}
    END IF;
    IF owner_id IS NOT NULL THEN{_append_one("'updated'" if feed.part else kind, feed.entity)}
    END IF;
    IF FOUND THEN
        PERFORM pg_notify('{CHANNEL}', '');
    END IF;
    RETURN NULL;
END $$
"""


def _row_function(table: str) -> str:
    feed = fed()[table]
    return f"""
CREATE OR REPLACE FUNCTION feed_row_of_{table}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
{_DECLARE.strip()}
    owner_id bigint := NEW.{feed.owner};
    changed_id bigint := NEW.{feed.row_id};
    changed text[] := {_changed(table, "OLD", "NEW")};
BEGIN
    IF changed = '{{}}' THEN
        RETURN NULL;
    END IF;{_append_one("'updated'", feed.entity)}
    PERFORM pg_notify('{CHANNEL}', '');
    RETURN NULL;
END $$
"""


RENEW = f"""
CREATE OR REPLACE FUNCTION renew_change_feed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO change_feed DEFAULT VALUES
    ON CONFLICT (single) DO UPDATE SET feed_id = substr(gen_random_uuid()::text, 1, 8);
    PERFORM pg_notify('{CHANNEL}', '');
    RETURN NULL;
END $$
"""


async def renew(connection: Connection) -> None:
    """Renew the feed of a restored database. Its transaction IDs are of another server: all positions expire.

    The changes stay, as those of this transaction. A database at an earlier revision has no feed.
    """
    if await connection.fetchval("SELECT to_regclass('change_feed') IS NOT NULL"):
        async with connection.transaction():
            await connection.execute("UPDATE changes SET xid = pg_current_xact_id()")
            await connection.execute(
                "UPDATE change_feed SET feed_id = substr(gen_random_uuid()::text, 1, 8), expired_id = 0, "
                "expired_xid = '0', expired_before = NULL, expired_at = NULL"
            )


def _fix_path(function: str) -> str:
    """Return SQL that fixes the schemas of a function that runs with the rights of its owner."""
    return (
        "DO $$ BEGIN EXECUTE format("
        f"'ALTER FUNCTION {function}() SET search_path = pg_catalog, %I, pg_temp', current_schema()); END $$"
    )


def _functions() -> Iterator[str]:
    names = ["renew_change_feed"]
    yield RENEW
    for table, feed in fed().items():
        names.append(f"feed_{table}")
        yield _function(table)
        if feed.each_row:
            names.append(f"feed_row_of_{table}")
            yield _row_function(table)
    yield from map(_fix_path, names)


def _triggers(table: str) -> Iterator[str]:
    feed = fed()[table]
    for event, tables in _TABLES.items():
        if event == "update" and feed.each_row:
            columns = _COLUMNS[table]
            differ = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns)
            yield (
                f"CREATE TRIGGER feed_update AFTER UPDATE OF {', '.join(columns)} ON {table} "
                f"FOR EACH ROW WHEN ({differ}) EXECUTE FUNCTION feed_row_of_{table}()"
            )
        else:
            yield (
                f"CREATE TRIGGER feed_{event} AFTER {event.upper()} ON {table} REFERENCING {tables} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION feed_{table}()"
            )
    yield (
        f"CREATE TRIGGER feed_truncate AFTER TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION renew_change_feed()"
    )


FUNCTIONS = list(_functions())
TRIGGERS = [trigger for table in fed() for trigger in _triggers(table)]
TRIGGERS.append(
    "CREATE TRIGGER feed_truncate AFTER TRUNCATE ON changes "
    "FOR EACH STATEMENT EXECUTE FUNCTION renew_change_feed()"
)
