"""The stored API keys: their creation, their holders, and notes of their use."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from db.engine.pool import Connection, Pool
from db.models import UserStatus
from db.statements import api_key as stored
from db.statements import user as users
from db.statements.api_key import KeyHolder, StoredKey
from services.accounts import api_key
from services.accounts.viewer import Viewer

USE_NOTED_EVERY: Final = timedelta(minutes=1)


class InvalidKeyError(Exception):
    """The API key does not work. The message names the reason."""


class ApiKeys:
    """The API keys of a database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def holder(self, key: api_key.ParsedKey) -> KeyHolder:
        """Return the holder of a key. Raise `InvalidKeyError`."""
        holder = await stored.holder(self._pool, key.key_id)
        if holder is None or not key.opens(holder.secret_hash):
            raise InvalidKeyError("This API key does not exist. Check it for missing characters.")
        return _usable(holder)

    async def holder_of_id(self, key_id: int) -> KeyHolder:
        """Return the holder of the key with this ID. Raise `InvalidKeyError`."""
        holder = await stored.holder(self._pool, key_id)
        if holder is None:
            raise InvalidKeyError("This API key was deleted.")
        return _usable(holder)

    async def note_use(self, key: api_key.ParsedKey, holder: KeyHolder) -> None:
        """Note that a key was used and its user was seen, unless both were noted a short while ago."""
        if _is_long_ago(holder.last_used_at, USE_NOTED_EVERY):
            await stored.touch(self._pool, key.key_id)
        if _is_long_ago(holder.last_seen_at, users.SEEN_EVERY):
            await users.note_seen(self._pool, holder.user_id)


def _usable(holder: KeyHolder) -> KeyHolder:
    """Return the holder. Raise `InvalidKeyError` if the key or its user is disabled."""
    if holder.revoked_at is not None:
        raise InvalidKeyError("This API key was revoked. Create a new key.")
    if holder.expires_at is not None and holder.expires_at <= datetime.now(UTC):
        raise InvalidKeyError("This API key has expired. Create a new key.")
    if holder.status != UserStatus.ACTIVE:
        raise InvalidKeyError("The user of this API key is not active. Ask an operator to activate the user.")
    return holder


async def issue_key(
    connection: Connection,
    user_id: int,
    name: str,
    scopes: Iterable[str],
    *,
    expires_at: datetime | None = None,
) -> str:
    """Store a new API key and return it as text. Only its digest is stored, so it cannot be shown again."""
    secret = api_key.new_secret()
    digest = api_key.digest(secret)
    key_id = await stored.create(connection, user_id, name, digest, list(scopes), expires_at=expires_at)
    return api_key.written(key_id, secret)


async def rotate(connection: Connection, key_id: int, overlap: timedelta) -> str:
    """Issue a key with the name and the scopes of an existing key, which then works for the overlap only.

    The new key has no end.

    Raise `InvalidKeyError` for a key that does not work any more. The caller opens the transaction.
    """
    now = datetime.now(UTC)
    old = await stored.of_id(connection, key_id)
    if old is None:
        raise InvalidKeyError(_unknown(key_id))
    if state_of(old, now) is not KeyState.ACTIVE:
        raise InvalidKeyError(f"The API key {key_id} is {state_of(old, now)}. Create a new key.")
    await stored.end(connection, key_id, expires_at=now + overlap)
    return await issue_key(connection, old.user_id, old.name, old.scopes)


async def revoke(connection: Connection, key_id: int) -> StoredKey:
    """Let the key stop working. Raise `InvalidKeyError` for an unknown ID."""
    revoked = await stored.end(connection, key_id, revoked_at=datetime.now(UTC))
    if revoked is None:
        raise InvalidKeyError(_unknown(key_id))
    return revoked


def _unknown(key_id: int) -> str:
    return f"No API key has the ID {key_id}. `leadgraph keys list` shows all keys of a user."


class KeyState(StrEnum):
    """Whether a key works, apart from its user."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


def state_of(key: StoredKey, now: datetime) -> KeyState:
    """Return the state of the key at the time."""
    if key.revoked_at is not None:
        return KeyState.REVOKED
    return KeyState.EXPIRED if key.expires_at is not None and key.expires_at <= now else KeyState.ACTIVE


def viewer_of(holder: KeyHolder) -> Viewer:
    """Return the viewer in whose name the requests of a key run."""
    return Viewer(holder.user_id, holder.role, api_key.granted(holder.scopes), holder.key_id)


def _is_long_ago(moment: datetime | None, apart: timedelta) -> bool:
    return moment is None or datetime.now(UTC) - moment >= apart
