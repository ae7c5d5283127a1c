"""Accounts: create, find, suspend, resume and delete users."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from db.engine.pool import Pool
from db.engine.reader import Reader
from db.engine.writer import ConstraintError, Writer, in_transaction
from db.language.scope import EVERYBODY
from db.models import Base, Export, IntegrationLog, Mention, User, UserRole, UserStatus
from db.statements import account
from db.statements import user as users
from db.statements.chunked_delete import DeleteCursor, delete_some
from services.figures.windows import UnknownZoneError, zone_of
from services.rules.large_deletes import MOST_AT_ONCE
from services.user import LONGEST_NAME

USERS_PER_PAGE: Final = 1000
_LARGE: Final[Sequence[type[Base]]] = (Mention, IntegrationLog, Export)
"""Models with many rows of one user. A mention takes its analysis, its lead and the lead's history along."""


class AccountError(Exception):
    """The account cannot be created or changed. The message says why."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """A finished batch of a deletion."""

    table: str
    rows: int


async def create(
    pool: Pool, email: str, *, name: str = "", role: UserRole = UserRole.MEMBER, time_zone: str = "UTC"
) -> User:
    """Create an active user. Raise `AccountError` for a used e-mail address, or an invalid value."""
    if len(name) > LONGEST_NAME:
        raise AccountError(f"The name must have at most {LONGEST_NAME} characters, but has {len(name)}.")
    try:
        zone_of(time_zone)
        return await in_transaction(pool, lambda writer: account.add(writer, email, name, role, time_zone))
    except UnknownZoneError as unknown:
        raise AccountError(str(unknown)) from unknown
    except ConstraintError as refused:
        if refused.constraint == "uq_users_email":
            raise AccountError(f"A user with the e-mail address {email} exists already.") from refused
        raise AccountError(
            f"{email[:300]!r} is not an e-mail address of at most 254 characters."
        ) from refused


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
        if user.status == UserStatus.DELETED:
            raise AccountError(
                f"The deletion of {email} has begun. Run `leadgraph users delete` again to finish it."
            )
        await users.lock(writer, user.id, [user.id])
        return _known(await account.set_status(writer, user.id, status), email)

    return await in_transaction(pool, work)


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
    await in_transaction(pool, lambda writer: _finish_deletion(writer, user_id))
    yield Deleted(User.__tablename__, 1)


async def _begin_deletion(writer: Writer, email: str) -> int:
    user = _known(await account.by_email(writer, email), email)
    await users.lock(writer, user.id, [user.id])
    await account.set_status(writer, user.id, UserStatus.DELETED)
    return user.id


async def _delete_batch(writer: Writer, *, user_id: int, model: type[Base], cursor: DeleteCursor) -> int:
    await users.lock(writer, user_id, [user_id])
    return await delete_some(writer, EVERYBODY, model, "user_id", cursor, key=user_id, most=MOST_AT_ONCE)


async def _finish_deletion(writer: Writer, user_id: int) -> None:
    await users.lock(writer, user_id, [user_id])
    await account.remove(writer, user_id)


def _known(user: User | None, email: str) -> User:
    if user is None:
        raise AccountError(f"No user has the e-mail address {email}. `leadgraph users list` shows all users.")
    return user
