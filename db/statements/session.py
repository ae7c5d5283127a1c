"""Sessions of browsers, passwords and known devices. These statements authenticate the viewer, so they take no scope.

The clock of the database decides whether a session has ended, so that all servers agree.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Interval,
    Select,
    Text,
    Update,
    and_,
    any_,
    bindparam,
    case,
    cast,
    delete,
    func,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, insert
from sqlalchemy.sql.dml import Insert, ReturningDelete, ReturningInsert, ReturningUpdate

from db.engine.pool import Pool
from db.engine.reader import Reader
from db.engine.statement_cache import statement
from db.engine.writer import Writer
from db.language.scope import EVERYBODY
from db.models import KnownDevice, Password, User, UserRole, UserSession, UserStatus
from db.models.base import table_of
from db.statements.live_credential import told

_SESSIONS, _USERS = table_of(UserSession), table_of(User)
_PASSWORDS, _DEVICES = table_of(Password), table_of(KnownDevice)
_USER_ID: ColumnElement[Any] = bindparam("user_id", type_=BigInteger)
_SESSION_ID: ColumnElement[Any] = bindparam("session_id", type_=BigInteger)
_NOW = func.statement_timestamp()

IDLE: Final = timedelta(days=7)
"""Time without use after which a session ends."""
LONGEST: Final = timedelta(days=30)
"""Time after which each session ends."""
RECENT: Final = timedelta(hours=1)
"""Time after a sign-in in which a session may create API keys."""
ROTATED_EVERY: Final = timedelta(hours=1)
OVERLAP: Final = timedelta(minutes=1)
"""Time after a rotation in which requests with the earlier token can still arrive."""
USE_NOTED_EVERY: Final = timedelta(minutes=1)
DEVICES_FORGOTTEN_AFTER: Final = timedelta(days=90)
MOST_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class SessionHolder:
    """A session that has not ended, with its user.

    `is_current` tells the session's token from its earlier one. `has_overlap` says that the rotation was a short while
    ago.
    """

    session_id: int
    user_id: int
    role: UserRole
    status: UserStatus
    last_seen_at: datetime | None
    is_current: bool
    is_rotation_due: bool
    has_previous: bool
    has_overlap: bool
    is_use_noted: bool


@dataclass(frozen=True, slots=True)
class ShownSession:
    """A session as its user sees it."""

    id: int
    address: str
    user_agent: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """A user who may sign in, with the hash of the password, and the known ones of the given digests."""

    user_id: int
    email: str
    role: UserRole
    status: UserStatus
    hash: str | None
    known: list[bytes]


def _ago(period: timedelta) -> ColumnElement[Any]:
    return _NOW - literal(period, Interval)


@statement
def _session_by_token() -> Select[Any]:
    token_hash = bindparam("token_hash", type_=BYTEA)
    return (
        select(
            _SESSIONS.c.id.label("session_id"),
            _SESSIONS.c.user_id,
            _USERS.c.role,
            _USERS.c.status,
            _USERS.c.last_seen_at,
            (_SESSIONS.c.token_hash == token_hash).label("is_current"),
            (_SESSIONS.c.rotated_at <= _ago(ROTATED_EVERY)).label("is_rotation_due"),
            _SESSIONS.c.previous_hash.is_not(None).label("has_previous"),
            (_SESSIONS.c.rotated_at > _ago(OVERLAP)).label("has_overlap"),
            (_SESSIONS.c.last_used_at > _ago(USE_NOTED_EVERY)).label("is_use_noted"),
        )
        .join(_USERS, _USERS.c.id == _SESSIONS.c.user_id)
        .where(
            or_(_SESSIONS.c.token_hash == token_hash, _SESSIONS.c.previous_hash == token_hash),
            _SESSIONS.c.expires_at > _NOW,
        )
    )


async def holder(pool: Pool, token_hash: bytes) -> SessionHolder | None:
    """Return the session with the token. Return None for an unknown token and for an ended session."""
    sent = _session_by_token()
    found = await pool.fetch_promptly(sent.sql, *sent.arguments({"token_hash": token_hash}))
    return SessionHolder(**dict(found[0])) if found else None


@statement
def _rotate_session() -> ReturningUpdate[Any]:
    """Replace the token. The one that the browser sent stays valid."""
    sent = bindparam("token_hash", type_=BYTEA)
    return (
        update(_SESSIONS)
        .values(token_hash=bindparam("new_hash", type_=BYTEA), previous_hash=sent, rotated_at=_NOW)
        .where(
            _SESSIONS.c.id == _SESSION_ID,
            or_(
                and_(_SESSIONS.c.token_hash == sent, _SESSIONS.c.rotated_at <= _ago(ROTATED_EVERY)),
                and_(_SESSIONS.c.previous_hash == sent, _SESSIONS.c.rotated_at <= _ago(OVERLAP)),
            ),
        )
        .returning(_SESSIONS.c.id)
    )


async def rotate(pool: Pool, session_id: int, token_hash: bytes, new_hash: bytes) -> bool:
    """Replace the token of a session. Return False if another request was faster."""
    values = {"session_id": session_id, "token_hash": token_hash, "new_hash": new_hash}
    return bool(await Reader(pool, single=True).fetch_values(_rotate_session(), EVERYBODY, **values))


@statement
def _note_session_use() -> Update:
    forget = bindparam("forget_previous", type_=Boolean)
    return (
        update(_SESSIONS)
        .values(
            last_used_at=_NOW,
            expires_at=func.least(_SESSIONS.c.ends_at, _NOW + literal(IDLE, Interval)),
            previous_hash=case((forget, null()), else_=_SESSIONS.c.previous_hash),
        )
        .where(_SESSIONS.c.id == _SESSION_ID)
    )


async def note_use(pool: Pool, session_id: int, *, forget_previous: bool) -> None:
    """Set the session's `last_used_at` to now, and defer its end. Forget its earlier token if asked."""
    given = {"session_id": session_id, "forget_previous": forget_previous}
    await Reader(pool, single=True).fetch_values(_note_session_use(), EVERYBODY, **given)


