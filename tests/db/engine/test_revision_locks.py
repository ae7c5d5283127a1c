"""The locks read from the SQL of revisions, compared with those that PostgreSQL grants."""

import asyncpg
import pytest

from db.embedded import EmbeddedPostgres
from db.engine import migrations
from db.engine.revision_locks import LockMode, TableLock, locks_of, statements_of, strongest_locks
from tests.support.databases import copied_database

GRANTED = """
SELECT relation::int AS oid, mode FROM pg_locks
WHERE pid = pg_backend_pid() AND locktype = 'relation' AND relation = ANY ($1::oid[])
"""
TABLES = (
    "SELECT oid::int, relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
)
MODES = {
    "ShareUpdateExclusiveLock": LockMode.SHARE_UPDATE_EXCLUSIVE,
    "ShareLock": LockMode.SHARE,
    "ShareRowExclusiveLock": LockMode.SHARE_ROW_EXCLUSIVE,
    "AccessExclusiveLock": LockMode.ACCESS_EXCLUSIVE,
}


async def test_the_locks_of_all_revisions_are_those_that_postgresql_grants(
    postgres: EmbeddedPostgres,
) -> None:
    """Statements outside of a transaction release their locks at once, so only those within one are compared."""
    compared = 0
    async with copied_database(postgres, "template0") as name:
        connection = await asyncpg.connect(postgres.url(name))
        try:
            for script in migrations.after(None):
                before = {row["oid"]: row["relname"] for row in await connection.fetch(TABLES)}
                expected: dict[str, LockMode] = {}
                for statement in statements_of(migrations.sql_of(script)):
                    if statement == "COMMIT":
                        granted = await connection.fetch(GRANTED, list(before))
                        names = [(before[row["oid"]], row["mode"]) for row in granted]
                        assert _strongest(names) == expected, script.revision
                        compared += len(expected)
                        expected = {}
                    await connection.execute(statement)
                    if connection.is_in_transaction():
                        for table, mode, _ in locks_of(statement):
                            if table in before.values():
                                expected[table] = max(mode, expected.get(table, mode))
        finally:
            await connection.close()
    assert compared > 30


def _strongest(granted: list[tuple[str, str]]) -> dict[str, LockMode]:
    strongest: dict[str, LockMode] = {}
    for table, mode in granted:
        if mode in MODES:
            strongest[table] = max(MODES[mode], strongest.get(table, MODES[mode]))
    return strongest


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix ON leads USING gin (user_id, search)",
            TableLock("leads", LockMode.SHARE_UPDATE_EXCLUSIVE, scans=True),
        ),
        ("CREATE INDEX ix ON leads (score)", TableLock("leads", LockMode.SHARE, scans=True)),
        (
            "ALTER TABLE leads VALIDATE CONSTRAINT ck",
            TableLock("leads", LockMode.SHARE_UPDATE_EXCLUSIVE, scans=True),
        ),
        ("DROP TABLE IF EXISTS leads", TableLock("leads", LockMode.ACCESS_EXCLUSIVE)),
        ("DROP TRIGGER t ON leads", TableLock("leads", LockMode.ACCESS_EXCLUSIVE)),
    ],
)
def test_a_statement_names_its_table_and_lock(statement: str, expected: TableLock) -> None:
    assert locks_of(statement) == [expected]


def test_a_revision_is_as_strong_as_its_strongest_statement() -> None:
    [lead_work] = [script for script in migrations.after("0011") if script.revision == "0012"]
    assert strongest_locks(migrations.sql_of(lead_work)) == [
        TableLock("keywords", LockMode.ACCESS_EXCLUSIVE, scans=True),
        TableLock("leads", LockMode.SHARE_UPDATE_EXCLUSIVE, scans=True),
        TableLock("mentions", LockMode.ACCESS_EXCLUSIVE),
    ]
