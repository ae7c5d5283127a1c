"""A server as an expert of Strawberry tunes it: asyncpg's rows without an ORM, a DataLoader per relation with one statement
per batch, caches for parsing and validation, and orjson.

Fields without arguments read a column of the row, by `default_resolver`. Resolvers of relations are plain functions, and
return the future of the DataLoader, so that no object needs a coroutine of its own.
"""

import gc
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any, cast

import asyncpg
import orjson
import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig

Info = strawberry.Info["Context", None]
Row = asyncpg.Record
Pool = asyncpg.Pool
Load = Callable[[list[int]], Awaitable[list[Any]]]

USER = "id, email, name"
KEYWORD = "id, keyword, mentions_count, user_id"
MENTION = "id, content, author, platform, url, created_at, keyword_id"
LEAD = """id, status, score, status_changed_at, contact_name, contact_handle, contact_email, company, value, currency,
    origin, created_at, mention_id"""
ANALYSIS = "mention_id, sentiment, relevance, relevance_score"

KEYWORDS = f"SELECT {KEYWORD} FROM keywords WHERE user_id = $1 ORDER BY id DESC LIMIT $2"
LEADS = f"SELECT {LEAD} FROM leads WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2"
ONE_LEAD = f"SELECT {LEAD} FROM leads WHERE id = $1 AND user_id = $2"
PAGES = f"""
SELECT page.* FROM unnest($1::bigint[]) AS keyword (id) CROSS JOIN LATERAL (
    SELECT {MENTION} FROM mentions WHERE keyword_id = keyword.id ORDER BY created_at DESC, id DESC LIMIT $2
) AS page
"""


class Context:
    """The user and the loaders of one request."""

    def __init__(self, pool: Pool, user_id: int) -> None:
        self.pool = pool
        self.user_id = user_id
        self.users = DataLoader(by_key(pool, "users", USER, "id"))
        self.keywords = DataLoader(by_key(pool, "keywords", KEYWORD, "id"))
        self.mentions = DataLoader(by_key(pool, "mentions", MENTION, "id"))
        self.lead_of_mention = DataLoader(by_key(pool, "leads", LEAD, "mention_id"))
        self.analysis_of_mention = DataLoader(by_key(pool, "analysis_results", ANALYSIS, "mention_id"))
        self.mentions_of_keyword: dict[int, DataLoader[int, Any]] = {}

    def newest_mentions(self, first: int) -> DataLoader[int, Any]:
        """Return the loader of pages of this size."""
        if first not in self.mentions_of_keyword:
            self.mentions_of_keyword[first] = DataLoader(pages(self.pool, first))
        return self.mentions_of_keyword[first]


def by_key(pool: Pool, table: str, columns: str, key: str) -> Load:
    statement = f"SELECT {columns} FROM {table} WHERE {key} = ANY ($1)"
    key_of = itemgetter(key)

    async def load(keys: list[int]) -> list[Any]:
        found = {key_of(row): row for row in await pool.fetch(statement, keys)}
        return [found.get(wanted) for wanted in keys]

    return load


def pages(pool: Pool, first: int) -> Load:
    async def load(keys: list[int]) -> list[Any]:
        found: dict[int, list[Row]] = {key: [] for key in keys}
        for row in await pool.fetch(PAGES, keys, first):
            found[row["keyword_id"]].append(row)
        return [{"nodes": found[key]} for key in keys]

    return load


@strawberry.type
class User:
    id: strawberry.ID
    email: str
    name: str


@strawberry.type
class Analysis:
    sentiment: str | None
    relevance: str | None
    relevance_score: int | None


@strawberry.type
class Keyword:
    id: strawberry.ID
    keyword: str
    mentions_count: int

    @strawberry.field
    @staticmethod
    def user(root: strawberry.Parent[Row], info: Info) -> User:
        return cast("User", info.context.users.load(root["user_id"]))

    @strawberry.field
    @staticmethod
    def mentions(root: strawberry.Parent[Row], info: Info, first: int = 20) -> "MentionPage":
        return cast("MentionPage", info.context.newest_mentions(first).load(root["id"]))


