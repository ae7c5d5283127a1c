"""Credentials that end are told to all connections at once, long before all credentials are looked up again."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import httpx
import pytest

from db.models import ApiKey
from resolvers.framework.global_id import encoder_of
from server.live.limits import LiveLimits
from services.browsers.sign_in import end_sessions
from services.browsers.tokens import digest, new_token
from tests.server.live.conftest import LIMITS
from tests.support.live_client import socket
from tests.support.world import World

pytestmark = pytest.mark.parametrize("limits", [replace(LIMITS, check_seconds=3600)])
MENTIONS = "subscription { mentionAdded { cursor } }"


async def revoke(world: World, origin: str) -> None:
    """Revoke the key of Ann by the API."""
    key_id = await world.pool.fetchval("SELECT id FROM api_keys WHERE user_id = $1", world.users["ann"])
    text = "mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { userErrors { message } } }"
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {world.keys['ann']}"}) as client:
        body = {"query": text, "variables": {"id": encoder_of(ApiKey)(key_id)}}
        answer = (await client.post(f"{origin}/graphql", json=body)).json()
    assert answer == {"data": {"revokeApiKey": {"userErrors": []}}}


async def suspend(world: World, _: str) -> None:
    await world.change("users", world.users["ann"], status="suspended")


async def promote(world: World, _: str) -> None:
    await world.change("users", world.users["ann"], role="operator")


@pytest.mark.parametrize("change", [revoke, suspend, promote])
async def test_an_ended_key_is_told(
    world: World, origin: str, limits: LiveLimits, change: Callable[[World, str], Awaitable[None]]
) -> None:
    async with socket(origin, world.keys["ann"]) as ann, socket(origin, world.keys["ben"]) as ben:
        for made in (ann, ben):
            await made.subscribe("m", MENTIONS)
            await made.nothing(0.7)
        await change(world, origin)
        assert (await ann.closed())[0] == 4403
        await ben.nothing()


async def test_a_connection_ends_when_its_key_expires(world: World, origin: str, limits: LiveLimits) -> None:
    await world.pool.execute(
        "UPDATE api_keys SET expires_at = now() + interval '2 seconds' WHERE user_id = $1", world.users["ann"]
    )
    async with socket(origin, world.keys["ann"]) as ann:
        await ann.subscribe("m", MENTIONS)
        await ann.nothing(0.7)
        assert (await ann.closed())[0] == 4403


async def test_a_connection_ends_with_its_session(world: World, origin: str, limits: LiveLimits) -> None:
    token = new_token()
    await world.pool.execute(
        "INSERT INTO sessions (user_id, token_hash, expires_at, ends_at) "
        "VALUES ($1, $2, now() + interval '1 hour', now() + interval '1 hour')",
        world.users["ann"],
        digest(token),
    )
    headers = {"origin": "https://page.example", "cookie": f"leadgraph_session={token}"}
    async with socket(origin, headers=headers) as ann:
        await ann.subscribe("m", MENTIONS)
        await ann.nothing(0.7)
        assert await end_sessions(world.pool, world.users["ann"]) == 1
        assert (await ann.closed())[0] == 4403


async def test_an_operator_resumes_from_a_cursor(world: World, origin: str, limits: LiveLimits) -> None:
    text = "subscription ($a: String) { mentionAdded(after: $a) { mentions { externalId } cursor } }"
    keywords = [(await world.rows("keywords", name))[0]["id"] for name in ("ann", "ben")]
    found: list[str] = []
    async with socket(origin, world.keys["olga"]) as olga:
        await olga.subscribe("m", text)
        await olga.nothing(0.7)
        await world.add_mention(keywords[0], external_id="0")
        event = (await olga.data("m"))["mentionAdded"]
        found += [each["externalId"] for each in event["mentions"]]
    for number in range(1, 6):
        await world.add_mention(keywords[number % 2], external_id=str(number))
    async with socket(origin, world.keys["olga"]) as olga:
        await olga.subscribe("m", text, a=event["cursor"])
        for number in range(6, 9):
            await world.add_mention(keywords[number % 2], external_id=str(number))
        while len(found) < 9:
            found += [each["externalId"] for each in (await olga.data("m"))["mentionAdded"]["mentions"]]
        await olga.nothing()
    assert found == [str(number) for number in range(9)]
