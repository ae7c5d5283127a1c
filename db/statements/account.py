"""Accounts of users, for operators: these statements take no scope. Callers lock users before they change them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Select,
    Text,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningDelete, ReturningInsert, ReturningUpdate

from db.engine.reader import Reader
from db.engine.statement_cache import statement
from db.engine.writer import Writer
from db.language.moment import TIMESTAMPS, moment
from db.language.scope import EVERYBODY
from db.language.shape import columns
from db.models import User, UserRole, UserStatus
from db.models.base import table_of

_USERS = table_of(User)
_USER_ID = bindparam("user_id", type_=BigInteger)


@statement
def _insert_user() -> ReturningInsert[Any]:
    values = {name: bindparam(name, type_=Text) for name in ("email", "name", "role", "time_zone")}
    moments = {name: func.statement_timestamp() for name in TIMESTAMPS}
    return insert(_USERS).values(**values, **moments).returning(*columns(User))


async def add(writer: Writer, email: str, name: str, role: UserRole, time_zone: str) -> User:
    """Insert a user. Raise `ConstraintError` for a used or invalid e-mail address."""
    given = {"email": email, "name": name, "role": role, "time_zone": time_zone}
    (user,) = await writer.fetch(User, _insert_user(), EVERYBODY, **given)
    return user


@statement
def _account_by_email() -> Select[Any]:
    return select(*columns(User)).where(
        func.lower(_USERS.c.email) == func.lower(bindparam("email", type_=Text))
    )


async def by_email(session: Reader | Writer, email: str) -> User | None:
    """Return the user with the address, ignoring case."""
    return await session.fetch_one(User, _account_by_email(), EVERYBODY, email=email)


@statement
def _accounts() -> Select[Any]:
    after = bindparam("after", type_=BigInteger)
    return (
        select(*columns(User))
        .where(_USERS.c.id > after)
        .order_by(_USERS.c.id)
        .limit(bindparam("most", type_=BigInteger))
    )


async def page(reader: Reader, after: int, most: int) -> Sequence[User]:
    """Return the next users in the order of their IDs."""
    return await reader.fetch(User, _accounts(), EVERYBODY, after=after, most=most)


@statement
def _set_status() -> ReturningUpdate[Any]:
    status = bindparam("status", type_=Text)
    keeps = or_(_USERS.c.status != UserStatus.DELETED, status == UserStatus.DELETED)
    changed = update(_USERS).values(status=status, updated_at=moment()).where(_USERS.c.id == _USER_ID, keeps)
    return changed.returning(*columns(User))


async def set_status(writer: Writer, user_id: int, status: UserStatus) -> User | None:
    """Set the status of the user. Return None for a missing user. A deleted user stays deleted: return None, too."""
    return await writer.fetch_one(User, _set_status(), EVERYBODY, user_id=user_id, status=status)


@statement
def _first_deleted_user() -> Select[Any]:
    return (
        select(_USERS.c.id)
        .where(_USERS.c.status == literal_column("'deleted'"))
        .order_by(_USERS.c.id)
        .limit(1)
    )


async def first_deleted(reader: Reader) -> int | None:
    """Return the ID of a user whose deletion has begun."""
    found = await reader.fetch_values(_first_deleted_user(), EVERYBODY)
    return int(found[0]["id"]) if found else None


@statement
def _delete_user() -> ReturningDelete[Any]:
    return delete(_USERS).where(_USERS.c.id == _USER_ID).returning(_USERS.c.id)


async def remove(writer: Writer, user_id: int) -> None:
    """Delete the user with all remaining rows."""
    await writer.fetch_values(_delete_user(), EVERYBODY, user_id=user_id)
