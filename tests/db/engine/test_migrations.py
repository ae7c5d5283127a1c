"""Revisions: upgrades and downgrades, time limits, and agreement with the models."""

import asyncio
import re
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import Connection

from db.embedded import EmbeddedPostgres
from db.engine import migrations, revisions
from db.engine.outage import is_unavailable
from db.integrity import counters, feed, lexemes, ownership, partitions, rollups, updates
from db.models import Base

VERSIONS = sorted((Path(__file__).parents[3] / "alembic" / "versions").glob("*.py"))


def dump(postgres: EmbeddedPostgres, url: str) -> str:
    """Return the schema as SQL, without lines that differ between dumps of the same schema.

    Row-level security is no part of the revisions (`db.engine.row_security`).
    """
    done = postgres._launcher.binaries.run("pg_dump", "--schema-only", "--no-owner", "--no-privileges", url)
    row_security = re.compile(r"CREATE POLICY |ALTER TABLE \S+ ENABLE ROW LEVEL SECURITY")
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if not row_security.match(line)]
    return "\n".join(line for line in lines if not line.startswith(("--", "\\")) and line)


async def test_an_upgrade_after_a_downgrade_gives_an_equal_schema(
    postgres: EmbeddedPostgres, database_url: str
) -> None:
    first = dump(postgres, database_url)
    await migrations.downgrade(database_url, "base")
    empty = dump(postgres, database_url)
    await migrations.upgrade(database_url)
    assert "CREATE TABLE public.mentions" in first
    assert re.findall(r"CREATE (?:TABLE|FUNCTION) \S+", empty) == ["CREATE TABLE public.alembic_version"]
    assert dump(postgres, database_url) == first


@pytest.mark.parametrize("revision", [path.stem.split("_")[0] for path in VERSIONS][:-1])
async def test_each_revision_can_be_reverted_and_applied_again(
    postgres: EmbeddedPostgres, database_url: str, revision: str
) -> None:
    first = dump(postgres, database_url)
    await migrations.downgrade(database_url, revision)
    assert await migrations.current(database_url) == revision
    await migrations.upgrade(database_url)
    assert dump(postgres, database_url) == first


