"""Months of the logs of integrations: made ahead, dropped when they are old, on a table with rows from before."""

import asyncio
from datetime import UTC, datetime, timedelta

from db.engine import migrations
from db.engine.pool import Pool, open_pool
from db.engine.preflight import database_facts
from db.integrity import log_partitions as months
from db.integrity.audit import drifts
from tests.support.rows import add_integration, add_user, insert

YEAR = timedelta(days=365)
OLD_MONTH = """
CREATE TABLE integration_logs_202001 PARTITION OF integration_logs
FOR VALUES FROM ('2020-01-01Z') TO ('2020-02-01Z')
"""


def month(number: int) -> datetime:
    """Return the begin of the month so many months after the present one."""
    begin = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(number):
        begin = (begin + timedelta(days=32)).replace(day=1)
    return begin


async def add_log(pool: Pool, user: int, integration: int, message: str = "", **values: object) -> int:
    usual = {"user_id": user, "integration_id": integration, "kind": "sync", "status": "succeeded"}
    return await insert(pool, "integration_logs", message=message, **usual | values)


async def owner(pool: Pool) -> tuple[int, int]:
    user = await add_user(pool)
    return user, await add_integration(pool, user)


async def places(pool: Pool) -> dict[str, str]:
    """Return the partition of each log, by its message."""
    found = await pool.fetch("SELECT message, tableoid::regclass::text AS place FROM integration_logs")
    return {row["message"]: row["place"] for row in found}


async def test_months_are_made_ahead_once_beside_rows_of_the_rest(pool: Pool) -> None:
    user, integration = await owner(pool)
    await add_log(pool, user, integration, "now")
    names = [f"integration_logs_{month(number):%Y%m}" for number in (1, 2)]
    assert await months.make_ahead(pool) == names
    assert await months.make_ahead(pool) == []
    await add_log(pool, user, integration, "next", created_at=month(1))
    await add_log(pool, user, integration, "second", created_at=month(2) + timedelta(days=5))
    await add_log(pool, user, integration, "later", created_at=month(3))
    rest = "integration_logs_rest"
    assert await places(pool) == {"now": rest, "next": names[0], "second": names[1], "later": rest}
    checks = "SELECT count(*) FROM pg_constraint WHERE conname LIKE 'ck_integration_logs_rest%'"
    assert await pool.fetchval(checks) == 0


async def test_a_month_with_logs_in_the_rest_keeps_them(pool: Pool) -> None:
    user, integration = await owner(pool)
    await add_log(pool, user, integration, "next", created_at=month(1))
    assert await months.make_ahead(pool) == [f"integration_logs_{month(2):%Y%m}"]
    assert await places(pool) == {"next": "integration_logs_rest"}
    await add_log(pool, user, integration, "further", created_at=month(1))


async def test_logs_are_written_while_months_are_made(pool: Pool) -> None:
    user, integration = await owner(pool)

    async def write() -> None:
        for _ in range(100):
            await add_log(pool, user, integration)

    async def make() -> None:
        for _ in range(5):
            for name in await months.make_ahead(pool):
                await pool.execute(f"DROP TABLE {name}")

    await asyncio.gather(write(), write(), make())
    assert await pool.fetchval("SELECT count(*) FROM integration_logs") == 200


async def test_old_months_are_dropped_and_old_logs_of_the_rest_deleted_in_batches(pool: Pool) -> None:
    user, integration = await owner(pool)
    await pool.execute(OLD_MONTH)
    await add_log(pool, user, integration, "dropped", created_at=datetime(2020, 1, 31, tzinfo=UTC))
    await add_log(pool, user, integration, "deleted", created_at=datetime(2020, 2, 1, tzinfo=UTC))
    await pool.execute(
        "INSERT INTO integration_logs (user_id, integration_id, kind, status, created_at) "
        "SELECT user_id, integration_id, kind, status, created_at FROM integration_logs, "
        "generate_series(1, $1::int) WHERE message = 'deleted'",
        months.ROWS_AT_ONCE,
    )
    kept = month(0) - timedelta(days=300)
    await add_log(pool, user, integration, "kept", created_at=kept)
    assert await months.drop_old(pool, YEAR)
    assert await pool.fetchval("SELECT count(*) FROM integration_logs") == 2
    assert await pool.fetchval("SELECT to_regclass('integration_logs_202001')") is None
    assert not await months.drop_old(pool, YEAR)
    assert await places(pool) == {"kept": "integration_logs_rest"}
    assert await drifts(pool) == []