@strawberry.type
class Mention:
    id: strawberry.ID
    content: str
    author: str
    platform: str
    url: str
    created_at: datetime

    @strawberry.field
    @staticmethod
    def keyword(root: strawberry.Parent[Row], info: Info) -> Keyword:
        return cast("Keyword", info.context.keywords.load(root["keyword_id"]))

    @strawberry.field
    @staticmethod
    def lead(root: strawberry.Parent[Row], info: Info) -> "Lead | None":
        return cast("Lead | None", info.context.lead_of_mention.load(root["id"]))

    @strawberry.field
    @staticmethod
    def analysis(root: strawberry.Parent[Row], info: Info) -> Analysis | None:
        return cast("Analysis | None", info.context.analysis_of_mention.load(root["id"]))


@strawberry.type
class Lead:
    id: strawberry.ID
    status: str
    score: int | None
    status_changed_at: datetime
    contact_name: str | None
    contact_handle: str | None
    contact_email: str | None
    company: str | None
    value: Decimal | None
    currency: str | None
    origin: str
    created_at: datetime

    @strawberry.field
    @staticmethod
    def mention(root: strawberry.Parent[Row], info: Info) -> Mention:
        return cast("Mention", info.context.mentions.load(root["mention_id"]))


@strawberry.type
class MentionPage:
    nodes: list[Mention]


@strawberry.type
class KeywordPage:
    nodes: list[Keyword]


@strawberry.type
class LeadPage:
    nodes: list[Lead]


@strawberry.type
class Query:
    @strawberry.field
    async def keywords(self, info: Info, first: int = 20) -> KeywordPage:
        rows = await info.context.pool.fetch(KEYWORDS, info.context.user_id, first)
        return cast("KeywordPage", {"nodes": rows})

    @strawberry.field
    async def leads(self, info: Info, first: int = 20) -> LeadPage:
        rows = await info.context.pool.fetch(LEADS, info.context.user_id, first)
        return cast("LeadPage", {"nodes": rows})

    @strawberry.field
    async def lead(self, info: Info, id: strawberry.ID) -> Lead | None:  # noqa: A002 - the API's word
        row = await info.context.pool.fetchrow(ONE_LEAD, int(id), info.context.user_id)
        return cast("Lead | None", row)


def schema() -> strawberry.Schema:
    # orjson writes datetimes itself.
    moment = strawberry.scalar(name="DateTime")
    config = StrawberryConfig(default_resolver=lambda row, name: row[name], scalar_map={datetime: moment})
    return strawberry.Schema(Query, config=config, extensions=[ParserCache, ValidationCache])


class View(GraphQL[Context, None]):
    def __init__(self) -> None:
        super().__init__(schema())
        self.pool: Pool | None = None

    def decode_json(self, data: str | bytes) -> object:
        return orjson.loads(data)

    def encode_json(self, data: object) -> bytes:
        return orjson.dumps(data)

    async def get_context(
        self,
        request: Request | WebSocket,
        response: Response | WebSocket,  # noqa: ARG002 - the base's
    ) -> Context:
        assert self.pool is not None  # noqa: S101 - the application's lifespan has opened it
        return Context(self.pool, int(request.headers["x-user-id"]))


def main(port: int) -> None:
    view = View()

    async def keep(_: Any) -> None:
        """Leave out the statement by which asyncpg resets a returned connection. No request changes the session."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with asyncpg.create_pool(
            os.environ["LEADGRAPH_DATABASE_URL"], min_size=10, max_size=10, reset=keep
        ) as view.pool:
            gc.collect()
            gc.freeze()
            yield

    application = Starlette(routes=[Route("/graphql", view, methods=["POST"])], lifespan=lifespan)
    uvicorn.run(application, host="127.0.0.1", port=port, access_log=False, log_level="warning")


if __name__ == "__main__":
    main(int(sys.argv[1]))
