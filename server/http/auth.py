"""The viewer of a request, by its API key, its browser token, or the session of its browser."""

import asyncio
import logging
import time
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from resolvers.framework import errors
from resolvers.framework.context import Viewer
from resolvers.framework.errors import ForbiddenError, UnauthenticatedError, code_of
from resolvers.framework.exchange import Exchange
from server.http import protocol
from server.http.session_auth import SessionAuthenticator
from services.accounts import api_key
from services.accounts.api_keys import ApiKeys, InvalidKeyError, viewer_of
from services.browsers.browser_tokens import BrowserTokens, InvalidTokenError
from services.browsers.tokens import is_browser_token

logger = logging.getLogger("leadgraph")

_KEYS_KEPT: Final = 10_000
_LONGEST_HEADER: Final = 200  # characters; a key has at most 66
_MISTYPED: Final = (
    "This API key has a wrong character: its checksum does not match. Copy the whole key again."
)
_NO_KEY: Final = "This is not an API key. The header must be `Authorization: Bearer lg_live_…`."


class Authenticator:
    """Finds viewers by their API keys and browser tokens, and else by their sessions.

    A key that worked is trusted for `trust_seconds` without a look into the database, but not beyond its expiry. A
    revoked key, and a key of a suspended user, works as long.
    """

    def __init__(
        self,
        keys: ApiKeys,
        sessions: SessionAuthenticator | None = None,
        tokens: BrowserTokens | None = None,
        *,
        trust_seconds: float = 5,
    ) -> None:
        self._keys = keys
        self._sessions = sessions
        self._tokens = tokens
        self._trust_seconds = trust_seconds
        self._trusted: dict[str, tuple[float, Viewer]] = {}
        self._notes: set[asyncio.Task[None]] = set()

    async def viewer(self, request: Request, *, sets_cookies: bool = False) -> Viewer | None:
        """Return the viewer; None for a request without a credential.

        With `sets_cookies`, the response can carry a new token of the session. The header Authorization counts before
        the cookie.

        Raise `UnauthenticatedError` for an invalid credential, `ForeignPageError` for a page that must not use the
        session, and `protocol.UnavailableError` if the database cannot tell.
        """
        header = request.headers.get("authorization")
        if header is None:
            if self._sessions is None or "cookie" not in request.headers:
                return None
            return await self._sessions.viewer(request, self._start, sets_cookies=sets_cookies)
        return await self._by_header(header)

    async def _by_header(self, header: str) -> Viewer:
        trusted = self._trusted.get(header)
        if trusted is not None and time.monotonic() < trusted[0]:
            return trusted[1]
        if len(header) > _LONGEST_HEADER:
            raise UnauthenticatedError(_NO_KEY)
        usual = _usual(header)
        if usual != header:  # a key has one place among those that are trusted, however it is written
            return await self._by_header(usual)
        viewer = await self._identified(header)
        if len(self._trusted) >= _KEYS_KEPT:
            self._trusted.clear()
        self._trusted[header] = (time.monotonic() + self._trusted_for(viewer), viewer)
        return viewer

    def _trusted_for(self, viewer: Viewer) -> float:
        """Return the seconds for which a credential is trusted: none after it has expired."""
        if viewer.expires_at is None:
            return self._trust_seconds
        return min(self._trust_seconds, (viewer.expires_at - datetime.now(UTC)).total_seconds())

    async def required_viewer(self, request: Request) -> Viewer:
        """Return the viewer. Raise like `viewer`, and `UnauthenticatedError` for a request without a credential."""
        viewer = await self.viewer(request)
        if viewer is None:
            raise UnauthenticatedError
        return viewer

    async def viewer_of_key(self, key_id: int) -> Viewer:
        """Return the viewer of the key with this ID, as the database has it now.

        Raise `ForbiddenError` for a disabled key, and `protocol.UnavailableError` if the database cannot tell.
        """
        try:
            with protocol.asking_database():
                return viewer_of(await self._keys.holder_of_id(key_id))
        except InvalidKeyError as invalid:
            raise ForbiddenError(f"The API key of this link cannot be used: {invalid}") from invalid

    def exchange(self, request: Request) -> Exchange:
        """Return the client of the request, and the cookies that its response is to set."""
        return Exchange() if self._sessions is None else self._sessions.exchange(request)

    def without_cookies(self, request: Request, reason: str) -> None:
        """Let the operation of the request set no cookies, for this reason."""
        if self._sessions is not None:
            self._sessions.without_cookies(request, reason)

    def finish(self, request: Request, response: Response) -> None:
        """Give the response the cookies that the request has caused."""
        if self._sessions is not None:
            self._sessions.finish(request, response)

    async def is_signed_in(self, request: Request) -> bool:
        """Return whether the browser has a session that works, whichever page led to the request."""
        return self._sessions is not None and await self._sessions.is_signed_in(request)

    async def close(self) -> None:
        """Wait for the notes of use that are under way."""
        await asyncio.gather(*self._notes, return_exceptions=True)

    async def _identified(self, header: str) -> Viewer:
        scheme, _, text = header.partition(" ")
        is_bearer = scheme == "Bearer"
        if is_bearer and is_browser_token(text):
            return await self._of_browser_token(text)
        key = api_key.parse(text)
        if not is_bearer or key is None:
            is_mistyped = is_bearer and api_key.is_mistyped(text)
            raise UnauthenticatedError(_MISTYPED if is_mistyped else _NO_KEY)
        try:
            with protocol.asking_database():
                holder = await self._keys.holder(key)
        except InvalidKeyError as invalid:
            raise UnauthenticatedError(str(invalid)) from invalid
        self._start(self._keys.note_use(key, holder))
        return viewer_of(holder)

    async def _of_browser_token(self, token: str) -> Viewer:
        try:
            if self._tokens is None:
                raise InvalidTokenError("This server takes no browser tokens.")
            with protocol.asking_database():
                return await self._tokens.viewer(token)
        except InvalidTokenError as invalid:
            raise UnauthenticatedError(str(invalid)) from invalid

    def _start(self, note: Coroutine[None, None, None]) -> None:
        """Write a note beside the request, so that no answer waits for the note."""
        task = asyncio.get_running_loop().create_task(_logged(note))
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)


def _usual(header: str) -> str:
    """Return the header as it is usually written: with one space, and without spaces at the end."""
    scheme, _, text = header.partition(" ")
    return "Bearer " + text.strip(" \t") if scheme.lower() == "bearer" else header


async def _logged(note: Coroutine[None, None, None]) -> None:
    """Write the note. A failure is logged and harms no request."""
    try:
        await note
    except Exception as failure:
        match code_of(failure):
            case errors.UNAVAILABLE:
                logger.warning("the database is unavailable: %r", failure)
            case errors.TIMEOUT:
                logger.warning("the use of a credential was not noted in time: %r", failure)
            case _:
                logger.exception("the use of a credential was not noted")
