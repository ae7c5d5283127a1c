"""The application on a socket, and users with API keys and keywords."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from typer.testing import CliRunner, Result

from db.engine.pool import Pool
from resolvers.framework.global_id import encode
from server.app import create_app
from server.commands.app import app as cli
from server.http.auth import Authenticator
from server.runtime.stopping import Stopping
from services.accounts import api_key
from services.accounts.api_keys import ApiKeys
from tests.support.command import Command
from tests.support.demo import Demo
from tests.support.listening import listening
from tests.support.rows import add_key, add_keyword, add_user
from tests.support.sender import AddSender, Sender
from tests.support.workers import Workers


@pytest.fixture
def add_sender(pool: Pool) -> AddSender:
    async def add(
        *keywords: str, email: str = "ann@example.com", scopes: tuple[str, ...] = (api_key.WRITE_MENTIONS,)
    ) -> Sender:
        user_id = await add_user(pool, email)
        ids = {word: encode("Keyword", await add_keyword(pool, user_id, word)) for word in keywords}
        key = await add_key(pool, user_id, scopes)
        headers = {"authorization": f"Bearer {key}", "content-type": "application/x-ndjson"}
        return Sender(user_id, key, ids, headers)

    return add


@pytest.fixture
def command(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run `leadgraph` on the test's database, in a thread, since it runs its own event loop.

    `input` is the text of its standard input.
    """
    monkeypatch.setenv("LEADGRAPH_DATABASE_URL", database_url)

    def run(*arguments: str, input: str | None = None) -> asyncio.Future[Result]:  # noqa: A002 - the runner's word
        return asyncio.ensure_future(
            asyncio.to_thread(lambda: CliRunner().invoke(cli, arguments, input=input))
        )

    return run


@pytest.fixture
async def three_users(pool: Pool) -> Pool:
    """Add three users with a keyword and two mentions each."""
    await pool.execute("INSERT INTO users (email) SELECT n || '@example.com' FROM generate_series(1, 3) AS n")
    await pool.execute("INSERT INTO keywords (user_id, keyword) SELECT id, 'words' FROM users ORDER BY id")
    await pool.execute(
        "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content) "
        "SELECT user_id, id, 'reddit', n, 'u', 'text' FROM keywords, generate_series(1, 2) AS n"
    )
    return pool


@pytest.fixture
def stopping() -> Stopping:
    """A stop that ends streams at once, and leaves them time to say so."""
    return Stopping(10, stream_seconds=0)


@pytest.fixture
async def origin(pool: Pool, stopping: Stopping) -> AsyncIterator[str]:
    """Serve the application on a socket and yield its origin. Keys are checked for every batch."""
    app = create_app(pool, authenticator=Authenticator(ApiKeys(pool), trust_seconds=0), stopping=stopping)
    async with listening(app, stopping=stopping) as server:
        yield server.origin


@pytest.fixture
def workers(database_url: str, new_demo: Demo) -> Iterator[Workers]:
    made = Workers(new_demo, database_url)
    yield made
    made.end()
