"""`updatedAt` of every entity: set by each write, never decreasing, filtered and ordered in lists and exports."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from db.integrity.updates import COMPUTED, counted_columns
from db.models import AnalysisResult, IntegrationLog, LeadEvent, WebhookDelivery
from db.models.base import models, table_of
from resolvers.entities import ENTITIES
from resolvers.framework.global_id import encode
from schema.graph import build
from tests.support.world import Ask, World

TYPES: Any = build().schema.type_map
TABLES = ("keywords", "mentions", "leads", "integrations", "exports", "api_keys")
APPEND_ONLY = {LeadEvent, IntegrationLog}
HOUR = timedelta(hours=1)
EXPORT = "INSERT INTO exports (user_id, everybody, entity, format, columns, question) VALUES ($1, false, 'leads', 'csv', '{id}', '{}') RETURNING id"
CHANGES = {
    "keywords": "status = 'paused'",
    "mentions": "starred_at = now()",
    "leads": "notes = 'call'",
    "integrations": "name = 'other'",
    "exports": "status = 'running'",
    "api_keys": "revoked_at = now()",
}
UNCOUNTED = {
    "keywords": "mentions_count = mentions_count + 1",
    "mentions": "lead_deleted_at = now()",
    "leads": "score = 7",
    "integrations": "health_score = 7",
    "exports": "due_at = now()",
    "api_keys": "last_used_at = now()",
}


def test_every_entity_with_an_id_has_updated_at_in_its_type_filter_and_orders() -> None:
    """The analysis of a mention has neither an ID nor lists. Logs and events never change.

    A delivery tells the times of its attempts and of its end.
    """
    for entity in ENTITIES:
        type_ = TYPES[entity.typename]
        if entity.model in APPEND_ONLY:
            assert "so `createdAt` also is the time of the last update" in type_.description
            assert {order.name for order, _ in entity.orders} == {"newest", "oldest"}
            assert "createdAt" in TYPES[f"{entity.typename}Filter"].fields
        elif entity.model not in {AnalysisResult, WebhookDelivery}:
            assert str(type_.fields["updatedAt"].type) == "DateTime!"
            assert str(TYPES[f"{entity.typename}Filter"].fields["updatedAt"].type) == "DateTimeComparison"
            assert "LATEST_UPDATE" in TYPES[f"{entity.typename}Order"].values
            if entity.export:
                assert "updatedAt" in {column.name for column in entity.export}


def test_every_table_with_updated_at_has_the_trigger_except_users_and_webhooks() -> None:
    changing = {model for model in models() if "updated_at" in table_of(model).c}
    assert {model.__tablename__ for model in changing - set(COMPUTED)} == {"users", "webhooks"}
    for model in COMPUTED:
        assert set(COMPUTED[model]) < set(table_of(model).c.keys())
        assert not {"id", "user_id", "created_at", "updated_at"} & set(counted_columns(model))


async def stored(world: World, table: str) -> Any:
    """Return the ID of one of ann's rows in the table."""
    if table == "exports":
        return await world.pool.fetchval(EXPORT, world.users["ann"])
    return (await world.rows(table, "ann"))[0]["id"]


@pytest.mark.parametrize("table", TABLES)
async def test_any_sql_that_changes_the_entity_advances_its_update(world: World, table: str) -> None:
    id_ = await stored(world, table)
    updated_at = f"UPDATE {table} SET {{}} WHERE id = {id_} RETURNING updated_at"
    before = (await world.row(table, id=id_))["updated_at"]
    assert await world.pool.fetchval(updated_at.format(UNCOUNTED[table])) == before
    now = await world.pool.fetchval("SELECT clock_timestamp()")
    advanced = await world.pool.fetchval(updated_at.format(CHANGES[table]))
    assert before < now < advanced < await world.pool.fetchval("SELECT clock_timestamp()")
    # The same values again are no change. A time of the writer's own is kept.
    same = CHANGES[table].partition(" = ")[0]
    assert await world.pool.fetchval(updated_at.format(f"{same} = {same}")) == advanced
    later = advanced + HOUR
    own = f"UPDATE {table} SET updated_at = $1, {UNCOUNTED[table]} WHERE id = {id_} RETURNING updated_at"
    assert await world.pool.fetchval(own, later) == later


