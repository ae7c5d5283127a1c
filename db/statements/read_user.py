"""Who is here: when users were last seen, and who has been seen lately."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Interval, Select, Update, bindparam, func, or_, select, update

from db.engine.pool import Pool
from db.engine.statement_cache import statement
from db.models import User, UserRole, UserStatus
from db.statements.read_rows import table_of

SEEN_EVERY = timedelta(minutes=15)
"""How exactly it is known when a user was last seen."""

_USERS = table_of(User)


@dataclass(frozen=True, slots=True)
class SeenUser:
    user_id: int
    role: UserRole
    last_seen_at: datetime


@statement
def _seen() -> Update:
    long_ago = or_(
        _USERS.c.last_seen_at.is_(None),
        _USERS.c.last_seen_at < func.now() - bindparam("every", type_=Interval),
    )
    # A user whom a writer has locked is seen the next time: this must not queue for them, with a connection.
    free = select(_USERS.c.id).where(_USERS.c.id == bindparam("user_id", type_=BigInteger), long_ago)
    locked = free.with_for_update(key_share=True, skip_locked=True).cte("locked")
    return update(_USERS).where(_USERS.c.id == locked.c.id).values(last_seen_at=func.now())


async def seen(pool: Pool, user_id: int) -> None:
    """Notes that the user is here now, unless that was noted a short while ago. Nobody waits for it."""
    sent = _seen()
    await pool.execute(sent.sql, *sent.arguments({"user_id": user_id, "every": SEEN_EVERY}))


@statement
def _seen_lately() -> Select[Any]:
    since = func.now() - bindparam("within", type_=Interval)
    return (
        select(_USERS.c.id.label("user_id"), _USERS.c.role, _USERS.c.last_seen_at)
        .where(_USERS.c.last_seen_at >= since, _USERS.c.status == UserStatus.ACTIVE)
        .order_by(_USERS.c.last_seen_at.desc(), _USERS.c.id)
        .limit(bindparam("most", type_=BigInteger))
    )


async def seen_lately(pool: Pool, within: timedelta, most: int) -> Sequence[SeenUser]:
    """The active users who were seen within a time, the latest first."""
    sent = _seen_lately()
    rows = await pool.fetch(sent.sql, *sent.arguments({"within": within, "most": most}))
    return [SeenUser(**dict(row)) for row in rows]
