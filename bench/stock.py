"""A stock server as the guides teach it: Strawberry types with a resolver per object, SQLAlchemy's ORM, and a DataLoader
per relation. Each batch has its own session, since concurrent resolvers must not share one.

The server also has the improvements of a careful author: caches for parsing and validation, a lateral join for pages
of many keywords, no read of the search vector, and uvloop.
"""

import os
import sys
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import strawberry
import uvicorn
from sqlalchemy import BigInteger, Select, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import InstrumentedAttribute, aliased, defer
from sqlalchemy.sql import literal
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache

from db import models

Info = strawberry.Info["Context", None]


class Context:
    """The user and the loaders of one request."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], user_id: int) -> None:
        self.sessions = sessions
        self.user_id = user_id
        self.users = self._by(models.User.id)
        self.keywords = self._by(models.Keyword.id)
        self.mentions = self._by(models.Mention.id)
        self.lead_of_mention = self._by(models.Lead.mention_id)
        self.analysis_of_mention = self._by(models.AnalysisResult.mention_id)
        self.mentions_of_keyword: dict[int, DataLoader[int, Any]] = {}

    async def all(self, statement: Select[Any]) -> Sequence[Any]:
        async with self.sessions() as session:
            return (await session.scalars(statement)).all()

    def _by(self, column: InstrumentedAttribute[int]) -> DataLoader[int, Any]:
        async def load(keys: list[int]) -> list[Any]:
            statement = select(column.class_).where(column.in_(keys))
            if column.class_ is models.Mention:
                statement = statement.options(defer(models.Mention.search))
            found = {getattr(row, column.key): row for row in await self.all(statement)}
            return [found.get(key) for key in keys]

        return DataLoader(load)

    def newest_mentions(self, first: int) -> DataLoader[int, Any]:
        """Return the loader of pages of this size."""
        if first not in self.mentions_of_keyword:

            async def load(keys: list[int]) -> list[Any]:
                pages: dict[int, list[models.Mention]] = {key: [] for key in keys}
                for mention in await self.all(_newest_mentions(keys, first)):
                    pages[mention.keyword_id].append(mention)
                return [pages[key] for key in keys]

            self.mentions_of_keyword[first] = DataLoader(load)
        return self.mentions_of_keyword[first]


def _newest_mentions(keyword_ids: list[int], first: int) -> Select[Any]:
    ids = (
        func.unnest(literal(keyword_ids, ARRAY(BigInteger))).table_valued("id").render_derived(name="keyword")
    )
    page = (
        select(models.Mention)
        .where(models.Mention.keyword_id == ids.c.id)
        .order_by(models.Mention.created_at.desc(), models.Mention.id.desc())
        .limit(first)
        .lateral("page")
    )
    mention = aliased(models.Mention, page)
    return select(mention).select_from(ids.join(page, true())).options(defer(mention.search))


# ORM rows are the objects of the types, and their attributes the plain fields.


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
    async def user(root: strawberry.Parent[models.Keyword], info: Info) -> User:
        found: User = await info.context.users.load(root.user_id)
        return found

    @strawberry.field
    @staticmethod
    async def mentions(root: strawberry.Parent[models.Keyword], info: Info, first: int = 20) -> "MentionPage":
        return MentionPage(nodes=await info.context.newest_mentions(first).load(root.id))


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
    async def keyword(root: strawberry.Parent[models.Mention], info: Info) -> Keyword:
        found: Keyword = await info.context.keywords.load(root.keyword_id)
        return found

    @strawberry.field
    @staticmethod
    async def lead(root: strawberry.Parent[models.Mention], info: Info) -> "Lead | None":
        found: Lead | None = await info.context.lead_of_mention.load(root.id)
        return found

    @strawberry.field
    @staticmethod
    async def analysis(root: strawberry.Parent[models.Mention], info: Info) -> Analysis | None:
        found: Analysis | None = await info.context.analysis_of_mention.load(root.id)
        return found


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
    async def mention(root: strawberry.Parent[models.Lead], info: Info) -> Mention:
        found: Mention = await info.context.mentions.load(root.mention_id)
        return found


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
        mine = select(models.Keyword).where(models.Keyword.user_id == info.context.user_id)
        rows = await info.context.all(mine.order_by(models.Keyword.id.desc()).limit(first))
        return KeywordPage(nodes=list(rows))

    @strawberry.field
    async def leads(self, info: Info, first: int = 20) -> LeadPage:
        mine = select(models.Lead).where(models.Lead.user_id == info.context.user_id)
        newest = mine.order_by(models.Lead.created_at.desc(), models.Lead.id.desc())
        return LeadPage(nodes=list(await info.context.all(newest.limit(first))))

    @strawberry.field
    async def lead(self, info: Info, id: strawberry.ID) -> Lead | None:  # noqa: A002 - the API's word
        mine = select(models.Lead).where(models.Lead.user_id == info.context.user_id)
        rows = await info.context.all(mine.where(models.Lead.id == int(id)))
        return next(iter(rows), None)


class Server(GraphQL[Context, None]):
    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        super().__init__(strawberry.Schema(Query, extensions=[ParserCache, ValidationCache]))
        self._sessions = sessions

    async def get_context(
        self,
        request: Request | WebSocket,
        response: Response | WebSocket,  # noqa: ARG002 - the base's
    ) -> Context:
        return Context(self._sessions, int(request.headers["x-user-id"]))


def main(port: int) -> None:
    url = make_url(os.environ["LEADGRAPH_DATABASE_URL"]).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url, pool_size=10, max_overflow=0)
    application = Server(async_sessionmaker(engine, expire_on_commit=False))
    uvicorn.run(application, host="127.0.0.1", port=port, access_log=False, log_level="warning")


if __name__ == "__main__":
    main(int(sys.argv[1]))
