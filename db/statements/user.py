"""Users: found by e-mail address, marked as seen, and locked before their rows are written.

The user lock is the first statement of each transaction that changes a user's rows (see
`db.integrity.counters`). It also takes the moment of the transaction, later than all earlier moments of these
users (see `db.language.moment`). The clock is read while the locks are held. `lock` and `lock_owners` also
increase the users' `data_version`, which expires cached figures. Ingest and recomputation lock without a new
version.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg
from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Interval,
    Select,
    Text,
    Update,
    any_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    text,
    true,
    union,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.dml import ReturningUpdate

from db.engine.pool import Connection, Pool
from db.engine.reader import Reader
from db.engine.statement_cache import Statement, statement
from db.engine.writer import Writer
from db.language.scope import EVERYBODY
from db.models import Base, User, UserRole, UserStatus
from db.models.base import table_of
from db.statements.parameters import keys_parameter

_USERS = table_of(User)
_ALSO: ColumnElement[Any] = bindparam("also", type_=ARRAY(BigInteger))
SEEN_EVERY = timedelta(minutes=15)
"""The precision of `last_seen_at`."""


@dataclass(frozen=True, slots=True)
class SeenUser:
    """A user, and the time of the last request."""

    user_id: int
    role: UserRole
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class LockedUser:
    """A user whose rows no other transaction writes until this one ends, and the status of the viewer."""

    user_id: int
    role: UserRole
    status: UserStatus
    data_version: int
    last_write_at: datetime
    viewer_status: UserStatus


@statement
def _user_by_email(*, active: bool) -> Select[Any]:
    return select(_USERS.c.id).where(
        func.lower(_USERS.c.email) == func.lower(bindparam("email", type_=Text)),
        _USERS.c.status == UserStatus.ACTIVE if active else true(),
    )


async def id_by_email(connection: Connection | Pool, email: str, *, active: bool = False) -> int | None:
    """Return the ID of the user with the address, ignoring case.

    With `active`, skip suspended and deleted users.
    """
    sent = _user_by_email(active=active)
    found: int | None = await connection.fetchval(sent.sql, *sent.arguments({"email": email}))
    return found


@statement
def _seen() -> Update:
    long_ago = or_(
        _USERS.c.last_seen_at.is_(None),
        _USERS.c.last_seen_at < func.statement_timestamp() - bindparam("every", type_=Interval),
    )
    # Skip a user that a writer has locked: waiting would block a connection. The next request tries again.
    free = select(_USERS.c.id).where(_USERS.c.id == bindparam("user_id", type_=BigInteger), long_ago)
    locked = free.with_for_update(key_share=True, skip_locked=True).cte("locked")
    same = (_USERS.c.id == locked.c.id, _USERS.c.id == bindparam("user_id", type_=BigInteger))
    return update(_USERS).where(*same).values(last_seen_at=func.clock_timestamp())


async def note_seen(pool: Pool, user_id: int) -> None:
    """Set the user's `last_seen_at` to now, unless it is recent or the row is locked."""
    await Reader(pool, single=True).fetch_values(_seen(), EVERYBODY, user_id=user_id, every=SEEN_EVERY)


@statement
def _seen_lately() -> Select[Any]:
    since = func.statement_timestamp() - bindparam("within", type_=Interval)
    return (
        select(_USERS.c.id.label("user_id"), _USERS.c.role, _USERS.c.last_seen_at)
        .where(_USERS.c.last_seen_at >= since, _USERS.c.status == UserStatus.ACTIVE)
        .order_by(_USERS.c.last_seen_at.desc(), _USERS.c.id)
        .limit(bindparam("most", type_=BigInteger))
    )


async def seen_lately(pool: Pool, within: timedelta, most: int) -> Sequence[SeenUser]:
    """Return up to `most` active users seen within the period, the most recent first."""
    reader = Reader(pool, single=True)
    found = await reader.fetch_values(_seen_lately(), EVERYBODY, within=within, most=most)
    return [SeenUser(**dict(row)) for row in found]


@statement
def _user_state() -> Select[Any]:
    return select(
        literal_column("users.xmin").label("written_by"),
        _USERS.c.data_version,
        _USERS.c.recomputations,
        _USERS.c.last_write_at,
    ).where(_USERS.c.id == bindparam("user_id", type_=BigInteger))


async def state_of(reader: Reader, user_id: int) -> tuple[object, ...] | None:
    """Return a value that differs after each write of the user's data, and never returns; None for a missing user.

    Each transaction that changes rows of the user also writes the row of the user. PostgreSQL then stores another
    transaction ID in it, and the moment of the transaction grows.
    """
    found = await reader.fetch_values(_user_state(), EVERYBODY, user_id=user_id)
    return tuple(found[0].values()) if found else None


