"""The placement of the tables, and the SQL that gives their keys the user."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from db.embedded import EmbeddedPostgres
from db.models import Base
from db.models.base import models
from db.sharding import conversion, tables
from db.sharding.citus import script
from db.sharding.tables import (
    FOREIGN_USERS,
    UNLIMITED_KEYS,
    Placement,
    UnplacedTableError,
    distributed,
    placed,
)
from tests.support.databases import copied_database
from web.node import ROOT

_LACKING = """
SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
WHERE indisunique AND relname = ANY ($1) AND relnamespace = 'public'::regnamespace AND NOT EXISTS (
    SELECT FROM pg_attribute WHERE attrelid = indrelid AND attnum = ANY (indkey) AND attname = $2
)
"""
_FOREIGN_KEYS = """
SELECT conname, conrelid::regclass::text AS own, confrelid::regclass::text AS other,
    (SELECT attname::text FROM pg_attribute WHERE attrelid = conrelid AND attnum = conkey[1]) AS own_column,
    (SELECT attname::text FROM pg_attribute WHERE attrelid = confrelid AND attnum = confkey[1]) AS other_column
FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND conparentid = 0 ORDER BY 1
"""


@pytest.fixture
async def converted(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[asyncpg.Connection]:
    """A migrated database with a few rows, after the conversion of its keys."""
    async with copied_database(postgres, template) as name:
        connection = await asyncpg.connect(postgres.url(name))
        try:
            await connection.execute("INSERT INTO users (email) VALUES ('ann@example.com')")
            await connection.execute("INSERT INTO keywords (user_id, keyword) SELECT id, 'crm' FROM users")
            for sql in (*conversion.conversion_of_keys(), *conversion.foreign_keys()):
                await connection.execute(sql)
            yield connection
        finally:
            await connection.close()


def test_each_table_has_one_place() -> None:
    names = [table for placement in Placement for table in placed(placement)]
    assert sorted(names) == sorted(model.__tablename__ for model in models())
    assert placed(Placement.REFERENCE) == ["change_feed"]
    assert placed(Placement.LOCAL) == ["backfills", "background_tasks", "schema_support"]


def test_a_new_table_without_a_user_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "OF_ALL", {})
    with pytest.raises(UnplacedTableError, match="The table backfills has no column `user_id` and no place"):
        distributed()


async def test_after_the_conversion_each_unique_key_has_the_user(converted: asyncpg.Connection) -> None:
    owned = [table for table, column in distributed().items() if column == "user_id"]
    assert await converted.fetch(_LACKING, owned, "user_id") == []
    assert await converted.fetch(_LACKING, ["users"], "id") == []


async def test_after_the_conversion_each_foreign_key_has_the_user_on_both_sides(
    converted: asyncpg.Connection,
) -> None:
    owners = distributed()
    found = await converted.fetch(_FOREIGN_KEYS)
    for key in found:
        assert key["own_column"] == owners[key["own"]], key["conname"]
        assert key["other_column"] == owners[key["other"]], key["conname"]
    of_models = {
        conversion.name_of(key)
        for model in models()
        for key in Base.metadata.tables[model.__tablename__].foreign_key_constraints
    }
    assert {key["conname"] for key in found} == of_models - set(FOREIGN_USERS)


async def test_counters_and_roll_ups_work_after_the_conversion(converted: asyncpg.Connection) -> None:
    for number in range(2):
        await converted.execute(
            "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content) "
            "SELECT user_id, id, 'web', $1, 'https://example.com', 'crm' FROM keywords",
            str(number),
        )
    assert await converted.fetchval("SELECT mentions_count FROM users") == 2
    for table in ("slot_stats", "day_stats", "user_slot_stats", "user_day_stats"):
        assert await converted.fetchval(f"SELECT sum(mentions) FROM {table}") == 2


async def test_pieces_of_files_from_earlier_releases_get_their_user(
    postgres: EmbeddedPostgres, template: str
) -> None:
    async with copied_database(postgres, template) as name:
        connection = await asyncpg.connect(postgres.url(name))
        try:
            await connection.execute("INSERT INTO users (email) VALUES ('ann@example.com')")
            await connection.execute(
                "INSERT INTO exports (user_id, everybody, entity, format, columns, question) "
                "SELECT id, false, 'leads', 'csv', '{id}', '{}' FROM users"
            )
            await connection.execute(
                "INSERT INTO export_parts (export_id, starts_at, data) SELECT id, 0, 'a' FROM exports"
            )
            owner = await connection.fetchval("SELECT user_id FROM exports")
            assert await connection.fetchval("SELECT user_id FROM export_parts") == owner  # the trigger's
            await connection.execute("UPDATE export_parts SET user_id = NULL")
            for sql in conversion.conversion_of_keys():
                await connection.execute(sql)
            assert await connection.fetchval("SELECT user_id FROM export_parts") == owner
        finally:
            await connection.close()


def test_a_unique_index_without_the_user_is_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(UNLIMITED_KEYS) == {"uq_users_email"}
    monkeypatch.setattr(conversion, "UNLIMITED_KEYS", {})
    with pytest.raises(conversion.UndeclaredKeyError, match="The key uq_users_email cannot contain the user"):
        conversion.conversion_of_keys()


def test_a_foreign_key_to_another_user_is_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(FOREIGN_USERS) == {"fk_leads_assignee_user_id"}
    monkeypatch.setattr(conversion, "FOREIGN_USERS", {})
    with pytest.raises(conversion.UndeclaredKeyError, match="fk_leads_assignee_user_id"):
        conversion.foreign_keys()


def test_the_script_for_citus_is_current() -> None:
    assert (ROOT / "deploy" / "citus.sql").read_text() == script(), "Run `python -m tools.citus_schema`."
    for table, column in distributed().items():
        assert f"create_distributed_table('{table}', '{column}'" in script()
