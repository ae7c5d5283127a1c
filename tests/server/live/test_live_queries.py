"""Queries with @live: sent again when a commit changed their answer, and only then."""

from dataclasses import replace
from typing import Any

import pytest

from server.live.limits import LiveLimits
from tests.server.live.conftest import LIMITS
from tests.support.live_client import event_stream, socket
from tests.support.world import World

MENTIONS = "query Q @live { mentions { totalCount nodes { externalId } } }"


async def keyword_of(world: World, name: str) -> int:
    (row,) = await world.rows("keywords", name)
    found: int = row["id"]
    return found


async def test_changes_that_change_no_answer_send_nothing(world: World, origin: str) -> None:
    async with socket(origin, world.keys["ann"]) as ann:
        await ann.subscribe("q", "query @live { mentions { nodes { id } } }")
        assert await ann.data("q") == {"mentions": {"nodes": []}}
        await world.add_mention(await keyword_of(world, "ben"))
        await world.change("keywords", await keyword_of(world, "ann"), keyword="other")
        await ann.nothing(0.5)


async def test_a_burst_is_coalesced_and_the_last_answer_is_current(world: World, origin: str) -> None:
    keyword_id = await keyword_of(world, "ann")
    async with socket(origin, world.keys["ann"]) as ann:
        await ann.subscribe("q", "query @live { mentions { totalCount } }")
        assert await ann.data("q") == {"mentions": {"totalCount": 0}}
        for _ in range(50):
            await world.add_mention(keyword_id)
        answers: list[int] = []
        while not answers or answers[-1] != 50:
            answers.append((await ann.data("q"))["mentions"]["totalCount"])
        assert len(answers) < 25
        assert answers == sorted(set(answers))
        await ann.nothing()


async def test_both_transports_send_the_same_answers(world: World, origin: str) -> None:
    async with (
        socket(origin, world.keys["ann"]) as ann,
        event_stream(origin, world.keys["ann"], MENTIONS) as stream,
    ):
        await ann.subscribe("q", MENTIONS)
        for names in ([], ["one"]):
            if names:
                await world.add_mention(await keyword_of(world, "ann"), external_id="one")
            data = {"mentions": {"totalCount": len(names), "nodes": [{"externalId": each} for each in names]}}
            assert await ann.data("q") == data
            assert await stream.next() == ("next", None, {"data": data})


async def test_a_counter_of_another_row_changes_an_answer(world: World, origin: str) -> None:
    keyword_id = await keyword_of(world, "ann")
    async with socket(origin, world.keys["ann"]) as ann:
        await ann.subscribe("k", "query @live { keywords { nodes { mentionsCount leadsCount } } }")
        await ann.subscribe("v", "query @live { viewer { mentionsCount } }")
        first = {each["id"]: each["payload"]["data"] for each in (await ann.next(), await ann.next())}
        assert first["k"] == {"keywords": {"nodes": [{"mentionsCount": 0, "leadsCount": 0}]}}
        mention_id = await world.add_mention(keyword_id)
        second = {each["id"]: each["payload"]["data"] for each in (await ann.next(), await ann.next())}
        assert second == {
            "k": {"keywords": {"nodes": [{"mentionsCount": 1, "leadsCount": 0}]}},
            "v": {"viewer": {"mentionsCount": 1}},
        }
        await world.add_lead(mention_id)
        assert await ann.data("k") == {"keywords": {"nodes": [{"mentionsCount": 1, "leadsCount": 1}]}}
        await ann.nothing()


async def last_statements(watching: Any) -> list[Any]:
    """Return the time of the last statement of each other connection to the database."""
    found: list[Any] = await watching.fetch(
        "SELECT pid, query_start FROM pg_stat_activity WHERE datname = current_database() "
        "AND backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY pid"
    )
    return found


@pytest.mark.parametrize("limits", [replace(LIMITS, check_seconds=60)])
async def test_idle_streams_send_no_statement(world: World, origin: str, limits: LiveLimits) -> None:
    async with socket(origin, world.keys["ann"]) as ann:
        await ann.subscribe("q", MENTIONS)
        await ann.data("q")
        await ann.subscribe("m", "subscription { mentionAdded { cursor } }")
        await ann.nothing(1.5)
        async with world.pool.acquire() as watching:
            before = await last_statements(watching)
            await ann.nothing(2)
            assert await last_statements(watching) == before
