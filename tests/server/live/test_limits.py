"""Operations of live connections have the limits of a POST: trusted documents, costs, rates, introspection and cookies."""

import hashlib
from collections.abc import AsyncIterator

import pytest
from gql import Client, gql
from gql.transport.websockets import WebsocketsTransport

from db.engine.pool import Pool
from server.app import create_app
from server.http.documents import Documents
from services.accounts.rate_limit import RateLimits
from tests.server.live.conftest import LIMITS
from tests.support.listening import listening
from tests.support.live_client import Socket, event_stream, socket
from tests.support.world import World

TRUSTED = "subscription Trusted { mentionAdded { mentions { externalId } } }"


async def code(made: Socket, **payload: object) -> str:
    """Return the error code of an operation that does not run."""
    await made.send(type="subscribe", id="1", payload=payload)
    message = await made.next()
    assert message["type"] == "error", message
    found: str = message["payload"][0]["extensions"]["code"]
    return found


@pytest.fixture
async def strict(pool: Pool) -> AsyncIterator[str]:
    """The origin of a server with trusted documents, closed introspection, and five points of a rate limit."""
    app = create_app(
        pool,
        documents=Documents({"trusted": TRUSTED, "query": "{ viewer { email } }"}, "enforce"),
        rate_limits=RateLimits(5),
        introspection="off",
        live_limits=LIMITS,
    )
    async with listening(app) as server:
        yield server.origin


async def test_only_trusted_documents_run_and_each_beginning_is_charged(world: World, strict: str) -> None:
    key = world.keys["ann"]
    async with socket(strict, key) as ann:
        assert await code(ann, query="subscription { mentionAdded { cursor } }") == "DOCUMENT_NOT_TRUSTED"
        assert await code(ann, query="query @live { viewer { email } }") == "DOCUMENT_NOT_TRUSTED"
        await ann.send(type="subscribe", id="q", payload={"documentId": "query"})
        assert await ann.data("q") == {"viewer": {"email": "ann@example.com"}}
        assert (await ann.next())["type"] == "complete"
        digest = hashlib.sha256(TRUSTED.encode()).hexdigest()
        for number in range(2):
            extensions = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
            await ann.send(type="subscribe", id=f"m{number}", payload={"extensions": extensions})
            await ann.nothing()
        assert await code(ann, documentId="trusted") == "RATE_LIMITED"
    async with event_stream(strict, key, TRUSTED) as stream:
        assert (await stream.next())[2]["errors"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_costs_validation_and_cookies_are_as_of_a_post(world: World, origin: str) -> None:
    async with socket(origin, world.keys["ann"]) as ann:
        aliases = " ".join(f"a{number}: id" for number in range(600))
        assert (
            await code(ann, query=f"subscription {{ mentionAdded {{ mentions {{ {aliases} }} }} }}")
            == "COST_LIMIT_EXCEEDED"
        )
        two = "subscription { mentionAdded { cursor } leadChanged { cursor } }"
        assert await code(ann, query=two) == "GRAPHQL_VALIDATION_FAILED"
        assert (
            await code(ann, query="subscription @live { mentionAdded { cursor } }")
            == "GRAPHQL_VALIDATION_FAILED"
        )
        assert await code(ann, query="{ a", operationName="A") == "GRAPHQL_PARSE_FAILED"
        sign_in = 'mutation { signIn(input: { email: "ann@example.com", password: "a" }) { userErrors { message } } }'
        await ann.subscribe("s", sign_in)
        message = await ann.next()
        assert "by POST" in message["payload"]["errors"][0]["message"]


async def test_gql_subscribes_unchanged(world: World, origin: str) -> None:
    (keyword,) = await world.rows("keywords", "ann")
    transport = WebsocketsTransport(
        origin.replace("http", "ws") + "/graphql",
        init_payload={"Authorization": f"Bearer {world.keys['ann']}"},
        subprotocols=["graphql-transport-ws"],
    )
    async with Client(transport=transport) as client:
        assert await client.execute(gql("{ viewer { email } }")) == {"viewer": {"email": "ann@example.com"}}
        found: list[int] = []
        async for answer in client.subscribe(gql("query @live { mentions { totalCount } }")):
            found.append(answer["mentions"]["totalCount"])
            if found[-1] == 2:
                break
            await world.add_mention(keyword["id"])
        assert found == [0, 1, 2]
