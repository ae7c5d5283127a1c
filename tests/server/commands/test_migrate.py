"""`leadgraph migrate`: one at a time, and one sentence about each reason to fail."""

import asyncio
import re

import asyncpg
import pytest

from db.engine import migrations, revisions
from db.engine.pool import Pool
from tests.support.command import Command
from tests.support.databases import role_without_rights
from tests.support.rows import add_user

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
    assert (done.exit_code, done.stdout) == (0, f"The database is at revision {revisions.head()}.\n")
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


async def test_a_migration_reads_the_url_as_servers_do(
    database_url: str, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Managed services give addresses with `sslmode`, which SQLAlchemy's driver does not know."""
    options = "sslmode=prefer&application_name=release%201&statement_timeout=60000"
    monkeypatch.setenv("LEADGRAPH_DATABASE_URL", f"{database_url}?{options}")
    await migrations.downgrade(f"{database_url}?{options}", "0014")
    done = await command("migrate")
    assert (done.exit_code, done.stdout) == (0, f"The database is at revision {revisions.head()}.\n")
    for other in ("preflight", "verify"):
        assert (await command(other)).exit_code == 0


@pytest.mark.parametrize(
    "arguments", [("migrate",), ("counters", "repair"), ("users", "create", "ann@example.com")]
)
async def test_a_missing_privilege_is_one_sentence(
    pool: Pool,
    database_url: str,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
) -> None:
    if arguments == ("migrate",):
        await migrations.downgrade(database_url, "0014")
    await add_user(pool, "ben@example.com")
    await pool.execute("UPDATE users SET mentions_count = 7")
    async with role_without_rights(pool, database_url) as weak:
        monkeypatch.setenv("LEADGRAPH_DATABASE_URL", weak)
        done = await command(*arguments)
    assert done.exit_code == 1
    assert re.fullmatch(
        r"The role of the database lacks a privilege \((permission denied for|must be owner of) [a-z_ ]+\): use the role "
        r"that owns the tables, or grant the privilege\.",
        str(done.exception),
    )
