"""The stored API keys: their creation, their holders, and notes of their use."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from db.engine.pool import Connection, Pool
from db.engine.writer import Writer
from db.language.scope import EVERYBODY
from db.models import ApiKey, UserStatus
from db.statements import api_key as stored
from db.statements import user as users
from db.statements.api_key import KeyHolder
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


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key and its text, which is shown once and cannot be read again."""

    key: ApiKey
    text: str


async def issue(
    writer: Writer,
    user_id: int,
    name: str,
    scopes: Iterable[str],
    *,
    expires_at: datetime | None = None,
) -> IssuedKey:
    """Store a new API key. Only the digest of its secret is stored."""
    secret = api_key.new_secret()
    digest = api_key.digest(secret)
    key = await stored.create(writer, user_id, name, digest, list(scopes), expires_at=expires_at)
    return IssuedKey(key, api_key.written(key.id, secret))


async def issue_key(
    connection: Connection,
    user_id: int,
    name: str,
    scopes: Iterable[str],
    *,
    expires_at: datetime | None = None,
) -> str:
    """Store a new API key like `issue`, and return its text."""
    issued = await issue(Writer(connection), user_id, name, scopes, expires_at=expires_at)
    return issued.text


async def rotate_by_id(writer: Writer, key_id: int, overlap: timedelta) -> IssuedKey:
    """Rotate a key of any user. The new key has no end. Raise `InvalidKeyError` for a key that does not work."""
    now = datetime.now(UTC)
    old = (await stored.lock(writer, EVERYBODY, [key_id])).get(key_id)
    if old is None:
        raise InvalidKeyError(_unknown(key_id))
    state = state_of(old, now)
    if state is not ApiKeyState.ACTIVE:
        raise InvalidKeyError(f"The API key {key_id} is {state}. Create a new key.")
    return await rotate(writer, old, overlap, now=now)


async def revoke_by_id(writer: Writer, key_id: int) -> ApiKey:
    """Let a key of any user stop working. Raise `InvalidKeyError` for an unknown ID."""
    revoked = await stored.end(writer, EVERYBODY, key_id, revoked_at=datetime.now(UTC))
    if revoked is None:
        raise InvalidKeyError(_unknown(key_id))
    return revoked


def _unknown(key_id: int) -> str:
    return f"No API key has the ID {key_id}. `leadgraph keys list` shows all keys of a user."


async def rotate(
    writer: Writer, old: ApiKey, overlap: timedelta, *, now: datetime, expires_at: datetime | None = None
) -> IssuedKey:
    """Issue a key with the name and the scopes of an existing key, which then works for the overlap only."""
    await stored.end(writer, EVERYBODY, old.id, expires_at=now + overlap)
    return await issue(writer, old.user_id, old.name, old.scopes, expires_at=expires_at)


class ApiKeyState(StrEnum):
    """Whether a key works, apart from its user."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


def state_of(key: ApiKey, now: datetime) -> ApiKeyState:
    """Return the state of the key at the time."""
    if key.revoked_at is not None:
        return ApiKeyState.REVOKED
    return ApiKeyState.EXPIRED if key.expires_at is not None and key.expires_at <= now else ApiKeyState.ACTIVE


def viewer_of(holder: KeyHolder) -> Viewer:
    """Return the viewer in whose name the requests of a key run."""
    scopes = api_key.granted(holder.scopes)
    return Viewer(holder.user_id, holder.role, scopes, holder.key_id, expires_at=holder.expires_at)


def _is_long_ago(moment: datetime | None, apart: timedelta) -> bool:
    return moment is None or datetime.now(UTC) - moment >= apart
