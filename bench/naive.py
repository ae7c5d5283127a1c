"""The naive dashboard: ORM rows with lazy relations, a COUNT per figure, sorting in memory, no counters, no roll-ups, no
cache.

The original plan of the product measured such a page with 50 to 100 queries in 2 to 5 seconds. The naive server has
Leadgraph's indexes, each count once per request, stored scores, JSON without GraphQL, and uvloop. Its figures have the
same meaning as Leadgraph's.
"""

import math
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import uvicorn
from orjson import dumps
from sqlalchemy import Table, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, foreign, registry, relationship, remote
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.page import (
    RANKING,
    STATUSES,
    WIDGET,
    Answer,
    Counts,
    Frame,
    Keyword,
    User,
    integration,
    page,
    recent_lead,
)
from db import models
from db.statements.integration_runs import FAILED, SUCCEEDED
from services.figures.rates import percent

SHOWN_LOGS, SHOWN_DAYS = 3, 30
Z = 1.96
Span = tuple[datetime, datetime]


class UserRow: ...


class KeywordRow: ...


class MentionRow: ...


class LeadRow: ...


class IntegrationRow: ...


class LogRow: ...


def _table(model: type[models.Base]) -> Table:
    return model.metadata.tables[model.__tablename__]


MENTIONS, LEADS, KEYWORDS = _table(models.Mention), _table(models.Lead), _table(models.Keyword)
INTEGRATIONS, LOGS, USERS = _table(models.Integration), _table(models.IntegrationLog), _table(models.User)


def map_rows() -> None:
    """Return ORM classes with lazy relations."""
    made = registry()
    belongs, by_keyword = foreign(LEADS.c.mention_id), foreign(MENTIONS.c.keyword_id)
    made.map_imperatively(LogRow, LOGS)
    made.map_imperatively(
        IntegrationRow,
        INTEGRATIONS,
        properties={
            "logs": relationship(
                LogRow, primaryjoin=foreign(LOGS.c.integration_id) == INTEGRATIONS.c.id, viewonly=True
            )
        },
    )
    made.map_imperatively(KeywordRow, KEYWORDS)
    made.map_imperatively(
        MentionRow,
        MENTIONS,
        exclude_properties=["search"],
        properties={
            "keyword": relationship(
                KeywordRow, primaryjoin=by_keyword == remote(KEYWORDS.c.id), viewonly=True
            )
        },
    )
    made.map_imperatively(
        LeadRow,
        LEADS,
        properties={
            "mention": relationship(MentionRow, primaryjoin=belongs == remote(MENTIONS.c.id), viewonly=True)
        },
    )
    made.map_imperatively(
        UserRow,
        USERS,
        properties={
            name: relationship(kind, primaryjoin=foreign(table.c.user_id) == USERS.c.id, viewonly=True)
            for name, kind, table in (
                ("keywords", KeywordRow, KEYWORDS),
                ("integrations", IntegrationRow, INTEGRATIONS),
            )
        },
    )


