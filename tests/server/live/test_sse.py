"""graphql-sse, in its mode of distinct connections."""

import asyncio

import httpx

from db.engine.pool import Pool
from server.live.limits import LiveLimits
from tests.support.listening import ListeningServer
from tests.support.live_client import event_stream
from tests.support.world import World

MENTIONS = "subscription ($a: String) { mentionAdded(after: $a) { mentions { externalId } cursor } }"


def ids(event: tuple[str, str | None, object]) -> list[str]:
    name, cursor, data = event
    assert name == "next"
    told = data["data"]["mentionAdded"]  # type: ignore[index]
    assert told["cursor"] == cursor
    return [each["externalId"] for each in told["mentions"]]


async def test_a_query_and_a_mutation_are_one_result_each(world: World, origin: str) -> None:
    mutation = 'mutation { createKeyword(input: { keyword: "new" }) { keyword { keyword } } }'
    for text, data in (
        ("{ viewer { email } }", {"viewer": {"email": "ann@example.com"}}),
        (mutation, {"createKeyword": {"keyword": {"keyword": "new"}}}),
    ):
        async with event_stream(origin, world.keys["ann"], text) as stream:
            assert await stream.next() == ("next", None, {"data": data})
            assert await stream.next() == ("complete", None, None)


async def test_errors_come_as_a_result(world: World, origin: str) -> None:
    for text, key, code in (
        ("{ nothing }", "ann", "GRAPHQL_VALIDATION_FAILED"),
        ("{", "ann", "GRAPHQL_PARSE_FAILED"),
        (MENTIONS, None, "UNAUTHENTICATED"),
        ('subscription { mentionAdded(after: "nonsense") { cursor } }', "ann", "BAD_USER_INPUT"),
    ):
        async with event_stream(origin, world.keys.get(key or ""), text) as stream:
            name, _, data = await stream.next()
            assert (name, data["errors"][0]["extensions"]["code"]) == ("next", code)
            assert await stream.next() == ("complete", None, None)


async def test_a_stream_resumes_after_its_last_event_id(world: World, origin: str) -> None:
    (keyword,) = await world.rows("keywords", "ann")
    async with event_stream(origin, world.keys["ann"], MENTIONS) as stream:
        await asyncio.sleep(0.3)
        await world.add_mention(keyword["id"], external_id="one")
        event = await stream.next()
        assert ids(event) == ["one"]
    for name in ("two", "three"):
        await world.add_mention(keyword["id"], external_id=name)
    async with event_stream(origin, world.keys["ann"], MENTIONS, after=event[1]) as stream:
        await world.add_mention(keyword["id"], external_id="four")
        found: list[str] = []
        while "four" not in found:
            found += ids(await stream.next())
        assert found == ["two", "three", "four"]
    async with event_stream(origin, world.keys["ann"], MENTIONS, a=event[1]) as stream:
        found = []
        while "four" not in found:
            found += ids(await stream.next())
        assert found == ["two", "three", "four"]


async def test_a_get_request_reads_alone(world: World, origin: str) -> None:
    headers = {"accept": "text/event-stream", "authorization": f"Bearer {world.keys['ann']}"}
    async with httpx.AsyncClient(headers=headers) as client:
        answer = await client.get(f"{origin}/graphql", params={"query": "{ viewer { email } }"})
        assert answer.text == (
            'event: next\ndata: {"data":{"viewer":{"email":"ann@example.com"}}}\n\nevent: complete\ndata: \n\n'
        )
        mutation = 'mutation { createKeyword(input: { keyword: "new" }) { keyword { id } } }'
        refused = await client.get(f"{origin}/graphql", params={"query": mutation})
        assert "GET allows queries" in refused.text
    assert len(await world.rows("keywords", "ann")) == 1


async def test_plain_requests_get_no_stream(world: World, origin: str) -> None:
    headers = {"authorization": f"Bearer {world.keys['ann']}"}
    async with httpx.AsyncClient(headers=headers) as client:
        for text in (MENTIONS, "query @live { viewer { id } }"):
            answer = await client.post(f"{origin}/graphql", json={"query": text})
            assert answer.status_code == 400
            assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
            assert "text/event-stream" in answer.json()["errors"][0]["message"]


