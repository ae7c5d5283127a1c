"""The statements of the change feed read from indexes, and visit no more changes than they return."""

from typing import Any

import orjson
import pytest

from db.engine.pool import Pool
from db.engine.statement_cache import Statement
from db.integrity import change_partitions
from db.statements import change

CHANGES = """
INSERT INTO changes (id, at, xid, user_id, entity, kind, row_ids)
SELECT nextval('change_ids'), date_trunc('day', clock_timestamp(), 'UTC') + n * interval '4 s', (1000 + n / 2)::text::xid8, 1 + n % 50, 'Lead',
    'created', ARRAY[n::bigint, n + 1]
FROM generate_series(1, 60000) AS n
"""
"""From the begin of today, so that no partition has few rows: PostgreSQL reads such a one whole."""
UNTIL = "40000:40000:"


@pytest.fixture
async def full(pool: Pool) -> Pool:
    """A feed of 60,000 changes of 50 users in four partitions."""
    await change_partitions.make_ahead(pool)
    await pool.execute(CHANGES)
    await pool.execute("VACUUM ANALYZE changes")
    return pool


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for each in plan.get("Plans", ()) for node in nodes(each))]


async def visited(pool: Pool, statement: Statement, **values: object) -> tuple[set[str], int]:
    """Return the indexes that a statement reads, and the number of changes that it visits."""
    async with pool.acquire() as connection:
        sql = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.sql}"
        (row,) = await connection.fetch(sql, *statement.arguments(values))
    scans = [node for node in nodes(orjson.loads(row[0])[0]["Plan"]) if "Scan" in node["Node Type"]]
    tables = [node for node in scans if node.get("Relation Name", "").startswith("changes_")]
    indexes = {node["Index Name"].split("_", 2)[-1] for node in scans if "Index Name" in node}
    rows = sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in tables
    )
    return {index for index in indexes if not index.startswith("feed")}, round(rows)


async def test_a_page_of_a_member(full: Pool) -> None:
    statement = change._changes_after(frozenset(), everybody=False)
    page = {"first": 1000, "last": 60000, "skip": 0, "most": 21, "scope_user_id": 7}
    indexes, rows = await visited(full, statement, **page)
    assert indexes == {"user_id_id_idx"}
    assert rows <= 30


async def test_the_newest_change_of_a_member(full: Pool) -> None:
    indexes, rows = await visited(full, change._state_of_feed(everybody=False), scope_user_id=7)
    assert indexes == {"user_id_id_idx"}
    assert rows <= 10


async def test_the_newest_change_of_all_owners(full: Pool) -> None:
    _, rows = await visited(full, change._state_of_feed(everybody=True))
    assert rows <= 10


async def test_the_changes_of_all_owners_after_a_snapshot(full: Pool) -> None:
    since = {
        "xmax": "30900",
        "running": "{1000,2000}",
        "newest": 59900,
        "until": UNTIL,
        "until_newest": 60000,
    }
    indexes, rows = await visited(full, change._first_new_change(), **since)
    assert indexes == {"xid_id_idx", "pkey"}
    assert rows <= 210
    first = await full.fetchval("SELECT min(id) FROM changes WHERE xid = '30900'")
    page = {"first": first, "last": 60000, "skip": 0, "most": 21, **since}
    indexes, rows = await visited(full, change._changes_after(frozenset(), everybody=True), **page)
    assert rows <= 210


async def test_the_changes_of_a_row(full: Pool) -> None:
    statement = change._changes_after(frozenset({"row", "entities"}), everybody=False)
    page = {
        "first": 1,
        "last": 60000,
        "skip": 0,
        "most": 21,
        "scope_user_id": 7,
        "row": 30006,
        "entities": ["Lead"],
    }
    indexes, rows = await visited(full, statement, **page)
    assert "row_ids_idx" in indexes
    assert rows <= 10


@pytest.mark.parametrize("everybody", [False, True])
async def test_a_page_of_large_changes_reads_few_of_them(pool: Pool, everybody: bool) -> None:
    """The number of rows of a change is computed once, not for each row: that reads the whole array from TOAST."""
    await pool.execute(
        "INSERT INTO changes (id, at, xid, user_id, entity, kind, row_ids) "
        "SELECT n, clock_timestamp(), (1000 + n)::text::xid8, 7, 'Lead', 'created', "
        "(SELECT array_agg(n * 5000 + row * row % 4001) FROM generate_series(1, 4000) AS row) "
        "FROM generate_series(1, 60) AS n"
    )
    await pool.execute("VACUUM ANALYZE changes")
    statement = change._changes_after(frozenset(), everybody=everybody)
    values: dict[str, object] = {"first": 10, "last": 60, "skip": 100, "most": 1001, "scope_user_id": 7}
    values |= {"xmax": "900", "running": "{}", "newest": 0, "until": UNTIL, "until_newest": 60}
    async with pool.acquire() as connection:
        sql = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement.sql}"
        (row,) = await connection.fetch(sql, *statement.arguments(values))
    plan = orjson.loads(row[0])[0]["Plan"]
    assert plan["Actual Rows"] == 1001
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 600
