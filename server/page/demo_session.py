"""The sign-in of a demo: each browser without a session gets one together with the page.

A demo listens on loopback, answers to loopback hosts only, and shows its API key to each visitor anyway.
"""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from db.engine.pool import Pool
from resolvers.framework.errors import UnauthenticatedError
from server.http import protocol
from server.http.auth import Authenticator
from services.accounts import api_key
from services.accounts.api_keys import ApiKeys, InvalidKeyError
from services.browsers.sign_in import Client, open_demo_session


@dataclass(frozen=True, slots=True)
class DemoSession:
    """Opens sessions of the user of a demo's API key. Without a key, it opens none."""

    pool: Pool
    authenticator: Authenticator
    key: str | None

    async def __call__(self, request: Request, response: Response) -> None:
        """Add the cookie of a new session to the page, unless the browser has a session. A failure leaves it out."""
        if self.key is None or not _opens_tab(request):
            return
        exchange = self.authenticator.exchange(request)
        try:
            if await self.authenticator.is_signed_in(request):
                return
            with protocol.asking_database():
                token = await self._token(self.key, exchange.client)
        except (protocol.RequestError, UnauthenticatedError, InvalidKeyError):
            return
        if token is not None:
            exchange.new_session = token
            self.authenticator.finish(request, response)

    async def _token(self, text: str, client: Client) -> str | None:
        key = api_key.parse(text)
        if key is None:
            return None
        holder = await ApiKeys(self.pool).holder(key)
        return await open_demo_session(self.pool, holder.user_id, client)


def _opens_tab(request: Request) -> bool:
    """Return whether a browser opens the page in a tab. Scripts and frames of other sites can ask for it, too."""
    return request.headers.get("sec-fetch-dest", "document") == "document"
