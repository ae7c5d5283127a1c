"""Suspended, resumed and deleted users: their keys, their data, and the data of others."""

import pytest

from db.integrity.audit import drifts
from db.models import UserStatus
from services import user_accounts as users
from tests.support.world import Ask, World


async def test_a_suspended_user_is_refused_until_resumed(ask: Ask, world: World) -> None:
    await users.set_status(world.pool, "ann@example.com", UserStatus.SUSPENDED)
    refused = await ask("{ viewer { id } }")
    assert refused.code == "UNAUTHENTICATED"
    assert refused.error["message"].startswith("The user of this API key is not active.")
    await users.set_status(world.pool, "ANN@example.com", UserStatus.ACTIVE)
    assert (await ask("{ viewer { name } }")).data == {"viewer": {"name": "ann"}}


async def test_a_deleted_user_leaves_nothing_behind_and_other_users_untouched(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "MOST_AT_ONCE", 5)
    ann, ben = world.users["ann"], world.users["ben"]
    await world.pool.execute("UPDATE leads SET assignee_user_id = $1 WHERE user_id = $2", ann, ben)
    tables = await world.fetch(
        "SELECT table_name FROM information_schema.columns WHERE column_name = 'user_id' AND table_schema = 'public'"
    )
    names = sorted(row["table_name"] for row in tables)
    before = {name: len(await world.rows(name, "ben")) for name in names}
    done = [(batch.table, batch.rows) async for batch in users.delete(world.pool, "ann@example.com")]
    assert done == [
        *[("mentions", 5)] * 2,
        ("mentions", 2),
        *[("integration_logs", 5), ("integration_logs", 1)],
        ("users", 1),
    ]
    assert [name for name in ["users", *names] if await world.rows(name, "ann")] == []
    assert {name: len(await world.rows(name, "ben")) for name in names} == before
    assert {row["assignee_user_id"] for row in await world.rows("leads", "ben")} == {None}
    assert await drifts(world.pool) == []


async def test_an_interrupted_deletion_refuses_the_user_and_can_be_finished(
    ask: Ask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "MOST_AT_ONCE", 5)
    async for _ in users.delete(world.pool, "ann@example.com"):
        break
    assert (await ask("{ viewer { id } }")).code == "UNAUTHENTICATED"
    with pytest.raises(users.AccountError, match=r"The deletion of ann@example\.com has begun\."):
        await users.set_status(world.pool, "ann@example.com", UserStatus.ACTIVE)
    assert [batch.rows async for batch in users.delete(world.pool, "ann@example.com")][-1] == 1
    assert await world.rows("users", "ann") == []
    assert await drifts(world.pool) == []
