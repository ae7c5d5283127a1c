"""Revisions: upgrades and downgrades, time limits, and agreement with the models."""

import re
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import Connection

from db.embedded import EmbeddedPostgres
from db.engine import migrations
from db.integrity import counters, lexemes, ownership, rollups
from db.models import Base

VERSIONS = sorted((Path(__file__).parents[3] / "alembic" / "versions").glob("*.py"))


def dump(postgres: EmbeddedPostgres, url: str) -> str:
    """Return the schema as SQL, without lines that differ between dumps of the same schema."""
    done = postgres._launcher.binaries.run("pg_dump", "--schema-only", "--no-owner", "--no-privileges", url)
    assert done.returncode == 0, done.stderr
    return "\n".join(line for line in done.stdout.splitlines() if not line.startswith(("--", "\\")) and line)


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
        for module in (ownership, counters, rollups, lexemes):
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
    other = await asyncpg.connect(database_url)
    try:
        async with other.transaction():
            await other.execute(
                "LOCK TABLE users, keywords, leads, integrations, exports IN ROW EXCLUSIVE MODE"
            )
            with pytest.raises(Exception, match="lock timeout"):
                await migrations.downgrade(database_url, "base")
    finally:
        await other.close()
    assert await migrations.current(database_url) == migrations.head()


async def test_a_database_of_another_release_raises_another_error_than_an_old_one(database_url: str) -> None:
    await migrations.require_head(database_url)
    await migrations.downgrade(database_url, "0001")
    with pytest.raises(migrations.PendingRevisionsError, match="0001"):
        await migrations.require_head(database_url)
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE alembic_version SET version_num = 'ffff'")
    await connection.close()
    with pytest.raises(migrations.UnknownRevisionError, match="ffff"):
        await migrations.require_head(database_url)
    with pytest.raises(migrations.UnknownRevisionError, match="ffff"):
        await migrations.upgrade(database_url)
