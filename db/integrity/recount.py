"""SQL that recounts roll-ups from the rows, independent of the triggers of `db.integrity.rollups`.

Each statement takes a range of parent IDs, from $1 to $2, and finds their rows by index.
"""

from db.integrity.rollups import MEASURES, Rollup
from db.language.layout import LAYOUT

_TIMES = {
    "mentions": ("mentions", "created_at"),
    "leads": ("leads", "created_at"),
    "qualified": ("leads", "qualified_at"),
    "converted": ("leads", "converted_at"),
}


def _counted(rollup: Rollup, measure: str) -> str:
    table, timestamp = _TIMES[measure]
    columns = ", ".join(f"{'count(*)' if each == measure else '0'} AS {each}" for each in MEASURES)
    return (
        f"SELECT {rollup.parent} AS id, {rollup.bucket(timestamp)} AS slot, {columns} FROM {table} "
        f"WHERE {rollup.parent} BETWEEN $1 AND $2 AND {timestamp} IS NOT NULL GROUP BY 1, 2"
    )


def select_wrong(rollup: Rollup) -> str:
    """Return SQL that selects buckets whose stored and counted numbers differ, with both numbers."""
    counted = " UNION ALL ".join(_counted(rollup, measure) for measure in MEASURES)
    sums = ", ".join(f"sum({measure})::integer AS {measure}" for measure in MEASURES)
    both = ", ".join(
        f"coalesce(stored.{m}, 0) AS stored_{m}, coalesce(counted.{m}, 0) AS counted_{m}" for m in MEASURES
    )
    differ = " OR ".join(f"coalesce(stored.{m}, 0) <> coalesce(counted.{m}, 0)" for m in MEASURES)
    return (
        f"SELECT id, slot, {both} "
        f"FROM (SELECT {rollup.parent} AS id, slot, {', '.join(MEASURES)} FROM {rollup.table} "
        f"WHERE {rollup.parent} BETWEEN $1 AND $2) AS stored "
        f"FULL JOIN (SELECT id, slot, {sums} FROM ({counted}) AS each_of GROUP BY id, slot) AS counted "
        f"USING (id, slot) WHERE {differ}"
    )


def repair(rollup: Rollup) -> str:
    """Return SQL that repairs the buckets of the locked parents $3, and returns the wrong buckets."""
    key = ", ".join(rollup.key)
    unique = rollup.unique(is_distributed=LAYOUT.is_distributed)
    owner = "parent.id" if rollup.parent == "user_id" else "parent.user_id, parent.id"
    values = ", ".join(f"counted_{measure}" for measure in MEASURES)
    sets = ", ".join(f"{measure} = EXCLUDED.{measure}" for measure in MEASURES)
    nothing = " AND ".join(f"counted_{measure} = 0" for measure in MEASURES)
    return (
        f"WITH wrong AS MATERIALIZED (SELECT * FROM ({select_wrong(rollup)}) AS found WHERE id = ANY ($3)), "
        f"emptied AS (DELETE FROM {rollup.table} USING wrong "
        f"WHERE {rollup.table}.{rollup.parent} = wrong.id AND {rollup.table}.slot = wrong.slot AND {nothing}), "
        f"filled AS (INSERT INTO {rollup.table} ({key}, slot, {', '.join(MEASURES)}) "
        f"SELECT {owner}, slot, {values} FROM wrong JOIN {rollup.parents} AS parent USING (id) WHERE NOT ({nothing}) "
        f"ON CONFLICT ({unique}, slot) DO UPDATE SET {sets}) "
        "SELECT * FROM wrong"
    )


def count_rows(rollup: Rollup) -> str:
    return f"SELECT count(*) FROM {rollup.table} WHERE {rollup.parent} BETWEEN $1 AND $2"
