"""Roll-ups: counts of mentions and leads per bucket of time, updated by triggers like the counters.

A figure over a period is then a sum of few small rows, regardless of the number of mentions. A bucket is 15
minutes or a UTC day. Since 1980, the midnights of all time zones are edges of the 15-minute buckets. A period
is summed from the days inside of it, and from 15-minute buckets at its ends. Both exist per keyword and per
user. The start of a bucket is in the column `slot`.

Mentions and leads are counted at their creation. Leads are also counted when they are first qualified and
first converted. Buckets in which nothing happened have no row.

The triggers add the differences of a statement, like the triggers of `db.integrity.counters`, and fire after
these: PostgreSQL fires triggers of one event in the order of their names. Lock order: users in ID order, then
keywords in ID order. A transaction that holds these locks may write the buckets, which therefore need no lock
order of their own. No bucket is written for a keyword that is being deleted, because its buckets are deleted
with it. `db.integrity.audit` verifies and fills the roll-ups.
"""

from dataclasses import dataclass

from db.integrity.counters import statement_triggers

MEASURES = ("mentions", "leads", "qualified", "converted")


@dataclass(frozen=True, slots=True)
class Rollup:
    """A table of buckets: its parent column, and the length of a bucket as an SQL interval."""

    table: str
    parent: str
    stride: str

    @property
    def parents(self) -> str:
        return "users" if self.parent == "user_id" else "keywords"

    @property
    def key(self) -> tuple[str, ...]:
        """The key columns of the table, apart from the bucket."""
        return ("user_id",) if self.parent == "user_id" else ("user_id", self.parent)

    def unique(self, *, is_distributed: bool) -> str:
        """Return the unique key of the table, apart from the bucket. That of a distributed database contains the user."""
        return ", ".join(self.key) if is_distributed else self.parent

    def bucket(self, timestamp: str) -> str:
        """Return SQL for the start of the timestamp's bucket."""
        return f"date_bin('{self.stride}', {timestamp}, '2000-01-01 00:00+00')"


QUARTER, DAY = "15 minutes", "1 day"
ROLLUPS = (
    Rollup("user_slot_stats", "user_id", QUARTER),
    Rollup("user_day_stats", "user_id", DAY),
    Rollup("slot_stats", "keyword_id", QUARTER),
    Rollup("day_stats", "keyword_id", DAY),
)


def _add(rollup: Rollup, *, is_distributed: bool) -> str:
    """Return SQL that adds the differences to one table, and deletes rows that become zero."""
    unique = rollup.unique(is_distributed=is_distributed)
    key = ", ".join(rollup.key)
    columns = ", ".join(MEASURES)
    sums = ", ".join(f"coalesce(sum({measure}), 0)" for measure in MEASURES)
    some = " OR ".join(f"sum({measure}) <> 0" for measure in MEASURES)
    added = ",\n        ".join(f"{m} = {rollup.table}.{m} + EXCLUDED.{m}" for m in MEASURES)
    nothing = " AND ".join(f"{rollup.table}.{measure} = 0" for measure in MEASURES)
    return f"""
    INSERT INTO {rollup.table} ({key}, slot, {columns})
    SELECT {key}, {rollup.bucket("moment")}, {sums}
    FROM unnest(user_ids, keyword_ids, moments, {", ".join(f"more_{measure}" for measure in MEASURES)})
        AS change (user_id, keyword_id, moment, {columns})
        JOIN unnest(live_{rollup.parent}s) AS live (id) ON live.id = change.{rollup.parent}
    GROUP BY {key}, {rollup.bucket("moment")} HAVING {some}
    ON CONFLICT ({unique}, slot) DO UPDATE SET
        {added};
    IF less THEN
        DELETE FROM {rollup.table} USING unnest({rollup.parent}s, moments) AS change (id, moment)
        WHERE {rollup.table}.{rollup.parent} = change.id AND {rollup.table}.slot = {rollup.bucket("change.moment")}
            AND {nothing};
    END IF;"""


