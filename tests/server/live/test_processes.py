"""Two server processes on one database tell their clients alike."""

from pathlib import Path

import httpx

from tests.support.live_client import event_stream, socket
from tests.support.serving import served
from tests.support.world import World

MENTIONS = "subscription ($a: String) { mentionAdded(after: $a) { mentions { externalId } cursor } }"
LIVE = "query @live { mentions { totalCount } }"
INGEST = """mutation ($keyword: ID!, $id: String!) {
    ingestMentions(input: { items: [{
        keywordId: $keyword, platform: WEB, externalId: $id, url: "https://example.com", content: "text"
    }] }) { createdCount userErrors { message } } }"""


async def test_a_write_by_one_process_is_told_by_both(
    world: World, database_url: str, server_folder: Path
) -> None:

    home = server_folder
    key = world.keys["ann"]
    async with (
        served(database_url, home / "a", {"WORKERS": "0"}) as (first, _),
        served(database_url, home / "b", {"WORKERS": "0"}) as (second, _),
        socket(first, key) as one,
        socket(second, key) as two,
        event_stream(second, key, MENTIONS) as stream,
        httpx.AsyncClient(headers={"authorization": f"Bearer {key}"}) as client,
    ):
        for made in (one, two):
            await made.subscribe("m", MENTIONS)
            await made.nothing(0.5)
            await made.subscribe("q", LIVE)
            assert await made.data("q") == {"mentions": {"totalCount": 0}}
        answer = await client.post(f"{first}/graphql", json={"query": "{ keywords { nodes { id } } }"})
        keyword = answer.json()["data"]["keywords"]["nodes"][0]["id"]
        variables = {"keyword": keyword, "id": "one"}
        answer = await client.post(f"{first}/graphql", json={"query": INGEST, "variables": variables})
        assert answer.json()["data"]["ingestMentions"]["createdCount"] == 1
        for made in (one, two):
            found = {each["id"]: each["payload"]["data"] for each in (await made.next(), await made.next())}
            assert found["m"]["mentionAdded"]["mentions"] == [{"externalId": "one"}]
            assert found["q"] == {"mentions": {"totalCount": 1}}
        event = (await stream.next())[2]["data"]["mentionAdded"]
        assert event["mentions"] == [{"externalId": "one"}]
        await client.post(f"{second}/graphql", json={"query": INGEST, "variables": variables | {"id": "two"}})
        async with event_stream(first, key, MENTIONS, after=event["cursor"]) as resumed:
            event = (await resumed.next())[2]["data"]["mentionAdded"]
            assert event["mentions"] == [{"externalId": "two"}]