@pytest.mark.parametrize("table", TABLES)
async def test_updates_advance_when_the_clock_has_gone_back(world: World, table: str) -> None:
    """The row is an hour ahead, and the writer sets an earlier time or none."""
    id_ = await stored(world, table)
    ahead = await world.pool.fetchval(
        f"UPDATE {table} SET updated_at = clock_timestamp() + interval '1 hour' WHERE id = {id_} RETURNING updated_at"
    )
    changed = f"UPDATE {table} SET {CHANGES[table]} WHERE id = {id_} RETURNING updated_at"
    first = await world.pool.fetchval(changed)
    assert first == ahead + timedelta(microseconds=1)
    back = "NULL" if "_at" in CHANGES[table] else "DEFAULT"
    column = CHANGES[table].partition(" = ")[0]
    set_back = f"UPDATE {table} SET {column} = {back}, updated_at = clock_timestamp() WHERE id = {id_} RETURNING updated_at"
    assert await world.pool.fetchval(set_back) == first + timedelta(microseconds=1)


async def test_a_deleted_integration_updates_its_mentions(ask: Ask, world: World) -> None:
    (integration, *_) = await world.rows("integrations", "ann")
    (mention, other, *_) = await world.rows("mentions", "ann")
    await world.change("mentions", mention["id"], integration_id=integration["id"])
    before = (await world.row("mentions", id=mention["id"]))["updated_at"]
    delete = "mutation($id: ID!) { deleteIntegration(input: { id: $id }) { userErrors { code } } }"
    await ask(delete, id=encode("Integration", integration["id"]))
    after = await world.row("mentions", id=mention["id"])
    assert (after["integration_id"], after["updated_at"] > before) == (None, True)
    assert after["updated_at"] >= (await world.rows("users", "ann"))[0]["last_write_at"]
    assert (await world.row("mentions", id=other["id"]))["updated_at"] == other["updated_at"]


PAGE = """query($after: DateTime!) {{ {name}(orderBy: {order}, first: 100, filter: {{ updatedAt: {{ gte: $after }} }}) {{
    nodes {{ id updatedAt createdAt }} }} }}"""


@pytest.mark.parametrize(
    "name", ["keywords", "mentions", "leads", "integrations", "exports", "apiKeys", "users"]
)
@pytest.mark.parametrize("viewer", ["ann", "olga"])
async def test_lists_show_and_filter_the_last_update(ask: Ask, world: World, name: str, viewer: str) -> None:
    table = "api_keys" if name == "apiKeys" else name
    for owner in ("ann", "ben", "olga"):
        await world.pool.execute(EXPORT, world.users[owner])
    rows = await world.rows(table)
    if viewer == "ann" or table in {"exports", "api_keys"}:
        owner = "id" if table == "users" else "user_id"
        rows = [row for row in rows if row[owner] == world.users[viewer]]
    rows.sort(key=lambda row: (row["updated_at"], row["id"]), reverse=True)
    limit: datetime = rows[len(rows) // 2]["updated_at"]
    document = PAGE.format(name=name, order="LATEST_UPDATE")
    shown = (await ask(document, viewer=viewer, after=limit.isoformat())).data[name]["nodes"]
    wanted = [row for row in rows if row["updated_at"] >= limit][:100]
    assert [datetime.fromisoformat(node["updatedAt"]) for node in shown] == [
        row["updated_at"] for row in wanted
    ]
    typename = {"apiKeys": "ApiKey"}.get(name, name[:-1].capitalize())
    assert [node["id"] for node in shown] == [encode(typename, row["id"]) for row in wanted]
    assert all(node["createdAt"] <= node["updatedAt"] for node in shown)