@statement
def _account_to_sign_in(*, by_id: bool) -> Select[Any]:
    email = func.lower(_USERS.c.email) == func.lower(bindparam("email", type_=Text))
    digests = bindparam("digests", type_=ARRAY(BYTEA))
    known = select(_DEVICES.c.digest).where(
        _DEVICES.c.user_id == _USERS.c.id, _DEVICES.c.digest == any_(digests)
    )
    return (
        select(
            _USERS.c.id.label("user_id"),
            _USERS.c.email,
            _USERS.c.role,
            _USERS.c.status,
            _PASSWORDS.c.hash,
            func.array(known.scalar_subquery(), type_=ARRAY(BYTEA)).label("known"),
        )
        .join(_PASSWORDS, _PASSWORDS.c.user_id == _USERS.c.id, isouter=True)
        .where(_USERS.c.id == _USER_ID if by_id else email)
    )


async def account(writer: Writer, email: str, digests: Collection[bytes]) -> Account | None:
    """Return the user with the address, ignoring case. Return None for an unknown address."""
    sent = _account_to_sign_in(by_id=False)
    found = await writer.fetch_values(sent, EVERYBODY, email=email, digests=list(digests))
    return Account(**dict(found[0])) if found else None


async def account_of_user(writer: Writer, user_id: int) -> Account | None:
    """Return the user with the ID, without known devices. Return None for a missing user."""
    sent = _account_to_sign_in(by_id=True)
    found = await writer.fetch_values(sent, EVERYBODY, user_id=user_id, digests=[])
    return Account(**dict(found[0])) if found else None


_NEW_SESSION = ("user_id", "token_hash", "address", "user_agent", "expires_at", "ends_at")


def _new_session() -> Select[Any]:
    """Return the values of `_NEW_SESSION` for an active user."""
    return select(
        _USERS.c.id,
        bindparam("token_hash", type_=BYTEA),
        bindparam("address", type_=Text),
        bindparam("user_agent", type_=Text),
        _NOW + literal(IDLE, Interval),
        _NOW + literal(LONGEST, Interval),
    ).where(_USERS.c.id == _USER_ID, _USERS.c.status == UserStatus.ACTIVE)


@statement
def _open_session() -> ReturningInsert[Any]:
    """Insert a session of a user who is still active and has still the password that was verified."""
    new = (
        _new_session()
        .join(_PASSWORDS, _PASSWORDS.c.user_id == _USERS.c.id)
        .where(_PASSWORDS.c.hash == bindparam("hash", type_=Text))
        .with_for_update(read=True, of=_PASSWORDS)
    )
    return insert(_SESSIONS).from_select(_NEW_SESSION, new).returning(_SESSIONS.c.id)


