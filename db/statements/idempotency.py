"""Idempotency keys: lock, find and store.

A call holds the advisory lock of its key until its transaction ends. PostgreSQL releases the lock of a call
that dies.
"""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from sqlalchemy import BigInteger, Select, Text, bindparam, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, insert
from sqlalchemy.sql.dml import Insert, ReturningDelete

from db.engine.statement_cache import statement
from db.engine.writer import Writer
from db.language.scope import EVERYBODY
from db.models import IdempotencyKey
from db.models.base import table_of

_KEYS = table_of(IdempotencyKey)
_PURGED_WITH_EACH = 10  # more than one, so that expired keys do not accumulate


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """The response of an earlier call, and the hash of its request."""

    request_hash: bytes
    response: dict[str, Any]


@statement
def _try_idempotency_lock() -> Select[Any]:
    return select(func.pg_try_advisory_xact_lock(bindparam("number", type_=BigInteger)).label("got"))


async def try_lock(writer: Writer, user_id: int, key: str) -> bool:
    """Lock the key without waiting. Return False if another call holds the lock."""
    digest = blake2b(f"{user_id} {key}".encode(), digest_size=8, person=b"idempotency").digest()
    number = int.from_bytes(digest, signed=True)
    (row,) = await writer.fetch_values(_try_idempotency_lock(), EVERYBODY, number=number)
    return bool(row["got"])


@statement
def _find_idempotency_key() -> Select[Any]:
    return select(_KEYS.c.request_hash, _KEYS.c.response).where(
        _KEYS.c.user_id == bindparam("user_id", type_=BigInteger),
        _KEYS.c.key == bindparam("key", type_=Text),
        _KEYS.c.expires_at > func.statement_timestamp(),
    )


async def find(writer: Writer, user_id: int, key: str) -> StoredResponse | None:
    """Return the response stored under the key. Return None if the key is unknown or expired."""
    found = await writer.fetch_values(_find_idempotency_key(), EVERYBODY, user_id=user_id, key=key)
    return StoredResponse(**dict(found[0])) if found else None


@statement
def _keep_idempotency_key() -> Insert:
    """Insert a key, or replace an expired one. Purge some other expired keys."""
    user_id, key = bindparam("user_id", type_=BigInteger), bindparam("key", type_=Text)
    identity = tuple_(_KEYS.c.user_id, _KEYS.c.key)
    expired = (
        select(_KEYS.c.user_id, _KEYS.c.key)
        .where(_KEYS.c.expires_at < func.statement_timestamp(), identity != tuple_(user_id, key))
        .order_by(_KEYS.c.expires_at)
        .limit(_PURGED_WITH_EACH)
        .with_for_update(skip_locked=True)
        .cte("over")
    )
    purged = delete(_KEYS).where(identity.in_(select(expired))).cte("purged")
    new = insert(_KEYS).values(
        user_id=user_id,
        key=key,
        request_hash=bindparam("request_hash", type_=BYTEA),
        response=bindparam("response", type_=JSONB),
    )
    replaced = {name: new.excluded[name] for name in ("request_hash", "response", "created_at", "expires_at")}
    return new.on_conflict_do_update(index_elements=["user_id", "key"], set_=replaced).add_cte(purged)


async def keep(writer: Writer, user_id: int, key: str, request_hash: bytes, response: dict[str, Any]) -> None:
    """Store the response.

    Must be the transaction's last statement, because it may wait for a purge of the key.
    """
    await writer.fetch_values(
        _keep_idempotency_key(),
        EVERYBODY,
        user_id=user_id,
        key=key,
        request_hash=request_hash,
        response=response,
    )


@statement
def _purge_idempotency_keys() -> ReturningDelete[Any]:
    expired = (
        select(_KEYS.c.user_id, _KEYS.c.key)
        .where(_KEYS.c.expires_at < func.statement_timestamp())
        .order_by(_KEYS.c.expires_at)
        .limit(bindparam("most", type_=BigInteger))
        .with_for_update(skip_locked=True)
        .cte("over")
    )
    identity = tuple_(_KEYS.c.user_id, _KEYS.c.key)
    return delete(_KEYS).where(identity.in_(select(expired))).returning(_KEYS.c.user_id)


async def purge(writer: Writer, *, most: int) -> int:
    """Delete up to `most` expired keys, and return their number. Keys that a call is replacing are skipped."""
    return len(await writer.fetch_values(_purge_idempotency_keys(), EVERYBODY, most=most))
