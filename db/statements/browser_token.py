"""Browser tokens of API keys. These statements authenticate the viewer, so they take no scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Interval, Select, Text, and_, bindparam, delete, func, insert, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA
from sqlalchemy.sql.dml import ReturningDelete, ReturningInsert

from db.engine.pool import Pool
from db.engine.statement_cache import statement
from db.engine.writer import Writer
from db.language.scope import EVERYBODY
from db.models import ApiKey, BrowserToken, User, UserRole, UserStatus
from db.models.base import table_of

_TOKENS, _KEYS, _USERS = table_of(BrowserToken), table_of(ApiKey), table_of(User)
_NOW = func.statement_timestamp()


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """A token with its user. A token, or its key, is live if it is neither revoked nor expired.

    `expires_at` is the end of the token, or of its key if that comes first.
    """

    user_id: int
    role: UserRole
    status: UserStatus
    scopes: list[str]
    expires_at: datetime
    is_live: bool
    is_key_live: bool


@statement
def _browser_token_holder() -> Select[Any]:
    is_key_live = and_(
        _KEYS.c.revoked_at.is_(None), or_(_KEYS.c.expires_at.is_(None), _KEYS.c.expires_at > _NOW)
    )
    return (
        select(
            _TOKENS.c.user_id,
            _USERS.c.role,
            _USERS.c.status,
            _TOKENS.c.scopes,
            func.least(_TOKENS.c.expires_at, _KEYS.c.expires_at).label("expires_at"),
            (_TOKENS.c.expires_at > _NOW).label("is_live"),
            is_key_live.label("is_key_live"),
        )
        .join(_USERS, _USERS.c.id == _TOKENS.c.user_id)
        .join(_KEYS, _KEYS.c.id == _TOKENS.c.api_key_id)
        .where(_TOKENS.c.token_hash == bindparam("token_hash", type_=BYTEA))
    )


async def holder(pool: Pool, token_hash: bytes) -> TokenHolder | None:
    """Return the token with its user, even if it does not work any more. Return None for an unknown token."""
    sent = _browser_token_holder()
    found = await pool.fetch_promptly(sent.sql, *sent.arguments({"token_hash": token_hash}))
    return TokenHolder(**dict(found[0])) if found else None


@statement
def _create_browser_token() -> ReturningInsert[Any]:
    return (
        insert(_TOKENS)
        .values(
            token_hash=bindparam("token_hash", type_=BYTEA),
            user_id=bindparam("user_id", type_=BigInteger),
            api_key_id=bindparam("api_key_id", type_=BigInteger),
            scopes=bindparam("scopes", type_=ARRAY(Text)),
            expires_at=_NOW + bindparam("lifetime", type_=Interval),
        )
        .returning(_TOKENS.c.expires_at)
    )


async def create(
    writer: Writer,
    token_hash: bytes,
    user_id: int,
    api_key_id: int,
    scopes: Sequence[str],
    lifetime: timedelta,
) -> datetime:
    """Insert a token and return its end."""
    (row,) = await writer.fetch_values(
        _create_browser_token(),
        EVERYBODY,
        token_hash=token_hash,
        user_id=user_id,
        api_key_id=api_key_id,
        scopes=list(scopes),
        lifetime=lifetime,
    )
    ends: datetime = row["expires_at"]
    return ends


@statement
def _purge_browser_tokens() -> ReturningDelete[Any]:
    expired = (
        select(_TOKENS.c.token_hash)
        .where(_TOKENS.c.expires_at < _NOW)
        .order_by(_TOKENS.c.expires_at)
        .limit(bindparam("most", type_=BigInteger))
        .with_for_update(skip_locked=True)
        .cte("over")
    )
    return (
        delete(_TOKENS)
        .where(_TOKENS.c.token_hash.in_(select(expired.c.token_hash)))
        .returning(_TOKENS.c.api_key_id)
    )


async def purge(writer: Writer, *, most: int) -> int:
    """Delete up to `most` expired tokens, and return their number."""
    return len(await writer.fetch_values(_purge_browser_tokens(), EVERYBODY, most=most))