async def open_session(
    writer: Writer, user_id: int, verified_hash: str, token_hash: bytes, address: str, user_agent: str
) -> int | None:
    """Insert a session and return its ID. Return None if the user or the password has changed since the check."""
    found = await writer.fetch_values(
        _open_session(),
        EVERYBODY,
        user_id=user_id,
        hash=verified_hash,
        token_hash=token_hash,
        address=address,
        user_agent=user_agent,
    )
    return int(found[0]["id"]) if found else None


@statement
def _open_demo_session() -> ReturningInsert[Any]:
    """Insert a session of an active user without a look at the password."""
    return insert(_SESSIONS).from_select(_NEW_SESSION, _new_session()).returning(_SESSIONS.c.id)


async def open_demo_session(
    writer: Writer, user_id: int, token_hash: bytes, address: str, user_agent: str
) -> bool:
    """Insert a session without a password, which a demo gives to its visitors. Return False for an inactive user."""
    opened = await writer.fetch_values(
        _open_demo_session(),
        EVERYBODY,
        user_id=user_id,
        token_hash=token_hash,
        address=address,
        user_agent=user_agent,
    )
    return bool(opened)


@statement
def _end_session() -> ReturningDelete[Any]:
    return (
        delete(_SESSIONS)
        .where(_SESSIONS.c.id == _SESSION_ID, _SESSIONS.c.user_id == _USER_ID)
        .returning(_SESSIONS.c.id, told())
    )


async def end(writer: Writer, user_id: int, session_id: int) -> bool:
    """Delete a session of the user. Return False if the user has no session with this ID."""
    given = {"user_id": user_id, "session_id": session_id}
    return bool(await writer.fetch_values(_end_session(), EVERYBODY, **given))


@statement
def _end_session_by_token() -> ReturningDelete[Any]:
    token_hash = bindparam("token_hash", type_=BYTEA)
    which = or_(_SESSIONS.c.token_hash == token_hash, _SESSIONS.c.previous_hash == token_hash)
    return delete(_SESSIONS).where(which).returning(_SESSIONS.c.id, told())


async def end_by_token(writer: Writer, token_hash: bytes) -> None:
    """Delete the session with the token, if any."""
    await writer.fetch_values(_end_session_by_token(), EVERYBODY, token_hash=token_hash)


@statement
def _end_sessions() -> ReturningDelete[Any]:
    kept = bindparam("kept", type_=BigInteger)
    return (
        delete(_SESSIONS)
        .where(_SESSIONS.c.user_id == _USER_ID, _SESSIONS.c.id.is_distinct_from(kept))
        .returning(_SESSIONS.c.id, told())
    )


async def end_all(writer: Writer, user_id: int, *, kept: int | None = None) -> int:
    """Delete all sessions of the user except for `kept`, and return their number."""
    return len(await writer.fetch_values(_end_sessions(), EVERYBODY, user_id=user_id, kept=kept))


@statement
def _sessions_of_user() -> Select[Any]:
    names = ("id", "address", "user_agent", "created_at", "last_used_at", "expires_at")
    return (
        select(*(_SESSIONS.c[name] for name in names))
        .where(_SESSIONS.c.user_id == _USER_ID, _SESSIONS.c.expires_at > _NOW)
        .order_by(_SESSIONS.c.id.desc())
        .limit(MOST_SHOWN)
    )


async def of_user(reader: Reader, user_id: int) -> Sequence[ShownSession]:
    """Return the sessions of the user, the newest first, at most `MOST_SHOWN`."""
    found = await reader.fetch_values(_sessions_of_user(), EVERYBODY, user_id=user_id)
    return [ShownSession(**dict(row)) for row in found]


@statement
def _is_session_recent() -> Select[Any]:
    """Lock the session, so that it cannot end before the write."""
    return (
        select((_SESSIONS.c.created_at > _ago(RECENT)).label("is_recent"))
        .where(_SESSIONS.c.id == _SESSION_ID, _SESSIONS.c.user_id == _USER_ID, _SESSIONS.c.expires_at > _NOW)
        .with_for_update(read=True)
    )


