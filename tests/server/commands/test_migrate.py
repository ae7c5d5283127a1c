"""`leadgraph migrate`: one at a time, and one sentence about each reason to fail."""

import asyncio

import asyncpg
import pytest

from db.engine import migrations
from db.engine.pool import Pool
from tests.support.command import Command

HAS_TRIED = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query = 'ROLLBACK;' AND state = 'idle')"


async def test_a_migration_says_that_another_one_runs(pool: Pool, command: Command) -> None:
    async with pool.acquire() as other:
        await other.execute("SELECT pg_advisory_lock($1)", migrations.LOCK)
        done = await command("migrate", "--wait", "0")
        assert (done.exit_code, done.stdout) == (1, "")
        assert str(done.exception) == (
            "Another migration of this database still runs after 0 seconds. Run `leadgraph migrate` again when it is "
            "finished."
        )
        waiting = command("migrate")
        while not await pool.fetchval(HAS_TRIED):
            assert not waiting.done()
            await asyncio.sleep(0.01)
        await other.execute("SELECT pg_advisory_unlock($1)", migrations.LOCK)
        done = await waiting
    assert (done.exit_code, done.stdout) == (0, f"The database is at revision {migrations.head()}.\n")
    assert done.stderr == "Another migration of this database runs. Waiting for its end.\n"


async def test_a_lock_that_is_not_granted_is_one_sentence(database_url: str, command: Command) -> None:
    await migrations.downgrade(database_url, "0009")
    other = await asyncpg.connect(database_url)
    try:
        async with other.transaction():
            await other.execute("LOCK TABLE exports IN ROW EXCLUSIVE MODE")
            done = await command("migrate")
    finally:
        await other.close()
    assert done.exit_code == 1
    assert str(done.exception) == (
        "Revision 0010 got no lock in time, because other transactions use its tables. Run `leadgraph migrate` again. "
        "`leadgraph preflight` lists long transactions."
    )
    assert (await command("migrate")).exit_code == 0


@pytest.mark.parametrize("oldest", ["0014", "0015"])
async def test_a_release_that_is_rolled_back_leaves_the_database_as_it_is(
    pool: Pool, command: Command, oldest: str
) -> None:
    await pool.execute("UPDATE alembic_version SET version_num = 'ffff'")
    await pool.execute("UPDATE schema_support SET oldest_revision = $1", oldest)
    done = await command("migrate")
    assert (done.exit_code, done.stdout) == (
        0,
        "The database is at revision ffff of a later release, which supports this release.\n",
    )
    assert (await command("counters", "verify")).exit_code == 0
