"""graphql-transport-ws, message by message."""

from tests.support.live_client import socket
from tests.support.world import World

MENTIONS = "subscription ($f: MentionFilter, $a: String) { mentionAdded(filter: $f, after: $a) { mentions { externalId } cursor } }"


async def test_queries_mutations_and_errors_are_answered(world: World, origin: str) -> None:
    async with socket(origin, world.keys["ann"]) as ann:
        await ann.subscribe("1", "{ viewer { email } }")
        assert await ann.data("1") == {"viewer": {"email": "ann@example.com"}}
        assert await ann.next() == {"id": "1", "type": "complete"}
        await ann.subscribe("1", "{ nothing }")
        error = await ann.next()
        assert (error["type"], error["id"]) == ("error", "1")
        assert error["payload"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_new_mentions_are_told_to_their_own_user(world: World, origin: str) -> None:
    (keyword,) = await world.rows("keywords", "ann")
    (other,) = await world.rows("keywords", "ben")
    async with socket(origin, world.keys["ann"]) as ann, socket(origin, world.keys["ben"]) as ben:
        await ann.subscribe("m", MENTIONS)
        await ben.subscribe("m", MENTIONS)
        await ann.nothing()
        await world.add_mention(keyword["id"], external_id="one")
        told = (await ann.data("m"))["mentionAdded"]
        assert told["mentions"] == [{"externalId": "one"}]
        await ben.nothing()
        await world.add_mention(other["id"], external_id="two")
        assert (await ben.data("m"))["mentionAdded"]["mentions"] == [{"externalId": "two"}]
        await ann.nothing()
        await world.add_mention(keyword["id"], external_id="three")
        await ann.subscribe("again", MENTIONS, a=told["cursor"])
        found = {}
        for _ in range(2):
            message = await ann.next()
            found[message["id"]] = message["payload"]["data"]["mentionAdded"]["mentions"]
        assert found == {"m": [{"externalId": "three"}], "again": [{"externalId": "three"}]}


async def test_a_live_query_is_sent_again_when_its_answer_changes(world: World, origin: str) -> None:
    (keyword,) = await world.rows("keywords", "ann")
    async with socket(origin, world.keys["ann"]) as ann:
        await ann.subscribe("q", "query @live { mentions { nodes { externalId } } }")
        assert await ann.data("q") == {"mentions": {"nodes": []}}
        await world.add_mention(keyword["id"], external_id="one")
        assert await ann.data("q") == {"mentions": {"nodes": [{"externalId": "one"}]}}
        await ann.nothing()
