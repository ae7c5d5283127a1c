"""Fixtures of the schema tests: a small world, a crowded one, and functions that query the API."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from db.embedded import EmbeddedPostgres
from db.engine.pool import Pool, open_pool
from schema.graph import Graph, build
from schema.prepared.limits import DEFAULT_LIMITS
from server.app import create_app
from server.runtime.settings import load_settings
from services.accounts.vault import Vault
from services.export.download_link import LinkSigner
from services.figures.cache import Cached
from tests.support.crowding import Crowding
from tests.support.databases import copied_database
from tests.support.world import Answer, Ask, Asker, Clock, World

WALKED = replace(DEFAULT_LIMITS, aliases=10_000)
"""Limits of generated documents, which give each field an alias."""


@pytest.fixture
async def world(pool: Pool) -> World:
    """A small world of three users.

    The members ann and ben each have three keywords with four mentions, and two integrations with three logs.
    The operator olga has no rows.
    """
    made = World(pool)
    for name in ("ann", "ben"):
        await made.add_user(name)
        await made.add_keywords(name)
        await made.add_integrations(name)
    await made.add_user("olga", role="operator")
    return made


@pytest.fixture(scope="session")
def graph() -> Graph:
    """The graph on the executor that LEADGRAPH_EXECUTOR selects."""
    return build(load_settings().executor)


@pytest.fixture
async def client(world: World, graph: Graph) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(
        world.pool,
        graph=graph,
        vault=Vault([world.vault_key]),
        links=LinkSigner([world.vault_key]),
        explain=True,
    )
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),  # its end waits for notes that need the pool
        httpx.AsyncClient(transport=transport, base_url="http://test") as made,
    ):
        yield made


@pytest.fixture
def ask(world: World, client: httpx.AsyncClient) -> Ask:
    """A function that queries the API as ann, as another user of the world, or without a key (viewer=None)."""

    async def post(document: str, *, viewer: str | None = "ann", **variables: object) -> Answer:
        headers = {"authorization": f"Bearer {world.keys[viewer]}"} if viewer else {}
        body = {"query": document, "variables": variables}
        response = await client.post("/graphql", json=body, headers=headers)
        return Answer(response.status_code, response.json())

    return post


@pytest.fixture(scope="module")
async def shared_pool(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[Pool]:
    """The pool of a database that all tests of a module share. A test changes no rows of other tests."""
    async with copied_database(postgres, template) as name:
        pool = await open_pool(postgres.url(name), size=4)
        yield pool
        await pool.close()


@pytest.fixture(scope="module")
async def asker(shared_pool: Pool) -> AsyncIterator[Asker]:
    graph = build(load_settings().executor, limits=WALKED)
    clock, cached = Clock(), Cached(shared_pool)
    app = create_app(shared_pool, graph=graph, explain=True, clock=clock, cached=cached)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),  # its end waits for notes that need the pool
        httpx.AsyncClient(transport=transport, base_url="http://test", timeout=60) as made,
    ):
        yield Asker(World(shared_pool), made, cached, clock)


@pytest.fixture(scope="session")
def crowding() -> type[Crowding]:
    """The class that fills worlds, for tests that need another number of rows."""
    return Crowding


@pytest.fixture(scope="module")
async def crowd(asker: Asker) -> World:
    """A world with about ninety rows of each entity for ann and thirty for ben. The user olga is an operator."""
    world = asker.world
    for name in ("ann", "ben"):
        await world.add_user(name)
    await world.add_user("olga", role="operator")
    filling = Crowding(world)
    await filling.everything("ann", 90)
    await filling.everything("ben", 30)
    await world.index_mentions()
    await world.pool.execute(
        "UPDATE users SET updated_at = '2026-01-01'::timestamptz + id / 2 * interval '1 hour'"
    )
    return world
