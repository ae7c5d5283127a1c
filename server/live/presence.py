"""The connected viewers, whose credentials are looked up again while they stay connected.

One statement looks up the credentials of all connections of the process: when a credential or a user has changed, when
a credential expires, after a new connection, and at last after `check_seconds`, in case that nothing told of the change.
Without a connection, none is sent.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from db.engine.pool import Pool
from db.statements import live_credential
from db.statements.live_credential import Holder
from resolvers.framework.errors import UNAVAILABLE, code_of
from server.live.limits import CrowdedError, LiveLimits, NoStreamsError, TooManyError
from services.accounts.api_key import granted
from services.accounts.viewer import Viewer
from services.browsers.tokens import digest

logger = logging.getLogger("leadgraph")

ENDED: Final = "The credential of this connection was revoked, has expired, or its user is not active."
REST_SECONDS: Final = 0.1
"""The least time between two statements."""
CHANGED: Final = "The scopes or the role of this credential have changed. Connect again."


@dataclass(eq=False, slots=True)
class Connected:
    """One connection of a viewer. `end` closes it with a reason. `token` is the text of a browser token."""

    viewer: Viewer
    end: Callable[[str], None]
    token: str | None = None
    hash: bytes = field(init=False, default=b"")

    def __post_init__(self) -> None:
        if self.viewer.key_id is None and self.viewer.session_id is None and self.token is not None:
            self.hash = digest(self.token)


class Presence:
    """The connections of one process, with their limits."""

    def __init__(self, pool: Pool, limits: LiveLimits) -> None:
        self._pool = pool
        self._limits = limits
        self.occupied = asyncio.Event()
        """Set while there are connections."""
        self._connected: set[Connected] = set()
        self._of_user: Counter[int] = Counter()
        self._checking: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    def __len__(self) -> int:
        return len(self._connected)

    def require_room(self) -> None:
        """Raise `LiveError` if the process takes no further connection."""
        if not self._limits.connections:
            raise NoStreamsError
        if len(self._connected) >= self._limits.connections:
            raise CrowdedError

    def enter(self, connected: Connected) -> None:
        """Add a connection. Raise `LiveError` beyond a limit."""
        self.require_room()
        user_id, most = connected.viewer.user_id, self._limits.user_connections
        if self._of_user[user_id] >= most:
            message = f"This user has too many live connections; the limit is {most}. Close others first."
            raise TooManyError(message)
        self._connected.add(connected)
        self.occupied.set()
        self._of_user[user_id] += 1
        self._news.set()  # the credential may have been trusted without a look into the database
        if self._checking is None or self._checking.done():
            self._checking = asyncio.get_running_loop().create_task(self._check_often())

    def leave(self, connected: Connected) -> None:
        if connected in self._connected:
            self._connected.remove(connected)
            if not self._connected:
                self.occupied.clear()
            self._of_user[connected.viewer.user_id] -= 1
            if not self._of_user[connected.viewer.user_id]:
                del self._of_user[connected.viewer.user_id]

    async def close(self) -> None:
        """Stop looking up credentials."""
        if self._checking is not None:
            self._checking.cancel()
            await asyncio.wait([self._checking])

    def note_change(self) -> None:
        """Look up the credentials soon: one may have ended or changed."""
        self._news.set()

    async def _check_often(self) -> None:
        while self._connected:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), self._seconds())
            self._news.clear()
            await asyncio.sleep(REST_SECONDS)
            try:
                await self.check()
            except Exception as failure:
                if code_of(failure) != UNAVAILABLE:
                    logger.exception("the credentials of live connections were not looked up")

    def _seconds(self) -> float:
        """Return the time until a credential expires, at most `check_seconds`."""
        now = datetime.now(UTC)
        ends = [each.viewer.expires_at for each in self._connected if each.viewer.expires_at is not None]
        soonest = min((end - now).total_seconds() for end in ends) if ends else self._limits.check_seconds
        return min(max(soonest, REST_SECONDS), self._limits.check_seconds)

    async def check(self) -> None:
        """End the connections whose credentials do not work any more, or work for other scopes."""
        connected = list(self._connected)
        viewers = [each.viewer for each in connected]
        keys = sorted({each.key_id for each in viewers if each.key_id is not None})
        sessions = sorted({each.session_id for each in viewers if each.session_id is not None})
        hashes = sorted({each.hash for each in connected if each.hash})
        if not (keys or sessions or hashes):
            return
        found = await live_credential.holders(self._pool, keys, sessions, hashes)
        for each in connected:
            reason = _reason(each, found.get(_credential(each)))
            if reason is not None:
                each.end(reason)


def _credential(connected: Connected) -> tuple[str, int | bytes]:
    viewer = connected.viewer
    if viewer.key_id is not None:
        return "key", viewer.key_id
    if viewer.session_id is not None:
        return "session", viewer.session_id
    return "token", connected.hash


def _reason(connected: Connected, holder: Holder | None) -> str | None:
    """Return the reason to end a connection, or None if its credential works as before."""
    if holder is None:
        return ENDED
    viewer = connected.viewer
    scopes = holder.scopes
    if scopes is not None and viewer.key_id is not None:
        scopes = granted(scopes)
    has_scopes = scopes is None or scopes == frozenset(viewer.scopes)
    return None if holder.role == viewer.role and has_scopes else CHANGED
