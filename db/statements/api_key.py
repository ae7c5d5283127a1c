"""API keys. These statements authenticate the viewer, so they take no scope."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Select, Update, bindparam, func, insert, select, update
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate
from sqlalchemy.types import Text

from db.engine.pool import Connection, Pool
from db.engine.reader import Reader
from db.engine.statement_cache import statement
from db.language.scope import EVERYBODY
from db.models import ApiKey, User, UserRole, UserStatus
from db.models.base import table_of

_KEY_ID = bindparam("key_id", type_=BigInteger)
_SHOWN = [each for each in table_of(ApiKey).c if each.name != "secret_hash"]


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


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key without its secret."""

    id: int
    user_id: int
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


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
    """Return the key with its user, even if revoked, expired or suspended. Return None for an unknown ID."""
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
        insert(ApiKey)
        .values(
            user_id=bindparam("user_id", type_=BigInteger),
            name=bindparam("name", type_=Text),
            secret_hash=bindparam("secret_hash", type_=BYTEA),
            scopes=bindparam("scopes", type_=ARRAY(Text)),
            expires_at=bindparam("expires_at", type_=DateTime(timezone=True)),
        )
        .returning(ApiKey.id)
    )


async def create(
    connection: Connection,
    user_id: int,
    name: str,
    secret_hash: bytes,
    scopes: list[str],
    *,
    expires_at: datetime | None = None,
) -> int:
    """Insert a key and return its ID."""
    sent = _create()
    values = {
        "user_id": user_id,
        "name": name,
        "secret_hash": secret_hash,
        "scopes": scopes,
        "expires_at": expires_at,
    }
    return int(await connection.fetchval(sent.sql, *sent.arguments(values)))


@statement
def _keys_of_user() -> Select[Any]:
    which = ApiKey.user_id == bindparam("user_id", type_=BigInteger)
    return select(*_SHOWN).where(which).order_by(ApiKey.id.desc())


async def of_user(connection: Connection, user_id: int) -> list[StoredKey]:
    """Return the keys of the user, the newest first, revoked and expired ones too."""
    sent = _keys_of_user()
    return [
        StoredKey(**row) for row in await connection.fetch(sent.sql, *sent.arguments({"user_id": user_id}))
    ]


@statement
def _key_by_id() -> Select[Any]:
    return select(*_SHOWN).where(ApiKey.id == _KEY_ID).with_for_update()


async def of_id(connection: Connection, key_id: int) -> StoredKey | None:
    """Lock and return the key. Return None for an unknown ID."""
    sent = _key_by_id()
    row = await connection.fetchrow(sent.sql, *sent.arguments({"key_id": key_id}))
    return None if row is None else StoredKey(**row)


@statement
def _end_key() -> ReturningUpdate[Any]:
    """Set the end of a key, unless an earlier end is set."""
    keys = table_of(ApiKey)
    ends = bindparam("expires_at", type_=DateTime(timezone=True))
    revoked = bindparam("revoked_at", type_=DateTime(timezone=True))
    return (
        update(keys)
        .values(
            expires_at=func.least(keys.c.expires_at, ends),
            revoked_at=func.least(keys.c.revoked_at, revoked),
        )
        .where(keys.c.id == _KEY_ID)
        .returning(*_SHOWN)
    )


async def end(
    connection: Connection,
    key_id: int,
    *,
    expires_at: datetime | None = None,
    revoked_at: datetime | None = None,
) -> StoredKey | None:
    """Let the key end at a time. An earlier end stays. Return None for an unknown ID."""
    sent = _end_key()
    values = {"key_id": key_id, "expires_at": expires_at, "revoked_at": revoked_at}
    row = await connection.fetchrow(sent.sql, *sent.arguments(values))
    return None if row is None else StoredKey(**row)
