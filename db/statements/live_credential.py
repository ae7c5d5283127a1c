"""The credentials of connections that stay open, looked up again by one statement for all of them.

The statement authenticates viewers, so it takes no scope.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Table,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA

from db.engine.pool import Pool
from db.engine.statement_cache import statement
from db.models import ApiKey, BrowserToken, User, UserRole, UserSession, UserStatus
from db.models.base import table_of

Credential: TypeAlias = tuple[str, int | bytes]
"""The kind `key`, `session` or `token`, with the id, or with the hash of a token."""

_KEYS, _SESSIONS, _TOKENS = table_of(ApiKey), table_of(UserSession), table_of(BrowserToken)
_USERS: Final[Table] = table_of(User)
_NOW = func.statement_timestamp()

CHANNEL: Final = "credentials"
"""The channel of NOTIFY for credentials that have ended, and for ends that have changed."""


def told() -> ColumnElement[Any]:
    """Return a column for RETURNING: the statement tells all servers that a credential has ended, when it commits."""
    return func.pg_notify(CHANNEL, "").label("told")


@dataclass(frozen=True, slots=True)
class Holder:
    """The role of the user, and the stored scopes of the credential; None for a session, which has all."""

    role: UserRole
    scopes: frozenset[str] | None


def _live_key() -> ColumnElement[bool]:
    return and_(_KEYS.c.revoked_at.is_(None), or_(_KEYS.c.expires_at.is_(None), _KEYS.c.expires_at > _NOW))


@statement
def _live_credentials() -> CompoundSelect[*tuple[Any, ...]]:
    no_id, no_hash = cast(null(), BigInteger), cast(null(), BYTEA)
    is_active = _USERS.c.status == literal(UserStatus.ACTIVE.value)
    keys = (
        select(
            literal("key", Text).label("kind"), _KEYS.c.id.label("id"), no_hash.label("hash"), _USERS.c.role
        )
        .add_columns(_KEYS.c.scopes)
        .join(_USERS, _USERS.c.id == _KEYS.c.user_id)
        .where(_KEYS.c.id == any_(bindparam("keys", type_=ARRAY(BigInteger))), _live_key(), is_active)
    )
    sessions = (
        select(literal("session", Text), _SESSIONS.c.id, no_hash, _USERS.c.role)
        .add_columns(cast(null(), ARRAY(Text)))
        .join(_USERS, _USERS.c.id == _SESSIONS.c.user_id)
        .where(_SESSIONS.c.id == any_(bindparam("sessions", type_=ARRAY(BigInteger))))
        .where(_SESSIONS.c.expires_at > _NOW, is_active)
    )
    tokens = (
        select(literal("token", Text), no_id, _TOKENS.c.token_hash, _USERS.c.role)
        .add_columns(_TOKENS.c.scopes)
        .join(_USERS, _USERS.c.id == _TOKENS.c.user_id)
        .join(_KEYS, _KEYS.c.id == _TOKENS.c.api_key_id)
        .where(_TOKENS.c.token_hash == any_(bindparam("hashes", type_=ARRAY(BYTEA))))
        .where(_TOKENS.c.expires_at > _NOW, _live_key(), is_active)
    )
    return union_all(keys, sessions, tokens)


async def holders(
    pool: Pool, keys: Sequence[int], sessions: Sequence[int], hashes: Sequence[bytes]
) -> dict[Credential, Holder]:
    """Return the holders of the credentials that work now."""
    sent = _live_credentials()
    given = {"keys": list(keys), "sessions": list(sessions), "hashes": list(hashes)}
    found = await pool.fetch_promptly(sent.sql, *sent.arguments(given))
    return {(row["kind"], row["hash"] if row["id"] is None else row["id"]): _holder(row) for row in found}


def _holder(row: Any) -> Holder:
    scopes = row["scopes"]
    return Holder(UserRole(row["role"]), None if scopes is None else frozenset(scopes))
