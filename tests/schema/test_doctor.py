"""The report of the doctor, for operators."""

import asyncio
from typing import Any

import pytest

from db.engine.statement_cache import comment
from db.inspection import statements
from db.inspection.statements import SlowStatement
from services.accounts import api_key
from tests.support.world import Ask, World

DOCTOR = """
{ doctor {
  findings { check subject problem command }
  skipped { check reason }
  tables { name bytes rows deadRows emptyPercent rowsPerDay }
} }
"""


async def test_an_operator_sees_the_report_and_a_member_sees_null(ask: Ask, world: World) -> None:
    await world.change("users", world.users["ann"], mentions_count=40)
    answer = await ask(DOCTOR, viewer="olga")
    found: dict[str, Any] = answer.data["doctor"]
    (counters,) = [one for one in found["findings"] if one["check"] == "COUNTERS"]
    assert counters == {
        "check": "COUNTERS",
        "subject": "users",
        "problem": f"1 counters of the sample are wrong, such as mentions_count of ID {world.users['ann']}: stored 40, "
        "counted 12.",
        "command": "leadgraph counters repair --table users",
    }
    assert [one["check"] for one in found["skipped"]] == ["STATEMENTS"]
    assert {table["name"] for table in found["tables"]} >= {"users", "keywords", "mentions", "leads"}
    assert (await ask(DOCTOR, viewer="ann")).data == {"doctor": None}


@pytest.mark.parametrize("missing", sorted(api_key.READ_SCOPES))
async def test_a_key_that_may_not_read_all_rows_gets_no_report(ask: Ask, world: World, missing: str) -> None:
    await world.set_scopes("olga", *(api_key.READ_SCOPES - {missing}))
    answer = await ask(DOCTOR, viewer="olga")
    assert "data" not in answer.body
    assert (
        answer.error["message"] == f"This API key lacks the scope `{missing}` (required by `Query.doctor`)."
    )


async def test_a_report_waits_for_no_connection_of_the_pool(ask: Ask, world: World) -> None:
    """Each connection of the pool could be held by an operation that asks for a report, too."""
    held = [await world.pool.acquire() for _ in range(world.pool.get_max_size() - 1)]
    answer = await ask("{ keywords { nodes { id } } doctor { skipped { check } } }", viewer="olga")
    assert answer.data["doctor"] == {"skipped": [{"check": "STATEMENTS"}]}
    for connection in held:
        await world.pool.release(connection)


async def by_name(world: World) -> dict[str | None, SlowStatement]:
    return {one.name: one for one in await statements.slow(world.pool, mean_ms=0)}


async def test_statements_of_operations_carry_their_names(ask: Ask, world: World) -> None:
    await world.pool.execute("CREATE EXTENSION pg_stat_statements")
    await world.pool.execute("SELECT pg_stat_statements_reset()")
    answer = await ask("{ keywords(first: 2) { nodes { mentions(first: 2) { nodes { lead { id } } } } } }")
    async with asyncio.timeout(5):
        # The server records a statement when its transaction ends, which is after the answer.
        while not set(answer.statements) <= (recorded := await by_name(world)).keys():
            await asyncio.sleep(0.05)
    name = next(one for one in answer.statements if one.startswith("mentions"))
    assert recorded[name].tables == ["leads", "mentions"]
    assert recorded[name].calls == 1


async def test_a_slow_statement_names_the_operations_that_send_it(
    ask: Ask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(*_: object, **__: object) -> list[SlowStatement]:
        return [SlowStatement(f"SELECT FROM users {comment('users by id')}", 7, 700.4, 900.2, 12.3)]

    for name in ("Second", "First"):
        await ask(f"query {name} {{ viewer {{ email }} }}")
    await ask("{ viewer { email } }")
    await world.pool.execute("CREATE EXTENSION pg_stat_statements")
    monkeypatch.setattr(statements, "slow", slow)
    answer = await ask("{ doctor { findings { check subject problem command } } }", viewer="olga")
    assert [one for one in answer.data["doctor"]["findings"] if one["check"] == "STATEMENTS"] == [
        {
            "check": "STATEMENTS",
            "subject": "users by id",
            "problem": "The statement took 700 ms on average in 7 calls, 900 ms at most, and 12 % of the time of all "
            "statements. Operations that send it: First, Second.",
            "command": "VACUUM (ANALYZE) users;",
        }
    ]
