"""A small world of two members and an operator, a crowded one, and the way to ask the API about them."""

import itertools
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from db import models
from db.embedded import EmbeddedPostgres
from db.engine.pool import Pool, open_pool
from db.statements import api_key as stored_keys
from schema.schema import Schema, build
from server.app import create_app
from server.runtime.settings import load_settings
from services.accounts import api_key
from services.accounts.vault import Vault, new_key
from services.figures.cache.cached import Cached

KEYWORDS, MENTIONS = 3, 4


@dataclass
class World:
    """Users by name, with the keys that they ask with. `pool` is there to change it. `vault_key` seals credentials."""

    pool: Pool
    vault_key: str = field(default_factory=new_key)
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
            key_id = await stored_keys.create(
                connection, user_id, "test", api_key.digest(secret), sorted(api_key.ALL_SCOPES)
            )
        self.users[name], self.keys[name] = user_id, api_key.written(key_id, secret)
        return user_id

    async def add(
        self, table: str, rows: Sequence[Mapping[str, object]], *, returning: str = "id"
    ) -> list[int]:
        """Inserts rows that all have the same columns, and returns their ids."""
        columns = ", ".join(rows[0])
        found = await self.pool.fetch(
            f"INSERT INTO {table} ({columns}) "
            f"SELECT {columns} FROM jsonb_populate_recordset(NULL::{table}, $1) RETURNING {returning}",
            list(rows),
        )
        return [row[returning] for row in found]

    async def rows(self, table: str, owner: str | None = None) -> list[asyncpg.Record]:
        """All rows of a table, or those of a user."""
        if owner is None:
            return await self.pool.fetch(f"SELECT * FROM {table}")
        column = "id" if table == "users" else "user_id"
        return await self.pool.fetch(f"SELECT * FROM {table} WHERE {column} = $1", self.users[owner])

    async def set_scopes(self, name: str, *scopes: str) -> None:
        """What the user's key may do, from the next time that it is looked at."""
        await self.pool.execute(
            "UPDATE api_keys SET scopes = $2 WHERE user_id = $1", self.users[name], list(scopes)
        )

    async def contents(self) -> dict[str, list[dict[str, object]]]:
        """All rows of all tables, but for when keys were used and users seen: what is equal to it later has not
        changed.
        """
        found = {}
        for (table,) in await self.pool.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
        ):
            rows = await self.pool.fetch(
                f"SELECT to_jsonb(t) - '{{last_used_at, last_seen_at}}'::text[] AS row FROM {table} AS t ORDER BY 1"
            )
            found[table] = [row["row"] for row in rows]
        return found

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
    """The whole suite runs on either executor: LEADGRAPH_EXECUTOR=reference is the other one."""
    return build(load_settings().executor)


@pytest.fixture
async def client(world: World, schema: Schema) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(world.pool, schema=schema, vault=Vault([world.vault_key]), explain=True)
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


_shared_databases = itertools.count()


@pytest.fixture(scope="module")
async def shared_pool(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[Pool]:
    """Of a database that all tests of a module share: they read it, or change what is theirs alone."""
    name = f"shared_{next(_shared_databases)}"
    admin = await asyncpg.connect(postgres.url("postgres"))
    await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    pool = await open_pool(postgres.url(name), size=4)
    yield pool
    await pool.close()
    await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await admin.close()


@dataclass
class Clock:
    """What time it is for windows: a moment that a test has set, or the real one."""

    at: datetime | None = None

    def __call__(self) -> datetime:
        return self.at or datetime.now(UTC)


@dataclass(frozen=True)
class Asker:
    """Asks a module's world. Whatever is asked, no answer may be an error of ours."""

    world: World
    client: httpx.AsyncClient
    cached: Cached
    clock: Clock

    async def forget(self) -> None:
        """Has no figure answered from the cache that was computed before: as if everybody had written something."""
        await self.world.pool.execute("UPDATE users SET data_version = data_version + 1")

    async def __call__(self, document: str, *, viewer: str | None = "ann", **variables: object) -> Answer:
        # Written in ASCII, so that a test can send what is no text, such as half a surrogate pair.
        body = json.dumps({"query": document, "variables": variables})
        headers = {"content-type": "application/json"}
        if viewer:
            headers["authorization"] = f"Bearer {self.world.keys[viewer]}"
        response = await self.client.post("/graphql", content=body, headers=headers)
        answer = Answer(response.status_code, response.json())
        for error in answer.body.get("errors", ()):
            assert error["extensions"]["code"] != "INTERNAL", (document, variables, error)
            assert error["message"]
        return answer


@pytest.fixture(scope="module")
async def asker(shared_pool: Pool, schema: Schema) -> AsyncIterator[Asker]:
    clock, cached = Clock(), Cached(shared_pool)
    app = create_app(shared_pool, schema=schema, explain=True, clock=clock, cached=cached)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://test", timeout=60
    ) as made:
        yield Asker(World(shared_pool), made, cached, clock)
    await cached.close()


