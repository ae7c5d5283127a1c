"""Sessions of browsers: find, rotate, and note their use."""

from datetime import UTC, datetime
from typing import Final

from db.engine.pool import Pool
from db.engine.writer import in_transaction
from db.models import UserStatus
from db.statements import session as stored
from db.statements import user as users
from db.statements.session import SessionHolder
from services.accounts.api_key import ALL_SCOPES
from services.accounts.viewer import Viewer
from services.browsers.tokens import digest, new_token

__all__ = ["LONGEST_SECONDS", "SessionHolder", "Sessions", "purge", "viewer_of"]

LONGEST_SECONDS: Final = int(stored.LONGEST.total_seconds())
PURGED_AT_ONCE: Final = 1000


class Sessions:
    """The sessions of a database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, token: str) -> SessionHolder | None:
        """Return the session with the token. Return None for an ended session, and if its user is not active."""
        holder = await stored.holder(self._pool, digest(token))
        return holder if holder is not None and holder.status == UserStatus.ACTIVE else None

    async def rotated(self, token: str, holder: SessionHolder) -> str | None:
        """Replace the token of a session if its time has come, and return the new one.

        The sent token works until the browser uses the new one. Of requests at the same time, one gets the new token. A
        browser that missed the new token gets another one.
        """
        is_due = holder.is_rotation_due if holder.is_current else not holder.has_overlap
        if not is_due:
            return None
        new = new_token()
        is_first = await stored.rotate(self._pool, holder.session_id, digest(token), digest(new))
        return new if is_first else None

    async def note_use(self, holder: SessionHolder) -> None:
        """Note that a session was used and its user was seen, unless both were noted a short while ago.

        The use of the new token ends the earlier one.
        """
        forget = holder.is_current and holder.has_previous and not holder.has_overlap
        if forget or not holder.is_use_noted:
            await stored.note_use(self._pool, holder.session_id, forget_previous=forget)
        if holder.last_seen_at is None or datetime.now(UTC) - holder.last_seen_at >= users.SEEN_EVERY:
            await users.note_seen(self._pool, holder.user_id)


def viewer_of(holder: SessionHolder) -> Viewer:
    """Return the viewer in whose name the requests of a session run. A session has all scopes of its user."""
    return Viewer(holder.user_id, holder.role, ALL_SCOPES, session_id=holder.session_id)


async def purge(pool: Pool, *, most: int = PURGED_AT_ONCE) -> bool:
    """Delete some ended sessions, and devices not seen for long. Return False if no more sessions are left."""
    return await in_transaction(pool, lambda writer: stored.purge(writer, most=most)) == most
