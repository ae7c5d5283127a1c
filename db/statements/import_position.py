"""Positions of unfinished imports, among the idempotency keys of the user.

An import is a call that is made once, as a mutation with a key is. Its row holds the position that is reached instead
of a response, until the import ends or the row expires.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, Interval, Select, Text, bindparam, case, delete, func, select
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, insert
from sqlalchemy.sql.dml import Delete, Insert

from db.engine.pool import Pool
from db.engine.reader import Reader
from db.engine.statement_cache import statement
from db.engine.writer import Writer
from db.language.scope import EVERYBODY
from db.models import IdempotencyKey
from db.models.base import table_of

_KEYS = table_of(IdempotencyKey)
_THIS = (
    _KEYS.c.user_id == bindparam("user_id", type_=BigInteger),
    _KEYS.c.key == bindparam("key", type_=Text),
)


@statement
def _find_import_position() -> Select[Any]:
    is_same = _KEYS.c.request_hash == bindparam("request_hash", type_=BYTEA)
    return select(_KEYS.c.response).where(*_THIS, is_same, _KEYS.c.expires_at > func.statement_timestamp())


async def find(pool: Pool, user_id: int, key: str, request_hash: bytes) -> dict[str, Any] | None:
    """Return the stored position. Return None if it does not exist, has expired, or is of another request."""
    reader, sent = Reader(pool, single=True), _find_import_position()
    found = await reader.fetch_values(sent, EVERYBODY, user_id=user_id, key=key, request_hash=request_hash)
    return dict(found[0]["response"]) if found else None


@statement
def _keep_import_position() -> Insert:
    kept_for = bindparam("kept_for", type_=Interval)
    new = insert(_KEYS).values(
        user_id=bindparam("user_id", type_=BigInteger),
        key=bindparam("key", type_=Text),
        request_hash=bindparam("request_hash", type_=BYTEA),
        response=bindparam("position", type_=JSONB),
        expires_at=func.statement_timestamp() + kept_for,
    )
    # An update that leaves the indexed time alone does not write to the indexes.
    half = bindparam("half", type_=Interval)
    ends_soon = _KEYS.c.expires_at < func.statement_timestamp() + half
    expires_at = case((ends_soon, new.excluded.expires_at), else_=_KEYS.c.expires_at)
    replaced = {name: new.excluded[name] for name in ("request_hash", "response")}
    return new.on_conflict_do_update(
        index_elements=["user_id", "key"], set_={**replaced, "expires_at": expires_at}
    )


async def keep(
    writer: Writer,
    user_id: int,
    key: str,
    request_hash: bytes,
    position: dict[str, Any],
    *,
    kept_for: timedelta,
) -> None:
    """Store the position. It expires after `kept_for`, or after half of it, unless it is stored again."""
    sent = _keep_import_position()
    values = {"request_hash": request_hash, "position": position, "kept_for": kept_for, "half": kept_for / 2}
    await writer.fetch_values(sent, EVERYBODY, user_id=user_id, key=key, **values)


@statement
def _forget_import_position() -> Delete:
    return delete(_KEYS).where(*_THIS)


async def forget(writer: Writer, user_id: int, key: str) -> None:
    """Delete the position."""
    await writer.fetch_values(_forget_import_position(), EVERYBODY, user_id=user_id, key=key)
