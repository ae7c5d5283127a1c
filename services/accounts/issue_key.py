"""Create API keys."""

from collections.abc import Iterable

from db.engine.pool import Connection
from db.statements import api_key as stored_keys
from services.accounts import api_key


async def issue_key(connection: Connection, user_id: int, name: str, scopes: Iterable[str]) -> str:
    """Store a new API key and return it as text. Only its digest is stored, so it cannot be shown again."""
    secret = api_key.new_secret()
    key_id = await stored_keys.create(connection, user_id, name, api_key.digest(secret), list(scopes))
    return api_key.written(key_id, secret)
