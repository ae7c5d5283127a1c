"""Taking mentions in: many rows in one statement, once each, however often they come."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import asyncpg
from sqlalchemy import BigInteger, Select, Text, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.sql.dml import ReturningInsert

from db.models import Keyword, KeywordStatus, Mention, MentionKind, Platform, User, UserStatus
from db.pool import Connection, Pool, Reader
from db.queries.rows import table_of
from db.scope import EVERYBODY, Scope, visible
from db.statement import Statement, statement

_RETRIES = 4
_USERS, _KEYWORDS, _MENTIONS = table_of(User), table_of(Keyword), table_of(Mention)
_GIVEN = (
    "keyword_id",
    "platform",
    "external_id",
    "kind",
    "url",
    "title",
    "content",
    "author",
    "language",
    "likes",
    "comments",
    "published_at",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMention:
    """A mention to be taken in; its attributes are the columns of the same names."""

    keyword_id: int
    platform: Platform
    external_id: str
    url: str
    content: str
    kind: MentionKind = MentionKind.POST
    title: str | None = None
    author: str = ""
    language: str | None = None
    likes: int | None = None
    comments: int | None = None
    published_at: datetime | None = None

    @property
    def identity(self) -> tuple[int, str, str]:
        """What tells one mention from another: the same post of the same keyword is the same mention."""
        return self.keyword_id, self.platform, self.external_id


class Outcome(StrEnum):
    """What became of a new mention. `INACTIVE`: its keyword is none of the user's active ones (any more)."""

    CREATED = "created"
    DUPLICATE = "duplicate"
    INACTIVE = "inactive"


@statement
def _user_by_email() -> Select[Any]:
    return select(_USERS.c.id).where(
        func.lower(_USERS.c.email) == func.lower(bindparam("email", type_=Text)),
        _USERS.c.status != UserStatus.DELETED,
    )


async def user_by_email(reader: Reader, email: str) -> int | None:
    """The id of the user with the address, whatever its case; None where there is none."""
    found = await reader.fetch_values(_user_by_email(), EVERYBODY, email=email)
    return found[0]["id"] if found else None


@statement
def _active_keywords() -> Select[Any]:
    return (
        select(_KEYWORDS)
        .where(visible(Keyword, everybody=False), _KEYWORDS.c.status == KeywordStatus.ACTIVE)
        .order_by(_KEYWORDS.c.id)
    )


async def active_keywords(reader: Reader, user_id: int) -> list[Keyword]:
    """The user's keywords that are looked for, in id order."""
    return await reader.fetch(Keyword, _active_keywords(), Scope(user_id))


@statement
def _lock_user() -> Select[Any]:
    return select(_USERS.c.id).where(_USERS.c.id == bindparam("user_id")).with_for_update(key_share=True)


@statement
def _lock_active_keywords() -> Select[Any]:
    return (
        select(_KEYWORDS.c.id)
        .where(
            _KEYWORDS.c.user_id == bindparam("user_id"),
            _KEYWORDS.c.id == any_(bindparam("keyword_ids", type_=ARRAY(BigInteger))),
            _KEYWORDS.c.status == KeywordStatus.ACTIVE,
        )
        .order_by(_KEYWORDS.c.id)
        .with_for_update(key_share=True)
    )


@statement
def _insert() -> ReturningInsert[Any]:
    columns = [_MENTIONS.c[name] for name in _GIVEN]
    arrays = [bindparam(column.name, type_=ARRAY(column.type)) for column in columns]
    given = (
        func.unnest(*arrays).table_valued(*_GIVEN, with_ordinality="position", name="given").render_derived()
    )
    rows = select(bindparam("user_id", type_=BigInteger), *(given.c[name] for name in _GIVEN)).order_by(
        given.c.keyword_id, given.c.position
    )
    return (
        insert(_MENTIONS)
        .from_select(["user_id", *_GIVEN], rows)
        .on_conflict_do_nothing(index_elements=["keyword_id", "platform", "external_id"])
        .returning(_MENTIONS.c.keyword_id, _MENTIONS.c.platform, _MENTIONS.c.external_id)
    )


async def insert_mentions(pool: Pool, user_id: int, mentions: Sequence[NewMention]) -> list[Outcome]:
    """Takes all of them in, in one transaction; gives what became of each, in order.

    The first of equal mentions is created, unless it was there before. Counters follow by trigger.
    """
    for _ in range(_RETRIES):
        # Deleting a keyword locks its row first and the user's after it, the other way round than here.
        with suppress(asyncpg.DeadlockDetectedError):
            return await _insert_once(pool, user_id, mentions)
    return await _insert_once(pool, user_id, mentions)


async def _insert_once(pool: Pool, user_id: int, mentions: Sequence[NewMention]) -> list[Outcome]:
    """Locks the user, then the keywords: their counters will change, and nobody deletes them meanwhile."""
    keyword_ids = sorted({mention.keyword_id for mention in mentions})
    async with pool.acquire() as connection, connection.transaction(isolation="read_committed"):
        await _fetch(connection, _lock_user(), user_id=user_id)
        locked = await _fetch(connection, _lock_active_keywords(), user_id=user_id, keyword_ids=keyword_ids)
        active = {row["id"] for row in locked}
        accepted = [mention for mention in mentions if mention.keyword_id in active]
        columns = {name: [getattr(mention, name) for mention in accepted] for name in _GIVEN}
        created = await _fetch(connection, _insert(), user_id=user_id, **columns)
    return _outcomes(mentions, active, {tuple(row) for row in created})


async def _fetch(connection: Connection, sent: Statement, **values: object) -> list[asyncpg.Record]:
    return await connection.fetch(sent.sql, *sent.arguments(values))


def _outcomes(
    mentions: Sequence[NewMention], active: set[int], created: set[tuple[object, ...]]
) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for mention in mentions:
        if mention.keyword_id not in active:
            outcomes.append(Outcome.INACTIVE)
        elif mention.identity in created:
            created.remove(mention.identity)
            outcomes.append(Outcome.CREATED)
        else:
            outcomes.append(Outcome.DUPLICATE)
    return outcomes
