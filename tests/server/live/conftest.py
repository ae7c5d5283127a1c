"""The application on a socket, with a small world, and live connections with short times."""

from collections.abc import AsyncIterator

import pytest

from db.engine.pool import Pool
from schema.graph import build
from server.app import create_app
from server.http.auth import Authenticator
from server.http.session_auth import SessionAuthenticator
from server.live.limits import LiveLimits
from server.runtime.settings import load_settings
from server.runtime.stopping import Stopping
from services.accounts.api_keys import ApiKeys
from services.browsers.browser_tokens import BrowserTokens
from services.browsers.sessions import Sessions
from tests.support.listening import ListeningServer, listening
from tests.support.world import World

LIMITS = LiveLimits(
    init_seconds=1.5,
    check_seconds=0.2,
    operations=3,
    user_connections=5,
    ping_seconds=0.3,
    query_seconds=0.05,
)


@pytest.fixture
async def world(pool: Pool) -> World:
    made = World(pool)
    for name in ("ann", "ben"):
        await made.add_user(name)
        await made.add_keyword(name, f"words of {name}")
    await made.add_user("olga", role="operator")
    return made


@pytest.fixture
def limits() -> LiveLimits:
    return LIMITS


@pytest.fixture
async def server(pool: Pool, limits: LiveLimits) -> AsyncIterator[ListeningServer]:
    stopping = Stopping(5, stream_seconds=0)
    authenticator = Authenticator(
        ApiKeys(pool),
        SessionAuthenticator(Sessions(pool), ["https://page.example"]),
        BrowserTokens(pool),
        trust_seconds=0,
    )
    app = create_app(
        pool,
        graph=build(load_settings().executor),
        authenticator=authenticator,
        stopping=stopping,
        live_limits=limits,
        origins=["https://page.example"],
    )
    async with listening(app, stopping=stopping) as made:
        yield made


@pytest.fixture
def origin(server: ListeningServer) -> str:
    return server.origin
