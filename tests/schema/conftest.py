"""A small world of two members and an operator, and the way to ask the API about it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from db.pool import Pool
from db.queries import api_key as stored_keys
from schema.schema import Schema, build
from server.app import create_app
from services import api_key

KEYWORDS, MENTIONS = 3, 4


@dataclass
class World:
    """Users by name, with the keys that they ask with. `pool` is there to change it."""

    pool: Pool
    users: dict[str, int] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    async def add_user(self, name: str, role: str = "member") -> int:
        user_id: int = await self.pool.fetchval(
            "INSERT INTO users (email, name, role) VALUES ($1, $2, $3) RETURNING id",
            f"{name}@example.com",
            name,
            role,
        )
        secret = api_key.new_secret()
        async with self.pool.acquire() as connection:
            key_id = await stored_keys.create(connection, user_id, "test", api_key.digest(secret), [])
        self.users[name], self.keys[name] = user_id, api_key.written(key_id, secret)
        return user_id

    async def add_keywords(self, name: str, *, keywords: int = KEYWORDS, mentions: int = MENTIONS) -> None:
        """Keywords with mentions a minute apart. Every second mention is analysed and has a lead."""
        await self.pool.execute(
            """
            WITH made AS (
                INSERT INTO keywords (user_id, keyword)
                SELECT $1, format('%s %s', $2::text, n + (SELECT count(*) FROM keywords))
                FROM generate_series(1, $3) AS n RETURNING id
            )
            INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content, created_at)
            SELECT $1, made.id, 'web', format('%s-%s', made.id, n), 'https://example.com', format('post %s', n),
                timestamptz '2026-01-01 00:00+00' + n * interval '1 minute'
            FROM made CROSS JOIN generate_series(1, $4) AS n ORDER BY made.id, n
            """,
            self.users[name],
            name,
            keywords,
            mentions,
        )
        for table, extra in (
            ("leads (mention_id, user_id, keyword_id, status)", "user_id, keyword_id, 'qualified'"),
            (
                "analysis_results (mention_id, user_id, status, sentiment, relevance)",
                "user_id, 'succeeded', 'positive', 'high'",
            ),
        ):
            await self.pool.execute(
                f"INSERT INTO {table} SELECT id, {extra} FROM mentions "
                "WHERE user_id = $1 AND id % 2 = 0 ON CONFLICT DO NOTHING",
                self.users[name],
            )

    async def add_integrations(self, name: str, *, integrations: int = 2, logs: int = 3) -> None:
        await self.pool.execute(
            """
            WITH made AS (
                INSERT INTO integrations (user_id, provider, kind, external_account_id)
                SELECT $1, 'rss', 'source', gen_random_uuid()::text FROM generate_series(1, $2) RETURNING id
            )
            INSERT INTO integration_logs (user_id, integration_id, kind, status, message, created_at)
            SELECT $1, made.id, 'sync', 'succeeded', format('run %s', n),
                timestamptz '2026-01-01 00:00+00' + n * interval '1 minute'
            FROM made CROSS JOIN generate_series(1, $3) AS n
            """,
            self.users[name],
            integrations,
            logs,
        )


@pytest.fixture
async def world(pool: Pool) -> World:
    """ann and ben have three keywords of four mentions each, and two integrations of three logs; olga is an
    operator and has nothing.
    """
    made = World(pool)
    for name in ("ann", "ben"):
        await made.add_user(name)
        await made.add_keywords(name)
        await made.add_integrations(name)
    await made.add_user("olga", role="operator")
    return made


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict[str, Any]

    @property
    def data(self) -> Any:
        assert "errors" not in self.body, self.body["errors"]
        return self.body["data"]

    @property
    def statements(self) -> list[str]:
        found: list[str] = self.body["extensions"]["statements"]
        return found

    @property
    def error(self) -> dict[str, Any]:
        (only,) = self.body["errors"]
        found: dict[str, Any] = only
        return found

    @property
    def code(self) -> str:
        return str(self.error["extensions"]["code"])


Ask = Callable[..., Awaitable[Answer]]


@pytest.fixture(scope="session")
def schema() -> Schema:
    return build()


@pytest.fixture
async def client(world: World, schema: Schema) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(world.pool, schema=schema, explain=True)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


@pytest.fixture
def ask(world: World, client: httpx.AsyncClient) -> Ask:
    """Asks as ann, as another user of the world, or as nobody (viewer=None)."""

    async def post(document: str, *, viewer: str | None = "ann", **variables: object) -> Answer:
        headers = {"authorization": f"Bearer {world.keys[viewer]}"} if viewer else {}
        body = {"query": document, "variables": variables}
        response = await client.post("/graphql", json=body, headers=headers)
        return Answer(response.status_code, response.json())

    return post
