"""Accounts: create, find, suspend, resume and delete users."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from db.engine.pool import Pool
from db.engine.reader import Reader
from db.engine.writer import ConstraintError, Writer, in_transaction
from db.language.scope import EVERYBODY
from db.models import Base, Export, IntegrationLog, Mention, User, UserRole, UserStatus, WebhookDelivery
from db.persons.erasing import erase_copies_of_user
from db.statements import account, lead_bulk, write_rows
from db.statements import export as exports
from db.statements import user as users
from db.statements.chunked_delete import DeleteCursor, delete_some
from services.accounts.viewer import Viewer
from services.figures.windows import UnknownZoneError, zone_of
from services.rules.large_deletes import MOST_AT_ONCE
from services.rules.user_errors import UserErrorCode, UserErrors, require, user_error
from services.rules.user_locks import hold_viewer, lock_user
from services.rules.validation import UNSTORABLE, Validation, is_storable
from services.user import LONGEST_NAME

USERS_PER_PAGE: Final = 1000
LONGEST_EMAIL: Final = 254
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_LARGE: Final[Sequence[type[Base]]] = (Mention, IntegrationLog, Export, WebhookDelivery)
"""Models with many rows of one user. A mention takes its analysis, its lead and the lead's history along."""


class AccountError(Exception):
    """The account cannot be created or changed. The message says why."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """A finished batch of a deletion."""

    table: str
    rows: int


@dataclass(frozen=True, slots=True)
class NewUser:
    """The values of a new user."""

    email: str
    name: str = ""
    role: UserRole = UserRole.MEMBER
    time_zone: str = "UTC"


async def create(pool: Pool, new: NewUser) -> User:
    """Create an active user. Raise `AccountError` for a used e-mail address, or an invalid value."""
    try:
        return await in_transaction(pool, lambda writer: _add(writer, new))
    except UserErrors as refused:
        raise AccountError(refused.errors[0].message) from refused
    except ConstraintError as refused:
        if refused.constraint == "uq_users_email":
            raise AccountError(f"A user with the e-mail address {new.email} exists already.") from refused
        raise AccountError(_no_address(new.email)) from refused


async def create_by_operator(writer: Writer, viewer: Viewer, new: NewUser) -> User:
    """Create an active user. Raise `UserErrors`, and `ConstraintError` for a used e-mail address."""
    await hold_viewer(writer, viewer)
    return await _add(writer, new)


async def _add(writer: Writer, new: NewUser) -> User:
    values = _checked(new)
    return await account.add(writer, values.email, values.name, values.role, values.time_zone)


def _checked(new: NewUser) -> NewUser:
    """Return the cleaned values. Raise `UserErrors` with all errors."""
    validation = Validation({"email": new.email.strip(), "name": new.name.strip()})
    if len(new.name.strip()) > LONGEST_NAME:
        message = f"The name must have at most {LONGEST_NAME} characters, but has {len(new.name.strip())}."
        validation.add_error(UserErrorCode.TOO_LONG, message, "name")
    elif not is_storable(new.name):
        validation.add_error(UserErrorCode.INVALID, UNSTORABLE, "name")
    email = new.email.strip()
    if len(email) > LONGEST_EMAIL or not is_storable(email) or _EMAIL.fullmatch(email) is None:
        validation.add_error(UserErrorCode.INVALID, _no_address(email), "email")
    try:
        zone_of(new.time_zone)
    except UnknownZoneError as unknown:
        validation.add_error(UserErrorCode.INVALID, str(unknown), "time_zone")
    return replace(new, **validation.cleaned())


def _no_address(email: str) -> str:
    return f"{email[:LONGEST_EMAIL]!r} is not an e-mail address of at most {LONGEST_EMAIL} characters."


async def by_email(pool: Pool, email: str) -> User:
    """Return the user with the address, ignoring case. Raise `AccountError` for an unknown address."""
    return _known(await account.by_email(Reader(pool, single=True), email), email)


async def all_users(pool: Pool) -> AsyncIterator[User]:
    """Yield all users in the order of their creation."""
    after = 0
    while found := await account.page(Reader(pool, single=True), after, USERS_PER_PAGE):
        for user in found:
            yield user
        after = found[-1].id


async def set_status(pool: Pool, email: str, status: UserStatus) -> User:
    """Suspend or resume the user with the address. Raise `AccountError` for an unknown or deleted user."""

    async def work(writer: Writer) -> User:
        user = _known(await account.by_email(writer, email), email)
        await users.lock(writer, user.id, [user.id])
        changed = await account.set_status(writer, user.id, status)
        if changed is None:
            raise AccountError(
                f"The deletion of {email} has begun. Run `leadgraph users delete` again to finish it."
            )
        return changed

    return await in_transaction(pool, work)


async def set_status_by_operator(writer: Writer, viewer: Viewer, user_id: int, status: UserStatus) -> User:
    """Suspend, resume or delete another user. The data of a deleted user stays until `delete_next_batch` deletes it.

    Raise `UserErrors`.
    """
    if user_id == viewer.user_id:
        message = "Must not be the viewer. Another operator, or `leadgraph users`, can do this."
        raise user_error(UserErrorCode.INVALID, message, "id")
    await lock_user(writer, viewer, user_id)
    changed = await account.set_status(writer, user_id, status)
    if changed is None:
        current = require(await write_rows.read(writer, EVERYBODY, User, user_id), "user")
        message = "The deletion of the user has begun."
        raise user_error(UserErrorCode.INVALID_TRANSITION, message, "id", user=current)
    return changed


async def delete_next_batch(pool: Pool) -> bool:
    """Delete a batch of the data of a deleted user, at last the user. Return False if no deleted user is left."""
    user_id = await account.first_deleted(Reader(pool, single=True))
    if user_id is None:
        return False
    for model in _LARGE:
        delete_batch = partial(_delete_batch, user_id=user_id, model=model, cursor=DeleteCursor())
        if await in_transaction(pool, delete_batch):
            return True
    if not await _unassign_batch(pool, user_id):
        await _finish_deletion(pool, user_id)
    return True


async def delete(pool: Pool, email: str) -> AsyncIterator[Deleted]:
    """Delete the user with all data, in batches, and yield each finished batch.

    The keys of the user stop working first. An interrupted deletion is finished by the next call. Leads of other users
    lose the user as their assignee. Raise `AccountError` for an unknown user.
    """
    user_id = await in_transaction(pool, lambda writer: _begin_deletion(writer, email))
    for model in _LARGE:
        delete_batch = partial(_delete_batch, user_id=user_id, model=model, cursor=DeleteCursor())
        rows = MOST_AT_ONCE
        while rows == MOST_AT_ONCE:
            rows = await in_transaction(pool, delete_batch)
            if rows:
                yield Deleted(model.__tablename__, rows)
    while await _unassign_batch(pool, user_id):
        pass
    await _finish_deletion(pool, user_id)
    yield Deleted(User.__tablename__, 1)


async def _begin_deletion(writer: Writer, email: str) -> int:
    user = _known(await account.by_email(writer, email), email)
    await users.lock(writer, user.id, [user.id])
    await account.set_status(writer, user.id, UserStatus.DELETED)
    return user.id


async def _delete_batch(writer: Writer, *, user_id: int, model: type[Base], cursor: DeleteCursor) -> int:
    await users.lock(writer, user_id, [user_id])
    return await delete_some(writer, EVERYBODY, model, "user_id", cursor, key=user_id, most=MOST_AT_ONCE)


async def _unassign_batch(pool: Pool, user_id: int) -> bool:
    """Take the user from a batch of leads of another user. Return False if no such lead is left.

    The foreign key could do this alone. But it would leave the rows of the owners unwritten, and with them
    the figures and entity tags of earlier answers current.
    """
    owner_id = await lead_bulk.owner_of_assigned(Reader(pool, single=True), user_id)
    if owner_id is None:
        return False

    async def work(writer: Writer) -> None:
        await users.lock(writer, user_id, [owner_id])
        await lead_bulk.unassign(writer, owner_id, user_id, MOST_AT_ONCE)

    await in_transaction(pool, work)
    return True


async def _finish_deletion(pool: Pool, user_id: int) -> None:
    """Erase the copies that operators have, and delete the user."""
    async with pool.acquire() as connection, connection.transaction(isolation="read_committed"):
        await erase_copies_of_user(connection, user_id)
    await in_transaction(pool, lambda writer: _remove(writer, user_id))


async def _remove(writer: Writer, user_id: int) -> None:
    await exports.hold_all(writer, user_id)
    await users.lock(writer, user_id, [user_id])
    await account.remove(writer, user_id)


def _known(user: User | None, email: str) -> User:
    if user is None:
        raise AccountError(f"No user has the e-mail address {email}. `leadgraph users list` shows all users.")
    return user