async def is_recent(writer: Writer, user_id: int, session_id: int) -> bool | None:
    """Return whether the user signed in a short while ago. Return None for an ended session."""
    given = {"user_id": user_id, "session_id": session_id}
    found = await writer.fetch_values(_is_session_recent(), EVERYBODY, **given)
    return bool(found[0]["is_recent"]) if found else None


@statement
def _replace_token() -> ReturningUpdate[Any]:
    new = {"token_hash": bindparam("new_hash", type_=BYTEA), "previous_hash": null(), "rotated_at": _NOW}
    return update(_SESSIONS).values(**new).where(_SESSIONS.c.id == _SESSION_ID).returning(_SESSIONS.c.id)


async def replace_token(writer: Writer, session_id: int, new_hash: bytes) -> bool:
    """Replace the token of a session, whose earlier tokens end at once. Return False for a missing session."""
    given = {"session_id": session_id, "new_hash": new_hash}
    return bool(await writer.fetch_values(_replace_token(), EVERYBODY, **given))


@statement
def _set_password() -> Insert:
    new = insert(_PASSWORDS).values(user_id=_USER_ID, hash=bindparam("hash", type_=Text))
    return new.on_conflict_do_update(
        index_elements=["user_id"], set_={"hash": new.excluded.hash, "changed_at": _NOW}
    )


async def set_password(writer: Writer, user_id: int, hash_: str) -> None:
    """Set or replace the hash of the user's password."""
    await writer.fetch_values(_set_password(), EVERYBODY, user_id=user_id, hash=hash_)


@statement
def _change_password() -> ReturningUpdate[Any]:
    return (
        update(_PASSWORDS)
        .values(hash=bindparam("new_hash", type_=Text), changed_at=_NOW)
        .where(_PASSWORDS.c.user_id == _USER_ID, _PASSWORDS.c.hash == bindparam("hash", type_=Text))
        .returning(_PASSWORDS.c.user_id)
    )


async def change_password(writer: Writer, user_id: int, verified_hash: str, new_hash: str) -> bool:
    """Replace the hash of the password that was verified. Return False if the password has changed since."""
    given = {"user_id": user_id, "hash": verified_hash, "new_hash": new_hash}
    return bool(await writer.fetch_values(_change_password(), EVERYBODY, **given))


@statement
def _note_devices() -> Insert:
    digests = func.unnest(bindparam("digests", type_=ARRAY(BYTEA)))
    new = insert(_DEVICES).from_select(["user_id", "digest"], select(cast(_USER_ID, BigInteger), digests))
    return new.on_conflict_do_update(index_elements=["user_id", "digest"], set_={"seen_at": _NOW})


async def note_devices(writer: Writer, user_id: int, digests: Collection[bytes]) -> None:
    """Note that the user has signed in from the device and the network with these digests."""
    await writer.fetch_values(_note_devices(), EVERYBODY, user_id=user_id, digests=list(digests))


@statement
def _purge_sessions() -> ReturningDelete[Any]:
    expired = (
        select(_SESSIONS.c.id)
        .where(_SESSIONS.c.expires_at < _NOW)
        .order_by(_SESSIONS.c.expires_at)
        .limit(bindparam("most", type_=BigInteger))
        .with_for_update(skip_locked=True)
        .cte("over")
    )
    forgotten = (
        select(_DEVICES.c.user_id, _DEVICES.c.digest)
        .where(_DEVICES.c.seen_at < _ago(DEVICES_FORGOTTEN_AFTER))
        .order_by(_DEVICES.c.seen_at)
        .limit(bindparam("most", type_=BigInteger))
        .with_for_update(skip_locked=True)
        .cte("forgotten")
    )
    known = delete(_DEVICES).where(
        _DEVICES.c.user_id == forgotten.c.user_id, _DEVICES.c.digest == forgotten.c.digest
    )
    purged = delete(_SESSIONS).where(_SESSIONS.c.id.in_(select(expired.c.id))).returning(_SESSIONS.c.id)
    return purged.add_cte(known.cte("known"))


async def purge(writer: Writer, *, most: int) -> int:
    """Delete up to `most` ended sessions, and as many devices not seen for long. Return the number of sessions."""
    return len(await writer.fetch_values(_purge_sessions(), EVERYBODY, most=most))