MOMENTS = [datetime(2026, 1, 31, 12, tzinfo=UTC) + n * timedelta(hours=7, microseconds=1) for n in range(9)]
WORDS = ["crm", "Sales", "team", "budget", "jobs", "Größe", "50% off_", "back\\slash", "o'hara"]


class Crowding:
    """Fills a world with rows of few values: many ties, many missing values, every enumeration."""

    def __init__(self, world: World, seed: int = 1) -> None:
        self._world = world
        self._random = random.Random(seed)  # noqa: S311 - the same crowd in every run
        self._numbers = itertools.count(1)

    def _moment(self) -> str:
        return self._random.choice(MOMENTS).isoformat()

    def _or_null(self, value: object, share: float = 0.4) -> object:
        return None if self._random.random() < share else value

    def _one_of(self, values: Any) -> Any:
        return self._random.choice(sorted(values) if isinstance(values, set) else list(values))

    def _words(self, most: int) -> str:
        return " ".join(self._random.choices(WORDS, k=self._random.randint(1, most)))

    def _dismissal(self) -> dict[str, object]:
        if self._random.random() < 0.6:
            return {"dismissed_at": None, "dismiss_reason": None}
        reason = self._or_null(self._one_of(models.DismissReason))
        return {"dismissed_at": self._moment(), "dismiss_reason": reason}

    async def keywords(self, name: str, number: int) -> list[int]:
        return await self._world.add(
            "keywords",
            [
                {
                    "user_id": self._world.users[name],
                    "keyword": f"{self._words(2)} {next(self._numbers)}",
                    "status": self._one_of(models.KeywordStatus),
                    "match_type": self._one_of(models.MatchType),
                    "required_terms": [],
                    "created_at": self._moment(),
                }
                for _ in range(number)
            ],
        )

    async def integrations(self, name: str, number: int) -> list[int]:
        return await self._world.add(
            "integrations",
            [
                {
                    "user_id": self._world.users[name],
                    "provider": self._one_of(models.IntegrationProvider),
                    "kind": self._one_of(models.IntegrationKind),
                    "status": self._one_of(models.IntegrationStatus),
                    "external_account_id": str(next(self._numbers)),
                    "last_searched_at": self._or_null(self._moment()),
                    "health_score": self._or_null(self._one_of([0, 50, 100])),
                    "settings": {},
                }
                for _ in range(number)
            ],
        )

    async def logs(self, name: str, integrations: Sequence[int], number: int) -> list[int]:
        return await self._world.add(
            "integration_logs",
            [
                {
                    "user_id": self._world.users[name],
                    "integration_id": self._one_of(integrations),
                    "kind": self._one_of(models.IntegrationLogKind),
                    "status": self._one_of(models.IntegrationLogStatus),
                    "created_at": self._moment(),
                }
                for _ in range(number)
            ],
        )

    async def mentions(
        self, name: str, keywords: Sequence[int], integrations: Sequence[int], number: int
    ) -> list[int]:
        return await self._world.add(
            "mentions",
            [
                {
                    "user_id": self._world.users[name],
                    "keyword_id": self._one_of(keywords),
                    "integration_id": self._or_null(self._one_of(integrations)) if integrations else None,
                    "platform": self._one_of(list(models.Platform)[:5]),
                    "external_id": str(next(self._numbers)),
                    "kind": self._one_of(models.MentionKind),
                    "url": "https://example.com/",
                    "title": self._or_null(self._words(3)),
                    "content": self._words(6),
                    "author": self._one_of(["", "ada", "Ada", "o'hara"]),
                    "language": self._or_null(self._one_of(["de", "en"])),
                    "likes": self._or_null(self._one_of([0, 1, 7, 2**31 - 1])),
                    "comments": self._or_null(self._one_of([0, 1, 7])),
                    "published_at": self._or_null(self._moment()),
                    "read_at": self._or_null(self._moment()),
                    "starred_at": self._or_null(self._moment(), 0.8),
                    "engaged_at": self._or_null(self._moment(), 0.8),
                    **self._dismissal(),
                    "created_at": self._moment(),
                }
                for _ in range(number)
            ],
        )

    async def analyses(self, mentions: Sequence[int]) -> None:
        rows = []
        for mention_id in mentions:
            status = self._one_of(models.AnalysisStatus)
            done = status == models.AnalysisStatus.SUCCEEDED
            rows.append(
                {
                    "mention_id": mention_id,
                    "status": status,
                    "sentiment": self._one_of(models.Sentiment) if done else None,
                    "relevance": self._one_of(models.Relevance) if done else None,
                    "intent": self._or_null(self._one_of(models.Intent)),
                    "relevance_score": self._or_null(self._one_of([0, 50, 100])),
                    "relevance_reason": "",
                    "topics": [],
                    "summary": "",
                    "analyzer": "",
                    "analyzer_version": "",
                }
            )
        await self._world.add("analysis_results", rows, returning="mention_id")

    async def leads(self, mentions: Sequence[int]) -> list[int]:
        rows = []
        for mention_id in mentions:
            status = self._one_of(models.LeadStatus)
            value = self._or_null(self._one_of(["0", "9.99", "10", "10.01", "1234567.89"]))
            rows.append(
                {
                    "mention_id": mention_id,
                    "status": status,
                    "origin": self._one_of(models.LeadOrigin),
                    "score": self._or_null(self._one_of([0, 50, 100])),
                    "value": value,
                    "currency": None if value is None else self._one_of(["EUR", "USD"]),
                    "company": self._or_null(self._one_of(["", "Acme", "acme"])),
                    "external_reference": self._or_null(f"crm-{next(self._numbers)}"),
                    "assignee_user_id": self._or_null(self._one_of(self._world.users.values())),
                    "created_at": self._moment(),
                    "status_changed_at": self._moment(),
                    "qualified_at": self._or_null(self._moment()),
                    "converted_at": self._moment() if status == models.LeadStatus.CONVERTED else None,
                    "notes": "",
                    "tags": [],
                    "version": 1,
                    "updated_at": self._moment(),
                }
            )
        return await self._world.add("leads", rows)

    async def events(self, leads: Sequence[int], number: int) -> None:
        await self._world.add(
            "lead_events",
            [
                {
                    "lead_id": self._one_of(leads),
                    "actor_user_id": self._or_null(self._one_of(self._world.users.values())),
                    "type": self._one_of(set(models.LeadEventType) - {models.LeadEventType.STATUS_CHANGED}),
                    "data": {},
                    "created_at": self._moment(),
                }
                for _ in range(number)
            ],
        )

    async def everything(self, name: str, size: int) -> None:
        """About `size` rows of each entity; on average ten mentions for each keyword that has any."""
        keywords = await self.keywords(name, size // 2)
        integrations = await self.integrations(name, size // 4)
        await self.logs(name, integrations[:3], size // 2)
        mentions = await self.mentions(name, keywords[: size // 10], integrations[:4], size)
        await self.analyses(self._random.sample(mentions, size * 2 // 3))
        leads = await self.leads(self._random.sample(mentions, size // 2))
        await self.events(leads[:3], size // 2)


@pytest.fixture(scope="session")
def crowding() -> type[Crowding]:
    """Fills worlds; for tests that need a crowd of another size."""
    return Crowding


@pytest.fixture(scope="module")
async def crowd(asker: Asker) -> World:
    """ann has about ninety rows of each entity, ben thirty; olga is an operator."""
    world = asker.world
    for name in ("ann", "ben"):
        await world.add_user(name)
    await world.add_user("olga", role="operator")
    filling = Crowding(world)
    await filling.everything("ann", 90)
    await filling.everything("ben", 30)
    return world
