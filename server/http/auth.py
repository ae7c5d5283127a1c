"""From a request's credential to its viewer."""

import asyncio
import logging
import time
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta

from starlette.requests import Request

from db.engine.outage import is_lost
from db.engine.pool import Pool
from db.models import UserStatus
from db.statements import api_key as stored
from db.statements import user as users
from resolvers.framework.context import Viewer
from resolvers.framework.errors import UnauthenticatedError
from server.http import protocol
from services.accounts import api_key

logger = logging.getLogger("leadgraph")

_TOUCHED_EVERY = timedelta(minutes=1)
_KEYS_KEPT = 10_000


class Authenticator:
    """Tells viewers by their API keys. A key that worked is trusted for `trust_seconds` without asking the
    database again: that long a revoked one can go on.
    """

    def __init__(self, pool: Pool, *, trust_seconds: float = 5) -> None:
        self._pool = pool
        self._trust_seconds = trust_seconds
        self._trusted: dict[str, tuple[float, Viewer]] = {}
        self._notes: set[asyncio.Task[None]] = set()

    async def viewer(self, request: Request) -> Viewer | None:
        """The viewer; None for a request without a credential. Raises `UnauthenticatedError` for a bad one, and
        `http.UnavailableError` where nobody can say.
        """
        header = request.headers.get("authorization")
        if header is None:
            return None
        trusted = self._trusted.get(header)
        if trusted is not None and time.monotonic() < trusted[0]:
            return trusted[1]
        viewer = await self._identified(header)
        if len(self._trusted) >= _KEYS_KEPT:
            self._trusted.clear()
        self._trusted[header] = (time.monotonic() + self._trust_seconds, viewer)
        return viewer

    async def _identified(self, header: str) -> Viewer:
        scheme, _, text = header.partition(" ")
        key = api_key.parse(text.strip())
        if scheme.lower() != "bearer" or key is None:
            raise UnauthenticatedError(
                "This is not an API key: the header reads `Authorization: Bearer lg_live_…`."
            )
        with protocol.asking_database():
            holder = await stored.holder(self._pool, key.key_id)
        if holder is None or not key.opens(holder.secret_hash):
            raise UnauthenticatedError("This API key does not exist.")
        self._require_valid(holder)
        if _long_ago(holder.last_used_at, _TOUCHED_EVERY):
            self._beside(stored.touch(self._pool, key.key_id))
        if _long_ago(holder.last_seen_at, users.SEEN_EVERY):
            self._beside(users.note_seen(self._pool, holder.user_id))
        return Viewer(holder.user_id, holder.role, api_key.granted(holder.scopes))

    @staticmethod
    def _require_valid(holder: stored.KeyHolder) -> None:
        if holder.revoked_at is not None:
            raise UnauthenticatedError("This API key was revoked.")
        if holder.expires_at is not None and holder.expires_at <= datetime.now(UTC):
            raise UnauthenticatedError("This API key has expired.")
        if holder.status != UserStatus.ACTIVE:
            raise UnauthenticatedError("The user of this API key is not active.")

    def _beside(self, note: Coroutine[None, None, None]) -> None:
        """Writes something down beside the request: no answer waits for it."""
        task = asyncio.get_running_loop().create_task(_noted(note))
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)

    async def close(self) -> None:
        await asyncio.gather(*self._notes, return_exceptions=True)


async def _noted(note: Coroutine[None, None, None]) -> None:
    try:
        await note
    except Exception as failure:
        if not is_lost(failure):
            raise
        logger.warning("the database is away: %r", failure)


def _long_ago(moment: datetime | None, apart: timedelta) -> bool:
    return moment is None or datetime.now(UTC) - moment >= apart
