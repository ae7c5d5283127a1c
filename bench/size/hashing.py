"""Mentions in partitions by the hash of the user, beside the same mentions in one table: a trial for decision 0060.

Both are copies of the smaller database's mentions with the same keys and indexes. The times are of PostgreSQL: planning
and execution, as EXPLAIN ANALYZE reports them, of statements that are planned anew. Medians of 31 runs. The user is a
bigint, as in the product: the full-text index does not compare an integer with its first column.
"""

import json
import statistics
from collections.abc import Sequence
from typing import Final

import asyncpg

from bench.table import markdown, written
from db.engine.pool import Connection

RUNS: Final = 31
_INDEXES: Final = (
    "(user_id, created_at DESC, id DESC)",
    "(created_at DESC, id DESC)",
    "USING gin (user_id, search)",
)
STATEMENTS: Final = {
    "a member's 50 newest": "SELECT * FROM {t} WHERE user_id = {user}::bigint ORDER BY created_at DESC, id DESC LIMIT 50",
    "an operator's 50 newest": "SELECT * FROM {t} ORDER BY created_at DESC, id DESC LIMIT 50",
    "a word of a member": (
        "SELECT count(*) FROM {t} WHERE user_id = {user}::bigint AND search @@ 'recommend'::tsquery"
    ),
    "one row by ID": "SELECT * FROM {t} WHERE id = {id}",
    "one row by ID and user": "SELECT * FROM {t} WHERE id = {id} AND user_id = {user}::bigint",
    "100 rows by ID": "SELECT t.* FROM unnest(ARRAY[{ids}]) AS picked (id) JOIN {t} AS t USING (id)",
}


async def trial(url: str, partitions: int) -> str:
    """Return the times of each statement on both copies as a table. The copies are dropped afterwards."""
    connection = await asyncpg.connect(url)
    names = ("trial_one", "trial_hashed")
    try:
        await connection.execute("SET maintenance_work_mem = '1GB'; SET jit = off")
        await connection.execute("DROP TABLE IF EXISTS trial_one, trial_hashed")
        await connection.execute("CREATE TABLE trial_one (LIKE mentions)")
        await connection.execute("CREATE TABLE trial_hashed (LIKE mentions) PARTITION BY HASH (user_id)")
        for number in range(partitions):
            await connection.execute(
                f"CREATE TABLE trial_hashed_{number} PARTITION OF trial_hashed "
                f"FOR VALUES WITH (MODULUS {partitions}, REMAINDER {number})"
            )
        await _fill(connection, names)
        return await _measure(connection, names)
    finally:
        await connection.execute("DROP TABLE IF EXISTS trial_one, trial_hashed")
        await connection.close()


async def _fill(connection: Connection, names: Sequence[str]) -> None:
    for name in names:
        await connection.execute(f"INSERT INTO {name} SELECT * FROM mentions ORDER BY id")  # noqa: S608 - our own names
        await connection.execute(f"ALTER TABLE {name} ADD PRIMARY KEY (id, user_id)")
        for index in _INDEXES:
            await connection.execute(f"CREATE INDEX ON {name} {index}")
        await connection.execute(f"VACUUM ANALYZE {name}")


async def _measure(connection: Connection, names: Sequence[str]) -> str:
    row = await connection.fetchrow("SELECT user_id, id FROM mentions OFFSET 5000 LIMIT 1")
    assert row is not None  # noqa: S101 - the database is filled
    user, id_ = row
    ids = await connection.fetchval(
        "SELECT string_agg(id::text, ',') FROM (SELECT id FROM mentions OFFSET 7000 LIMIT 100) AS picked"
    )
    rows = []
    for title, sql in STATEMENTS.items():
        times: list[float] = []
        for name in names:
            times.extend(await _times(connection, sql.format(t=name, user=user, id=id_, ids=ids)))
        rows.append([title, *map(written, times)])
    return markdown(
        [
            "statement",
            *(f"{what} ms, {name}" for name in ("one table", "hashed") for what in ("plan", "run")),
        ],
        rows,
    )


async def _times(connection: Connection, sql: str) -> tuple[float, float]:
    """Return the median milliseconds of planning and of execution."""
    found = [
        json.loads(await connection.fetchval(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}"))[0]
        for _ in range(RUNS)
    ]
    plan, run = (
        statistics.median(each[name] for each in found) for name in ("Planning Time", "Execution Time")
    )
    return plan, run
