"""The viewer of a request by the credentials of browsers: the cookie of a session, or a browser token."""

import logging
import time
from collections.abc import Callable, Collection, Coroutine
from typing import Final, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from resolvers.framework.errors import UNAVAILABLE, code_of
from resolvers.framework.exchange import Exchange
from server.http import protocol
from server.http.session_cookies import DEVICE, SESSION, set_cookies, token_of
from server.http.session_fence import ForeignPageError, refusal_of
from services.accounts.viewer import Viewer
from services.browsers.sessions import SessionHolder, Sessions, viewer_of
from services.browsers.sign_in import Client

Start: TypeAlias = Callable[[Coroutine[None, None, None]], None]

logger = logging.getLogger("leadgraph")

_KEPT: Final = 10_000
_EXCHANGE: Final = "leadgraph.exchange"


class SessionAuthenticator:
    """Finds viewers by their sessions.

    A session that worked is trusted for `trust_seconds` without a look into the database. An ended session works as long in
    other processes.
    """

    def __init__(
        self, sessions: Sessions, origins: Collection[str] = (), *, trust_seconds: float = 5
    ) -> None:
        self._sessions = sessions
        self._origins = frozenset(origins)
        self._trust_seconds = trust_seconds
        self._trusted: dict[str, tuple[float, Viewer]] = {}

    def without_cookies(self, request: Request, reason: str) -> None:
        """Let the operation of the request set no cookies, for this reason."""
        self.exchange(request).refusal = reason

    def exchange(self, request: Request) -> Exchange:
        """Return the exchange of the request, the same at each call."""
        known: Exchange | None = request.scope.get(_EXCHANGE)
        if known is None:
            known = request.scope[_EXCHANGE] = Exchange(
                Client(
                    request.client.host if request.client else "",
                    request.headers.get("user-agent", ""),
                    token_of(request, DEVICE),
                    token_of(request, SESSION),
                ),
                refusal_of(request, self._origins),
            )
        return known

    async def viewer(self, request: Request, start: Start, *, sets_cookies: bool) -> Viewer | None:
        """Return the viewer of the session; None for a request without one, or with one that has ended.

        `start` runs a note of the use beside the request. With `sets_cookies`, the response can carry a new token. Raise `ForeignPageError` for a page that must not use the
        session, and `protocol.UnavailableError` if the database cannot tell.
        """
        token = token_of(request, SESSION)
        if token is None:
            return None
        refusal = refusal_of(request, self._origins)
        if refusal is not None:
            raise ForeignPageError(refusal)
        trusted = self._trusted.get(token)
        if trusted is not None and time.monotonic() < trusted[0]:
            return trusted[1]
        return await self._found(request, token, start, sets_cookies=sets_cookies)

    async def is_signed_in(self, request: Request) -> bool:
        """Return whether the request has a session that works, whichever page led to it."""
        token = token_of(request, SESSION)
        if token is None:
            return False
        with protocol.asking_database():
            return await self._sessions.find(token) is not None

    def finish(self, request: Request, response: Response) -> None:
        """Give the response its cookies, and stop trusting sessions that the request has ended."""
        exchange: Exchange | None = request.scope.get(_EXCHANGE)
        if exchange is None:
            return
        if exchange.sets_cookies:
            response.raw_headers.extend(set_cookies(request, exchange))
        if exchange.ended_for is not None:
            kept = self._trusted.items()
            self._trusted = {token: seen for token, seen in kept if seen[1].user_id != exchange.ended_for}

    async def _found(
        self, request: Request, token: str, start: Start, *, sets_cookies: bool
    ) -> Viewer | None:
        with protocol.asking_database():
            holder = await self._sessions.find(token)
        if holder is None:
            self._trusted.pop(token, None)
            self.exchange(request).ends_session = True
            return None
        if sets_cookies:
            await self._rotate(request, token, holder)
        start(self._sessions.note_use(holder))
        viewer = viewer_of(holder)
        if len(self._trusted) >= _KEPT:
            self._trusted.clear()
        self._trusted[token] = (time.monotonic() + self._trust_seconds, viewer)
        return viewer

    async def _rotate(self, request: Request, token: str, holder: SessionHolder) -> None:
        """Give the browser a new token if its time has come. A database that accepts no writes keeps the token."""
        try:
            self.exchange(request).new_session = await self._sessions.rotated(token, holder)
        except Exception as failure:
            if code_of(failure) != UNAVAILABLE:
                raise
            logger.warning("the database is unavailable: %r", failure)
