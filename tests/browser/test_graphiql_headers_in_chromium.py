"""The header with the API key in GraphiQL of `leadgraph serve`, which knows no key."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from db.engine.pool import Pool
from server.graphiql.page import BUILT
from tests.support.graphiql import Visit, visiting
from tests.support.rows import add_key, add_user
from tests.support.serving import served

EMPTY = {"Authorization": "Bearer "}
HEADERS = "request-headers.json"


@pytest.fixture
async def visit(
    pool: Pool, database_url: str, server_folder: Path, chromium: Browser
) -> AsyncIterator[Visit]:
    """A visit of GraphiQL on a server without a demo, with the API key of a user."""
    if not (BUILT / "index.html").exists():
        pytest.skip("GraphiQL is not built; `make web` builds it.")
    key = await add_key(pool, await add_user(pool))
    async with (
        served(database_url, server_folder, {"WORKERS": "0"}) as (origin, _),
        visiting(chromium, f"{origin}/graphql", key) as visit,
    ):
        await visit.open()
        yield visit


async def sent_by(visit: Visit) -> str | None:
    """Return the credential of the last request."""
    return (await visit.asked[-1].all_headers()).get("authorization")


async def test_the_placeholder_is_not_sent_and_a_key_serves_all_tabs(visit: Visit) -> None:
    assert json.loads(await visit.content(HEADERS)) == EMPTY
    assert await sent_by(visit) is None

    await visit.type("operation.graphql", "query Anonymous { __typename }")
    for empty in (
        '{"Authorization": "Bearer "}',
        '{"authorization": "bearer"}',
        '{"AUTHORIZATION": " "}',
        "",
    ):
        await visit.type(HEADERS, empty)
        assert await visit.run() == {"data": {"__typename": "Query"}}
        assert await sent_by(visit) is None

    key = json.dumps({"Authorization": f"Bearer {visit.api_key}"})
    await visit.type(HEADERS, key)
    await visit.page.wait_for_timeout(700)  # GraphiQL notices an edit of the headers after a moment
    for number in (0, 1):
        await visit.turn_to(number)
        assert await visit.content(HEADERS) == key
    assert (await visit.run())["data"]["dashboard"]
    assert await sent_by(visit) == f"Bearer {visit.api_key}"
    await visit.page.get_by_role("button", name="New tab").click()
    await expect(visit.tabs()).to_have_count(15)
    assert await visit.content(HEADERS) == key
    await visit.type(HEADERS, json.dumps(EMPTY))
    await visit.turn_to(1)
    assert await visit.content(HEADERS) == key

    await visit.page.wait_for_timeout(700)  # GraphiQL stores tabs after a moment
    assert visit.api_key not in await visit.remembered()
    await visit.open()
    assert json.loads(await visit.content(HEADERS)) == EMPTY

    await visit.type(HEADERS, '{"Authorization": "Bearer nonsense"}')
    answer = await visit.run()
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert await sent_by(visit) == "Bearer nonsense"
    assert len(visit.wrong) == 2  # the response, and its line in the console
    visit.wrong.clear()
