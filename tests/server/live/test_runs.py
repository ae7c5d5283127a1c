"""Runs for events and live queries: their observation, the guard, and the queries that no change tells of."""

from collections.abc import AsyncIterator

import pytest

from db.engine.pool import Pool
from schema.graph import build
from server.app import create_app
from server.runtime.observation import Observation
from server.runtime.settings import load_settings
from tests.server.live.conftest import LIMITS
from tests.support.listening import listening
from tests.support.live_client import socket
from tests.support.world import World

MENTIONS = """subscription Told { mentionAdded(filter: { search: "text" }) {
    mentions { externalId keyword { keyword mentions { totalCount } } analysis { intent } lead { id } } } }"""
LIVE = "query Live @live { mentions { nodes { externalId keyword { keyword } } } }"


@pytest.fixture
def seen() -> list[Observation]:
    return []


@pytest.fixture
async def guarded(pool: Pool, seen: list[Observation]) -> AsyncIterator[str]:
    """The origin of a server whose guard fails wasteful reads."""
    graph = build(load_settings().executor)
    app = create_app(pool, graph=graph, guard="fail", observers=[seen.append], live_limits=LIMITS)
    async with listening(app) as server:
        yield server.origin


async def keyword_of(world: World, name: str) -> int:
    (row,) = await world.rows("keywords", name)
    found: int = row["id"]
    return found


async def test_each_run_is_observed_once_for_all_subscribers(
    world: World, guarded: str, seen: list[Observation]
) -> None:
    async with socket(guarded, world.keys["ann"]) as one, socket(guarded, world.keys["ann"]) as two:
        for made in (one, two):
            await made.subscribe("m", MENTIONS)
            await made.subscribe("q", LIVE)
            assert await made.data("q") == {"mentions": {"nodes": []}}
        seen.clear()
        for number, made in enumerate((one, two)):
            await world.add_mention(
                await keyword_of(world, "ann"), external_id=str(number), content=f"text {number}"
            )
            told = {each["id"]: each["payload"] for each in (await made.next(), await made.next())}
            mention = {
                "externalId": str(number),
                "keyword": {"keyword": "words of ann", "mentions": {"totalCount": number + 1}},
                "analysis": None,
                "lead": None,
            }
            assert told["m"] == {"data": {"mentionAdded": {"mentions": [mention]}}}
            assert "errors" not in told["q"]
            other = two if made is one else one
            await other.next()
            await other.next()
    runs = [each for each in seen if each.operation == "Told"]
    assert [(each.outcome, each.excess, each.status) for each in runs] == [("answered", None, 200)] * 2
    assert all(each.cost is not None and 0 < len(each.activity.runs) <= 5 for each in runs)
    assert len([each for each in seen if each.operation == "Live"]) == 2


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("query @live { apiKeys { nodes { name } } }", "ApiKey"),
        ("query @live { sessions { address } mentions { totalCount } }", "Session"),
        ("query @live { rateLimit { limit } }", "RateLimit"),
        ("query @live { integrations { nodes { logs { totalCount } } } }", "IntegrationLog"),
        ("query @live { webhooks { nodes { deliveries { nodes { id } } } } }", "WebhookDelivery"),
        ('query ($id: ID = "x") @live { node(id: $id) { id ... on ApiKey { name } } }', "ApiKey"),
    ],
)
async def test_a_live_query_of_untold_rows_is_refused(
    world: World, origin: str, text: str, types: str
) -> None:
    async with socket(origin, world.keys["ann"]) as ann:
        await ann.subscribe("1", text)
        message = await ann.next()
        assert message["type"] == "error", message
        (error,) = message["payload"]
        assert error["message"] == (
            f"`@live` cannot follow {types}: the server does not tell of its changes. Send the query again instead."
        )
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