OF_URQL = (
    "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, "
    "multipart/mixed"
)


async def test_a_client_that_prefers_json_gets_a_stream_for_live_operations_only(
    world: World, origin: str
) -> None:
    json, stream = "application/graphql-response+json; charset=utf-8", "text/event-stream; charset=utf-8"
    mutation = 'mutation { createKeyword(input: { keyword: "new" }) { keyword { keyword } } }'
    for accept, text, expected in (
        (OF_URQL, "{ viewer { email } }", json),
        (OF_URQL, mutation, json),
        (OF_URQL, "{ nothing }", json),
        (OF_URQL, MENTIONS, stream),
        (OF_URQL, "query @live { viewer { email } }", stream),
        ("application/json;q=0.5, text/event-stream", "{ viewer { email } }", stream),
        ("*/*, text/event-stream", "{ viewer { email } }", stream),
        ("text/event-stream;q=0, application/graphql-response+json", MENTIONS, json),
    ):
        headers = {"accept": accept, "authorization": f"Bearer {world.keys['ann']}"}
        async with (
            httpx.AsyncClient(headers=headers) as client,
            client.stream("POST", f"{origin}/graphql", json={"query": text}) as response,
        ):
            assert (accept, text, response.headers["content-type"]) == (accept, text, expected)


async def test_a_query_that_prefers_json_takes_no_live_connection(
    world: World, origin: str, limits: LiveLimits
) -> None:
    headers = {"accept": OF_URQL, "authorization": f"Bearer {world.keys['ann']}"}
    async with httpx.AsyncClient(headers=headers) as client:
        body = {"query": "{ viewer { email } }"}
        asked = [client.post(f"{origin}/graphql", json=body) for _ in range(3 * limits.user_connections)]
        answers = await asyncio.gather(*asked)
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.text for answer in answers} == {'{"data":{"viewer":{"email":"ann@example.com"}}}'}


async def test_an_idle_stream_is_kept_open_by_comments(world: World, origin: str) -> None:
    headers = {"accept": "text/event-stream", "authorization": f"Bearer {world.keys['ann']}"}
    async with (
        httpx.AsyncClient(headers=headers) as client,
        client.stream("POST", f"{origin}/graphql", json={"query": MENTIONS}) as response,
    ):
        assert await anext(response.aiter_lines()) == ":"


async def test_too_many_connections_are_refused_before_the_stream(
    world: World, origin: str, limits: LiveLimits
) -> None:
    async with asyncio.TaskGroup() as group:
        release, ready = asyncio.Event(), [asyncio.Event() for _ in range(limits.user_connections)]

        async def hold(event: asyncio.Event) -> None:
            async with event_stream(origin, world.keys["ann"], MENTIONS):
                event.set()
                await release.wait()

        for event in ready:
            group.create_task(hold(event))
        for event in ready:
            await event.wait()
        headers = {"accept": "text/event-stream", "authorization": f"Bearer {world.keys['ann']}"}
        async with httpx.AsyncClient(headers=headers) as client:
            refused = await client.post(f"{origin}/graphql", json={"query": MENTIONS})
        assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (
            429,
            "RATE_LIMITED",
        )
        release.set()


async def test_a_stopping_server_ends_its_streams_with_the_cursor(
    world: World, server: ListeningServer, pool: Pool
) -> None:
    (keyword,) = await world.rows("keywords", "ann")
    async with event_stream(server.origin, world.keys["ann"], MENTIONS) as stream:
        await asyncio.sleep(0.3)
        await world.add_mention(keyword["id"], external_id="one")
        _, cursor, _ = await stream.next()
        server.should_exit = True
        name, _, data = await stream.next()
        assert name == "next"
        assert data["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        assert data["errors"][0]["extensions"]["cursor"] == cursor
        assert await stream.next() == ("complete", None, None)