@dataclass(slots=True)
class Dashboard:
    """The computation of one request."""

    session: Session
    user_id: int
    frame: Frame = field(default_factory=Frame.now)

    def answer(self) -> Answer:
        user: Any = self.session.get_one(UserRow, self.user_id)
        counted = [(row, *self._of_keyword(row)) for row in user.keywords]
        seen = [each for each in counted if each[1]]
        by_leads = sorted(seen, key=lambda each: (-each[2], -each[0].id))[:WIDGET]
        by_rate = sorted(seen, key=lambda each: (-percent(each[2], each[1]), -each[2], -each[0].id))[:RANKING]
        bounds = {row.id: _efficiency(mentions, leads) for row, mentions, leads in seen}
        shown = {each[0].id: self._keyword(*each, bounds) for each in (*by_leads, *by_rate)}
        return page(
            self.frame,
            self._user(),
            self._recent_leads(),
            [shown[each[0].id] for each in by_leads],
            [shown[each[0].id] for each in by_rate],
            [_integration(row) for row in sorted(user.integrations, key=_by_health)],
        )

    def _count(self, table: Table, *conditions: Any) -> int:
        return self.session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0

    def _of_keyword(self, row: Any) -> tuple[int, int]:
        mentions = self._count(MENTIONS, MENTIONS.c.keyword_id == row.id)
        return mentions, self._count(LEADS, LEADS.c.keyword_id == row.id)

    def _counts(self, span: Span, column: str, id_: int) -> Counts:
        """Return the four numbers of a user or keyword in a window, with a query for each."""
        of_each = (
            (MENTIONS, "created_at"),
            (LEADS, "created_at"),
            (LEADS, "qualified_at"),
            (LEADS, "converted_at"),
        )
        return Counts(
            *(
                self._count(table, table.c[column] == id_, table.c[at] >= span[0], table.c[at] < span[1])
                for table, at in of_each
            )
        )

    def _windows(self, column: str, id_: int) -> tuple[Counts, Counts]:
        period = self.frame.period
        before = self._counts((period.previous_start, period.start), column, id_)
        return before, self._counts((period.start, period.end), column, id_)

    def _keyword(self, row: Any, mentions: int, leads: int, bounds: dict[int, float]) -> Keyword:
        not_better = sum(bound <= bounds[row.id] for bound in bounds.values())
        windows = self._windows("keyword_id", row.id)
        return Keyword(row.id, row.keyword, mentions, leads, (not_better, len(bounds)), *windows)

    def _user(self) -> User:
        of_user = LEADS.c.user_id == self.user_id
        today = (LEADS.c.created_at >= self.frame.today[0], LEADS.c.created_at < self.frame.today[1])
        return User(
            self._count(MENTIONS, MENTIONS.c.user_id == self.user_id),
            self._count(LEADS, of_user),
            {status: self._count(LEADS, of_user, LEADS.c.status == status) for status in STATUSES},
            *self._windows("user_id", self.user_id),
            self._count(LEADS, of_user, *today),
            [self._counts((day.start, day.end), "user_id", self.user_id) for day in self.frame.days],
        )

    def _recent_leads(self) -> list[Answer]:
        newest = select(LeadRow).where(LEADS.c.user_id == self.user_id)
        found: Sequence[Any] = self.session.scalars(
            newest.order_by(LEADS.c.created_at.desc(), LEADS.c.id.desc()).limit(10)
        ).all()
        return [_recent(lead, lead.mention, lead.mention.keyword) for lead in found]


def _recent(lead: Any, mention: Any, keyword: Any) -> Answer:
    return recent_lead(
        (lead.id, lead.status, lead.score, lead.created_at, lead.contact_name),
        (mention.id, mention.platform, mention.title, mention.content, mention.url),
        (keyword.id, keyword.keyword),
    )


def _efficiency(mentions: int, leads: int) -> float:
    """Return the lower bound of Wilson's interval."""
    part, square = leads / mentions, Z * Z
    spread = math.sqrt((part * (1 - part) + square / (4 * mentions)) / mentions)
    bound = (part + square / (2 * mentions) - Z * spread) / (1 + square / mentions)
    return round(bound, 12) if leads else 0.0


def _by_health(row: Any) -> tuple[bool, int, int]:
    return row.health_score is None, row.health_score or 0, -row.id


def _integration(row: Any) -> Answer:
    """Return the health of an integration, computed from all of its logs."""
    newest = sorted(row.logs, key=lambda log: (log.created_at, log.id), reverse=True)
    runs = [log for log in newest if log.status in {*SUCCEEDED, *FAILED} and log.kind != "config"]
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [midnight - timedelta(days=number) for number in reversed(range(SHOWN_DAYS))]
    statuses = [[log.status for log in runs if log.created_at.date() == day.date()] for day in days]
    uptime = [
        (day, len(of_day), sum(status in SUCCEEDED for status in of_day))
        for day, of_day in zip(days, statuses, strict=True)
    ]
    return integration(
        (row.id, row.provider, row.status, row.last_searched_at, row.health_score, row.health_problems),
        [
            (log.id, log.kind, log.status, log.created_at, log.items_created, log.message)
            for log in newest[:SHOWN_LOGS]
        ],
        uptime,
    )


def application(sessions: async_sessionmaker[AsyncSession]) -> Starlette:
    async def answer(request: Request) -> Response:
        user_id = int(request.headers["x-user-id"])
        async with sessions() as session:
            data = await session.run_sync(lambda made: Dashboard(made, user_id).answer())
        return Response(dumps({"data": data}), media_type="application/json")

    return Starlette(routes=[Route("/graphql", answer, methods=["POST"])])


def main(port: int) -> None:
    map_rows()
    url = make_url(os.environ["LEADGRAPH_DATABASE_URL"]).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url, pool_size=10, max_overflow=0)
    made = application(async_sessionmaker(engine, expire_on_commit=False))
    uvicorn.run(made, host="127.0.0.1", port=port, access_log=False, log_level="warning")


if __name__ == "__main__":
    main(int(sys.argv[1]))