def add_to_slots(*, is_distributed: bool = False) -> str:
    """Return the function that adds differences. The unique keys of a distributed database contain the user."""
    additions = "".join(_add(rollup, is_distributed=is_distributed) for rollup in ROLLUPS)
    return f"""
CREATE OR REPLACE FUNCTION add_to_slots(
    user_ids bigint[], keyword_ids bigint[], moments timestamptz[],
    {", ".join(f"more_{measure} integer[]" for measure in MEASURES)}
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    less boolean := 0 > ANY ({" || ".join(f"more_{measure}" for measure in MEASURES)});
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
{additions}
END $$
"""


EVENTS = {
    "mentions": {"mentions": "created_at"},
    "leads": {"leads": "created_at", "qualified": "qualified_at", "converted": "converted_at"},
}
"""The counted events of each table's rows, with the column of their time.

Null means that it did not happen.
"""


def _happened(table: str, rows: str, step: int) -> list[str]:
    """Return SQL that selects the events of a transition table's rows, one per row."""
    return [
        f"SELECT user_id, keyword_id, {column} AS moment, "
        + ", ".join(f"{step if measure == counted else 0} AS {counted}" for counted in EVENTS[table])
        + f" FROM {rows} WHERE {column} IS NOT NULL"
        for measure, column in EVENTS[table].items()
    ]


def _add_events(table: str, *changes: tuple[str, int]) -> str:
    """Return SQL that sums the events per keyword and bucket, and passes the sums that are not zero on."""
    events = "\n            UNION ALL ".join(
        event for rows, step in changes for event in _happened(table, rows, step)
    )
    bucket = ROLLUPS[0].bucket("moment")
    measures = EVENTS[table]
    return f"""PERFORM add_to_slots(
            array_agg(user_id), array_agg(keyword_id), array_agg(slot),
            {", ".join(f"array_agg({each})" if each in measures else "NULL" for each in MEASURES)}
        )
        FROM (
            SELECT user_id, keyword_id, {bucket} AS slot,
                {", ".join(f"sum({each})::integer AS {each}" for each in measures)}
            FROM (
            {events}
            ) AS event
            GROUP BY user_id, keyword_id, {bucket}
            HAVING {" OR ".join(f"sum({each}) <> 0" for each in measures)}
        ) AS change;"""


def _roll_up(table: str) -> str:
    return f"""
CREATE OR REPLACE FUNCTION roll_up_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        {_add_events(table, ("added", 1))}
    ELSIF TG_OP = 'DELETE' THEN
        {_add_events(table, ("removed", -1))}
    ELSE
        {_add_events(table, ("added", 1), ("removed", -1))}
    END IF;
    RETURN NULL;
END $$
"""


def _forget(table: str, statements: str) -> str:
    """Return the trigger function for TRUNCATE.

    An older snapshot would miss rows that were counted meanwhile.
    """
    return f"""
CREATE OR REPLACE FUNCTION forget_slots_of_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE invalid_transaction_state USING
            MESSAGE = 'TRUNCATE {table} needs a transaction that is READ COMMITTED',
            HINT = 'Counters that others have changed since the snapshot would stay as they are.';
    END IF;
{statements}
    RETURN NULL;
END $$
"""


# TRUNCATE of mentions truncates leads, too. DELETE, unlike TRUNCATE, keeps the rows for older snapshots.
_NO_SLOTS = "\n".join(f"    DELETE FROM {rollup.table};" for rollup in ROLLUPS)
_NO_LEADS = "\n".join(
    f"    DELETE FROM {rollup.table} WHERE mentions = 0;\n"
    f"    UPDATE {rollup.table} SET leads = 0, qualified = 0, converted = 0 "
    "WHERE leads <> 0 OR qualified <> 0 OR converted <> 0;"
    for rollup in ROLLUPS
)


def _triggers(table: str) -> list[str]:
    events = {
        "insert": "NEW TABLE AS added",
        "delete": "OLD TABLE AS removed",
        "update": "OLD TABLE AS removed NEW TABLE AS added",
    }
    return statement_triggers(table, f"roll_up_{table}", events, f"forget_slots_of_{table}")


FUNCTIONS = [
    add_to_slots(),
    *map(_roll_up, EVENTS),
    _forget("mentions", _NO_SLOTS),
    _forget("leads", _NO_LEADS),
]
TRIGGERS = [trigger for table in EVENTS for trigger in _triggers(table)]