async def test_a_month_is_kept_until_all_its_logs_are_old(pool: Pool) -> None:
    """The rest obeys the same limit as the months: a log of the month of the limit stays."""
    user, integration = await owner(pool)
    limit = datetime.now(UTC) - YEAR
    begin = limit.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    await add_log(pool, user, integration, "month of the limit", created_at=begin)
    await add_log(pool, user, integration, "month before", created_at=begin - timedelta(microseconds=1))
    assert not await months.drop_old(pool, YEAR)
    assert list(await places(pool)) == ["month of the limit"]


async def test_the_revision_keeps_rows_numbers_and_cascades(database_url: str) -> None:
    """Prepared statements of a server that runs meanwhile go on with the new table."""
    await migrations.downgrade(database_url, "0022")
    pool = await open_pool(database_url, size=1)
    try:
        user, integration = await owner(pool)
        first = await add_log(pool, user, integration, "before")
        read = "SELECT id, message, created_at FROM integration_logs WHERE user_id = $1 ORDER BY id"
        before = await pool.fetch(read, user)
        await migrations.upgrade(database_url)
        assert await pool.fetch(read, user) == before
        assert await add_log(pool, user, integration, "after") == first + 1
        await months.make_ahead(pool)
        last = await add_log(pool, user, integration, "next month", created_at=month(1))
        await migrations.downgrade(database_url, "0022")
        assert [row["id"] for row in await pool.fetch(read, user)] == [first, first + 1, last]
        assert await add_log(pool, user, integration, "again") == last + 1
        await migrations.upgrade(database_url)
        await pool.execute("DELETE FROM integrations WHERE id = $1", integration)
        assert await pool.fetchval("SELECT count(*) FROM integration_logs") == 0
    finally:
        await pool.close()


async def test_the_revision_keeps_row_security_and_privileges(database_url: str) -> None:
    """The copied database has the policies, and its revisions run in both directions."""
    policies = (
        "SELECT tablename, policyname FROM pg_policies WHERE tablename ~ '^integration_logs' ORDER BY 1, 2"
    )
    granted = "SELECT has_table_privilege('leadgraph_member', $1, 'INSERT')"
    pool = await open_pool(database_url, size=1)
    try:
        expected = await pool.fetch(policies)
        assert [tuple(row) for row in expected] == [
            ("integration_logs", "all_rows"),
            ("integration_logs", "own_rows"),
        ]
        await migrations.downgrade(database_url, "0022")
        assert await pool.fetch(policies) == expected
        assert await pool.fetchval(granted, "integration_logs")
        await migrations.upgrade(database_url)
        assert await pool.fetch(policies) == expected
        assert await pool.fetchval(granted, "integration_logs")
        assert not await pool.fetchval(granted, "integration_logs_rest")
        assert await pool.fetchval(
            "SELECT has_sequence_privilege('leadgraph_member', pg_get_serial_sequence('integration_logs', 'id'), 'USAGE')"
        )
    finally:
        await pool.close()


async def test_preflight_counts_the_partitions_of_a_table(pool: Pool, database_url: str) -> None:
    user, integration = await owner(pool)
    await months.make_ahead(pool)
    for at in (month(0), month(1)):
        await add_log(pool, user, integration, created_at=at)
    await pool.execute("ANALYZE integration_logs, integration_logs_rest")
    for name in [
        row["name"]
        for row in await pool.fetch(
            "SELECT relid::regclass::text AS name FROM pg_partition_tree('integration_logs') WHERE isleaf"
        )
    ]:
        await pool.execute(f"ANALYZE {name}")
    sizes = (await database_facts(database_url)).sizes
    assert sizes["integration_logs"].rows == 2
    assert sizes["integration_logs"].bytes > sizes["integration_logs_rest"].bytes > 0
