"""The stored API keys: their creation, their holders, and notes of their use."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from db.engine.pool import Connection, Pool
from db.models import UserStatus
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


async def issue_key(connection: Connection, user_id: int, name: str, scopes: Iterable[str]) -> str:
    """Store a new API key and return it as text. Only its digest is stored, so it cannot be shown again."""
    secret = api_key.new_secret()
    key_id = await stored.create(connection, user_id, name, api_key.digest(secret), list(scopes))
    return api_key.written(key_id, secret)


def viewer_of(holder: KeyHolder) -> Viewer:
    """Return the viewer in whose name the requests of a key run."""
    return Viewer(holder.user_id, holder.role, api_key.granted(holder.scopes), holder.key_id)


def _is_long_ago(moment: datetime | None, apart: timedelta) -> bool:
    return moment is None or datetime.now(UTC) - moment >= apart
