"""Short-lived tokens of an API key, for browsers of those who have a sign-in of their own.

A token has a part of the scopes of its key, and works for an hour at most. It stops with the key and its user. A token
cannot make download links, keys or tokens, because these would outlive it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from db.engine.pool import Pool
from db.engine.writer import Writer, in_transaction
from db.models import UserStatus
from db.statements import browser_token as stored
from db.statements.browser_token import TokenHolder
from services.accounts.api_key import SCOPES
from services.accounts.viewer import Viewer
from services.browsers.tokens import digest, new_browser_token
from services.rules.user_errors import UserErrorCode, user_error

SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(hours=1)
USUAL: Final = timedelta(minutes=15)
PURGED_AT_ONCE: Final = 1000


class InvalidTokenError(Exception):
    """The browser token does not work. The message names the reason."""


@dataclass(frozen=True, slots=True)
class NewToken:
    """The text of a new token, which is shown once, and its end."""

    token: str
    expires_at: datetime


class BrowserTokens:
    """The browser tokens of a database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def viewer(self, token: str) -> Viewer:
        """Return the viewer of a token. Raise `InvalidTokenError`."""
        holder = await stored.holder(self._pool, digest(token))
        if holder is None or not holder.is_live:
            raise InvalidTokenError("This browser token does not exist or has expired. Create a new token.")
        return _viewer_of(holder)


def _viewer_of(holder: TokenHolder) -> Viewer:
    """Return the viewer. Raise `InvalidTokenError` if the key or its user is disabled."""
    if not holder.is_key_live:
        raise InvalidTokenError("The API key of this browser token was revoked or has expired.")
    if holder.status != UserStatus.ACTIVE:
        raise InvalidTokenError("The user of this browser token is not active.")
    return Viewer(holder.user_id, holder.role, frozenset(holder.scopes), expires_at=holder.expires_at)


async def create(
    writer: Writer, viewer: Viewer, key_id: int, scopes: Sequence[str], lifetime: timedelta
) -> NewToken:
    """Store a token of a key with some of the key's scopes. Raise `UserErrors` for a scope that the key lacks."""
    if not scopes:
        raise user_error(UserErrorCode.REQUIRED, "Must name at least one scope.", "scopes")
    for index, scope in enumerate(scopes):
        if scope not in SCOPES:
            message = f"Unknown scope {scope[:100]!r}. The scopes are {', '.join(SCOPES)}."
            raise user_error(UserErrorCode.INVALID, message, "scopes", str(index))
        if scope not in viewer.scopes:
            message = f"Must be a scope of this API key, which lacks `{scope}`."
            raise user_error(UserErrorCode.INVALID, message, "scopes", str(index))
    if not SHORTEST <= lifetime <= LONGEST:
        message = (
            f"Must be between {SHORTEST.total_seconds():.0f} and {LONGEST.total_seconds():,.0f} seconds."
        )
        raise user_error(UserErrorCode.INVALID, message, "expires_in")
    token = new_browser_token()
    expires_at = await stored.create(
        writer, digest(token), viewer.user_id, key_id, sorted(set(scopes)), lifetime
    )
    return NewToken(token, expires_at)


async def purge(pool: Pool, *, most: int = PURGED_AT_ONCE) -> bool:
    """Delete some expired tokens. Return False if no more are left."""
    return await in_transaction(pool, lambda writer: stored.purge(writer, most=most)) == most