def _later_than(last: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the time by the clock, or if that is not later than `last`, the next microsecond after it."""
    return func.greatest(func.clock_timestamp(), last + text("interval '1 microsecond'"))


def take_moment(which: ColumnElement[bool]) -> Update:
    """Lock one user, and take the user's next moment.

    PostgreSQL computes the moment again after it has waited for another writer of the row.
    """
    return update(_USERS).values(last_write_at=_later_than(_USERS.c.last_write_at)).where(which)


def _next_version(updated: Update) -> ReturningUpdate[Any]:
    viewer = _USERS.alias("viewer")
    status = select(viewer.c.status).where(viewer.c.id == bindparam("viewer_id", type_=BigInteger))
    return updated.values(data_version=_USERS.c.data_version + 1).returning(
        _USERS.c.id.label("user_id"),
        _USERS.c.role,
        _USERS.c.status,
        _USERS.c.data_version,
        _USERS.c.last_write_at,
        status.scalar_subquery().label("viewer_status"),
    )


def _locked(which: ColumnElement[bool]) -> CTE:
    """Lock the users in ID order.

    Of two writers that need the same users, the second waits holding none of them.
    """
    users = select(_USERS.c.id, _USERS.c.last_write_at).where(which).order_by(_USERS.c.id)
    return users.with_for_update(key_share=True).cte("locked")


def _take_moment_of_all(which: ColumnElement[bool]) -> Update:
    """Lock the users, and take one moment for all of them. The aggregate reads the clock after the last lock."""
    locked = _locked(which)
    moment = select(_later_than(func.max(locked.c.last_write_at))).select_from(locked).scalar_subquery()
    return update(_USERS).values(last_write_at=moment).where(_USERS.c.id.in_(select(locked.c.id)))


@statement
def _lock_user() -> ReturningUpdate[Any]:
    return _next_version(take_moment(_USERS.c.id == bindparam("user_id", type_=BigInteger)))


@statement
def _hold_user() -> ReturningUpdate[Any]:
    viewer = _USERS.c.id == bindparam("viewer_id", type_=BigInteger)
    return take_moment(viewer).returning(_USERS.c.status, _USERS.c.last_write_at)


@statement
def _hold_users() -> ReturningUpdate[Any]:
    taken = _take_moment_of_all(_USERS.c.id == any_(_ALSO))
    return taken.values(recomputations=_USERS.c.recomputations + 1).returning(_USERS.c.last_write_at)


@statement
def _lock_users() -> ReturningUpdate[Any]:
    return _next_version(_take_moment_of_all(_USERS.c.id == any_(_ALSO)))


@statement
def _lock_owners(model: type[Base]) -> ReturningUpdate[Any]:
    table = table_of(model)
    key = table.c["mention_id" if "id" not in table.c else "id"]
    owners = select(table.c.user_id).where(key == any_(keys_parameter()))
    which = union(owners, select(func.unnest(_ALSO)))
    return _next_version(_take_moment_of_all(_USERS.c.id.in_(which)))


async def lock(writer: Writer, viewer_id: int, user_ids: Sequence[int]) -> list[LockedUser]:
    """Lock the users and increase their data versions. Missing users are absent from the result."""
    if len(set(user_ids)) == 1:
        return await _fetch(writer, _lock_user(), user_id=user_ids[0], viewer_id=viewer_id)
    return await _fetch(writer, _lock_users(), also=list(user_ids), viewer_id=viewer_id)


async def lock_owners(
    writer: Writer, viewer_id: int, model: type[Base], ids: Sequence[int], also: Sequence[int] = ()
) -> list[LockedUser]:
    """Lock the users of the model's rows, and the users `also`. Increase their data versions."""
    return await _fetch(writer, _lock_owners(model), keys=list(ids), also=list(also), viewer_id=viewer_id)


async def lock_keeping_version(writer: Writer, viewer_id: int) -> UserStatus | None:
    """Lock the viewer for a write that changes no cached figure.

    Return the status, or None for a missing user.
    """
    found = await _take(writer, _hold_user(), viewer_id=viewer_id)
    return UserStatus(found[0]["status"]) if found else None


async def lock_all_keeping_version(writer: Writer, user_ids: Collection[int]) -> None:
    """Lock the users for values computed from their rows, and count the recomputation.

    Cached figures show the new values when they expire, all figures of an answer at once.
    """
    await _take(writer, _hold_users(), also=list(user_ids))


async def _fetch(writer: Writer, sent: Statement, **values: object) -> list[LockedUser]:
    return [LockedUser(**dict(row)) for row in await _take(writer, sent, **values)]


async def _take(writer: Writer, sent: Statement, **values: object) -> list[asyncpg.Record]:
    """Run a statement that locks users, and give the writer the moment."""
    rows = await writer.fetch_values(sent, EVERYBODY, **values)
    writer.note_lock(row["last_write_at"] for row in rows)
    return rows