async def test_models_and_triggers_create_the_schema_of_the_revisions(
    postgres: EmbeddedPostgres, database_url: str
) -> None:
    """Compare columns and their order, defaults, checks, indexes, functions and triggers."""
    migrated = dump(postgres, database_url)

    def make(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE EXTENSION btree_gin")
        connection.exec_driver_sql("CREATE EXTENSION pg_trgm")
        Base.metadata.create_all(connection)
        for sql in partitions.TABLES:
            connection.exec_driver_sql(sql)
        for module in (ownership, counters, rollups, lexemes, updates, feed):
            for sql in (*module.FUNCTIONS, *module.TRIGGERS):
                connection.exec_driver_sql(sql)
        connection.commit()

    await migrations.downgrade(database_url, "base")
    await migrations._run(database_url, make)
    assert _without_order(dump(postgres, database_url)) == _without_order(migrated)


def _without_order(sql: str) -> list[str]:
    """Return the statements with sorted lines. Constraints are in the order of their creation."""
    statements = [statement.strip() for statement in re.split(r";$", sql, flags=re.MULTILINE)]
    return sorted("\n".join(sorted(line.rstrip(",") for line in one.splitlines())) for one in statements)


async def test_alembic_finds_no_difference_between_models_and_revisions(database_url: str) -> None:
    await migrations.check(database_url)


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_each_revision_sets_lock_and_statement_timeouts(path: Path) -> None:
    source = path.read_text()
    for direction in ("upgrade", "downgrade"):
        body = source.split(f"def {direction}()")[1].split("\ndef ")[0]
        assert "lock_timeout" in body
        assert "statement_timeout" in body


async def test_a_revision_fails_after_the_lock_timeout(database_url: str) -> None:
    await migrations.downgrade(database_url, "0021")  # the next one locks no table
    other = await asyncpg.connect(database_url)
    try:
        async with other.transaction():
            await other.execute(
                "LOCK TABLE users, keywords, leads, integrations, exports, schema_support, background_tasks, webhooks "
                "IN ROW EXCLUSIVE MODE"
            )
            with pytest.raises(Exception, match="lock timeout"):
                await migrations.downgrade(database_url, "base")
    finally:
        await other.close()
    assert await migrations.current(database_url) == "0021"


async def test_a_database_of_another_release_raises_another_error_than_an_old_one(database_url: str) -> None:
    await revisions.require_supported(database_url)
    await migrations.downgrade(database_url, "0001")
    with pytest.raises(revisions.PendingRevisionsError, match="0001"):
        await revisions.require_supported(database_url)
    await _set(database_url, "UPDATE alembic_version SET version_num = 'ffff'")
    with pytest.raises(revisions.UnsupportedReleaseError, match="ffff"):
        await revisions.require_supported(database_url)
    with pytest.raises(revisions.UnsupportedReleaseError, match="ffff"):
        await migrations.upgrade(database_url)


async def test_a_later_database_without_stated_support_is_refused(database_url: str) -> None:
    await _set(database_url, "UPDATE alembic_version SET version_num = 'ffff'")
    await _set(database_url, "DROP TABLE schema_support")
    with pytest.raises(revisions.UnsupportedReleaseError, match="ffff"):
        await revisions.require_supported(database_url)


async def test_a_release_runs_and_migrates_on_a_later_schema_that_supports_it(database_url: str) -> None:
    await _set(database_url, "UPDATE alembic_version SET version_num = 'ffff'")
    for oldest in ("0014", revisions.head()):
        await _set(database_url, f"UPDATE schema_support SET oldest_revision = '{oldest}'")
        await revisions.require_supported(database_url)
        assert await migrations.upgrade(database_url) == "ffff"
    await _set(database_url, "UPDATE schema_support SET oldest_revision = 'fffe'")
    with pytest.raises(revisions.UnsupportedReleaseError, match="ffff"):
        await revisions.require_supported(database_url)
    assert await migrations.current(database_url) == "ffff"


async def _set(database_url: str, statement: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute(statement)
    await connection.close()


async def test_one_migration_runs_at_a_time_and_the_others_wait(database_url: str) -> None:
    await migrations.downgrade(database_url, "0011")
    told: list[str] = []

    async def upgrade() -> str:
        return await migrations.upgrade(database_url, when_waiting=lambda: told.append("waits"))

    assert await asyncio.gather(*(upgrade() for _ in range(3))) == [revisions.head()] * 3
    assert told == ["waits"] * 2


async def test_a_migration_waits_no_longer_than_it_may(database_url: str) -> None:
    other = await asyncpg.connect(database_url)
    try:
        await other.execute("SELECT pg_advisory_lock($1)", migrations.LOCK)
        with pytest.raises(migrations.MigrationRunsError):
            await migrations.upgrade(database_url, wait_seconds=0.1)
        await other.execute("SELECT pg_advisory_unlock($1)", migrations.LOCK)
        assert await migrations.upgrade(database_url, wait_seconds=0) == revisions.head()
    finally:
        await other.close()


async def test_a_revision_without_its_lock_keeps_earlier_steps_and_runs_again(database_url: str) -> None:
    """The index that the revision built first is not built again."""
    await migrations.downgrade(database_url, "0011")
    other = await asyncpg.connect(database_url)
    index = "SELECT 'ix_leads_user_id_contact_email'::regclass::oid::int"
    try:
        async with other.transaction():
            await other.execute("LOCK TABLE keywords IN ROW EXCLUSIVE MODE")
            with pytest.raises(migrations.LockNotGrantedError, match="0012"):
                await migrations.upgrade(database_url)
        assert await migrations.current(database_url) == "0011"
        built = await other.fetchval(index)
        assert await migrations.upgrade(database_url) == revisions.head()
        assert await other.fetchval(index) == built
    finally:
        await other.close()


async def test_an_interrupted_index_build_is_found_and_repeated(database_url: str) -> None:
    await migrations.downgrade(database_url, "0003")
    other = await asyncpg.connect(database_url)
    watcher = await asyncpg.connect(database_url)
    names = ["ix_leads_keyword_id_status_changed_at", "ix_leads_status_changed_at_id"]
    states = (
        "SELECT relname, indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid WHERE relname = ANY ($1)"
    )
    try:
        async with other.transaction():
            await other.execute("LOCK TABLE leads IN ROW EXCLUSIVE MODE")  # the build waits for its end
            upgrading = asyncio.create_task(migrations.upgrade(database_url))
            building = "SELECT pid FROM pg_stat_progress_create_index"
            while (pid := await watcher.fetchval(building)) is None:
                await asyncio.sleep(0.02)
            while not (await watcher.fetch(states, names)):
                await asyncio.sleep(0.02)
            await watcher.execute("SELECT pg_terminate_backend($1)", pid)
            with pytest.raises(Exception, match=r"connection|reconnect") as interrupted:
                await upgrading
        assert is_unavailable(interrupted.value)
        assert [tuple(row) for row in await watcher.fetch(states, names)] == [(names[0], False)]
        assert await migrations.current(database_url) == "0003"
        assert await migrations.upgrade(database_url) == revisions.head()
        assert {tuple(row) for row in await watcher.fetch(states, names)} == {(name, True) for name in names}
    finally:
        await other.close()
        await watcher.close()


async def test_writers_continue_while_an_index_build_waits(database_url: str) -> None:
    """The build has its lock and waits for an older transaction; a writer needs no lock of the build."""
    await migrations.downgrade(database_url, "0003")
    other, writer = await asyncpg.connect(database_url), await asyncpg.connect(database_url)
    try:
        async with other.transaction():
            await other.execute("LOCK TABLE leads IN ROW EXCLUSIVE MODE")
            upgrading = asyncio.create_task(migrations.upgrade(database_url))
            while await writer.fetchval("SELECT count(*) FROM pg_stat_progress_create_index") == 0:
                await asyncio.sleep(0.02)
            await writer.execute("SET lock_timeout = '200ms'")
            await writer.execute("UPDATE leads SET notes = 'still writing'")
            assert not upgrading.done()
        assert await upgrading == revisions.head()
    finally:
        await other.close()
        await writer.close()
