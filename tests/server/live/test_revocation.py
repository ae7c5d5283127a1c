"""Credentials that end, or change, while their connections are open."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from db.engine.pool import Pool
from services.browsers.tokens import digest, new_browser_token
from tests.support.live_client import event_stream, socket
from tests.support.world import World

MENTIONS = "subscription { mentionAdded { cursor } }"


async def revoke(world: World) -> None:
    await world.pool.execute("UPDATE api_keys SET revoked_at = now() WHERE user_id = $1", world.users["ann"])


async def expire(world: World) -> None:
    await world.pool.execute("UPDATE api_keys SET expires_at = now() WHERE user_id = $1", world.users["ann"])


async def suspend(world: World) -> None:
    await world.change("users", world.users["ann"], status="suspended")


async def narrow(world: World) -> None:
    await world.set_scopes("ann", "read:leads")


async def promote(world: World) -> None:
    await world.change("users", world.users["ann"], role="operator")


@pytest.mark.parametrize("change", [revoke, expire, suspend, narrow, promote])
async def test_a_connection_ends_with_its_credential(
    world: World, origin: str, change: Callable[[World], Awaitable[None]]
) -> None:
    async with (
        socket(origin, world.keys["ann"]) as ann,
        socket(origin, world.keys["ben"]) as ben,
        event_stream(origin, world.keys["ann"], MENTIONS) as stream,
    ):
        await ann.subscribe("m", MENTIONS)
        await asyncio.sleep(0.3)
        await change(world)
        code, reason = await ann.closed()
        assert code == 4403
        assert "credential" in reason
        name, _, data = await stream.next()
        assert (name, data["errors"][0]["extensions"]["code"]) == ("next", "UNAUTHENTICATED")
        assert (await stream.next())[0] == "complete"
        await ben.subscribe("1", "{ viewer { email } }")
        assert await ben.data("1") == {"viewer": {"email": "ben@example.com"}}


async def test_a_browser_token_ends_with_its_key(world: World, origin: str, pool: Pool) -> None:
    token = new_browser_token()
    await pool.execute(
        "INSERT INTO browser_tokens (token_hash, user_id, api_key_id, scopes, expires_at) "
        "SELECT $1, user_id, id, scopes, now() + interval '1 hour' FROM api_keys WHERE user_id = $2",
        digest(token),
        world.users["ann"],
    )
    async with socket(origin, token) as made:
        await made.subscribe("m", MENTIONS)
        await made.nothing(0.6)
        await revoke(world)
        assert (await made.closed())[0] == 4403


async def test_a_missing_scope_refuses_the_subscription(world: World, origin: str) -> None:
    await world.set_scopes("ann", "read:leads")
    async with socket(origin, world.keys["ann"]) as ann:
        for text in (
            MENTIONS,
            "subscription { leadChanged { changes { lead { mention { id } } } } }",
            'subscription { leadChanged(filter: { search: "a" }) { cursor } }',
            "subscription { integrationChanged { cursor } }",
            "query @live { mentions { nodes { id } } }",
        ):
            await ann.subscribe("1", text)
            error = await ann.next()
            assert (error["type"], error["payload"][0]["extensions"]["code"]) == ("error", "FORBIDDEN"), text
        await ann.subscribe("1", "subscription { leadChanged { cursor } }")
        await ann.nothing()
