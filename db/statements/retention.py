"""Delete old mentions of one user after another. Callers lock the user before they delete.

A mention with a lead, and a starred one, stays: people have worked on it.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Interval,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    select,
)

from db.engine.reader import Reader
from db.engine.statement_cache import statement
from db.engine.writer import Writer
from db.language.scope import EVERYBODY
from db.models import Lead, Mention, User
from db.models.base import table_of

_USERS, _MENTIONS, _LEADS = table_of(User), table_of(Mention), table_of(Lead)
_MOST = bindparam("most", type_=BigInteger)


def _is_old() -> ColumnElement[bool]:
    return and_(
        _MENTIONS.c.created_at < func.statement_timestamp() - bindparam("keep", type_=Interval),
        _MENTIONS.c.starred_at.is_(None),
        ~exists(select(_LEADS.c.id).where(_LEADS.c.mention_id == _MENTIONS.c.id)),
    )


@statement
def _next_with_old_mentions() -> Select[Any]:
    old = exists(select(_MENTIONS.c.id).where(_MENTIONS.c.user_id == _USERS.c.id, _is_old()))
    return (
        select(_USERS.c.id)
        .where(_USERS.c.id >= bindparam("first", type_=BigInteger), old)
        .order_by(_USERS.c.id)
        .limit(1)
    )


async def next_with_old_mentions(reader: Reader, first: int, keep: timedelta) -> int | None:
    """Return the first user, from this ID on, with mentions that were ingested longer ago than `keep`."""
    found = await reader.fetch_values(_next_with_old_mentions(), EVERYBODY, first=first, keep=keep)
    return int(found[0]["id"]) if found else None


@statement
def _delete_old_mentions() -> Select[Any]:
    some = (
        select(_MENTIONS.c.id)
        .where(_MENTIONS.c.user_id == bindparam("user_id", type_=BigInteger), _is_old())
        .order_by(_MENTIONS.c.created_at, _MENTIONS.c.id)
        .limit(_MOST)
        .cte("some")
    )
    gone = delete(_MENTIONS).where(_MENTIONS.c.id == some.c.id).returning(_MENTIONS.c.id).cte("gone")
    return select(func.count().label("n")).select_from(gone)


async def delete_old_mentions(writer: Writer, user_id: int, keep: timedelta, most: int) -> int:
    """Delete the oldest mentions of the user that were ingested longer ago than `keep`. Return their number."""
    (row,) = await writer.fetch_values(
        _delete_old_mentions(), EVERYBODY, user_id=user_id, keep=keep, most=most
    )
    return int(row["n"])
