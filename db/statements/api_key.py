"""API keys: the holder of a key, which authenticates a request, and writes.

Rows of keys come without the hash of their secret (`db.language.shape.HIDDEN`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    Select,
    Update,
    any_,
    bindparam,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate
from sqlalchemy.types import Text

from db.engine.pool import Pool
from db.engine.reader import Reader
from db.engine.statement_cache import statement
from db.engine.writer import Writer
from db.language.moment import TIMESTAMPS
from db.language.scope import EVERYBODY, Scope, visible, visible_among
from db.language.shape import columns
from db.models import ApiKey, User, UserRole, UserStatus
from db.models.base import table_of
from db.statements.live_credential import told
from db.statements.parameters import keys_parameter

_KEY_ID = bindparam("key_id", type_=BigInteger)
_KEYS = table_of(ApiKey)


@dataclass(frozen=True, slots=True)
class KeyHolder:
    key_id: int
    secret_hash: bytes
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    user_id: int
    last_seen_at: datetime | None
    role: UserRole
    status: UserStatus
    scopes: list[str]


@statement
def _holder() -> Select[*tuple[Any, ...]]:
    return (
        select(
            ApiKey.id.label("key_id"),
            ApiKey.secret_hash,
            ApiKey.expires_at,
            ApiKey.revoked_at,
            ApiKey.last_used_at,
            ApiKey.user_id,
            User.last_seen_at,
            User.role,
            User.status,
            ApiKey.scopes,
        )
        .join(User, User.id == ApiKey.user_id)
        .where(ApiKey.id == _KEY_ID)
    )


async def holder(pool: Pool, key_id: int) -> KeyHolder | None:
    """Return the key with its user, even if revoked, expired or suspended. Return None for an unknown ID.

    The statement authenticates the viewer, so it takes no scope.
    """
    sent = _holder()
    found = await pool.fetch_promptly(sent.sql, *sent.arguments({"key_id": key_id}))
    return KeyHolder(**dict(found[0])) if found else None


@statement
def _touch() -> Update:
    return update(ApiKey).where(ApiKey.id == _KEY_ID).values(last_used_at=func.clock_timestamp())


async def touch(pool: Pool, key_id: int) -> None:
    """Set the key's `last_used_at` to now."""
    await Reader(pool, single=True).fetch_values(_touch(), EVERYBODY, key_id=key_id)


@statement
def _create() -> ReturningInsert[Any]:
    return (
        insert(_KEYS)
        .values(
            user_id=bindparam("user_id", type_=BigInteger),
            name=bindparam("name", type_=Text),
            secret_hash=bindparam("secret_hash", type_=BYTEA),
            scopes=bindparam("scopes", type_=ARRAY(Text)),
            expires_at=bindparam("expires_at", type_=DateTime(timezone=True)),
            **{name: func.statement_timestamp() for name in TIMESTAMPS},
        )
        .returning(*columns(ApiKey))
    )


async def create(
    writer: Writer,
    user_id: int,
    name: str,
    secret_hash: bytes,
    scopes: list[str],
    *,
    expires_at: datetime | None = None,
) -> ApiKey:
    """Insert a key and return it."""
    values = {"name": name, "secret_hash": secret_hash, "scopes": scopes, "expires_at": expires_at}
    (key,) = await writer.fetch(ApiKey, _create(), EVERYBODY, user_id=user_id, **values)
    return key


@statement
def _keys_of_user() -> Select[Any]:
    which = _KEYS.c.user_id == bindparam("user_id", type_=BigInteger)
    return select(*columns(ApiKey)).where(which).order_by(_KEYS.c.id.desc())


async def of_user(writer: Writer, user_id: int) -> list[ApiKey]:
    """Return the keys of the user, the newest first, revoked and expired ones too."""
    return await writer.fetch(ApiKey, _keys_of_user(), EVERYBODY, user_id=user_id)


@statement
def _lock_keys(*, everybody: bool) -> Select[Any]:
    which = (_KEYS.c.id == any_(keys_parameter()), visible_among(ApiKey, everybody=everybody))
    return select(*columns(ApiKey)).where(*which).order_by(_KEYS.c.id).with_for_update()


async def lock(writer: Writer, scope: Scope, ids: Sequence[int]) -> dict[int, ApiKey]:
    """Lock the visible keys among the IDs, and return them by ID."""
    found = await writer.fetch(ApiKey, _lock_keys(everybody=scope.everybody), scope, keys=list(ids))
    return {key.id: key for key in found}


@statement
def _count_working_keys(*, everybody: bool) -> Select[Any]:
    """Count the keys that are neither revoked nor expired."""
    ends = _KEYS.c.expires_at
    works = (_KEYS.c.revoked_at.is_(None), or_(ends.is_(None), ends > func.clock_timestamp()))
    return select(func.count().label("number")).where(visible(ApiKey, everybody=everybody), *works)


async def count_working(writer: Writer, scope: Scope) -> int:
    """Return the number of keys that are neither revoked nor expired."""
    (row,) = await writer.fetch_values(_count_working_keys(everybody=scope.everybody), scope)
    return int(row["number"])


@statement
def _end_key(*, everybody: bool) -> ReturningUpdate[Any]:
    """Set the end of a key, unless an earlier end is set."""
    ends = bindparam("expires_at", type_=DateTime(timezone=True))
    revoked = bindparam("revoked_at", type_=DateTime(timezone=True))
    return (
        update(_KEYS)
        .values(
            expires_at=func.least(_KEYS.c.expires_at, ends),
            revoked_at=func.least(_KEYS.c.revoked_at, revoked),
        )
        .where(_KEYS.c.id == _KEY_ID, visible_among(ApiKey, everybody=everybody))
        .returning(*columns(ApiKey), told())
    )


async def end(
    writer: Writer,
    scope: Scope,
    key_id: int,
    *,
    expires_at: datetime | None = None,
    revoked_at: datetime | None = None,
) -> ApiKey | None:
    """Let the key end at a time. An earlier end stays. Return None for a key that is not visible."""
    sent = _end_key(everybody=scope.everybody)
    values = {"key_id": key_id, "expires_at": expires_at, "revoked_at": revoked_at}
    return await writer.fetch_one(ApiKey, sent, scope, **values)
