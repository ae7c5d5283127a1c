"""Verification and repair of counters, alone and with concurrent writers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from db.engine.pool import Connection, Pool
from db.integrity import audit
from db.integrity.audit import (
    COUNTERS,
    TABLES,
    AuditBatch,
    Drift,
    Ids,
    chosen,
    drifts,
    repair,
    verify,
    verify_some,
)
from db.integrity.counters import LOCK_USERS
from db.models import Base

ADD_MENTIONS = """
INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content)
SELECT user_id, id, 'reddit', gen_random_uuid(), 'u', 'text' FROM keywords, generate_series(1, $2::integer)
WHERE user_id = $1
"""


@pytest.fixture
async def data(pool: Pool) -> Pool:
    """Ten users with two keywords each, of which the first user has 1 and 2.

    Each keyword has two mentions, of which one is a lead.
    """
    await pool.execute(
        "INSERT INTO users (email) SELECT n || '@example.com' FROM generate_series(1, 10) AS n"
    )
    await pool.execute(
        "INSERT INTO keywords (user_id, keyword) "
        "SELECT id, 'words ' || n FROM users, generate_series(1, 2) AS n ORDER BY id, n"
    )
    await pool.execute(
        "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content) "
        "SELECT user_id, id, 'reddit', n, 'u', 'text' FROM keywords, generate_series(1, 2) AS n ORDER BY id, n"
    )
    await pool.execute("INSERT INTO leads (mention_id) SELECT id FROM mentions WHERE external_id = '1'")
    return pool


async def spoil(pool: Pool) -> list[Drift]:
    """Make counters too high or too low, and return their drifts."""
    await pool.execute("UPDATE users SET mentions_count = 9, qualified_leads_count = 1 WHERE id = 3")
    await pool.execute("UPDATE users SET keywords_count = 0 WHERE id = 7")
    await pool.execute("UPDATE keywords SET leads_count = 0, new_leads_count = 0 WHERE id = 20")
    return [
        Drift("users", 3, "mentions_count", stored=9, counted=4),
        Drift("users", 3, "qualified_leads_count", stored=1, counted=0),
        Drift("users", 7, "keywords_count", stored=0, counted=2),
        Drift("keywords", 20, "leads_count", stored=0, counted=1),
        Drift("keywords", 20, "new_leads_count", stored=0, counted=1),
    ]


async def listed(batches: AsyncIterator[AuditBatch]) -> list[AuditBatch]:
    return [batch async for batch in batches]


async def versions(pool: Pool) -> dict[tuple[str, int], str]:
    rows = await pool.fetch(
        "SELECT 'users' AS name, id, xmin::text FROM users UNION ALL SELECT 'keywords', id, xmin::text FROM keywords"
    )
    return {(row["name"], row["id"]): row["xmin"] for row in rows}


async def waiting(pool: Pool, *, for_: Connection) -> None:
    """Wait until another connection waits for a lock of the connection."""
    query = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid)))"
    async with asyncio.timeout(30):
        while not await pool.fetchval(query, for_.get_server_pid()):
            await asyncio.sleep(0.005)


def test_every_counter_column_of_the_models_is_declared() -> None:
    columns = {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name.endswith("_count") and table.name != "exports"  # written by the job, not by triggers
    }
    assert {
        (table, counter.column) for table, counters in COUNTERS.items() for counter in counters
    } == columns


async def test_correct_counters_have_no_drift(data: Pool) -> None:
    assert await drifts(data) == []


async def test_each_wrong_counter_is_found_with_the_correct_number(data: Pool) -> None:
    wrong = await spoil(data)
    assert await drifts(data) == wrong


async def test_every_single_counter_is_compared(data: Pool) -> None:
    every = [(table, counter.column) for table, counters in COUNTERS.items() for counter in counters]
    for table, column in every:
        await data.execute(f"UPDATE {table} SET {column} = {column} + 40 WHERE id = 5")
    assert [(drift.table, drift.column) for drift in await drifts(data)] == every
    assert {drift.stored - drift.counted for drift in await drifts(data)} == {40}


async def test_a_table_is_verified_in_batches_of_ids(data: Pool) -> None:
    await data.execute("DELETE FROM users WHERE id IN (2, 3, 10)")
    batches = await listed(verify(data, "users", batch=3))
    assert [(batch.ids, batch.rows) for batch in batches] == [(Ids(1, 5), 3), (Ids(6, 8), 3), (Ids(9, 9), 1)]
    counters = len(COUNTERS["users"])
    assert [batch.counters for batch in batches] == [3 * counters, 3 * counters, counters]


async def test_only_the_rows_of_the_range_are_verified(data: Pool) -> None:
    wrong = await spoil(data)
    (batch,) = await listed(verify(data, "users", Ids(3, 6)))
    assert batch == AuditBatch("users", Ids(3, 6), 4, wrong[:2])
    assert await listed(verify(data, "users", Ids(11, 20))) == []


async def test_a_sample_has_the_requested_number_of_parents_with_one_batch_each(data: Pool) -> None:
    wrong = await spoil(data)
    batches = await listed(verify_some(data, "users", parents=4))
    assert len(batches) == 4
    assert all(batch.rows == 1 and batch.ids.first == batch.ids.last for batch in batches)
    everything = await listed(verify_some(data, "users", parents=1000))
    assert [batch.ids.first for batch in everything] == list(range(1, 11))
    assert [drift for batch in everything for drift in batch.drifts] == wrong[:3]
    assert await listed(verify_some(data, "users", Ids(11, 20), parents=5)) == []


@pytest.mark.parametrize("table", TABLES)
async def test_each_parent_can_be_sampled_even_next_to_a_gap_of_ids(data: Pool, table: str) -> None:
    await data.execute("DELETE FROM users WHERE id IN (1, 4, 5, 10)")
    parents = await data.fetch(f"SELECT id FROM {'users' if 'user' in table else 'keywords'}")
    seen: set[int] = set()
    while len(seen) < len(parents):
        ids = await chosen(data, table, parents=3)
        assert 1 <= len(ids) <= 3
        seen |= set(ids)
    assert seen == {row["id"] for row in parents}


async def test_a_statement_that_exceeds_the_time_limit_is_cancelled(data: Pool) -> None:
    async with data.acquire() as writer, writer.transaction():
        await writer.execute("LOCK TABLE leads IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(asyncpg.QueryCanceledError):
            await listed(verify(data, "users", longest_seconds=0.1))


async def test_repair_writes_wrong_counters_and_no_other_row(data: Pool) -> None:
    wrong, before = await spoil(data), await versions(data)
    users, keywords = await listed(repair(data, "users")), await listed(repair(data, "keywords"))
    assert [drift for batch in (*users, *keywords) for drift in batch.drifts] == wrong
    assert await drifts(data) == []
    after = await versions(data)
    ids = [drift.id for drift in wrong if drift.table == "keywords"]
    owners = await data.fetch("SELECT DISTINCT user_id FROM keywords WHERE id = ANY ($1)", ids)
    written = {(drift.table, drift.id) for drift in wrong} | {("users", row["user_id"]) for row in owners}
    assert {row for row in after if after[row] != before[row]} == written


async def test_a_second_repair_writes_nothing(data: Pool) -> None:
    await spoil(data)
    await listed(repair(data, "users"))
    before = await versions(data)
    again = await listed(repair(data, "users", batch=4))
    assert again == [
        AuditBatch("users", Ids(1, 4), 4, []),
        AuditBatch("users", Ids(5, 8), 4, []),
        AuditBatch("users", Ids(9, 10), 2, []),
    ]
    assert await versions(data) == before


async def test_each_repaired_batch_is_committed_before_the_next(data: Pool) -> None:
    wrong = await spoil(data)
    batches = repair(data, "users", batch=5)
    first = await anext(batches)
    assert (first.ids, first.drifts) == (Ids(1, 5), wrong[:2])
    assert await drifts(data) == wrong[2:]
    await listed(repair(data, "users", Ids(first.ids.last + 1)))
    assert await drifts(data) == wrong[3:]


async def write_on(pool: Pool) -> None:
    """Write without end, in transactions of several statements for several users."""
    for turn in range(1_000_000):
        users = [1 + turn % 7, 3 + turn % 8]
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(LOCK_USERS, users)
            await connection.execute(ADD_MENTIONS, users[0], 3)
            await connection.execute(
                "INSERT INTO leads (mention_id) SELECT max(id) FROM mentions WHERE user_id = $1", users[0]
            )
            await connection.execute("DELETE FROM mentions WHERE user_id = $1 AND id % 2 = 0", users[1])
            await connection.execute("UPDATE leads SET status = 'qualified' WHERE user_id = $1", users[1])


@asynccontextmanager
async def two_writers(pool: Pool) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(write_on(pool)) for _ in range(2)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ended), ended


async def test_verification_finds_no_drift_during_concurrent_writes(data: Pool) -> None:
    async with two_writers(data):
        for _ in range(20):
            assert await drifts(data) == []


async def test_repair_loses_no_row_of_concurrent_writes(data: Pool) -> None:
    async with two_writers(data):
        for _ in range(10):
            async with data.acquire() as connection, connection.transaction():
                await connection.execute(LOCK_USERS, list(range(1, 11)))
                await connection.execute("UPDATE users SET mentions_count = mentions_count + 1000")
                await connection.execute("UPDATE keywords SET mentions_count = mentions_count + 1000")
            for table in COUNTERS:
                await listed(repair(data, table, batch=4))
    assert await drifts(data) == []


@pytest.mark.direct
async def test_repair_waits_for_uncommitted_rows(data: Pool) -> None:
    await data.execute("UPDATE users SET mentions_count = 100 WHERE id = 1")
    async with data.acquire() as writer:
        transaction = writer.transaction()
        await transaction.start()
        await writer.execute(ADD_MENTIONS, 1, 5)
        repairing = asyncio.ensure_future(listed(repair(data, "users")))
        await waiting(data, for_=writer)
        await transaction.commit()
    (batch,) = await repairing
    assert batch.drifts == [Drift("users", 1, "mentions_count", stored=110, counted=14)]
    assert await drifts(data) == []


@pytest.mark.direct
async def test_repair_locks_users_before_their_keywords(data: Pool) -> None:
    await data.execute("UPDATE keywords SET mentions_count = 100 WHERE id = 1")
    async with data.acquire() as writer:
        transaction = writer.transaction()
        await transaction.start()
        await writer.execute(LOCK_USERS, [1])
        repairing = asyncio.ensure_future(listed(repair(data, "keywords")))
        await waiting(data, for_=writer)
        await writer.execute("SELECT FROM keywords FOR UPDATE NOWAIT")
        await transaction.rollback()
    assert [drift for batch in await repairing for drift in batch.drifts] == [
        Drift("keywords", 1, "mentions_count", stored=100, counted=2)
    ]


@pytest.mark.direct
async def test_repair_is_repeated_after_a_deadlock(data: Pool) -> None:
    wrong = await spoil(data)
    async with data.acquire() as writer:
        await writer.execute("SET deadlock_timeout = '10s'")
        transaction = writer.transaction()
        await transaction.start()
        await writer.execute(LOCK_USERS, [2])
        repairing = asyncio.ensure_future(listed(repair(data, "users")))
        await waiting(data, for_=writer)
        await writer.execute(LOCK_USERS, [1])  # in the wrong order
        await writer.execute(ADD_MENTIONS, 1, 1)
        await transaction.commit()
        await writer.execute("RESET deadlock_timeout")
    assert [drift for batch in await repairing for drift in batch.drifts] == wrong[:3]


@pytest.mark.direct
async def test_verification_waits_for_a_truncate(data: Pool) -> None:
    async with data.acquire() as writer:
        transaction = writer.transaction()
        await transaction.start()
        await writer.execute("TRUNCATE leads CASCADE")
        reading = asyncio.ensure_future(drifts(data))
        await waiting(data, for_=writer)
        await transaction.commit()
    assert await reading == []


@pytest.mark.parametrize("table", list(COUNTERS))
async def test_mentions_are_counted_by_an_index_only_scan(data: Pool, table: str) -> None:
    await data.execute("VACUUM ANALYZE")
    async with data.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        plan = await connection.fetch("EXPLAIN " + audit._WRONG[table].replace("$1", "1").replace("$2", "5"))
    lines = "\n".join(row[0] for row in plan)
    assert "Index Only Scan using ix_mentions_" in lines
