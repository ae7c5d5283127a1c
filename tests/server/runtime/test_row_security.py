"""LEADGRAPH_ROW_SECURITY: installed by `leadgraph migrate`, and required by servers."""

import pytest

from db.engine import revisions
from db.engine.pool import Pool
from db.engine.row_security import is_ready
from server.runtime.errors import CommandError
from server.runtime.row_security import uses_row_security
from server.runtime.settings import Settings
from tests.support.command import Command

LACKING = (
    "LEADGRAPH_ROW_SECURITY is on, but the database lacks the role leadgraph_member or its policies, or the server's role "
    "may not use them. Run `leadgraph migrate` with the same setting, or set it to off."
)


async def test_a_server_requires_the_policies_only_with_the_setting(pool: Pool) -> None:
    assert await uses_row_security(pool, Settings(row_security="on"))
    assert not await uses_row_security(pool, Settings(row_security="off"))
    await pool.execute("DROP POLICY own_rows ON mentions")
    assert not await uses_row_security(pool, Settings())
    with pytest.raises(CommandError) as refused:
        await uses_row_security(pool, Settings(row_security="on"))
    assert str(refused.value) == LACKING


async def test_a_migration_installs_the_policies_only_with_the_setting(
    pool: Pool, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pool.execute("DROP POLICY own_rows ON mentions")
    assert (await command("migrate")).exit_code == 0
    assert not await is_ready(pool)
    monkeypatch.setenv("LEADGRAPH_ROW_SECURITY", "on")
    done = await command("migrate")
    assert (done.exit_code, done.stdout) == (0, f"The database is at revision {revisions.head()}.\n")
    assert await is_ready(pool)


async def test_a_migration_tells_of_a_table_that_others_hold(
    pool: Pool, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pool.execute("DROP POLICY own_rows ON mentions")
    monkeypatch.setenv("LEADGRAPH_ROW_SECURITY", "on")
    async with pool.acquire() as other, other.transaction():
        await other.execute("LOCK TABLE mentions IN ROW EXCLUSIVE MODE")
        done = await command("migrate")
    assert done.exit_code == 1
    assert str(done.exception) == (
        "The policies of row-level security got no lock in time, because other transactions use their tables. Run "
        "`leadgraph migrate` again."
    )
