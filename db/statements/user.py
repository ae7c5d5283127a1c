"""Locking users: the first statement of every transaction that changes what is theirs (see `db.integrity.counters`).

Locking also makes the next `data_version`, by which caches tell that what they hold is of before. Where only
mentions are taken in, `db.integrity.counters.LOCK_USERS` locks and leaves the version as it is.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, any_, bindparam, func, select, union, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.dml import ReturningUpdate

from db.engine.statement_cache import Statement, statement
from db.engine.writer import Writer
from db.language.scope import EVERYBODY
from db.models import Base, User, UserRole, UserStatus
from db.statements.read_rows import keys_parameter, table_of

_USERS = table_of(User)


@dataclass(frozen=True, slots=True)
class LockedUser:
    """A user whose rows nobody else writes until the transaction ends, and the state of who writes them."""

    user_id: int
    role: UserRole
    status: UserStatus
    data_version: int
    viewer_status: UserStatus


def _next_version(which: ColumnElement[bool]) -> ReturningUpdate[Any]:
    viewer = _USERS.alias("viewer")
    status = select(viewer.c.status).where(viewer.c.id == bindparam("viewer_id", type_=BigInteger))
    return (
        update(_USERS)
        .values(data_version=_USERS.c.data_version + 1)
        .where(which)
        .returning(
            _USERS.c.id.label("user_id"),
            _USERS.c.role,
            _USERS.c.status,
            _USERS.c.data_version,
            status.scalar_subquery().label("viewer_status"),
        )
    )


def _in_order_of_ids(which: ColumnElement[bool]) -> ColumnElement[bool]:
    """Of two writers who want the same users, one waits without having any of them."""
    locked = select(_USERS.c.id).where(which).order_by(_USERS.c.id).with_for_update(key_share=True)
    return _USERS.c.id.in_(select(locked.cte("locked").c.id))


def _also() -> ColumnElement[Any]:
    return bindparam("also", type_=ARRAY(BigInteger))


@statement
def _lock_user() -> ReturningUpdate[Any]:
    return _next_version(_USERS.c.id == bindparam("user_id", type_=BigInteger))


@statement
def _hold_user() -> Select[Any]:
    viewer = _USERS.c.id == bindparam("viewer_id", type_=BigInteger)
    return select(_USERS.c.status).where(viewer).with_for_update(key_share=True)


@statement
def _hold_users() -> Select[Any]:
    which = _USERS.c.id == any_(_also())
    return select(_USERS.c.id).where(which).order_by(_USERS.c.id).with_for_update(key_share=True)


@statement
def _lock_users() -> ReturningUpdate[Any]:
    return _next_version(_in_order_of_ids(_USERS.c.id == any_(_also())))


@statement
def _lock_owners(model: type[Base]) -> ReturningUpdate[Any]:
    table = table_of(model)
    key = table.c["mention_id" if "id" not in table.c else "id"]
    owners = select(table.c.user_id).where(key == any_(keys_parameter()))
    wanted = union(owners, select(func.unnest(_also())))
    return _next_version(_in_order_of_ids(_USERS.c.id.in_(wanted)))


async def lock(writer: Writer, viewer_id: int, user_ids: Sequence[int]) -> list[LockedUser]:
    """Locks the users; those that are not there are absent."""
    if len(set(user_ids)) == 1:
        return await _fetch(writer, _lock_user(), user_id=user_ids[0], viewer_id=viewer_id)
    return await _fetch(writer, _lock_users(), also=list(user_ids), viewer_id=viewer_id)


async def hold(writer: Writer, viewer_id: int) -> UserStatus | None:
    """Locks the user for what is no data of theirs: the version stays. None where there is no such user."""
    found = await writer.fetch_values(_hold_user(), EVERYBODY, viewer_id=viewer_id)
    return UserStatus(found[0]["status"]) if found else None


async def hold_all(writer: Writer, user_ids: Collection[int]) -> None:
    """Locks the users for what is computed of their data and not written by them: the versions stay, and kept
    figures show it as late as they may.
    """
    await writer.fetch_values(_hold_users(), EVERYBODY, also=list(user_ids))


async def lock_owners(
    writer: Writer, viewer_id: int, model: type[Base], ids: Sequence[int], also: Sequence[int] = ()
) -> list[LockedUser]:
    """Locks the users whose rows these are, and the others that are named."""
    return await _fetch(writer, _lock_owners(model), keys=list(ids), also=list(also), viewer_id=viewer_id)


async def _fetch(writer: Writer, sent: Statement, **values: object) -> list[LockedUser]:
    return [LockedUser(**dict(row)) for row in await writer.fetch_values(sent, EVERYBODY, **values)]
