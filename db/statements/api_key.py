"""API keys. These statements authenticate the viewer, so they take no scope."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Select, Update, bindparam, func, insert, select, update
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.types import Text

from db.engine.pool import Connection, Pool
from db.engine.reader import Reader
from db.engine.statement_cache import statement
from db.language.scope import EVERYBODY
from db.models import ApiKey, User, UserRole, UserStatus

_KEY_ID = bindparam("key_id", type_=BigInteger)


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
        )
        .returning(ApiKey.id)
    )


async def create(
    connection: Connection, user_id: int, name: str, secret_hash: bytes, scopes: list[str]
) -> int:
    sent = _create()
    values = {"user_id": user_id, "name": name, "secret_hash": secret_hash, "scopes": scopes}
    return int(await connection.fetchval(sent.sql, *sent.arguments(values)))
