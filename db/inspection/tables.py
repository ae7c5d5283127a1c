"""Sizes, growth and dead rows of tables."""

from dataclasses import dataclass

from db.engine.pool import Pool


@dataclass(frozen=True, slots=True)
class TableSize:
    """The size of a table with its indexes.

    `dead_rows` are old versions of rows, and `empty_percent` is the estimated part of its pages without data.
    `rows_per_day` is None if the beginning of the statistics is unknown. `frozen_age` is the number of transactions since
    the oldest that its rows refer to.
    """

    name: str
    bytes: int
    rows: int
    dead_rows: int
    empty_percent: int
    rows_per_day: int | None
    frozen_age: int
    is_analyzed: bool
    is_vacuumed: bool


# Statistics of columns give the average width of a row; 28 bytes are its header and its pointer in the page.
_SIZES = """
SELECT class.relname AS name, pg_total_relation_size(class.oid) AS bytes,
    greatest(reltuples, n_live_tup)::bigint AS rows, n_dead_tup AS dead_rows,
    coalesce(greatest(0, 100 - round((100 * reltuples * (28 + width) / nullif(pg_relation_size(class.oid), 0))::numeric)), 0)
        ::int AS empty_percent,
    (n_tup_ins / nullif(extract(epoch FROM statement_timestamp() - stats_reset) / 86400, 0))::bigint AS rows_per_day,
    age(relfrozenxid) AS frozen_age,
    coalesce(last_analyze, last_autoanalyze) IS NOT NULL AS is_analyzed,
    NOT coalesce('autovacuum_enabled=false' = ANY (reloptions), false) AS is_vacuumed
FROM pg_class AS class JOIN pg_stat_user_tables AS used ON used.relid = class.oid
LEFT JOIN (
    SELECT tablename, sum((1 - null_frac) * avg_width) AS width FROM pg_stats WHERE schemaname = 'public' GROUP BY tablename
) AS widths ON tablename = class.relname
CROSS JOIN (SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()) AS database
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
ORDER BY bytes DESC, class.relname
"""


async def sizes(pool: Pool) -> list[TableSize]:
    """Return the tables, the largest first."""
    return [TableSize(**row) for row in await pool.fetch(_SIZES)]
